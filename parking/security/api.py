"""Logging in and out, and the audit trail. An unknown user and a wrong password get the same bytes after the same work."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.security import account_api, passkeys_api, sessions_api, store
from parking.security.admission import LogInLimits, Me, give_cookie, refuse_foreign_pages, whence
from parking.security.middleware import COOKIE, session_cookie
from parking.security.model import AuditEntry
from parking.security.passkeys import Passkeys
from parking.security.service import LogIns
from parking.security.sessions import Sessions
from parking.web import paging
from parking.web.deps import current_principal, require
from parking.web.schemas import Moment, Strict


class LogIn(Strict):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=128)


class AuditView(Strict):
    seq: int
    at: Moment
    actor_kind: str
    actor: str
    action: str
    subject: str
    reason: str
    link: str

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditView:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


def router(
    database: Database,
    log_ins: LogIns,
    clock: Clock,
    origins: Collection[str] = (),
    *,
    passkeys: Passkeys | None = None,
) -> APIRouter:
    """Routes under `/auth`, `/operators` and `/audit`; `origins` as in `PrincipalMiddleware`, no `passkeys` where none can be used."""
    routes = APIRouter(tags=["operators"])
    limits = LogInLimits(clock, log_ins)
    passkeys = passkeys or Passkeys(database, clock, log_ins, None)

    @routes.post("/auth/login")
    def log_in(body: LogIn, request: Request, response: Response) -> Me:
        refuse_foreign_pages(request, origins)
        came = whence(request)
        limits.check(came.address, body.username)
        operator, token = log_ins.log_in(body.username, body.password, whence=came)
        give_cookie(request, response, token)
        return Me.of(operator)

    @routes.post("/auth/logout", status_code=204)
    def log_out(request: Request, response: Response) -> None:
        principal, token = current_principal(request), session_cookie(request.headers.get("cookie", ""))
        if principal.kind == "operator" and token:
            log_ins.log_out(principal, token)
            response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    @routes.get("/auth/me")
    def me(principal: Annotated[Principal, Depends(require(Scope.OCCUPANCY_READ))]) -> Me:
        operator = log_ins.operator(principal)
        if operator is None:
            raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
        return Me.of(operator)

    @routes.get("/audit", dependencies=[Depends(require(Scope.AUDIT_READ))])
    def audit(cursor: paging.Cursor = "", limit: paging.Limit = 50) -> paging.Page[AuditView]:
        position = paging.decode(cursor, int)
        before = int(position[0]) if position else None
        entries = database.read(lambda conn: store.audit_before(conn, before, limit + 1))
        shown, after = paging.page(entries, limit, lambda entry: paging.encode(entry.seq))
        return paging.Page(items=[AuditView.of(entry) for entry in shown], next=after)

    routes.include_router(passkeys_api.router(passkeys, limits, origins))
    routes.include_router(sessions_api.router(Sessions(database, clock, log_ins.ended)))
    routes.include_router(account_api.router(database, log_ins, passkeys, limits))
    return routes
