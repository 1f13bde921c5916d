"""What every simulated camera has: one thread that draws a frame at each tick, and clients that wait for the newest one.

Faults are the camera's own: what a client sees is what a broken camera would send. A slow client misses frames, it never queues them.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
NextFrame = Callable[[], Image]


class CameraFault(StrEnum):
    """What may be wrong with a camera."""

    NONE = "none"
    FREEZE = "freeze"  # the same picture again and again
    BLACK = "black"  # pictures go on, but they are black
    STOP = "stop"  # connected, and nothing comes
    GARBAGE = "garbage"  # bytes that are no picture
    SLOW = "slow"  # one frame in a second
    DROP = "drop"  # connections are cut, new ones refused at once
    LOOP = "loop"  # a recording of the last seconds, compressed again, is shown over and over
    DELAY = "delay"  # everything is shown some seconds after it happened


_SLOW_PERIOD_S = 1.0
_RECORDED_S = 6.0
_DELAY_S = 4.0
_AGAIN_QUALITY = 70
_GRAIN_LEVELS = 1.2
_GRAIN_SPARE = 61
_GARBAGE = bytes((17 * i + 91) % 256 for i in range(4096))


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame as it is sent, with a number that rises and the monotonic time in s; `jpeg` is garbage if the camera is broken so."""

    number: int
    jpeg: bytes
    at_s: float
    is_picture: bool = True


