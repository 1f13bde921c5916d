"""Frame in, plates out: find, straighten, read, let the grammar decide. Every doubt is kept in the result.

Where the detector finds nothing that can be read, a fallback may look too; its model is loaded when that first happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self

import numpy as np

from lpr.detectors.base import Detector
from lpr.detectors.registry import DETECTORS, best_detector
from lpr.detectors.whole import WholeDetector
from lpr.frame import Frame, Image, extent
from lpr.grammars.base import Grammar
from lpr.grammars.registry import GRAMMARS
from lpr.looks import Look, Looker
from lpr.model import PlateRead, Region
from lpr.readers.base import Reader
from lpr.readers.registry import best_readers, readers_of
from lpr.settings import BEST, Settings

_SQUAREST, _LONGEST = 1.2, 6.0  # width / height of a picture that is nothing but a plate


class Pipeline:
    """Reads plates from frames; not thread-safe: one pipeline per thread (its models run on one thread each)."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader,
        grammar: Grammar,
        settings: Settings,
        *,
        second_reader: Reader | None = None,
        fallback: Callable[[], Detector] | None = None,
    ) -> None:
        self.settings = settings
        self.grammar = grammar
        self._detector = detector
        self._whole = WholeDetector()
        self._looker = Looker(grammar, settings, reader, second_reader)
        self._fallback = fallback
        self._fallback_detector: Detector | None = None

    @classmethod
    def default(cls, settings: Settings | None = None) -> Self:
        """The pipeline that `settings` name, models loaded; ParkingError where a name is unknown or a model is missing."""
        settings = settings or Settings()
        grammar = GRAMMARS.get(settings.grammar)()
        names = best_readers(settings.grammar) if settings.reader == BEST else settings.reader
        first, second = readers_of(names, grammar.signs)
        detector = best_detector(settings.grammar) if settings.detector == BEST else settings.detector
        fallback = DETECTORS.get(settings.fallback_detector) if settings.fallback_detector else None
        return cls(
            DETECTORS.get(detector)(settings),
            first,
            grammar,
            settings,
            second_reader=second,
            fallback=None if fallback is None else lambda: fallback(settings),
        )

    def read(self, frame: Frame) -> tuple[PlateRead, ...]:
        """Every plate in the frame, best first; corners are in pixels of the whole frame."""
        left, top, image = self._region_of_interest(frame.image)
        whole = self._is_plate(image)
        reads = self._readable(frame, image, (self._whole if whole else self._detector).find(image), whole=whole)
        if not reads and not whole and self._fallback is not None:
            self._fallback_detector = self._fallback_detector or self._fallback()
            reads = self._readable(frame, image, self._fallback_detector.find(image), whole=False)
        corner = np.array([left, top], dtype=np.float32)
        return one_per_place(replace(read, corners=read.corners + corner) for read in reads)

    def regions(self, frame: Frame) -> tuple[Region, ...]:
        """Where the detector thinks plates are, before anybody reads them; corners are in pixels of the whole frame."""
        left, top, image = self._region_of_interest(frame.image)
        found = (self._whole if self._is_plate(image) else self._detector).find(image)
        return tuple(replace(r, corners=r.corners + np.array([left, top], dtype=np.float32)) for r in found)

    def _region_of_interest(self, image: Image) -> tuple[int, int, Image]:
        height, width = image.shape[:2]
        left, top, right, bottom = self.settings.region_of_interest
        x, y = int(left * width), int(top * height)
        return x, y, image[y : max(y + 1, round(bottom * height)), x : max(x + 1, round(right * width))]

    def _is_plate(self, image: Image) -> bool:
        height, width = image.shape[:2]
        return bool(width < self.settings.whole_below_px) and _SQUAREST <= width / height <= _LONGEST

    def _readable(self, frame: Frame, image: Image, regions: Iterable[Region], *, whole: bool) -> list[PlateRead]:
        looks = (self._looker.read(image, region, whole=whole) for region in regions)
        return [_as_read(look, frame) for look in looks if look.candidates and (whole or self._worth_reporting(look))]

    def _worth_reporting(self, look: Look) -> bool:
        settings = self.settings
        return look.likelihood >= settings.least_log_probability and look.confidence >= settings.least_confidence


def _as_read(look: Look, frame: Frame) -> PlateRead:
    return PlateRead(
        plate=look.candidates[0].plate,
        kind=look.candidates[0].kind,
        colour=look.colour,
        confidence=look.confidence,
        margin=look.margin,
        corners=look.region.corners,
        candidates=look.candidates,
        camera=frame.camera,
        captured_at=frame.captured_at,
    )


def one_per_place(reads: Iterable[PlateRead]) -> tuple[PlateRead, ...]:
    """The likeliest read of each place and of each plate, best first."""
    kept: list[PlateRead] = []
    for read in sorted(reads, key=lambda r: -r.log_probability):
        if not any(read.plate == other.plate or _same_place(read, other) for other in kept):
            kept.append(read)
    return tuple(kept)


def _same_place(one: PlateRead, other: PlateRead) -> bool:
    apart = np.linalg.norm(one.corners.mean(axis=0) - other.corners.mean(axis=0))
    return bool(apart < 0.5 * min(extent(one.corners)[0], extent(other.corners)[0]))
