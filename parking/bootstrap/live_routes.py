"""The live feed's two doors, `/live` (websocket) and `/live/stream` (server-sent events): the same topics, rights and messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import APIRouter, Request, WebSocket
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from parking.bootstrap.live_topics import EVENTS, OPEN, Topics, needs_a_right
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import ANONYMOUS
from parking.kernel.principal import Scope as Right
from parking.web.deps import current_principal, principal_now
from parking.web.live import SITE, LiveHub, View
from parking.web.live_viewers import EventStream, serve_socket
from parking.web.rights_bell import RightsBell

RIGHT_CHECKED_EVERY_S = 15.0
POLICY_VIOLATION = 1008
STREAM = "/live/stream"
_OPEN_KEYS = tuple(f"{family}." for family in OPEN)


def is_open(key: str) -> bool:
    """Whether everybody may see a key."""
    return key.startswith(_OPEN_KEYS)


def everything(_: str) -> bool:
    """The operators' right."""
    return True


def router(hub: LiveHub, topics: Topics, bell: RightsBell | None = None) -> APIRouter:
    """Both doors; neither is part of the described API, whose language has no word for streams. `bell` rings when a right may end."""
    routes = APIRouter()
    rights = bell or RightsBell()

    @routes.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        view = _view(websocket, topics)

        async def end() -> None:
            with contextlib.suppress(RuntimeError):  # it has gone by itself
                await websocket.close(POLICY_VIOLATION)

        async with _while_the_right_lasts(websocket, view, rights, end):
            await serve_socket(hub, websocket, view)

    @routes.get(STREAM, include_in_schema=False)
    async def stream(request: Request) -> EventStream:
        return _GuardedStream(hub, request, _view(request, topics), rights)

    return routes


class _GuardedStream(EventStream):
    """A stream that ends with the right to it."""

    def __init__(self, hub: LiveHub, request: Request, view: View, rights: RightsBell) -> None:
        super().__init__(hub, request, view)
        self._request, self._shown, self._rights = request, view, rights

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with _while_the_right_lasts(self._request, self._shown, self._rights, self.end):
            await super().__call__(scope, receive, send)


def _view(connection: HTTPConnection, topics: Topics) -> View:
    """What this viewer is shown. ParkingError 422 for a topic that there is not, 401 or 403 for one that is not his."""
    who = current_principal(connection)
    sees_all = who.may(Right.LANES_READ)
    asked = topics.asked(connection.query_params.getlist("topics"))
    closed = None if sees_all else needs_a_right(asked)
    if closed is not None:
        anonymous = who.kind == ANONYMOUS.kind
        kind, code = (
            (ErrorKind.UNAUTHENTICATED, "auth.required") if anonymous else (ErrorKind.FORBIDDEN, "auth.forbidden")
        )
        raise ParkingError(kind, code, f"the topic {closed!r} needs the right {Right.LANES_READ}", field="topics")
    wanted = asked or frozenset({SITE, EVENTS})
    return View(everything if sees_all else is_open, wanted - {EVENTS}, events=sees_all and EVENTS in wanted)


@contextlib.asynccontextmanager
async def _while_the_right_lasts(
    connection: HTTPConnection, view: View, rights: RightsBell, end: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Ends a feed of operators when its log-in has ended: a connection may stay open for weeks, a right may not."""

    async def watch() -> None:
        with rights.heard() as rung:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), RIGHT_CHECKED_EVERY_S)
                rung.clear()
                with contextlib.suppress(Exception):  # the database is away: asked again at the next turn
                    if not (await principal_now(connection)).may(Right.LANES_READ):
                        break
        await end()

    watching = None if view.may is is_open else asyncio.create_task(watch())
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
