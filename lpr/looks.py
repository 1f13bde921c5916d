"""One place in a picture, one reading: look, and where that leaves doubt, look again, otherwise; then ask the second reader.

A look costs the own net a millisecond, so doubt is met first by other cuts of the same place (further to the left, other rows,
slightly shifted), then by the general reader, which costs twenty times as much and errs otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lpr import calibration, rectify
from lpr.calibration import Evidenced
from lpr.colour import agreed, colour_of, opinion
from lpr.frame import Image
from lpr.fusion import Evidence, fuse
from lpr.grammars.base import Grammar
from lpr.model import Candidate, Ground, PlateColour, Region, margin_of
from lpr.readers.base import Reader, Sight
from lpr.settings import Settings

_AROUND = 0.08  # of the height: boxes cut into signs more often than they stand off
_LEFT = 0.25  # of the width: where the province is when the box starts at the letter
_RIGHT = 0.15  # where a thin last sign is lost
_HOPELESS = -40.0  # words that are no plate score below; a plate whose province was cut off scores -10 to -25
_SQUARE = (1.0, 2.7)  # width / height at which a plate may have one row or two
_BY_DETECTOR, _BY_PIXELS = 0.85, 0.75  # how often each names the ground rightly


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One cut of a place, and what came of it; `candidates` best first."""

    region: Region
    strip: Image
    sight: Sight
    ground: Ground
    candidates: tuple[Candidate, ...]
    evidenced: Evidenced

    @property
    def likelihood(self) -> float:
        """Of the best candidate; minus infinity where there is none."""
        return self.candidates[0].log_probability if self.candidates else -np.inf

    @property
    def margin(self) -> float:
        """Of the best over the second; 0 where there is none."""
        return margin_of([c.log_probability for c in self.candidates]) if self.candidates else 0.0

    @property
    def confidence(self) -> float:
        """Calibrated, 0-1."""
        return calibration.confidence(self.candidates, self.evidenced)

    @property
    def colour(self) -> PlateColour | None:
        """The ground, where one is likelier than all others together."""
        best = max(self.ground.colours, key=lambda colour: self.ground.colours[colour], default=None)
        return best if best is not None and self.ground.colours[best] > 0.5 else None


class Looker:
    """Reads single places; `second` is asked where `first` leaves doubt."""

    def __init__(self, grammar: Grammar, settings: Settings, first: Reader, second: Reader | None = None) -> None:
        self._grammar = grammar
        self._settings = settings
        self._first = first
        self._second = second
        self._bonus = dict(settings.province_prior)

    def read(self, image: Image, region: Region, *, whole: bool) -> Look:
        """The best look at a place; `whole` says that the picture is nothing but the plate, so that nothing lies around it."""
        best: Look | None = None
        for cut, grey in _cuts(region, whole=whole):
            strip = image if whole and cut.rows == 1 else rectify.strip(image, cut)  # what is upright already stays sharp
            look = self._look(strip, cut, grey=grey and best is not None and best.evidenced is Evidenced.STEPS)
            if best is None or look.likelihood > best.likelihood:
                best = look
            if not self._doubtful(best) or best.likelihood < _HOPELESS:
                break
        assert best is not None, "a place has one cut at least"
        if self._second is not None and self._unsure(best) and best.likelihood > _HOPELESS:
            return self._together(best, self._second)
        return best

    def _look(self, strip: Image, region: Region, *, grey: bool) -> Look:
        (sight,) = self._first.read((_greyed(strip) if grey else strip,))
        ground = Ground(agreed(_opinions(region, strip, sight)), region.rows)
        evidenced = Evidenced.STEPS if sight.slots is None else Evidenced.OWN
        return Look(region, strip, sight, ground, self._fused([sight], ground), evidenced)

    def _together(self, look: Look, reader: Reader) -> Look:
        (sight,) = reader.read((look.strip,))
        candidates = self._fused([look.sight, sight], look.ground)
        return replace(look, candidates=candidates, evidenced=Evidenced.BOTH)

    def _fused(self, sights: Sequence[Sight], ground: Ground) -> tuple[Candidate, ...]:
        matrices = sum(1 if sight.slots is None else 2 for sight in sights)
        pieces = [Evidence(s, 1 / matrices, 0.0 if s.slots is None else 1 / matrices, s.slots is None) for s in sights]
        return fuse(self._grammar, pieces, ground, self._settings.most_candidates, bonus=self._bonus)

    def _unsure(self, look: Look) -> bool:
        return look.margin < self._settings.sure_margin or self._doubtful(look)

    def _doubtful(self, look: Look) -> bool:
        return look.margin < self._settings.accept_margin or look.confidence < self._settings.accept_confidence


def _cuts(region: Region, *, whole: bool) -> Iterable[tuple[Region, bool]]:
    """The ways to cut a place out, likeliest first, and whether to look at it in grey."""
    near = region if whole else replace(region, corners=rectify.widen(region.corners, around=_AROUND))
    yield near, False
    if not whole:
        yield replace(region, corners=rectify.widen(region.corners, left=_LEFT, around=_AROUND)), True
        yield replace(region, corners=rectify.widen(region.corners, left=_LEFT, right=_RIGHT, around=_AROUND)), True
    width, height = rectify.size(region.corners)
    if _SQUARE[0] <= width / max(height, 1.0) <= _SQUARE[1]:
        yield replace(near, rows=3 - region.rows), False


def _opinions(region: Region, strip: Image, sight: Sight) -> list[dict[PlateColour, float]]:
    heard = [opinion(region.colour, _BY_DETECTOR), opinion(colour_of(strip), _BY_PIXELS), dict(sight.colours or {})]
    return [one for one in heard if one]


def _greyed(strip: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), dtype=np.uint8)
