"""The one picture kept of a passage: whoever doubts a plate looks at it. Raw and held by reference; nobody pays for a JPEG unasked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from lpr.frame import Corners, Image

_AROUND = 0.25  # of the plate's width, on every side of the crop


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The best shot: the whole picture, the plate's corners in its pixels, when, and how sharp (0-1; see `lpr.sharpness`)."""

    image: Image
    corners: Corners
    camera: str
    captured_at: datetime
    sharpness: float

    @property
    def crop(self) -> Image:
        """The plate with a little around it, H x W x 3 (BGR), a view of `image`."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        around = _AROUND * (high[0] - low[0])
        height, width = self.image.shape[:2]
        left, right = (int(np.clip(x, 0, width)) for x in (low[0] - around, high[0] + around + 1))
        top, bottom = (int(np.clip(y, 0, height)) for y in (low[1] - around, high[1] + around + 1))
        return self.image[top : max(bottom, top), left : max(right, left)]
