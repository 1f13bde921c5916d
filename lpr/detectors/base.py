"""A detector says where plates may be; too many is better than too few, the reader and the grammar refuse the rest."""

from __future__ import annotations

from typing import Protocol

from lpr.frame import Image
from lpr.model import Region


class Detector(Protocol):
    """Regions from pictures."""

    def find(self, image: Image) -> tuple[Region, ...]:
        """Where plates may be, likeliest first; corners in pixels of `image`."""
        ...
