"""A simulated camera that speaks MJPEG over HTTP: `multipart/x-mixed-replace`, as cheap network cameras do."""

from __future__ import annotations

import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from hardware_sim.devices.camera import CameraFault, FrameFeed, NextFrame

_BOUNDARY = "frame"
_WAIT_S = 0.25
_SEND_TIMEOUT_S = 5.0


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False  # stop() waits for every client's thread
    block_on_close = True

    def __init__(self, address: tuple[str, int], feed: FrameFeed) -> None:
        self.feed = feed
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the camera."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SEND_TIMEOUT_S
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """A simulated camera keeps no log."""

    def do_GET(self) -> None:
        feed = self.server.feed
        self.close_connection = True
        if feed.fault is CameraFault.DROP:
            return
        if self.path.split("?")[0] not in ("/", "/stream", "/stream.mjpg"):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        feed.watch()
        try:
            self._stream(feed)
        except OSError:
            pass  # the client went away, or does not take what it asked for
        finally:
            feed.unwatch()

    def _stream(self, feed: FrameFeed) -> None:
        number = 0
        while not self.server.stopping.is_set() and feed.fault is not CameraFault.DROP:
            shot = feed.after(number, _WAIT_S)
            if shot is None:
                if self._client_left():
                    return
                continue
            number = shot.number
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(shot.jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + shot.jpeg + b"\r\n")

    def _client_left(self) -> bool:
        try:
            left: bool = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
            return left
        except BlockingIOError:
            return False


class MjpegCamera:
    """Serves `next_frame()` pictures (BGR, uint8) at `fps` to any number of HTTP clients; port 0 takes a free one."""

    def __init__(self, next_frame: NextFrame, *, fps: float = 10.0, host: str = "127.0.0.1", port: int = 0) -> None:
        self._feed = FrameFeed(next_frame, fps=fps)
        self._address = (host, port)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where to look; RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("not started")
        return f"http://{self._address[0]}:{self._server.server_address[1]}/stream.mjpg"

    @property
    def clients(self) -> int:
        """How many watch now."""
        return self._feed.watchers

    def set_fault(self, fault: CameraFault) -> None:
        """Break the camera, or heal it with CameraFault.NONE."""
        self._feed.set_fault(fault)

    def start(self) -> None:
        """Listen and serve; from any plain thread."""
        self._server = _Server(self._address, self._feed)
        self._feed.start()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="mjpeg-camera", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Cut every client and free the port; stopping twice is harmless."""
        if self._server is None or self._thread is None:
            return
        self._server.stopping.set()
        self._server.shutdown()
        self._feed.stop()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None