class FrameFeed:
    """Calls `next_frame` at `fps` in its own thread while somebody watches, and keeps the newest shot."""

    def __init__(self, next_frame: NextFrame, *, fps: float, quality: int = 85) -> None:
        if fps <= 0:
            raise ValueError("fps is above zero")
        self._next_frame = next_frame
        self._period_s = 1.0 / fps
        self._options = [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        ]
        self._changed = threading.Condition()
        self._recorded: deque[bytes] = deque(maxlen=max(2, round(_RECORDED_S * fps)))
        self._chance = np.random.default_rng(_GRAIN_SPARE)
        self._grain: NDArray[np.int8] | None = None
        self._delayed = max(1, round(_DELAY_S * fps))
        self._shot: Shot | None = None
        self._fault = CameraFault.NONE
        self._watchers = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def fault(self) -> CameraFault:
        return self._fault

    def set_fault(self, fault: CameraFault) -> None:
        """From the next tick on; NONE heals."""
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def start(self) -> None:
        """Begin; starting twice raises RuntimeError."""
        if self._thread is not None:
            raise RuntimeError("already started")
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="camera-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, wake everybody who waits, and wait for the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[int]:
        """While one more client watches: frames are drawn only as long as there is one. Gives the number to look for newer shots than."""
        with self._changed:
            self._watchers += 1
            self._changed.notify_all()
            newest = self._shot.number if self._shot else 0
        try:
            yield newest
        finally:
            with self._changed:
                self._watchers -= 1
                self._changed.notify_all()

    @property
    def watchers(self) -> int:
        return self._watchers

    @property
    def stopping(self) -> bool:
        return self._stopping

    def after(self, number: int, timeout_s: float) -> Shot | None:
        """The newest shot if it is newer than `number`, waited for at most `timeout_s`; None when none came or the feed ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._is_newer(number), timeout_s)
            return self._shot if not self._stopping and self._is_newer(number) else None

    def _is_newer(self, number: int) -> bool:
        return self._shot is not None and self._shot.number > number

    def _run(self) -> None:
        number = 0
        due = monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or (self._watchers > 0 and self._sends()))
                late = monotonic() - due
                if late > self._period_s:
                    due = monotonic()  # nobody watched, or drawing was slow: do not catch up
                self._changed.wait_for(lambda: self._stopping, max(0.0, due - monotonic()))
                if self._stopping:
                    return
                fault, last = self._fault, self._shot
            due += _SLOW_PERIOD_S if fault is CameraFault.SLOW else self._period_s
            number += 1
            shot = self._take(number, fault, last)
            with self._changed:
                self._shot = shot
                self._changed.notify_all()

    def _sends(self) -> bool:
        return self._fault not in (CameraFault.STOP, CameraFault.DROP)

    def _take(self, number: int, fault: CameraFault, last: Shot | None) -> Shot:
        if fault is CameraFault.GARBAGE:
            return Shot(number, _GARBAGE, monotonic(), is_picture=False)
        if fault is CameraFault.FREEZE and last is not None and last.is_picture:
            return Shot(number, last.jpeg, monotonic())
        if fault is CameraFault.LOOP and self._recorded:
            self._recorded.rotate(-1)
            again = cv2.imdecode(np.frombuffer(self._recorded[-1], np.uint8), cv2.IMREAD_COLOR)
            return Shot(number, self._packed(again, _AGAIN_QUALITY), monotonic())
        image = self._next_frame()
        if fault is CameraFault.BLACK:
            image = np.zeros_like(image)
        self._recorded.append(self._packed(self._with_grain(image)))
        late = self._delayed if fault is CameraFault.DELAY else 0
        return Shot(number, self._recorded[max(0, len(self._recorded) - 1 - late)], monotonic())

    def _with_grain(self, image: Image) -> Image:
        """A living sensor never gives the same picture twice, whatever is drawn for it."""
        height, width = image.shape[:2]
        if self._grain is None or self._grain.shape[:2] != (height + _GRAIN_SPARE, width + _GRAIN_SPARE):
            size = (height + _GRAIN_SPARE, width + _GRAIN_SPARE)
            grain = self._chance.normal(0, _GRAIN_LEVELS, size).round().astype(np.int8)
            self._grain = np.repeat(grain[..., None], 3, axis=2)
        down, right = self._chance.integers(0, _GRAIN_SPARE, 2)
        grain = self._grain[down : down + height, right : right + width]
        return np.asarray(cv2.add(image, np.ascontiguousarray(grain), dtype=cv2.CV_8U), dtype=np.uint8)

    def _packed(self, image: Any, quality: int | None = None) -> bytes:
        options = self._options if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality, *self._options[2:]]
        packed, jpeg = cv2.imencode(".jpg", image, options)
        if not packed:
            raise ValueError("a frame is a BGR picture of uint8")
        return bytes(jpeg.tobytes())


class StreamServer(socketserver.ThreadingTCPServer):
    """One thread per client; `hang_up` ends them all."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True  # server_close() waits for the clients' threads

    def __init__(
        self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler], feed: FrameFeed
    ) -> None:
        self.feed = feed
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closed = False
        super().__init__(address, handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class hands it over
        """A camera that drops connections does not even say hello."""
        with self._lock:
            welcome = not self._closed and self.feed.fault is not CameraFault.DROP
            if welcome:
                self._connections.add(request)
            return welcome

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the camera."""

    def hang_up(self, *, for_good: bool = False) -> None:
        """Cut every connection; `for_good` takes no new ones either."""
        with self._lock:
            self._closed = self._closed or for_good
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class SimulatedCamera:
    """Streams `next_frame()` pictures (BGR, uint8) at `fps` to any number of clients; port 0 takes a free one.

    `next_frame` is called from the camera's own thread, and only while somebody watches.
    """

    scheme: str
    path: str
    handler: type[socketserver.BaseRequestHandler]

    def __init__(self, next_frame: NextFrame, *, fps: float = 10.0, host: str = "127.0.0.1", port: int = 0) -> None:
        self._feed = FrameFeed(next_frame, fps=fps)
        self._address = (host, port)
        self._server: StreamServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where to look; RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("not started")
        return f"{self.scheme}://{self._address[0]}:{self._server.server_address[1]}{self.path}"

    @property
    def clients(self) -> int:
        """How many watch now."""
        return self._feed.watchers

    @property
    def fault(self) -> CameraFault:
        return self._feed.fault

    def set_fault(self, fault: CameraFault) -> None:
        """Break the camera, or heal it with CameraFault.NONE."""
        self._feed.set_fault(fault)
        if fault is CameraFault.DROP and self._server is not None:
            self._server.hang_up()

    def start(self) -> None:
        """Listen and serve; starting twice raises RuntimeError, a port that is taken OSError."""
        if self._server is not None:
            raise RuntimeError("already started")
        self._server = StreamServer(self._address, self.handler, self._feed)
        self._feed.start()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="camera", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cut every client, wait for all threads and free the port; stopping twice is harmless."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._feed.stop()
        self._server.hang_up(for_good=True)
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
