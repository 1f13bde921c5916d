"""From the thousands of classes of a general reader to the signs of plates: same sign, older form, mark between signs, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


_TWINS = {"0": ("O", 0.15), "O": ("0", 0.15), "1": ("I", 0.05), "I": ("1", 0.05)}
"""Signs that look alike on plates, and how much of what a reader gives to the one is meant for the other.

A general reader tells them apart by the words it has seen, which say nothing about plates; the formats of a country do.
"""


class ClassFold:
    """Adds up the columns of a CTC output; `classes` are the reader's, without the leading "no sign"."""

    def __init__(self, classes: Sequence[str], signs: Sequence[str]) -> None:
        self._signs = tuple(signs)
        place = {sign: column for column, sign in enumerate(self._signs, start=1)}
        folds = [(0, {0: 1.0})]
        for number, text in enumerate(classes, start=1):
            shares = {0: 1.0} if text in _MARKS else _shares(_SAME.get(text, text.upper()), place)
            if shares:
                folds.append((number, shares))
        self._columns = np.array([number for number, _ in folds], dtype=np.int64)
        self._fold = np.zeros((len(folds), 1 + len(self._signs)))
        for row, (_, shares) in enumerate(folds):
            self._fold[row, list(shares)] = list(shares.values())

    def reduce(self, steps: Tensor) -> SignMatrix:
        """Steps x classes probabilities as steps x (1 + signs); what no plate carries is dropped."""
        return SignMatrix(self._signs, steps[:, self._columns].astype(np.float64) @ self._fold)


def _shares(sign: str, place: Mapping[str, int]) -> dict[int, float]:
    """The columns that a sign counts for, with their shares."""
    twin, share = _TWINS.get(sign, ("", 0.0))
    shares = {place[sign]: 1.0 - share} if sign in place else {}
    return shares | {place[twin]: share} if twin in place else shares
