"""A folder of pictures in the order of their names, one frame each, at a pace that a reader can follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lpr import pictures
from lpr.frame import Frame
from lpr.sources.base import EndOfStream, FrameSource
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault
from parking.kernel.errors import ParkingError


class FolderSource:
    """All pictures of one folder, once, `interval_s` apart; what is no picture by its name is left out; no `pause`, no pace."""

    def __init__(
        self,
        path: Path,
        camera: str,
        clock: Clock,
        *,
        interval_s: float = 0.5,
        pause: Callable[[float], None] | None = time.sleep,
    ) -> None:
        self._path = path
        self._camera = camera
        self._clock = clock
        self._interval_s = interval_s
        self._pause = pause
        self._files: Iterator[Path] | None = None
        self._file: Path | None = None
        self._grabbed_at = clock.now()
        self._sequence = 0

    @property
    def camera(self) -> str:
        return self._camera

    def open(self) -> None:
        if not self._path.is_dir():
            raise DeviceFault(f"{self._path}: there is no such folder")
        self._files = iter(sorted(p for p in self._path.iterdir() if p.suffix.lower() in pictures.SUFFIXES))

    def grab(self) -> None:
        if self._files is None:
            raise DeviceFault(f"{self._path}: not open")
        self._file = next(self._files, None)
        if self._file is None:
            raise EndOfStream
        if self._pause is not None and self._sequence:
            self._pause(self._interval_s)
        self._grabbed_at = self._clock.now()
        self._sequence += 1

    def retrieve(self) -> Frame:
        if self._file is None:
            raise DeviceFault(f"{self._path}: no picture has been grabbed")
        try:
            return Frame(pictures.load(self._file), self._camera, self._grabbed_at, self._sequence)
        except ParkingError as error:
            raise DeviceFault(str(error)) from None

    def close(self) -> None:
        self._files = self._file = None


_: type[FrameSource] = FolderSource
