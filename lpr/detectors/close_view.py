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
REACH_PX = 16.0
"""One unit of a corner's offset, in pixels of the view."""
_CLOSE_WEIGHT, _DOUBT = 0.75, 1.0  # of the two nets' log-odds: fitted on photographs, flat round the optimum

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
    turn = transform[:, :2].astype(np.float64)
    return np.asarray((corners - transform[:, 2]) @ np.linalg.inv(turn).T, dtype=np.float32)


def close_view(image: Image, transform: Numbers) -> Image:
    """A plate's surroundings (64 x 128 x 3), reduced without skipping pixels; black beyond the picture."""
    share = float(np.hypot(transform[0, 0], transform[0, 1]))
    if share < 0.6:
        edge = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], dtype=np.float32)
        outline = to_picture(edge, transform)
        low = np.maximum(np.floor(outline.min(axis=0)) - 2, 0).astype(int)
        high = np.minimum(np.ceil(outline.max(axis=0)) + 3, (image.shape[1], image.shape[0])).astype(int)
        piece = image[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
        if piece.size:
            less = 1.3 * share
            size = (max(1, round(piece.shape[1] * less)), max(1, round(piece.shape[0] * less)))
            image = np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            stretch = np.array([piece.shape[1] / size[0], piece.shape[0] / size[1]])
            moved = transform[:, 2] + transform[:, :2] @ low
            transform = np.column_stack([transform[:, :2] * stretch, moved]).astype(np.float32)
    view = cv2.warpAffine(image, transform, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(view, dtype=np.uint8)


def settle(quad: Quad, answer: Numbers, transform: Numbers) -> Quad:
    """A find after a close look whose sixteen numbers are `answer`; its score weighs what both nets say."""
    seen = np.asarray(answer[1:9].reshape(4, 2) * REACH_PX + EXPECTED, dtype=np.float32)
    kinds = np.exp(answer[10:] - answer[10:].max())
    first = min(max(quad.first_score, 1e-4), 1 - 1e-4)
    logit = float(np.log(first / (1 - first))) + _CLOSE_WEIGHT * float(answer[0]) - _DOUBT
    colours = np.asarray(kinds / kinds.sum(), dtype=np.float32)
    return Quad(to_picture(seen, transform), chance(logit), chance(float(answer[9])), colours, quad.first_score)
