"""Websockets that are turned away are counted, and told in one line a minute: whoever knocks a thousand times writes no thousand lines."""

from __future__ import annotations

from collections import Counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parking.kernel.clock import Clock

TOLD_EVERY_S = 60.0
_POLICY, _SERVER_ERROR, _TRY_AGAIN = 1008, 1011, 1013
_log = structlog.get_logger(__name__)


class RefusedSockets:
    """How many, by what they were answered: an HTTP status instead of a websocket, or the code with which it was closed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_s = float("-inf")
        self._untold: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def note(self, answer: int) -> None:
        """One more."""
        self.counts[str(answer)] += 1
        self._untold[str(answer)] += 1
        now = self._clock.monotonic_s()
        if now - self._told_s >= TOLD_EVERY_S:
            _log.warning("websockets refused", by_answer=dict(self._untold))
            self._told_s = now
            self._untold.clear()


class CountRefused:
    """Middleware that sees how websockets are answered, whoever answers them. A close before it was accepted is a 403 on the wire."""

    def __init__(self, app: ASGIApp, refused: RefusedSockets) -> None:
        self._app, self._refused = app, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        accepted = False

        async def seen(message: Message) -> None:
            nonlocal accepted
            match message["type"]:
                case "websocket.accept":
                    accepted = True
                case "websocket.http.response.start":
                    self._refused.note(message["status"])
                case "websocket.close" if not accepted:
                    self._refused.note(403)
                case "websocket.close" if message.get("code") in (_POLICY, _SERVER_ERROR, _TRY_AGAIN):
                    self._refused.note(message["code"])
            await send(message)

        await self._app(scope, receive, seen)
