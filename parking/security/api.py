"""Logging in and out, and the audit trail. An unknown user and a wrong password get the same bytes after the same work."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from parking.kernel.errors import ErrorKind, ParkingError, invalid
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.security import store
from parking.security.middleware import COOKIE, our_own, session_cookie
from parking.security.model import AuditEntry, Operator
from parking.security.service import SESSION_LASTS, LogIns, principal_of
from parking.web.deps import current_principal, require
from parking.web.schemas import Strict

_PAGE = 100


class Attempts(Protocol):
    """Counts attempts by key over a moving window."""

    def allow(self, key: str) -> bool:
        """Count one more attempt under `key`; whether it is still within the limit."""
        ...


class LogIn(Strict):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=128)


class Me(Strict):
    username: str
    display_name: str
    roles: list[str]
    scopes: list[str]

    @classmethod
    def of(cls, operator: Operator) -> Me:
        scopes = sorted(principal_of(operator).scopes)
        return cls(
            username=operator.username, display_name=operator.display_name, roles=list(operator.roles), scopes=scopes
        )


class AuditView(Strict):
    seq: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    reason: str
    link: str

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditView:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class AuditPage(Strict):
    items: list[AuditView]
    next: str | None


def router(database: Database, log_ins: LogIns, attempts: Attempts) -> APIRouter:
    """Routes under `/auth` and `/audit`; `attempts` limits log-ins by address and by user name from one address."""
    routes = APIRouter()

    @routes.post("/auth/login", tags=["operators"])
    def log_in(body: LogIn, request: Request, response: Response) -> Me:
        _refuse_foreign_pages(request)
        address = request.client.host if request.client else ""
        if not attempts.allow(f"login:{address}") or not attempts.allow(f"login:{address}:{body.username}"):
            if attempts.allow(f"login-limited:{address}"):
                log_ins.limited(address)
            raise ParkingError(ErrorKind.TOO_MANY, "login.limited", "too many attempts; try again later")
        operator, token = log_ins.log_in(body.username, body.password, address=address)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return Me.of(operator)

    @routes.post("/auth/logout", tags=["operators"], status_code=204)
    def log_out(request: Request, response: Response) -> None:
        principal, token = current_principal(request), session_cookie(request.headers.get("cookie", ""))
        if principal.kind == "operator" and token:
            log_ins.log_out(principal, token)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    @routes.get("/auth/me", tags=["operators"])
    def me(principal: Annotated[Principal, Depends(require())]) -> Me:
        operator = log_ins.operator(principal) if principal.kind == "operator" else None
        if operator is None:
            raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
        return Me.of(operator)

    @routes.get("/audit", tags=["operators"], dependencies=[Depends(require(Scope.AUDIT_READ))])
    def audit(cursor: Annotated[str | None, Query(max_length=18)] = None) -> AuditPage:
        before = _sequence(cursor)
        entries = database.read(lambda conn: store.audit_before(conn, before, _PAGE + 1))
        page = entries[:_PAGE]
        more = str(page[-1].seq) if len(entries) > _PAGE else None
        return AuditPage(items=[AuditView.of(entry) for entry in page], next=more)

    return routes


def _refuse_foreign_pages(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and not our_own(origin, request.headers.get("host"), ()):
        raise ParkingError(ErrorKind.FORBIDDEN, "origin.refused", "log in from this system's own page")


def _sequence(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit()):
        raise invalid("cursor.malformed", "is not a cursor of this list", field="cursor")
    return int(cursor)
