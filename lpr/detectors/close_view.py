"""The close look at one find: a small level view of its surroundings, and what a net's numbers about it say of the picture.

Training cuts its views with the very same functions.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

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


def aim(corners: Corners) -> Numbers:
    """The transform (2 x 3) that brings a plate level to the middle of a view, `PLATE_PX` wide; its skew and perspective stay."""
    along = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    wide = max(float(np.linalg.norm(along)), 1.0)
    cos, sin = along / wide * (PLATE_PX / wide)
    turn = np.array([[cos, sin], [-sin, cos]])
    shift = np.array([WIDTH, HEIGHT]) / 2 - turn @ corners.mean(axis=0)
    return np.column_stack([turn, shift]).astype(np.float32)


def to_view(corners: Corners, transform: Numbers) -> Corners:
    """Corners of the picture in pixels of the view."""
    return np.asarray(corners @ transform[:, :2].T + transform[:, 2], dtype=np.float32)


def to_picture(corners: Corners, transform: Numbers) -> Corners:
    """Corners of the view in pixels of the picture."""
    (a, b), (c, d) = transform[:, :2].tolist()
    back = np.array([[d, -c], [-b, a]]) / (a * d - b * c)  # transposed; written out, as numpy takes its time over 2 x 2
    return np.asarray((corners - transform[:, 2]) @ back, dtype=np.float32)


def close_view(image: Image, transform: Numbers) -> Image:
    """A plate's surroundings (64 x 128 x 3), reduced without skipping pixels; black beyond the picture."""
    edge = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], dtype=np.float32)
    outline = to_picture(edge, transform)
    low = np.maximum(np.floor(outline.min(axis=0)) - 2, 0).astype(int)
    high = np.minimum(np.ceil(outline.max(axis=0)) + 3, (image.shape[1], image.shape[0])).astype(int)
    piece = image[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    if not piece.size:
        return np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    turn, shift = transform[:, :2].astype(np.float64), transform[:, 2] + transform[:, :2] @ low
    while np.hypot(turn[0, 0], turn[0, 1]) < _HALVED_BELOW and min(piece.shape[:2]) >= 4:
        rows, columns = piece.shape[0] // 2, piece.shape[1] // 2
        piece = np.asarray(
            cv2.resize(piece[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
        shift = shift + turn @ (0.5, 0.5)  # a pixel's middle moves when two become one
        turn = turn * 2
    view = cv2.warpAffine(piece, np.column_stack([turn, shift]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(view, dtype=np.uint8)


def settle(quad: Quad, answer: Numbers, transform: Numbers) -> Quad:
    """A find after a close look whose sixteen numbers are `answer`; its score weighs what both nets say."""
    seen = np.asarray(answer[1:9].reshape(4, 2) * REACH_PX + EXPECTED, dtype=np.float32)
    kinds = np.exp(answer[10:] - answer[10:].max())
    first = min(max(quad.first_score, 1e-4), 1 - 1e-4)
    logit = float(np.log(first / (1 - first))) + _CLOSE_WEIGHT * float(answer[0]) - _DOUBT
    colours = np.asarray(kinds / kinds.sum(), dtype=np.float32)
    return Quad(to_picture(seen, transform), chance(logit), chance(float(answer[9])), colours, quad.first_score)
