"""One frame for a thousand viewers: a websocket text frame is built once and the same bytes are written to every connection.

uvicorn gets `FrameProtocol` as its websocket class (`uvicorn.Config(ws=FrameProtocol)`); under any other server the live feed
works as well, and costs more. No compression: a frame that is shared cannot depend on the connection. `StreamProtocol` (`http=`) lets an
answer without end be cut off.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION = "parking.frames"
ABORT = "parking.abort"


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


class StreamProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a way to drop a connection that takes nothing, offered as an ASGI extension."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {ABORT: self.abort}

    def abort(self) -> None:
        """Drop the connection and whatever it has not taken."""
        self.transport.abort()
