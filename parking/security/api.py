"""Logging in and out, and the audit trail. An unknown user and a wrong password get the same bytes after the same work."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.security import store
from parking.security.middleware import COOKIE, our_own, session_cookie
from parking.security.model import AuditEntry, Operator
from parking.security.service import SESSION_LASTS, LogIns, principal_of
from parking.web import paging
from parking.web.deps import current_principal, require
from parking.web.limits import RateExceeded, RateLimit
from parking.web.schemas import Moment, Strict

WINDOW_S = 300.0
TRIES_OF_AN_ADDRESS, TRIES_OF_A_USER_THERE, TRIES_OF_A_USER = 30, 6, 100  # in any WINDOW_S


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
        return cls(
            username=operator.username,
            display_name=operator.display_name,
            roles=list(operator.roles),
            scopes=sorted(principal_of(operator).scopes),
        )


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


class LogInLimits:
    """How often anybody may try: by address, by user name from one address, by user name from anywhere."""

    def __init__(self, clock: Clock) -> None:
        self._address = RateLimit(TRIES_OF_AN_ADDRESS, WINDOW_S, clock)
        self._user_there = RateLimit(TRIES_OF_A_USER_THERE, WINDOW_S, clock)
        self._user = RateLimit(TRIES_OF_A_USER, WINDOW_S, clock)
        self._told = RateLimit(1, WINDOW_S, clock)

    def check(self, address: str, username: str) -> None:
        """Count one attempt; RateExceeded when it is one too many, whether or not the user exists."""
        self._address.check(address)
        self._user_there.check(f"{address} {username}")
        self._user.check(username)

    def first_in_window(self, address: str) -> bool:
        """Whether this address has not been reported in this window: a flood makes one audit entry, not thousands."""
        try:
            self._told.check(address)
        except RateExceeded:
            return False
        return True


def router(database: Database, log_ins: LogIns, clock: Clock, origins: Collection[str] = ()) -> APIRouter:
    """Routes under `/auth` and `/audit`; `origins` as in `PrincipalMiddleware`."""
    routes = APIRouter(tags=["operators"])
    limits = LogInLimits(clock)

    @routes.post("/auth/login")
    async def log_in(body: LogIn, request: Request, response: Response) -> Me:
        _refuse_foreign_pages(request, origins)
        address = request.client.host if request.client else ""
        try:
            limits.check(address, body.username)
        except RateExceeded:
            if limits.first_in_window(address):
                await run_in_threadpool(log_ins.limited, address)
            raise
        operator, token = await run_in_threadpool(log_ins.log_in, body.username, body.password, address=address)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_LASTS.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
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

    return routes


def _refuse_foreign_pages(request: Request, origins: Collection[str]) -> None:
    origin = request.headers.get("origin")
    if origin is not None and not our_own(origin, request.headers.get("host"), origins):
        raise ParkingError(ErrorKind.FORBIDDEN, "origin.refused", "log in from this system's own page")
