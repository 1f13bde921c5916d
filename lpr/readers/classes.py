"""From the thousands of classes of a general reader to the signs of plates: same sign, older form, mark between signs, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpr.engine import Tensor
from lpr.sign_matrix import SignMatrix

# What stands on a plate and is no sign (the dot, screws, frame lines) parts two signs, as "no sign" does.
_MARKS = frozenset(" ·•・.。,、'`\"-_—|:;°*")
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


class ClassFold:
    """Adds up the columns of a CTC output; `classes` are the reader's, without the leading "no sign"."""

    def __init__(self, classes: Sequence[str], signs: Sequence[str]) -> None:
        self._signs = tuple(signs)
        place = {sign: column for column, sign in enumerate(self._signs, start=1)}
        folds = [(0, 0)]
        for number, text in enumerate(classes, start=1):
            column = 0 if text in _MARKS else place.get(_SAME.get(text, text.upper()))
            if column is not None:
                folds.append((number, column))
        self._columns = np.array([number for number, _ in folds], dtype=np.int64)
        self._fold = np.zeros((len(folds), 1 + len(self._signs)))
        self._fold[np.arange(len(folds)), [column for _, column in folds]] = 1.0

    def reduce(self, steps: Tensor) -> SignMatrix:
        """Steps x classes probabilities as steps x (1 + signs); what no plate carries is dropped."""
        return SignMatrix(self._signs, steps[:, self._columns].astype(np.float64) @ self._fold)
