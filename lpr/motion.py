"""Is anything there, or moving? Asked of a small grey picture, so that an empty lane costs next to nothing; pure.

Two comparisons: with the look before (movement) and with what the place looks like when nobody is there (presence). Light that
changes everywhere at once is taken out first, and noise is measured, not assumed. Whatever stays long enough becomes the place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
"""Height x width, 0-255, about 160 x 90, from `pictures.small_grey`."""

_LEAST_LEVELS = 7.0
"""Of 255: a smaller change is nothing, however quiet the sensor is."""
_CLEARLY_LEVELS = 14.0
"""Of 255: a difference between two looks that is no noise, where no noise was measured."""
_NOISES = 4.0
"""A change counts from so many times the usual difference between two looks at the cell."""
_LEAST_SHARE = 0.004
"""Of the cells: less than this moving or there is a bird, a leaf, a clock in the corner."""
_LEARN_S = 10.0
"""What differs from the place as it was is half forgotten after about so long, unless somebody holds it."""
_MOST_GAIN = 1.25
_NOISE_LEARN = 0.05
_FULL_AROUND = 0.35
"""A place is still taken when this share of its cells differs from the empty place."""


@dataclass(frozen=True, slots=True, eq=False)
class Stir:
    """One look: the shares of cells (0-1) that moved and that differ from the empty place, and which differ (height x width)."""

    moved: float
    differs: float
    there: npt.NDArray[np.bool_]

    @property
    def moves(self) -> bool:
        """Whether something moves that is large enough to matter."""
        return self.moved >= _LEAST_SHARE

    @property
    def is_there(self) -> bool:
        """Whether something is there that is not always there."""
        return self.differs >= _LEAST_SHARE

    def is_taken(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether a rectangle (shares 0-1 of the picture) still differs from the empty place."""
        part = self.there[_slices((left, top, right, bottom), self.there.shape)]
        return bool(part.size) and float(part.mean()) >= _FULL_AROUND


class Motion:
    """Remembers one camera's empty place; looks are given in the order of time (monotonic seconds).

    `region` (left, top, right, bottom, shares 0-1) is the part that matters: a street behind the lane never rests.
    """

    def __init__(self, region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)) -> None:
        self._region = region
        self._before: npt.NDArray[np.float32] | None = None
        self._place: npt.NDArray[np.float32] | None = None
        self._noise: npt.NDArray[np.float32] | None = None
        self._at_s = 0.0

    def see(self, grey: Grey, at_s: float, *, hold: bool = False) -> Stir:
        """Compare and learn; while `hold`, what stands there does not become part of the place."""
        now = grey.astype(np.float32)
        if self._before is None or self._place is None or self._noise is None or self._before.shape != now.shape:
            self._before, self._place, self._at_s = now, now.copy(), at_s
            self._noise = np.full_like(now, _LEAST_LEVELS / _NOISES)
            return Stir(0.0, 1.0, np.zeros(now.shape, dtype=bool))  # a vehicle may stand there already: look once
        moved, there = _change(now, self._before), _change(now, self._place)
        limit = np.maximum(_LEAST_LEVELS, _NOISES * self._noise)
        inside, differs = _slices(self._region, now.shape), there > limit
        stir = Stir(float((moved > limit)[inside].mean()), float(differs[inside].mean()), differs)
        still = moved <= limit
        self._noise[still] += _NOISE_LEARN * (moved[still] - self._noise[still])
        if not hold:
            share = 1.0 - 0.5 ** (max(0.0, at_s - self._at_s) / _LEARN_S)
            self._place += np.float32(share) * (now - self._place)
        self._before, self._at_s = now, at_s
        return stir

    def forget(self) -> None:
        """The camera was away: it may have been turned, and night may have fallen."""
        self._before = self._place = self._noise = None


def _slices(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The cells of a box (shares 0-1, cut to the picture); at least one."""
    (rows, columns), (left, top, right, bottom) = shape[:2], box
    first_row, first_column = (int(np.clip(share * n, 0, n - 1)) for share, n in ((top, rows), (left, columns)))
    past_row, past_column = (int(np.ceil(share * n)) for share, n in ((bottom, rows), (right, columns)))
    return slice(first_row, max(first_row + 1, past_row)), slice(first_column, max(first_column + 1, past_column))


def share_changed(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """The share of cells (0-1) by which two small grey pictures of one place differ, light that changed everywhere taken out."""
    return float((_change(one, other) > _CLEARLY_LEVELS).mean())


def _change(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Differences in levels, once both are equally bright: the sun, a lamp and the camera's own gain change everything at once."""
    gain = np.median((one[::4, ::4] + 1.0) / (other[::4, ::4] + 1.0))
    return np.abs(one - other * np.float32(np.clip(gain, 1 / _MOST_GAIN, _MOST_GAIN)))
