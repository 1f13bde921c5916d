"""Our own reader: half a million weights trained on drawn plates, a millisecond a plate on one thread.

It gives steps, places and the colour of the ground at once; who weighs them is the grammar.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lpr import weights
from lpr.engine import Engine
from lpr.frame import Image
from lpr.model import PlateColour
from lpr.readers.base import Reader, Sight
from lpr.sign_matrix import SignMatrix, SlotMatrix

MODEL = "plate_net"


def sized(strip: Image, height: int, width: int) -> Image:
    """The strip in the net's own size: averaged where it shrinks, straight lines between pixels where it grows."""
    way = cv2.INTER_AREA if strip.shape[0] > height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(strip, (width, height), interpolation=way), dtype=np.uint8)


class PlateNetReader:
    """`plate_net.onnx` as a reader; `signs` are those of the grammar in use, in the order that it wants them."""

    def __init__(self, signs: Sequence[str]) -> None:
        self._engine = Engine(weights.own(MODEL))
        height, width = self._engine.note("input").split("x")
        self._height, self._width = int(height), int(width)
        self._own_signs = tuple(self._engine.note("signs"))
        self._signs = tuple(signs)
        self._colours = tuple(PlateColour(word) for word in self._engine.note("colours").split())

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        if not strips:
            return ()
        batch = cv2.dnn.blobFromImages([sized(strip, self._height, self._width) for strip in strips], ddepth=cv2.CV_8U)
        steps, places, grounds = self._engine.run_all(np.asarray(batch, dtype=np.uint8))
        return tuple(
            Sight(
                SignMatrix(self._own_signs, step.astype(np.float64)).select(self._signs),
                SlotMatrix(self._own_signs, place.astype(np.float64)).select(self._signs),
                {colour: float(share) for colour, share in zip(self._colours, ground, strict=True)},
            )
            for step, place, ground in zip(steps, places, grounds, strict=True)
        )


_: type[Reader] = PlateNetReader
