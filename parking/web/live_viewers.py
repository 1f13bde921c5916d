"""Viewers of the live feed, by websocket and by server-sent events: the same messages, the same rights. Whoever is slow gets the newest
value of each key that he missed, never a queue without end, and is let go when he does not even take that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from parking.web.frames import ABORT, EXTENSION, FrameWriter
from parking.web.live import EVENTS_KEPT, Channel, Delta, LiveHub, View

WAITING_MOST = 16
TRY_AGAIN_LATER = 1013
BEAT_S = 15.0
_LONGEST_NUMBER = 18
_BEAT = b":\n\n"
_GOODBYE_S = 1.0


class SlowViewer:
    """While he takes what he is given, frames go straight through `direct`; else they wait for `send` in a short queue, and what does
    not fit there is merged by key. `give_up` ends it.
    """

    def __init__(
        self,
        hub: LiveHub,
        channel: Channel,
        send: Callable[[Delta], Awaitable[None]],
        give_up: Callable[[], Awaitable[None]],
        direct: FrameWriter | None = None,
    ) -> None:
        self._hub = hub
        self._channel = channel
        self._send = send
        self._give_up = give_up
        self._direct = direct
        self._waiting: deque[Delta] = deque()
        self._keys: dict[str, None] = {}
        self._events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self._behind = False
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Nothing waits for him."""
        return self._catching_up is None

    def deliver(self, delta: Delta) -> None:
        """Send one delta now or as soon as he takes it; behind a full queue only the newest values are remembered."""
        if self._direct is not None and self._catching_up is None and self._direct.offer(delta.frame):
            return
        if self._behind or len(self._waiting) >= WAITING_MOST:
            self._behind = True
            self._keys.update(dict.fromkeys(delta.keys))
            self._events.extend(delta.events)
        else:
            self._waiting.append(delta)
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    def end(self) -> None:
        """He is gone."""
        self._channel.clients.discard(self)
        if self._catching_up is not None:
            self._catching_up.cancel()

    def _next(self) -> Delta | None:
        if self._waiting:
            return self._waiting.popleft()
        if not self._behind:
            return None
        delta = self._channel.merged(self._keys, self._events)
        self._keys, self._behind = {}, False
        self._events.clear()
        return delta

    async def _catch_up(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # gone: whoever serves him sees it too
            while (delta := self._next()) is not None:
                try:
                    await asyncio.wait_for(self._send(delta), self._hub.patience_s)
                except TimeoutError:
                    await self._give_up()
                    return  # and stay "catching up": nothing more is sent
            self._catching_up = None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


async def serve_socket(hub: LiveHub, websocket: WebSocket, view: View) -> None:
    """Accept and feed one websocket until it goes; `?epoch=E&since=N` resumes where it left off if still held.

    A viewer who takes nothing is closed with 1013, and cut off when he does not even take that.
    """
    await websocket.accept()
    direct: FrameWriter | None = websocket.scope.get("extensions", {}).get(EXTENSION)

    async def send(delta: Delta) -> None:
        await websocket.send_text(delta.text)

    async def give_up() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(websocket.close(TRY_AGAIN_LATER), _GOODBYE_S)
            return
        if direct is not None:
            direct.abort()

    channel = hub.channel(view)
    viewer = SlowViewer(hub, channel, send, give_up, direct)
    query = websocket.query_params
    channel.welcome(viewer, query.get("epoch"), _number(query.get("since", "")))
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass  # viewers have nothing to say here
    finally:
        viewer.end()


class EventStream(Response):
    """The feed as server-sent events (WHATWG HTML, section 9.2), for networks that let no websocket through.

    Each event is one message; its id resumes (`Last-Event-ID`, as browsers send it), as `?epoch=E&since=N` does.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: LiveHub, request: Request, view: View) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._view = view
        query = request.query_params
        epoch, since = query.get("epoch", ""), query.get("since", "")
        if (last := request.headers.get("last-event-id")) is not None:
            epoch, _, since = last.rpartition(".")
        self._epoch, self._since = epoch, _number(since)
        self._ended = asyncio.Event()

    async def end(self) -> None:
        """Finish the stream."""
        self._ended.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        abort: Callable[[], None] | None = scope.get("extensions", {}).get(ABORT)
        loop, cut = asyncio.get_running_loop(), False

        async def put(delta: Delta) -> None:
            await send({"type": "http.response.body", "body": delta.lines, "more_body": True})

        async def give_up() -> None:
            nonlocal cut
            cut = True
            self._ended.set()
            if abort is not None:
                abort()

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            self._ended.set()

        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        channel = self._hub.channel(self._view)
        viewer = SlowViewer(self._hub, channel, put, give_up)
        channel.welcome(viewer, self._epoch, self._since)
        listening = asyncio.create_task(listen())

        def stop() -> None:
            with suppress(RuntimeError):  # its event loop has ended
                loop.call_soon_threadsafe(self._ended.set)

        self._hub.endings.add(stop)
        try:
            while not await self._ended_within(BEAT_S):
                if viewer.idle:  # so that nobody between us takes the line for dead
                    await send({"type": "http.response.body", "body": _BEAT, "more_body": True})
        finally:
            self._hub.endings.discard(stop)
            listening.cancel()
            viewer.end()
        if not cut:
            with suppress(TimeoutError):
                goodbye = send({"type": "http.response.body", "body": b"", "more_body": False})
                await asyncio.wait_for(goodbye, _GOODBYE_S)

    async def _ended_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        return self._ended.is_set()
