"""A frame is one picture, with the camera that saw it and the moment it was seen; it is never changed after it is made."""

from __future__ import annotations

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
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))


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
