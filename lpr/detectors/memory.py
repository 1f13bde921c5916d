"""A detector that finds what it was told to find."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lpr.detectors.base import Detector
from lpr.frame import Image
from lpr.model import Region


class MemoryDetector:
    """Answers every picture with `regions_of(image)`."""

    def __init__(self, regions_of: Callable[[Image], Sequence[Region]]) -> None:
        self._regions_of = regions_of

    def find(self, image: Image) -> tuple[Region, ...]:
        return tuple(sorted(self._regions_of(image), key=lambda region: -region.score))


_: type[Detector] = MemoryDetector
