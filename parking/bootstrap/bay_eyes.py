"""Bay cameras read by `lpr`: one picture for every look, the connection closed in between, one recogniser for all cameras of a site.

A stream that is kept open costs its decoding all day; a look every few seconds costs one picture, and bays in which nothing has
changed are not read at all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guidance.sensors.base import BaySensors, SensorSettings
from guidance.sensors.video import ShowsNothing, VideoBays
from lpr import Frame, Pipeline, bays, pictures
from lpr.bays import BaySight, BayWatch
from lpr.model import PlateRead
from lpr.settings import Settings as ReadingSettings
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.registry import source_of
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault

USUAL: Mapping[str, Any] = {"detect_side_px": 480, "whole_below_px": 0}
"""A bay's part of a picture is never nothing but a plate."""
_TRIES = 30  # a stream that is joined between two whole pictures begins with some that cannot be decoded


class Recogniser:
    """One pipeline for all cameras that are read alike: loaded at the first read, used by one of them at a time."""

    def __init__(self, settings: ReadingSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._pipeline: Pipeline | None = None

    def __call__(self, frame: Frame) -> Sequence[PlateRead]:
        with self._lock:
            self._pipeline = self._pipeline or Pipeline.default(self._settings)
            return self._pipeline.read(frame)


class CameraEye:
    """A source of pictures, and what they show of its bays; `empty` is the file of the picture without cars.

    With `opens_empty` the first picture becomes that file where there is none yet: whoever starts a camera over empty bays is done.
    """

    def __init__(self, source: FrameSource, watch: BayWatch, empty: Path | None = None, *, opens_empty: bool = False):
        self._source, self._watch = source, watch
        self._empty, self._opens_empty = empty, opens_empty
        self._learnt = False

    def look(self) -> Mapping[str, BaySight]:
        """One picture from a fresh connection; DeviceFault, ShowsNothing."""
        frame = self._picture()
        try:
            if not self._learnt:
                self._learn(frame)
            return self._watch.see(frame)
        except bays.ShowsNothing as nothing:
            raise ShowsNothing(str(nothing)) from None

    def close(self) -> None:
        self._source.close()

    def _picture(self) -> Frame:
        fault = DeviceFault("there is no picture in it")
        try:
            self._source.open()
            for _ in range(_TRIES):
                self._source.grab()
                try:
                    return self._source.retrieve()
                except DeviceFault as damaged:
                    fault = damaged
        except EndOfStream:
            pass
        finally:
            self._source.close()
        raise fault

    def _learn(self, frame: Frame) -> None:
        """What the bays look like without cars, from the file, which is made now where that was asked for."""
        if self._empty is not None and not self._empty.exists() and self._opens_empty:
            bays.fail_if_black(frame.image)
            partial = self._empty.with_suffix(".part")
            partial.write_bytes(pictures.jpeg(frame.image))
            partial.rename(self._empty)
        if self._empty is not None and self._empty.exists():
            self._watch.learn_empty(pictures.load(self._empty))
        self._learnt = True


class EyeMaker:
    """Makes the cameras of a settings file; cameras that are read alike share a recogniser."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recognisers: dict[ReadingSettings, Recogniser] = {}

    def sensors(
        self,
        settings: SensorSettings,
        clock: Clock,
        *,
        recognition: Mapping[str, Any],
        empty: str = "",
        opens_empty: bool = False,
    ) -> BaySensors:
        """ParkingError names a setting, a bay's box or an address that is none; nothing is opened yet."""
        reading = ReadingSettings.parse({**USUAL, **recognition})
        read = self._recognisers.setdefault(reading, Recogniser(reading))
        boxes = {channel: bays.box_of(channel) for channel in settings.bays}
        source = source_of(settings.address, settings.device_id, clock)
        file = self._folder / empty if empty else None
        return VideoBays(
            settings, clock, lambda: CameraEye(source, BayWatch(boxes, read), file, opens_empty=opens_empty)
        )
