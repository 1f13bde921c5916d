"""A source that shows what it is given: pictures, and faults where a fault is in the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lpr.frame import Frame, Image
from lpr.sources.base import EndOfStream, FrameSource
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault


class MemorySource:
    """Plays a script; each opening asks `script()` for a fresh one, so a fault can be followed by a recovery."""

    def __init__(self, camera: str, clock: Clock, script: Callable[[], Iterable[Image | Exception]]) -> None:
        self._camera = camera
        self._clock = clock
        self._script = script
        self._playing: Iterator[Image | Exception] | None = None
        self._frame: Frame | None = None
        self._sequence = 0

    @property
    def camera(self) -> str:
        return self._camera

    def open(self) -> None:
        self._playing = iter(self._script())

    def grab(self) -> None:
        if self._playing is None:
            raise DeviceFault("the source is not open")
        item = next(self._playing, None)
        if item is None:
            raise EndOfStream
        if isinstance(item, Exception):
            raise item
        self._sequence += 1
        self._frame = Frame(item, self._camera, self._clock.now(), self._sequence)

    def retrieve(self) -> Frame:
        if self._frame is None:
            raise DeviceFault("no picture has been grabbed")
        return self._frame

    def close(self) -> None:
        self._playing = None
        self._frame = None


_: type[FrameSource] = MemorySource
