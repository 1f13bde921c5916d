"""Frame in, plates out: find, straighten, read, let the grammar decide. Every doubt is kept in the result.

A doubtful plate gets a second look that differs in both the box (further to the left, where text detectors cut the province
off) and the colour (grey); the clearer of the two looks counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

import cv2
import numpy as np

from lpr import rectify
from lpr.colour import colour_of
from lpr.detectors.base import Detector
from lpr.detectors.registry import DETECTORS
from lpr.detectors.whole import WholeDetector
from lpr.frame import Frame, Image
from lpr.fusion import Evidence, fuse
from lpr.grammars.base import Grammar
from lpr.grammars.registry import GRAMMARS
from lpr.model import Candidate, Ground, PlateColour, PlateRead, Region, confidence_of, margin_of
from lpr.readers.base import Reader
from lpr.readers.registry import READERS
from lpr.settings import Settings

_AROUND = 0.08  # of the height: boxes cut into signs more often than they stand off
_HOPELESS = -40.0  # words that are no plate score below; a plate whose province was cut off scores -10 to -25
_SQUAREST, _LONGEST = 1.2, 6.0  # width / height of a picture that is nothing but a plate
_LEFT = 0.25  # of the width: where the province is when the box starts at the letter


class Pipeline:
    """Reads plates from frames; not thread-safe: one pipeline per thread (its models run on one thread each)."""

    def __init__(self, detector: Detector, reader: Reader, grammar: Grammar, settings: Settings) -> None:
        self.settings = settings
        self.grammar = grammar
        self._detector = detector
        self._whole = WholeDetector()
        self._reader = reader

    @classmethod
    def default(cls, settings: Settings | None = None) -> Self:
        """The pipeline that `settings` name, models loaded; ParkingError where a name is unknown or a model is missing."""
        settings = settings or Settings()
        grammar = GRAMMARS.get(settings.grammar)()
        reader = READERS.get(settings.reader)(grammar.signs)
        return cls(DETECTORS.get(settings.detector)(settings), reader, grammar, settings)

    def read(self, frame: Frame) -> tuple[PlateRead, ...]:
        """Every plate in the frame, best first; corners are in pixels of the whole frame."""
        left, top, image = self._region_of_interest(frame.image)
        if self._is_plate(image):
            regions, grow = self._whole.find(image), False
        else:
            regions, grow = self._detector.find(image), True
        reads = []
        for region in regions:
            read = self._read_region(frame, image, region, grow=grow)
            if read is not None:
                reads.append(replace(read, corners=read.corners + np.array([left, top], dtype=np.float32)))
        return one_per_place(reads)

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

    def _read_region(self, frame: Frame, image: Image, region: Region, *, grow: bool) -> PlateRead | None:
        around = _AROUND if grow else 0.0
        looked_at = replace(region, corners=rectify.widen(region.corners, around=around))
        candidates, colour = self._look(image, looked_at)
        if _worth_another_look(candidates) and self._doubtful(candidates):
            wider = replace(region, corners=rectify.widen(region.corners, left=_LEFT, around=_AROUND))
            again, colour_again = self._look(image, wider, grey=True)
            if again and again[0].log_probability > candidates[0].log_probability:
                looked_at, candidates, colour = wider, again, colour or colour_again
        if not candidates or (grow and candidates[0].log_probability < self.settings.least_log_probability):
            return None
        likelihoods = [candidate.log_probability for candidate in candidates]
        return PlateRead(
            plate=candidates[0].plate,
            kind=candidates[0].kind,
            colour=colour,
            confidence=confidence_of(likelihoods, self.settings.accept_log_probability),
            margin=margin_of(likelihoods),
            corners=looked_at.corners,
            candidates=candidates,
            camera=frame.camera,
            captured_at=frame.captured_at,
        )

    def _look(
        self, image: Image, region: Region, *, grey: bool = False
    ) -> tuple[tuple[Candidate, ...], PlateColour | None]:
        strip = rectify.strip(image, region)
        colour = colour_of(strip)
        (sight,) = self._reader.read((_greyed(strip) if grey else strip,))
        ground = Ground.of(colour)
        return fuse(self.grammar, [Evidence(sight, 1.0)], ground, self.settings.most_candidates), colour

    def _doubtful(self, candidates: tuple[Candidate, ...]) -> bool:
        likelihoods = [candidate.log_probability for candidate in candidates]
        return (
            not likelihoods
            or likelihoods[0] < self.settings.accept_log_probability
            or margin_of(likelihoods) < self.settings.accept_margin
        )


def _worth_another_look(candidates: tuple[Candidate, ...]) -> bool:
    return bool(candidates) and candidates[0].log_probability > _HOPELESS


def _greyed(strip: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def one_per_place(reads: Iterable[PlateRead]) -> tuple[PlateRead, ...]:
    """The likeliest read of each place and of each plate, best first."""
    kept: list[PlateRead] = []
    for read in sorted(reads, key=lambda r: -r.log_probability):
        if not any(read.plate == other.plate or _same_place(read, other) for other in kept):
            kept.append(read)
    return tuple(kept)


def _same_place(one: PlateRead, other: PlateRead) -> bool:
    apart = np.linalg.norm(one.corners.mean(axis=0) - other.corners.mean(axis=0))
    return bool(apart < 0.5 * min(rectify.size(one.corners)[0], rectify.size(other.corners)[0]))
