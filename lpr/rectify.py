"""From four corners to an upright strip: perspective undone, two rows laid side by side."""

from __future__ import annotations

import cv2
import numpy as np

from lpr.frame import Corners, Image
from lpr.model import Region

STRIP_HEIGHT_PX = 48
_UPPER_ENDS, _LOWER_STARTS = (
    5 / 12,
    1 / 3,
)  # of a double-row plate's height (GA 36-2018: the rows are 60 and 110 of 220 mm)


def order(points: Corners) -> Corners:
    """Four points as corners clockwise from the top left, the longer side lying."""
    x, y = points[:, 0], points[:, 1]
    centre = points.mean(axis=0)
    around = points[np.argsort(np.arctan2(y - centre[1], x - centre[0]))]  # clockwise, as y points down
    start = int(np.argmin(around.sum(axis=1)))
    around = np.roll(around, -start, axis=0)
    top, side = np.linalg.norm(around[1] - around[0]), np.linalg.norm(around[3] - around[0])
    return (around if top >= side else np.roll(around, 1, axis=0)).astype(np.float32)


def size(corners: Corners) -> tuple[float, float]:
    """Width and height in pixels, the longer of each pair of sides."""
    width = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    height = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    return float(width), float(height)


def widen(corners: Corners, *, left: float = 0.0, right: float = 0.0, around: float = 0.0) -> Corners:
    """The same quadrilateral, grown: `left` and `right` are shares of its width, `around` of its height on every side."""
    width, height = size(corners)
    margin = around * height / max(width, 1.0)
    along = np.stack((corners[1] - corners[0], corners[2] - corners[3]))
    down = np.stack((corners[3] - corners[0], corners[2] - corners[1]))
    grown = corners.copy()
    grown[0] += -(left + margin) * along[0] - around * down[0]
    grown[1] += (right + margin) * along[0] - around * down[1]
    grown[2] += (right + margin) * along[1] + around * down[1]
    grown[3] += -(left + margin) * along[1] + around * down[0]
    return grown


def strip(image: Image, region: Region) -> Image:
    """The plate of a region, upright, `STRIP_HEIGHT_PX` high and as wide as its shape asks; two rows lie side by side."""
    if region.rows == 1:
        return _warp(image, region.corners, STRIP_HEIGHT_PX)
    flat = _warp(image, region.corners, 2 * STRIP_HEIGHT_PX)
    height = flat.shape[0]
    upper, lower = flat[: round(height * _UPPER_ENDS)], flat[round(height * _LOWER_STARTS) :]
    rows = [
        cv2.resize(row, (max(1, round(row.shape[1] * share)), STRIP_HEIGHT_PX))
        for row, share in ((upper, 0.8), (lower, 1.0))
    ]
    return np.ascontiguousarray(np.hstack(rows), dtype=np.uint8)


def _warp(image: Image, corners: Corners, height: int) -> Image:
    across, down = size(corners)
    width = int(np.clip(round(height * across / max(down, 1.0)), height, 12 * height))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(image, transform, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
