"""From four corners to an upright strip: perspective undone, two rows laid side by side."""

from __future__ import annotations

import cv2
import numpy as np

from lpr.frame import Corners, Image, extent
from lpr.model import Region

STRIP_HEIGHT_PX = 48
# Of a double-row plate (GA 36-2018: 440 x 220 mm): the upper signs are 80 x 60 and stand 15-75 mm below the edge, 110-330 mm from
# the left; the lower ones are 65 x 110 and stand at 90-200 mm. Motorcycles and tractors have theirs at nearly the same shares of
# the height: the cut lies between the rows of all of them, with and without a margin round the plate.
_UPPER_ENDS, _LOWER_STARTS = 0.41, 0.404
_UPPER_SIDES = 0.12  # nothing but screws stands there
_UPPER_SHARE = 0.55  # of the lower row's width: signs of both rows come out equally wide
_LEAST_AREA_PX = 4.0
_FARTHEST_PX = 1e5


def order(points: Corners) -> Corners:
    """Four points as corners clockwise from the top left, the longer side lying."""
    x, y = points[:, 0], points[:, 1]
    centre = points.mean(axis=0)
    around = points[np.argsort(np.arctan2(y - centre[1], x - centre[0]))]  # clockwise, as y points down
    start = int(np.argmin(around.sum(axis=1)))
    around = np.roll(around, -start, axis=0)
    top, side = np.linalg.norm(around[1] - around[0]), np.linalg.norm(around[3] - around[0])
    return (around if top >= side else np.roll(around, 1, axis=0)).astype(np.float32)


def widen(corners: Corners, *, left: float = 0.0, right: float = 0.0, around: float = 0.0) -> Corners:
    """The same quadrilateral, grown: `left` and `right` are shares of its width, `around` of its height on every side."""
    width, height = extent(corners)
    margin = around * height / max(width, 1.0)
    along = np.stack((corners[1] - corners[0], corners[2] - corners[3]))
    down = np.stack((corners[3] - corners[0], corners[2] - corners[1]))
    grown = corners.copy()
    grown[0] += -(left + margin) * along[0] - around * down[0]
    grown[1] += (right + margin) * along[0] - around * down[1]
    grown[2] += (right + margin) * along[1] + around * down[1]
    grown[3] += -(left + margin) * along[1] + around * down[0]
    return grown


def usable(corners: Corners) -> bool:
    """Whether four corners are finite, go round clockwise without a dent, and enclose some pixels."""
    if corners.shape != (4, 2):
        return False
    points = [(float(x), float(y)) for x, y in corners.tolist()]
    if not all(abs(value) <= _FARTHEST_PX for point in points for value in point):  # false for what is no number, too
        return False
    # Four points: plain numbers are ten times as fast as arrays.
    turns = [
        (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:] + points[:1], points[2:] + points[:2], strict=True)
    ]
    return min(turns) > 0 and sum(turns) >= 4 * _LEAST_AREA_PX


def tilt(corners: Corners) -> float:
    """Degrees by which the reading direction points below (+) or above (-) the horizontal; beyond 90 the plate is upside down."""
    along = corners[1] - corners[0] + corners[2] - corners[3]
    return float(np.degrees(np.arctan2(along[1], along[0])))


def strip(image: Image, region: Region) -> Image:
    """The plate of a region, upright, `STRIP_HEIGHT_PX` high and as wide as its shape asks; two rows lie side by side.

    Corners that enclose nothing give an even grey strip, which no reader reads.
    """
    if not usable(region.corners):
        return np.full((STRIP_HEIGHT_PX, 3 * STRIP_HEIGHT_PX, 3), 127, dtype=np.uint8)
    if region.rows == 1:
        return _warp(image, region.corners, STRIP_HEIGHT_PX)
    flat = _warp(image, region.corners, 2 * STRIP_HEIGHT_PX)
    height, width = flat.shape[:2]
    aside = round(width * _UPPER_SIDES)
    upper, lower = flat[: round(height * _UPPER_ENDS), aside : width - aside], flat[round(height * _LOWER_STARTS) :]
    lower_width = max(1, round(width * STRIP_HEIGHT_PX / lower.shape[0]))
    rows = [
        cv2.resize(row, (max(1, across), STRIP_HEIGHT_PX), interpolation=cv2.INTER_AREA)
        for row, across in ((upper, round(lower_width * _UPPER_SHARE)), (lower, lower_width))
    ]
    return np.ascontiguousarray(np.hstack(rows), dtype=np.uint8)


def _warp(image: Image, corners: Corners, height: int) -> Image:
    across, down = extent(corners)
    width = int(np.clip(round(height * across / max(down, 1.0)), height, 12 * height))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(image, transform, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
