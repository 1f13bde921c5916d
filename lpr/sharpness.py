"""How much a look at a plate is worth, from its pixels alone: fine strokes at one scale, and width.

Measured with PP-OCR: on 300 real crops the dullest sixth reads 72 % exactly and the sharpest third all; on 130 real photographs 55 %
and 97 %. Size counts twice, because a small plate is dull at the common scale and its neighbours' signs are near.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from lpr.frame import Corners, Frame, Image, extent
from lpr.model import PlateRead
from lpr.tally import Glimpse

_HEIGHT_PX = 24
_WIDEST_PX = 240
_CONTRAST_FLOOR = 4.0  # of 255: noise on an even field is not sharp
_DULL, _SHARP = 0.2, 0.45
_NARROW_PX, _WIDE_PX = 20.0, 80.0
_LEAST = 0.1  # a plate that was read says something, however dull


def glimpses(frame: Frame, reads: Iterable[PlateRead], at_s: float) -> tuple[Glimpse, ...]:
    """The reads of one frame with their weights; `at_s` is when it was seen, on a monotonic clock."""
    return tuple(Glimpse(read, weight(frame.image, read.corners), at_s) for read in reads)


def weight(image: Image, corners: Corners) -> float:
    """0.1 (dull or tiny) to 1 (as good as it gets)."""
    sharp = (sharpness(image, corners) - _DULL) / (_SHARP - _DULL)
    wide = (extent(corners)[0] - _NARROW_PX) / (_WIDE_PX - _NARROW_PX)
    return float(np.clip(sharp, _LEAST, 1.0) * np.clip(wide, _LEAST, 1.0))


def sharpness(image: Image, corners: Corners) -> float:
    """Slope from pixel to pixel along the plate at `_HEIGHT_PX`, as a share of its contrast: about 0.1 to 0.7."""
    width, height = extent(corners)
    across = int(np.clip(round(_HEIGHT_PX * width / max(height, 1.0)), _HEIGHT_PX, _WIDEST_PX))
    target = np.array([[0, 0], [across, 0], [across, _HEIGHT_PX], [0, _HEIGHT_PX]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    flat = cv2.warpPerspective(image, transform, (across, _HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY).astype(np.float32)
    slope = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    return float(np.sqrt(np.mean(slope**2)) / (grey.std() + _CONTRAST_FLOOR))
