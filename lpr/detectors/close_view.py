"""The close look at one find: a small level view of its surroundings, and what a net's numbers about it say of the picture.

Training cuts its views with the very same functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr.detectors.halves import Halves
from lpr.detectors.quads import Quad, chance
from lpr.frame import Corners, Image

Numbers = npt.NDArray[np.float32]

HEIGHT, WIDTH = 64, 128
PLATE_PX = 80.0
_HALVED_BELOW = 0.55  # of the picture's size
REACH_PX = 16.0
"""One unit of a corner's offset, in pixels of the view."""
_CLOSE_WEIGHT, _DOUBT = 0.75, 2.25  # of the two nets' log-odds: fitted on photographs, flat round the optimum

EXPECTED = np.array([WIDTH, HEIGHT], np.float32) / 2 + np.array(
    [[-40, -13], [40, -13], [40, 13], [-40, 13]], np.float32
)
"""Where the corners of a view's plate are when nothing is off, in pixels of the view."""
_EXPECTED: list[list[float]] = EXPECTED.tolist()


def aim(corners: Corners) -> Numbers:
    """The transform (2 x 3) that brings a plate level to the middle of a view, `PLATE_PX` wide; its skew and perspective stay."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners.tolist()
    along, down = (bx - ax + cx - dx) / 2, (by - ay + cy - dy) / 2
    wide = max(math.hypot(along, down), 1.0)
    cos, sin = along / wide * (PLATE_PX / wide), down / wide * (PLATE_PX / wide)
    x, y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    turn = [[cos, sin, WIDTH / 2 - cos * x - sin * y], [-sin, cos, HEIGHT / 2 + sin * x - cos * y]]
    return np.array(turn, dtype=np.float32)


def to_view(corners: Corners, transform: Numbers) -> Corners:
    """Corners of the picture in pixels of the view."""
    return np.asarray(corners @ transform[:, :2].T + transform[:, 2], dtype=np.float32)


def to_picture(corners: Corners, transform: Numbers) -> Corners:
    """Corners of the view in pixels of the picture."""
    return np.array(_back(corners.tolist(), transform), dtype=np.float32)


def _back(points: Sequence[Sequence[float]], transform: Numbers) -> list[tuple[float, float]]:
    """The same for plain numbers: of four points they are ten times as fast as arrays."""
    (a, b, across), (c, d, down) = transform.tolist()
    scale = 1 / (a * d - b * c)
    shifted = [(x - across, y - down) for x, y in points]
    return [((d * x - b * y) * scale, (a * y - c * x) * scale) for x, y in shifted]


def close_view(picture: Halves, transform: Numbers) -> Image:
    """A plate's surroundings (64 x 128 x 3), reduced without skipping pixels; black beyond the picture."""
    (a, b, across), (c, d, down) = transform.tolist()
    times, side = 0, min(picture.image.shape[:2])
    while math.hypot(a, b) < _HALVED_BELOW and side >> times >= 4:
        across, down = across + (a + b) / 2, down + (c + d) / 2  # a pixel's middle moves when two become one
        a, b, c, d, times = 2 * a, 2 * b, 2 * c, 2 * d, times + 1
    turn = np.array([[a, b, across], [c, d, down]])
    view = cv2.warpAffine(picture.halved(times), turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(view, dtype=np.uint8)


def settle(quad: Quad, answer: Numbers, transform: Numbers) -> Quad:
    """A find after a close look whose sixteen numbers are `answer`; its score weighs what both nets say."""
    plate, *numbers = answer.tolist()
    seen = [
        (x * REACH_PX + at, y * REACH_PX + below)
        for x, y, (at, below) in zip(numbers[:8:2], numbers[1:8:2], _EXPECTED, strict=True)
    ]
    highest = max(numbers[9:])
    kinds = [math.exp(number - highest) for number in numbers[9:]]
    colours = np.array([kind / sum(kinds) for kind in kinds], dtype=np.float32)
    first = min(max(quad.first_score, 1e-4), 1 - 1e-4)
    logit = math.log(first / (1 - first)) + _CLOSE_WEIGHT * plate - _DOUBT
    corners = np.array(_back(seen, transform), dtype=np.float32)
    return Quad(corners, chance(logit), chance(numbers[8]), colours, quad.first_score)
