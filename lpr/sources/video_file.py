"""A recorded video, played at its own pace or as fast as it is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lpr.frame import Frame
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.capture import Capture
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault

_PACE = 25.0
"""Frames per second of a file that does not say."""


class VideoFileSource:
    """One file; `pause` (seconds) waits between frames, None plays as fast as it is read."""

    def __init__(
        self, path: Path, camera: str, clock: Clock, *, pause: Callable[[float], None] | None = time.sleep
    ) -> None:
        self._path = path
        self._capture = Capture(str(path), camera, clock, where=str(path), options={}, timeout_s=3.0)
        self._clock = clock
        self._pause = pause
        self._due_s: float | None = None

    @property
    def camera(self) -> str:
        return self._capture.camera

    def open(self) -> None:
        if not self._path.is_file():
            raise DeviceFault(f"{self._path}: there is no such file")
        self._capture.open()
        self._due_s = None

    def grab(self) -> None:
        if not self._capture.grab():
            raise EndOfStream
        if self._pause is not None:
            told = self._capture.frames_per_second()
            pace = told if 0 < told < 1000 else _PACE
            now = self._clock.monotonic_s()
            self._due_s = max(now, self._due_s + 1 / pace) if self._due_s is not None else now
            if self._due_s > now:
                self._pause(self._due_s - now)

    def retrieve(self) -> Frame:
        return self._capture.retrieve()

    def close(self) -> None:
        self._capture.close()


_: type[FrameSource] = VideoFileSource
