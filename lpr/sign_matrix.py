"""What a reader saw, step by step from left to right: the probability of every sign and of no sign, nothing decided yet.

Deciding is the grammar's work: a text filter after the fact throws away what the matrix still knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SignMatrix:
    """Steps x (1 + signs) probabilities as of CTC: column 0 is "no sign", then one column per sign of `signs`.

    Rows may sum to less than one: the rest is what the reader gave to signs that no plate carries.
    """

    signs: tuple[str, ...]
    probabilities: Probabilities

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or self.probabilities.shape[1] != 1 + len(self.signs):
            raise ValueError(f"expected steps x {1 + len(self.signs)} probabilities, got {self.probabilities.shape}")

    def select(self, signs: tuple[str, ...]) -> SignMatrix:
        """The same steps over another list of signs; a sign that this reader does not know has probability zero."""
        if signs == self.signs:
            return self
        place = {sign: column for column, sign in enumerate(self.signs, start=1)}
        chosen = np.zeros((self.probabilities.shape[0], 1 + len(signs)))
        chosen[:, 0] = self.probabilities[:, 0]
        for column, sign in enumerate(signs, start=1):
            if sign in place:
                chosen[:, column] = self.probabilities[:, place[sign]]
        return SignMatrix(signs, chosen)

    @classmethod
    def of_text(cls, text: str, score: float, signs: Sequence[str]) -> SignMatrix:
        """What a reader that gives only a text and a score (0-1) may have seen: one step a sign, the rest spread evenly."""
        known = {sign: column for column, sign in enumerate(signs, start=1)}
        columns = [known[c] for c in text.upper() if c in known]
        rest = max(1e-6, 1.0 - score) / (1 + len(signs))
        rows = np.full((2 * len(columns) + 1, 1 + len(signs)), 1e-9)
        rows[0::2, 0] = 1.0
        for step, column in enumerate(columns):
            rows[2 * step + 1] = rest
            rows[2 * step + 1, column] += score
        return cls(tuple(signs), rows)


@dataclass(frozen=True, slots=True, eq=False)
class SlotMatrix:
    """Places x (1 + signs) probabilities, one row per place of the text: column 0 is "no sign in this place".

    Unlike CTC steps, place n holds the n-th sign; places after the last sign are empty. Rows sum to at most one.
    """

    signs: tuple[str, ...]
    probabilities: Probabilities

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or self.probabilities.shape[1] != 1 + len(self.signs):
            raise ValueError(f"expected places x {1 + len(self.signs)} probabilities, got {self.probabilities.shape}")
