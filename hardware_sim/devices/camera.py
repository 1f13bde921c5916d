"""One producer, many watchers: a thread draws a frame at each tick, and every client waits for the newest one.

Faults are the camera's own: what a client sees is what a broken camera would send.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

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
    SLOW = "slow"  # one frame in two seconds
    DROP = "drop"  # connections are cut, new ones refused at once


_SLOW_PERIOD_S = 2.0
_GARBAGE = bytes((17 * i + 91) % 256 for i in range(4096))


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame as it is sent: a JPEG (or garbage), with a number that rises and the monotonic time in s."""

    number: int
    jpeg: bytes
    at_s: float


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

    def watch(self) -> None:
        """One more client: frames are drawn only while there is one."""
        with self._changed:
            self._watchers += 1
            self._changed.notify_all()

    def unwatch(self) -> None:
        with self._changed:
            self._watchers -= 1

    @property
    def watchers(self) -> int:
        return self._watchers

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
            shot = Shot(number, self._jpeg(fault, last), monotonic())
            with self._changed:
                self._shot = shot
                self._changed.notify_all()

    def _sends(self) -> bool:
        return self._fault not in (CameraFault.STOP, CameraFault.DROP)

    def _jpeg(self, fault: CameraFault, last: Shot | None) -> bytes:
        if fault is CameraFault.GARBAGE:
            return _GARBAGE
        if fault is CameraFault.FREEZE and last is not None and last.jpeg is not _GARBAGE:
            return last.jpeg
        image = self._next_frame()
        if fault is CameraFault.BLACK:
            image = np.zeros_like(image)
        packed, jpeg = cv2.imencode(".jpg", image, self._options)
        if not packed:
            raise ValueError("a frame is a BGR picture of uint8")
        return jpeg.tobytes()
