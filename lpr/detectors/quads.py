"""From the numbers of `corner_net` to plates: sure cells become quadrilaterals, those of one plate become one. Pure functions.

A cell's sixteen numbers are those that `lpr.training.detector_net` describes: score, eight offsets of corners, two rows, six kinds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from lpr.frame import Corners
from lpr.model import PlateColour

Numbers = npt.NDArray[np.float32]

CHANNELS = 16
STRIDES = (8, 16)
REACH_PX = (32.0, 96.0)
COLOURS: tuple[PlateColour | None, ...] = (
    PlateColour.BLUE,
    PlateColour.YELLOW,
    PlateColour.GREEN,
    PlateColour.WHITE,
    PlateColour.BLACK,
    None,  # a plate that is not Chinese
)
_MOST_CELLS = 200
_LEAST_AREA_PX = 4.0
_AGREEING = 0.6
_SAME_PLATE = 0.3  # intersection over union
_INSIDE = 0.6  # of the smaller one
_STEEPEST = math.tan(math.radians(60))


@dataclass(frozen=True, slots=True, eq=False)
class Quad:
    """A plate as cells see it: corners in pixels of the net's picture, score 0-1, chance of two rows 0-1, chances of `COLOURS`.

    After a close look `first` is the score before it.
    """

    corners: Corners
    score: float
    two_rows: float
    colours: Numbers
    first: float | None = None

    @property
    def first_score(self) -> float:
        """How sure the first look was."""
        return self.score if self.first is None else self.first

    @property
    def colour(self) -> PlateColour | None:
        """The likeliest ground."""
        return COLOURS[int(self.colours.argmax())]


@lru_cache(maxsize=32)
def centres(height: int, width: int) -> tuple[Numbers, Numbers]:
    """Centres of all cells (cells x 2 px) of a picture, and how far a corner's unit reaches there (cells, px)."""
    points, reach = [], []
    for stride, unit in zip(STRIDES, REACH_PX, strict=True):
        ys, xs = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        points.append(np.stack([xs.ravel(), ys.ravel()], axis=1) * stride + stride / 2)
        reach.append(np.full(xs.size, unit, np.float32))
    return np.concatenate(points), np.concatenate(reach)


def decode(
    answer: Numbers,
    height: int,
    width: int,
    least_score: float,
    most: int = _MOST_CELLS,
    far_behind: float = 0.0,
) -> list[Quad]:
    """The `most` surest plates in an answer (16 x cells) for a picture of that size; each is the mean of the cells that agree on it.

    Those whose score is less than `far_behind` of the surest one's are left out. Cells are compared by the boxes round their
    corners, all at once: hundreds may be sure of something.
    """
    points, reach = centres(height, width)
    if answer.shape != (CHANNELS, len(points)):
        raise ValueError(f"a picture of {width} x {height} has {len(points)} cells of {CHANNELS} numbers")
    sure = np.flatnonzero(answer[0] >= float(np.log(least_score / (1 - least_score))))
    sure = sure[np.isfinite(answer[:, sure]).all(axis=0)]
    sure = sure[np.argsort(-answer[0, sure], kind="stable")][:_MOST_CELLS]
    cells = np.asarray(answer[:, sure].T, dtype=np.float32)
    corners = cells[:, 1:9].reshape(-1, 4, 2) * reach[sure, None, None] + points[sure, None]
    sound = _sound(corners)
    cells, corners = cells[sound], corners[sound]
    agreeing, apart = _compared(corners)
    chances = 1 / (1 + np.exp(-np.clip(cells[:, [0, 9]], -60, 60)))  # of a plate, of two rows
    kinds = np.exp(cells[:, 10:] - cells[:, 10:].max(axis=1, keepdims=True))
    told = np.hstack([corners.reshape(-1, 8), chances[:, 1:], kinds / kinds.sum(axis=1, keepdims=True)])
    scores, weights = chances[:, 0].tolist(), chances[:, 0] ** 2
    alive = np.ones(len(cells), dtype=np.bool_)
    chosen: list[int] = []
    shares: list[Numbers] = []
    for best, score in enumerate(scores):
        if len(chosen) == most or score < far_behind * scores[0]:
            break
        if alive[best]:
            chosen.append(best)
            shares.append(weights * (alive & agreeing[best]))
            alive &= apart[best]
    means = [share @ told / share.sum() for share in shares]
    return [
        Quad(mean[:8].reshape(4, 2), scores[best], float(mean[8]), mean[9:])
        for best, mean in zip(chosen, means, strict=True)
    ]


def _sound(corners: Numbers) -> npt.NDArray[np.bool_]:
    """Which quadrilaterals (N x 4 x 2) are as `rectify.usable` wants them, and no steeper than plates are."""
    along = corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]
    level = np.abs(along[:, 1]) <= _STEEPEST * along[:, 0]
    sides = corners[:, [1, 2, 3, 0]] - corners
    after = sides[:, [1, 2, 3, 0]]
    turns = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    return np.asarray(level & (turns > 0).all(axis=1) & (turns.sum(axis=1) >= 4 * _LEAST_AREA_PX))


def _compared(corners: Numbers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which of N quadrilaterals agree with which, and which have nothing to do with which (N x N each), by the boxes round them."""
    low, high = corners.min(axis=1).T, corners.max(axis=1).T
    size = np.maximum(0, np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None]))
    common = size[0] * size[1]
    area = (high - low).prod(axis=0)
    union = common / np.maximum(area[:, None] + area - common, 1e-6)
    inside = common / np.maximum(np.minimum(area[:, None], area), 1e-6)
    return union >= _AGREEING, (union < _SAME_PLATE) & (inside < _INSIDE)


def chance(logit: float) -> float:
    """What a logit says, 0-1."""
    return 1 / (1 + math.exp(-max(min(logit, 60.0), -60.0)))  # in this order what is no number stays none


def one_each(quads: list[Quad]) -> list[Quad]:
    """One quadrilateral for each plate, surest first: the mean of those that agree with the surest, weighted by their scores."""
    left = sorted(quads, key=lambda quad: -quad.score)
    kept: list[Quad] = []
    while left:
        best, *others = left
        shares = [overlap(best.corners, other.corners) for other in others]
        agree = [best, *(other for other, (union, _) in zip(others, shares, strict=True) if union >= _AGREEING)]
        kept.append(_mean(agree))
        left = [
            other
            for other, (union, inside) in zip(others, shares, strict=True)
            if union < _SAME_PLATE and inside < _INSIDE
        ]
    return kept


def _mean(quads: list[Quad]) -> Quad:
    if len(quads) == 1:
        return quads[0]
    weights = np.array([quad.score for quad in quads]) ** 2
    weights /= weights.sum()
    return Quad(
        np.tensordot(weights, np.stack([quad.corners for quad in quads]), 1).astype(np.float32),
        quads[0].score,
        float(weights @ np.array([quad.two_rows for quad in quads])),
        (weights @ np.stack([quad.colours for quad in quads])).astype(np.float32),
        quads[0].first,
    )


def overlap(one: Corners, other: Corners) -> tuple[float, float]:
    """Intersection over union of two quadrilaterals, and over the smaller of them."""
    low, high = np.maximum(one.min(axis=0), other.min(axis=0)), np.minimum(one.max(axis=0), other.max(axis=0))
    if (low >= high).any():
        return 0.0, 0.0
    common, _ = cv2.intersectConvexConvex(cv2.convexHull(one), cv2.convexHull(other))
    first, second = float(cv2.contourArea(one)), float(cv2.contourArea(other))
    return common / max(first + second - common, 1e-6), common / max(min(first, second), 1e-6)
