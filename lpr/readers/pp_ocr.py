"""PP-OCRv6 (small) on onnxruntime: its CTC matrix of 18 710 classes, reduced to the signs of plates before anybody decides."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lpr import weights
from lpr.engine import Engine, Tensor
from lpr.frame import Image
from lpr.readers.base import Reader, Sight
from lpr.readers.classes import ClassFold

_HEIGHT, _LEAST_WIDTH, _MOST_WIDTH = 48, 320, 960


class PpOcrReader:
    """Reads strips one by one; `signs` are the ones that a grammar knows."""

    def __init__(self, signs: Sequence[str]) -> None:
        self._engine = Engine(weights.locate(weights.PP_OCR_V6_READER))
        self._fold = ClassFold([*self._engine.note("character").split("\n"), " "], signs)

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        return tuple(Sight(self._fold.reduce(self._engine.run(prepare(strip))[0])) for strip in strips)


def prepare(strip: Image) -> Tensor:
    """The model's input: 48 high, -1 to 1, grey on the right up to 320 wide (padding is what it was trained with)."""
    height, width = strip.shape[:2]
    width = int(np.clip(round(width * _HEIGHT / height), 8, _MOST_WIDTH))
    batch = np.zeros((1, 3, _HEIGHT, max(width, _LEAST_WIDTH)), dtype=np.float32)
    scaled = cv2.resize(strip, (width, _HEIGHT), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    batch[0, :, :, :width] = (scaled / 127.5 - 1.0).transpose(2, 0, 1)
    return batch


_: type[Reader] = PpOcrReader
