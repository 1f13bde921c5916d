"""A picture and what halving makes of it: whoever needs it small takes the smallest that is large enough, and each is made once.

Halving by area skips no pixel, and is many times faster than any other reduction by area.
"""

from __future__ import annotations

import cv2
import numpy as np

from lpr.frame import Image


class Halves:
    """One picture; `room` keeps what is made of it for the next picture of the same size, so it is used for one at a time."""

    def __init__(self, image: Image, room: list[Image] | None = None) -> None:
        self.image = image
        self._room: list[Image] = [] if room is None else room
        self._made = [image]

    def halved(self, times: int) -> Image:
        """The picture halved so often, every pixel the mean of four; an odd last row or column is left out."""
        while len(self._made) <= times:
            number, larger = len(self._made) - 1, self._made[-1]
            rows, columns = larger.shape[0] // 2, larger.shape[1] // 2
            kept = self._room[number] if number < len(self._room) else None
            even = larger[: 2 * rows, : 2 * columns]
            made = np.asarray(cv2.resize(even, (columns, rows), dst=kept, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            self._room[number:] = [made, *self._room[number + 1 :]]
            self._made.append(made)
        return self._made[times]
