"""A frame is one picture, with the camera that saw it and the moment it was seen; it is never changed after it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from parking.kernel.errors import invalid

Image = npt.NDArray[np.uint8]
"""Height x width x 3, 8 bits a channel, in the order blue, green, red."""

Corners = npt.NDArray[np.float32]
"""4 x 2 pixels (x, y), clockwise from the top left as the plate is read."""


def extent(corners: Corners) -> tuple[float, float]:
    """Width and height in pixels, the longer of each pair of sides."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = (
        corners.tolist()
    )  # of four points, plain numbers are ten times as fast as arrays
    width = max(math.hypot(bx - ax, by - ay), math.hypot(cx - dx, cy - dy))
    return width, max(math.hypot(dx - ax, dy - ay), math.hypot(cx - bx, cy - by))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one camera; `captured_at` is aware and UTC, `sequence` rises by at least one from frame to frame."""

    image: Image
    camera: str
    captured_at: datetime
    sequence: int

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise invalid("frame.shape", "a picture is height x width x 3 bytes (blue, green, red)", field="image")
        if not self.image.size:
            raise invalid("frame.empty", "the picture has no pixels", field="image")
        if self.captured_at.tzinfo is None:
            raise invalid("frame.time", "the time of a frame needs a zone", field="captured_at")
