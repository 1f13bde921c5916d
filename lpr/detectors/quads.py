"""From the numbers of `corner_net` to plates: sure cells become quadrilaterals, those of one plate become one. Pure functions.

A cell's sixteen numbers are those that `lpr.training.detector_net` describes: score, eight offsets of corners, two rows, six kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from lpr import rectify
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
_MOST_CELLS = 300
_SAME_PLATE = 0.3  # intersection over union
_INSIDE = 0.6  # of the smaller one
_STEEPEST_DEGREES = 60.0


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


def decode(answer: Numbers, height: int, width: int, least_score: float) -> list[Quad]:
    """Every cell of an answer (16 x cells) for a picture of that size that is at least so sure, surest first."""
    points, reach = centres(height, width)
    if answer.shape != (CHANNELS, len(points)):
        raise ValueError(f"a picture of {width} x {height} has {len(points)} cells of {CHANNELS} numbers")
    least = float(np.log(least_score / (1 - least_score)))
    sure = np.flatnonzero(answer[0] >= least)
    sure = sure[np.argsort(-answer[0, sure], kind="stable")][:_MOST_CELLS]
    cells = answer[:, sure].T.astype(np.float64)
    quads = []
    for cell, point, unit in zip(cells, points[sure], reach[sure], strict=True):
        corners = (cell[1:9].reshape(4, 2) * unit + point).astype(np.float32)
        if rectify.usable(corners) and abs(rectify.tilt(corners)) <= _STEEPEST_DEGREES:
            kinds = np.exp(cell[10:] - cell[10:].max())
            colours = (kinds / kinds.sum()).astype(np.float32)
            quads.append(Quad(corners, chance(cell[0]), chance(cell[9]), colours))
    return quads


def chance(logit: float) -> float:
    """What a logit says, 0-1."""
    return float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))


def one_each(quads: list[Quad]) -> list[Quad]:
    """One quadrilateral for each plate, surest first: the mean of those that agree with the surest, weighted by their scores."""
    left = sorted(quads, key=lambda quad: -quad.score)
    kept: list[Quad] = []
    while left:
        best, *others = left
        shares = [overlap(best.corners, other.corners) for other in others]
        agree = [best, *(other for other, (union, _) in zip(others, shares, strict=True) if union >= 0.6)]
        kept.append(_mean(agree))
        left = [
            other
            for other, (union, inside) in zip(others, shares, strict=True)
            if union < _SAME_PLATE and inside < _INSIDE
        ]
    return kept


def _mean(quads: list[Quad]) -> Quad:
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
