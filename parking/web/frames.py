"""One frame for a thousand viewers: a websocket text frame is built once and the same bytes are written to every connection.

uvicorn gets `FrameProtocol` as its websocket class (`uvicorn.Config(ws=FrameProtocol)`); under any other server the live feed
works as well, and costs more. No compression: a frame that is shared cannot depend on the connection. `StreamProtocol` (`http=`) lets an
answer without end be cut off.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION = "parking.frames"
ABORT = "parking.abort"
MOST_HEAD_BYTES = 65_536
HEAD_WITHIN_S, BODY_WITHIN_S = 20.0, 120.0
"""Long enough for a picture of a gate box on a poor line; a connection that waits for an answer has all the time of the answer."""


def text_frame(text: str) -> bytes:
    """A final, unmasked text frame (RFC 6455, section 5.2), as servers send it."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class FrameWriter(Protocol):
    """A connection that takes ready-made frames."""

    def offer(self, frame: bytes) -> bool:
        """Write one whole frame if the connection is open and has room; False otherwise, and nothing is written."""
        ...

    def abort(self) -> None:
        """Drop the connection and whatever it has not taken."""
        ...


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol with a door for ready-made frames, offered to the application as an ASGI extension."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn.available_extensions = []

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # else it was refused
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = self

    def offer(self, frame: bytes) -> bool:
        if self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def abort(self) -> None:
        cast(asyncio.WriteTransport, self.transport).abort()


_: type[FrameWriter] = FrameProtocol


class Phase(Enum):
    """How far the request is that a connection is sending; none at all between two."""

    NONE = auto()
    HEAD = auto()
    BODY = auto()


class StreamProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a way to drop a connection that takes nothing, offered as an ASGI extension.

    Whoever sends nothing, or without end, is let go: a head has a size, and head and body have a time.
    """

    _phase = Phase.NONE
    _head_bytes = 0
    _awaited: tuple[Phase, asyncio.TimerHandle] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._await(Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(Phase.NONE)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a websocket now
            self._await(Phase.NONE)
        elif self._phase is Phase.HEAD:
            self._head_bytes += len(data)
            self._await(Phase.HEAD)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.abort()
        else:
            is_idle = self._phase is Phase.NONE and (self.cycle is None or self.cycle.response_complete)
            self._await(Phase.HEAD if is_idle else self._phase)

    def _await(self, phase: Phase) -> None:
        """From now on this is what has to end in time; what is awaited already has the time that it had."""
        if self._awaited is not None:
            if self._awaited[0] is phase:
                return
            self._awaited[1].cancel()
        seconds = {Phase.HEAD: HEAD_WITHIN_S, Phase.BODY: BODY_WITHIN_S}.get(phase)
        self._awaited = None if seconds is None else (phase, self.loop.call_later(seconds, self.abort))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._phase, self._head_bytes = Phase.HEAD, 0
        cast("dict[str, Any]", self.scope)["extensions"] = {ABORT: self.abort}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._phase = Phase.BODY

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._phase = Phase.NONE

    def abort(self) -> None:
        """Drop the connection and whatever it has not taken."""
        self.transport.abort()
