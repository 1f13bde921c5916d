"""A simulated camera that speaks MJPEG over HTTP: `multipart/x-mixed-replace`, as most network cameras do."""

from __future__ import annotations

import contextlib
import select
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from hardware_sim.devices.camera import FrameFeed, SimulatedCamera, StreamServer

_BOUNDARY = "frame"
_PATHS = ("/", "/stream", "/stream.mjpg")
_LOOK_ROUND_S = 0.25
_PATIENCE_S = 5.0  # with a client that does not ask, or does not take what it asked for


class _MjpegHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_S
    server: StreamServer

    def log_message(self, format: str, *args: Any) -> None:
        """A simulated camera keeps no log."""

    def do_GET(self) -> None:
        self.close_connection = True
        if self.path.split("?")[0] not in _PATHS:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        feed = self.server.feed
        with feed.watching() as newest, contextlib.suppress(OSError):  # the client goes when it likes
            self._stream(feed, newest)

    def _stream(self, feed: FrameFeed, number: int) -> None:
        while not feed.stopping:
            shot = feed.after(number, _LOOK_ROUND_S)
            if shot is None:
                if self._client_left():
                    return
                continue
            number = shot.number
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(shot.jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + shot.jpeg + b"\r\n")

    def _client_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)


class MjpegCamera(SimulatedCamera):
    """A camera to watch with a browser, `lpr watch` or OpenCV."""

    scheme = "http"
    path = "/stream.mjpg"
    handler = _MjpegHandler
