"""PP-OCRv6 (small) on onnxruntime: its CTC matrix of 18 710 classes, reduced to the signs of plates before anybody decides."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr import weights
from lpr.engine import Engine, Tensor
from lpr.frame import Image
from lpr.readers.base import Reader
from lpr.sign_matrix import SignMatrix

_HEIGHT, _LEAST_WIDTH, _MOST_WIDTH = 48, 320, 960
# What stands on a plate and is no sign (the dot, screws, frame lines) parts two signs, as "no sign" does.
_MARKS = " ·•・.。,、'`\"-_—|:;°*"
# Older and traditional forms of the same sign.
_SAME = {
    "滬": "沪",
    "蘇": "苏",
    "贛": "赣",
    "魯": "鲁",
    "遼": "辽",
    "貴": "贵",
    "雲": "云",
    "陝": "陕",
    "寧": "宁",
    "瓊": "琼",
}
_SAME |= {"學": "学", "掛": "挂", "領": "领", "閩": "闽"}


class PpOcrReader:
    """Reads strips one by one; `signs` are the ones that a grammar knows."""

    def __init__(self, signs: Sequence[str]) -> None:
        self._engine = Engine(weights.locate(weights.PP_OCR_V6_READER))
        classes = ["", *self._engine.note("character").split("\n"), " "]
        self._signs = tuple(signs)
        self._columns, self._fold = _folding(classes, self._signs)

    def read(self, strips: Sequence[Image]) -> tuple[SignMatrix, ...]:
        return tuple(self._read_one(strip) for strip in strips)

    def _read_one(self, strip: Image) -> SignMatrix:
        everything = self._engine.run(prepare(strip))[0]
        return SignMatrix(self._signs, everything[:, self._columns].astype(np.float64) @ self._fold)


def prepare(strip: Image) -> Tensor:
    """The model's input: 48 high, -1 to 1, grey on the right up to 320 wide (padding is what it was trained with)."""
    height, width = strip.shape[:2]
    width = int(np.clip(round(width * _HEIGHT / height), 8, _MOST_WIDTH))
    batch = np.zeros((1, 3, _HEIGHT, max(width, _LEAST_WIDTH)), dtype=np.float32)
    scaled = cv2.resize(strip, (width, _HEIGHT), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    batch[0, :, :, :width] = (scaled / 127.5 - 1.0).transpose(2, 0, 1)
    return batch


def _folding(classes: Sequence[str], signs: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Which classes matter, and a matrix (those classes x (1 + signs)) that adds each to its sign or to "no sign"."""
    place = {sign: column for column, sign in enumerate(signs, start=1)}
    folds = [(number, _column(text, number, place)) for number, text in enumerate(classes)]
    kept = [(number, column) for number, column in folds if column is not None]
    fold = np.zeros((len(kept), 1 + len(signs)))
    for row, (_, column) in enumerate(kept):
        fold[row, column] = 1.0
    return np.array([number for number, _ in kept], dtype=np.int64), fold


def _column(text: str, number: int, place: dict[str, int]) -> int | None:
    if number == 0 or text in _MARKS:
        return 0
    return place.get(_SAME.get(text, text.upper()))


_: type[Reader] = PpOcrReader
