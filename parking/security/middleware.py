"""Puts the Principal on every request and websocket, once; whoever shows nothing valid is anonymous, whatever the reason.

A cookie counts only when the request comes from our own pages: on unsafe methods and on websockets the Origin must be ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import cookie_parser

from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.kernel.signed import Verifier, unseal
from parking.plumbing.db import Database
from parking.security import store
from parking.security.devices import DeviceKeys
from parking.security.model import DeviceKind
from parking.security.service import principal_of, token_hash

COOKIE = "parking_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_SECRET = 4096
_KEPT_HOLDERS = 4096
_DRIVER, _SEEN, _MEMBER = (
    frozenset(scopes) for scopes in ({Scope.OWN_STAY, Scope.OWN_WALLET}, {Scope.OWN_STAY}, {Scope.OWN_MEMBER})
)
"""What a driver may, one whose stay was looked up at a kiosk, and a member."""
SEEN_AGAIN_AFTER = timedelta(minutes=1)
"""How exactly a session's last use is known: one small write a minute, whatever is asked."""


class PrincipalMiddleware:
    """ASGI middleware; `stay_tokens` knows the server's own public key, `keys` the enrolled gate boxes.

    `origins` are further origins (`https://host`) that count as our own pages, beside the one the request is addressed to.
    """

    def __init__(
        self,
        app: Any,
        *,
        database: Database,
        clock: Clock,
        stay_tokens: Verifier,
        keys: DeviceKeys,
        origins: Collection[str] = (),
    ) -> None:
        self._app = app
        self._database = database
        self._clock = clock
        self._stay_tokens = stay_tokens
        self._keys = keys
        self._origins = frozenset(origins)
        self._holders: dict[str, tuple[Principal, float]] = {}  # a signature that held once holds until its token's end

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            state = scope.setdefault("state", {})
            state["principal"] = await self._principal(scope)
            state["principal_now"] = lambda: self._principal(scope)
        await self._app(scope, receive, send)

    async def _principal(self, scope: Any) -> Principal:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        device_auth, authorization = headers.get("device-auth"), headers.get("authorization")
        if device_auth is not None:
            return await self._looked_up(lambda conn: self._edge(conn, device_auth))
        if authorization is not None:
            kind, _, token = authorization.partition(" ")
            if kind.lower() != "bearer" or not 0 < len(token) <= _LONGEST_SECRET:
                return ANONYMOUS
            if "." in token:
                return self._holder(token)
            return await self._looked_up(lambda conn: _machine(conn, token_hash(token)))
        session = session_cookie(headers.get("cookie", ""))
        if session and self._from_our_pages(scope, headers):
            return await self._operator(token_hash(session))
        return ANONYMOUS

    async def _operator(self, token: str) -> Principal:
        now = self._clock.now()
        found = await self._database.aread(lambda conn: store.operator_of_session(conn, token, now))
        if found is None:
            return ANONYMOUS
        operator, seen_at = found
        if now - seen_at >= SEEN_AGAIN_AFTER:
            with suppress(Exception):  # a database that cannot write does not log anybody out
                await self._database.awrite(lambda uow: store.session_seen(uow.connection, token, now))
        return principal_of(operator)

    async def _looked_up(self, query: Callable[[Connection], Principal]) -> Principal:
        return await self._database.aread(query)

    def _holder(self, token: str) -> Principal:
        """Whoever shows a token of ours: of one stay, or of a member; a stay looked up at a kiosk shows no wallet."""
        now = self._clock.now()
        known = self._holders.get(token)
        if known is not None and known[1] >= now.timestamp():
            return known[0]
        for use, kind in (("stay", "driver"), ("member", "member")):
            try:
                body = unseal(token, self._stay_tokens, use=use, now=now)
            except ParkingError:
                continue
            subject = body.get(use)
            if isinstance(subject, str) and subject:
                scopes = _MEMBER if kind == "member" else _SEEN if body.get("at") == "kiosk" else _DRIVER
                who = Principal(kind, subject, scopes)
                if len(self._holders) >= _KEPT_HOLDERS:
                    self._holders.clear()
                self._holders[token] = who, body["exp"]
                return who
        return ANONYMOUS

    def _edge(self, conn: Connection, token: str) -> Principal:
        try:
            device = self._keys.authenticate(conn, token, self._clock.now())
        except ParkingError:
            return ANONYMOUS
        return Principal("device", device, frozenset({Scope.EDGE}))

    def _from_our_pages(self, scope: Any, headers: dict[str, str]) -> bool:
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return True  # SameSite=Strict keeps the cookie at home, and a safe method changes nothing
        return our_own(headers.get("origin"), headers.get("host"), self._origins)


def our_own(origin: str | None, host: str | None, origins: Collection[str]) -> bool:
    """Whether `origin` is the host that was asked, or one of `origins`; no origin at all is not ours."""
    if not origin or not host:
        return False
    try:
        return origin in origins or urlsplit(origin).netloc == host
    except ValueError:
        return False


def session_cookie(header: str) -> str | None:
    """The session token in a Cookie header, if it carries one, whatever cookies of others stand beside it."""
    token = cookie_parser(header).get(COOKIE)
    return token if token is not None and len(token) <= _LONGEST_SECRET else None


_MACHINES = {DeviceKind.KIOSK: Scope.KIOSK, DeviceKind.TILL: Scope.TILL, DeviceKind.APP: Scope.APP}


def _machine(conn: Connection, token: str) -> Principal:
    device = store.device_by_token(conn, token)
    scope = _MACHINES.get(device.kind) if device is not None else None
    return Principal("device", device.id, frozenset({scope})) if device is not None and scope is not None else ANONYMOUS
