"""Connections that last, websockets and event streams, are few: so many at once for each caller, and so many for the public in all.

The public is told apart by its addresses (behind a trusted proxy: those that it forwards), operators and kiosks by who they are. A crowd
of strangers never keeps an operator out. Counted in this process alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from parking.kernel.principal import ANONYMOUS
from parking.web.deps import current_principal
from parking.web.errors import deny, problem
from parking.web.limits import caller_of

TRY_AGAIN_S = 30


class LastingLimit:
    """Middleware, within the one that says who asks. A connection too many is answered 429 (`live.too_many` the caller's own,
    `live.full` everybody's) before it is accepted, with `Retry-After`; a server that cannot answer a websocket so closes it with 1013.

    `each`: at once for one caller; `most`: at once for all who are nobody in particular; `lasts`: whether an HTTP path stays open.
    """

    def __init__(self, app: ASGIApp, *, each: int, most: int, lasts: Callable[[str], bool]) -> None:
        self._app, self._each, self._most, self._lasts = app, each, most, lasts
        self._open: Counter[str] = Counter()
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" and not (scope["type"] == "http" and self._lasts(scope["path"])):
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        connection = WebSocket(scope, receive, send) if is_socket else Request(scope)
        caller, is_stranger = caller_of(connection), current_principal(connection).kind == ANONYMOUS.kind
        refused = self._refused(connection, caller, is_stranger=is_stranger)
        if refused is not None:
            answer = await deny(connection, refused)
            if answer is not None:
                await answer(scope, receive, send)
            return
        self._open[caller] += 1
        self._strangers += is_stranger
        try:
            await self._app(scope, receive, send)
        finally:
            self._strangers -= is_stranger
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    def _refused(self, connection: HTTPConnection, caller: str, *, is_stranger: bool) -> Response | None:
        if self._open[caller] >= self._each:
            code, said = "live.too_many", f"at most {self._each} connections stay open at once from one place"
        elif is_stranger and self._strangers >= self._most:
            code, said = "live.full", "all places are taken: try again a little later"
        else:
            return None
        return problem(connection, 429, code, said, headers={"Retry-After": str(TRY_AGAIN_S)})
