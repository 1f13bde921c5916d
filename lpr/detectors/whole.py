"""The picture is the plate: for cameras and data sets that hand over crops."""

from __future__ import annotations

import numpy as np

from lpr.detectors.base import Detector
from lpr.frame import Image
from lpr.model import Region


class WholeDetector:
    """One region, the whole picture; two rows where it is too square for one."""

    def find(self, image: Image) -> tuple[Region, ...]:
        height, width = image.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        return (Region(corners, 1.0, rows=2 if width < 2.3 * height else 1),)


_: type[Detector] = WholeDetector
