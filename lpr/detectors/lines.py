"""From lines of text to plates: lines of the right shape are plates of one row, two lines one above the other may be one of two."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from lpr import rectify
from lpr.frame import Corners, extent
from lpr.model import Region

_FLATTEST, _LONGEST = 1.4, 8.0  # width / height of one line of signs


def plates_among(lines: Iterable[tuple[Corners, float]], *, narrowest_px: int, most: int) -> tuple[Region, ...]:
    """Regions from boxes with scores (4 x 2 pixels, any order of corners), likeliest first, at most `most`."""
    found = []
    for box, score in lines:
        corners = rectify.order(box)
        width, height = extent(corners)
        if width >= narrowest_px and _FLATTEST <= width / max(height, 1.0) <= _LONGEST:
            found.append(Region(corners, score))
    found += [
        Region(_around(upper, lower), min(upper.score, lower.score), rows=2)
        for upper in found
        for lower in found
        if upper is not lower and _stacked(upper.corners, lower.corners)
    ]
    return tuple(sorted(found, key=lambda region: -region.score)[:most])


def _stacked(upper: Corners, lower: Corners) -> bool:
    (upper_width, upper_height), (lower_width, lower_height) = extent(upper), extent(lower)
    gap = float(lower[:2, 1].mean() - upper[2:, 1].mean())
    overlap = min(upper[1, 0], lower[1, 0]) - max(upper[0, 0], lower[0, 0])
    return bool(
        -0.5 * upper_height <= gap <= 0.6 * lower_height
        and overlap >= 0.7 * upper_width
        and 0.3 * lower_width <= upper_width <= 1.05 * lower_width
        and 0.35 * lower_height <= upper_height <= 1.1 * lower_height
    )


def _around(upper: Region, lower: Region) -> Corners:
    points = np.concatenate((upper.corners, lower.corners))
    return rectify.order(cv2.boxPoints(cv2.minAreaRect(points)).astype(np.float32))
