"""One place in a picture, one reading: look, and where that leaves doubt, look again, otherwise; then ask the second reader.

A look costs the own net a millisecond, so doubt is met first by other cuts of the same place (further to the left, other rows,
slightly shifted), then by the general reader, which costs twenty times as much and errs otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lpr import calibration, rectify
from lpr.calibration import Evidenced
from lpr.colour import agreed, colour_of, opinion
from lpr.frame import Image, extent
from lpr.fusion import Evidence, fuse
from lpr.grammars.base import Grammar
from lpr.model import Candidate, Ground, PlateColour, Region, margin_of
from lpr.readers.base import Reader, Sight
from lpr.settings import Settings

_AROUND = 0.08  # of the height: boxes cut into signs more often than they stand off
_LEFT = 0.25  # of the width: where the province is when the box starts at the letter
_RIGHT = 0.15  # where a thin last sign is lost
_HOPELESS = -40.0  # words that are no plate score below; a plate whose province was cut off scores -10 to -25
_CLEAR_MARGIN, _CLEAR_CONFIDENCE = 2.0, 0.95  # a look as clear as this needs no other cut and no grey
_HOPELESS_TO_OWN = -11.0  # the own net gives plates that can be read -4 and more, what is none -10 and less
_SQUARE = (1.0, 2.7)  # width / height at which a plate may have one row or two
_BY_DETECTOR, _BY_PIXELS = 0.85, 0.75  # how often each names the ground rightly


_NUDGES = ((-0.03, 0.0), (0.03, 0.0), (0.0, -0.06), (0.0, 0.06))
"""Shares of width and height by which a doubtful strip is shifted: five looks of the own net together err less and know it better."""

_FRAME = (0.06, 0.1)
"""Shares of width and height by which a strip is drawn out for a general reader."""

_ALONE, _OWN_BESIDE, _OTHER_BESIDE = (0.5, 0.5), (0.25, 0.3), 0.35
"""Weights of steps and of places, and of another reader's steps; flat round the optimum on drawn and on real plates."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One cut of a place, and what came of it; `candidates` best first, `first` and `second` what each reader saw, look by look."""

    region: Region
    strip: Image
    ground: Ground
    first: tuple[Sight, ...]
    second: tuple[Sight, ...]
    candidates: tuple[Candidate, ...]

    @property
    def evidenced(self) -> Evidenced:
        """What the candidates stand on."""
        if self.second:
            return Evidenced.BOTH
        return Evidenced.STEPS if self.first[0].slots is None else Evidenced.OWN

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
            strip = (
                image if whole and cut.rows == 1 else rectify.strip(image, cut)
            )  # what is upright already stays sharp
            look = self._look(strip, cut, grey=grey and best is not None and best.evidenced is Evidenced.STEPS)
            if best is None or look.likelihood > best.likelihood:
                best = look
            if not self._doubtful(best) or best.likelihood < _HOPELESS:
                break
        assert best is not None, "a place has one cut at least"
        hopeless = _HOPELESS_TO_OWN if best.evidenced is Evidenced.OWN else _HOPELESS
        return self._looked_closer(best) if best.likelihood > hopeless else best

    def _look(self, strip: Image, region: Region, *, grey: bool) -> Look:
        (sight,) = self._first.read((_greyed(strip) if grey else strip,))
        ground = Ground(agreed(_opinions(region, strip, sight)), region.rows)
        return self._judged(Look(region, strip, ground, (sight,), (), ()))

    def _looked_closer(self, look: Look) -> Look:
        """The same cut, with as many further looks as its doubts ask for."""
        if look.evidenced is Evidenced.OWN and self._unsure(look):
            again = self._first.read([_nudged(look.strip, *nudge) for nudge in _NUDGES])
            look = self._judged(replace(look, first=look.first + again))
        if self._second is not None and self._unsure(look):
            look = self._judged(replace(look, second=self._second.read((_framed(look.strip),))))
            if self._doubtful(look):
                look = self._judged(
                    replace(look, second=look.second + self._second.read((_greyed(_framed(look.strip)),)))
                )
        return look

    def _judged(self, look: Look) -> Look:
        """The same look with its candidates."""
        steps, places = _OWN_BESIDE if look.second else _ALONE
        pieces = [
            Evidence(sight, steps, places, proposes=False)
            if sight.slots is not None
            else Evidence(sight, steps + places)
            for sight in look.first
        ]
        shares = [(piece, len(look.first)) for piece in pieces]
        shares += [(Evidence(sight, _OTHER_BESIDE), len(look.second)) for sight in look.second]
        each = [replace(piece, steps=piece.steps / count, places=piece.places / count) for piece, count in shares]
        most = self._settings.most_candidates
        return replace(look, candidates=fuse(self._grammar, each, look.ground, most, bonus=self._bonus))

    def _unsure(self, look: Look) -> bool:
        return look.margin < self._settings.sure_margin or self._doubtful(look)

    def _doubtful(self, look: Look) -> bool:
        return look.margin < _CLEAR_MARGIN or look.confidence < _CLEAR_CONFIDENCE


def _cuts(region: Region, *, whole: bool) -> Iterable[tuple[Region, bool]]:
    """The ways to cut a place out, likeliest first, and whether to look at it in grey."""
    near = region if whole else replace(region, corners=rectify.widen(region.corners, around=_AROUND))
    yield near, False
    if not whole:
        yield replace(region, corners=rectify.widen(region.corners, left=_LEFT, around=_AROUND)), True
        yield replace(region, corners=rectify.widen(region.corners, left=_LEFT, right=_RIGHT, around=_AROUND)), True
    width, height = extent(region.corners)
    if region.rows == 2 or _SQUARE[0] <= width / max(height, 1.0) <= _SQUARE[1]:  # small signs look like two rows
        yield replace(near, rows=3 - region.rows), False


def _opinions(region: Region, strip: Image, sight: Sight) -> list[dict[PlateColour, float]]:
    heard = [opinion(region.colour, _BY_DETECTOR), opinion(colour_of(strip), _BY_PIXELS), dict(sight.colours or {})]
    return [one for one in heard if one]


def _greyed(strip: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _framed(strip: Image) -> Image:
    """The strip with its edges drawn out: a general reader misses signs that touch the rim, and crops cut the province."""
    height, width = strip.shape[:2]
    down, across = round(_FRAME[1] * height), round(_FRAME[0] * width)
    return np.asarray(cv2.copyMakeBorder(strip, down, down, across, across, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _nudged(strip: Image, across: float, down: float) -> Image:
    """The strip shifted by shares of its width and height; its edges are drawn out."""
    height, width = strip.shape[:2]
    shift = np.array([[1, 0, across * width], [0, 1, down * height]], dtype=np.float32)
    moved = cv2.warpAffine(strip, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)
