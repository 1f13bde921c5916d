"""What a reader saw, step by step from left to right: the probability of every sign and of no sign, nothing decided yet.

Deciding is the grammar's work: a text filter after the fact throws away what the matrix still knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
        return self if signs == self.signs else SignMatrix(signs, _selected(self.probabilities, self.signs, signs))

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

    def select(self, signs: tuple[str, ...]) -> SlotMatrix:
        """The same places over another list of signs; a sign that this reader does not know has probability zero."""
        return self if signs == self.signs else SlotMatrix(signs, _selected(self.probabilities, self.signs, signs))

    @classmethod
    def of_text(cls, text: str, score: float, signs: Sequence[str], *, places: int) -> SlotMatrix:
        """What a reader may have seen that gives a text and a score (0-1): one place a sign, the rest spread evenly."""
        known = {sign: column for column, sign in enumerate(signs, start=1)}
        columns = [known[c] for c in text.upper() if c in known][:places]
        rows = np.full((places, 1 + len(signs)), max(1e-6, 1.0 - score) / (1 + len(signs)))
        rows[np.arange(places), [*columns, *[0] * (places - len(columns))]] += score
        return cls(tuple(signs), rows)


@lru_cache(maxsize=64)
def _columns(known: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which columns of the one list of signs go to which of the other; column 0 stays where it is."""
    place = {sign: column for column, sign in enumerate(known, start=1)}
    pairs = [(0, 0), *((place[sign], column) for column, sign in enumerate(wanted, start=1) if sign in place)]
    return np.array([source for source, _ in pairs]), np.array([target for _, target in pairs])


def _selected(probabilities: Probabilities, known: tuple[str, ...], wanted: tuple[str, ...]) -> Probabilities:
    source, target = _columns(known, wanted)
    chosen = np.zeros((probabilities.shape[0], 1 + len(wanted)))
    chosen[:, target] = probabilities[:, source]
    return chosen
