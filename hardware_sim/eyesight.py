"""How a simulated camera reads: misreads as often, and of the kinds, that the recogniser's own confusion says, with its doubts.

Log-probabilities are calibrated, as the real ones are: of the reads whose best spelling is ahead of the second by m, a share of
1 / (1 + e^m) is wrong. So most misreads are doubtful, some are sure, and most have the right plate among their spellings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random

from lpr.confusion import Confusion, Tally

_LN2 = math.log(2.0)
WIDEST = 12.0
"""A wider margin says no more."""
_CLEAR_FROM = 8.0
_RIVALS = 3
_TRUTH_AMONG = 0.9
"""The share of misreads that have the right plate among their spellings."""
_TWICE = 0.1
"""The share of spellings that differ in two signs."""
_UNSEEN = 0.05
"""Counts of each pair of signs that was never measured."""
_LETTERS, _DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_GREEN_POWER = "DABCEFGHJK"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read of one passage: spellings with natural log-probabilities, best first, and the ground colour."""

    spellings: tuple[tuple[str, float], ...]
    colour: str
    kind: str

    @property
    def best(self) -> str:
        return self.spellings[0][0]

    @property
    def margin(self) -> float:
        return self.spellings[0][1] - self.spellings[1][1]

    @property
    def confidence(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.margin))

    def __repr__(self) -> str:
        return f"Sight({len(self.spellings)} spellings)"


class Eyesight:
    """Reads plates; `misread` is the share of read plates whose best spelling is another plate."""

    def __init__(self, misread: float, tally: Tally | None = None) -> None:
        self._misread = misread
        self._signs = _Signs(tally or measured())
        near = misread / _LN2  # how many reads there are per unit of margin, near none
        self._unsure = min(1.0, near * _right_below(WIDEST) / max(1e-9, 1.0 - misread))

    def look(self, text: str, dice: Random) -> Sight:
        """One reading of a plate."""
        green = len(text) == 8
        wrong = dice.random() < self._misread
        margin = self._margin(dice, wrong=wrong)
        rivals: list[str] = []
        while len(rivals) < _RIVALS:
            drawn = self._signs.other(text, dice)
            if drawn not in rivals:
                rivals.append(drawn)
        if not wrong:
            order = [text, *rivals]
        elif dice.random() < _TRUTH_AMONG:
            order = [rivals[0], text, *rivals[1:]]
        else:
            order = rivals
        behind = [0.0, -margin]
        while len(behind) < len(order):
            behind.append(behind[-1] - dice.expovariate(0.7) - 0.05)
        level = -dice.expovariate(2.0)
        said = tuple((one, round(level + less, 4)) for one, less in zip(order, behind, strict=True))
        return Sight(said, "green" if green else "blue", "new_energy_small" if green else "civil")

    def _margin(self, dice: Random, *, wrong: bool) -> float:
        """By the calibration: a density of 1 / (1 + e^m) for the wrong ones, of e^m / (1 + e^m) for the right ones near none."""
        if wrong:
            return min(WIDEST, -math.log(2.0 ** (1.0 - dice.random()) - 1.0 + 1e-12))
        if dice.random() < self._unsure:
            return math.log(2.0 * math.exp(dice.random() * _right_below(WIDEST)) - 1.0 + 1e-12)
        return dice.uniform(_CLEAR_FROM, WIDEST)


def _right_below(margin: float) -> float:
    return math.log1p(math.exp(margin)) - _LN2


class _Signs:
    """Which other plate a plate is taken for: first the place, by how often it is read wrongly there, then the sign."""

    def __init__(self, tally: Tally) -> None:
        self._places: dict[bool, tuple[float, ...]] = {}
        for green, kind in ((False, "civil"), (True, "new_energy_small")):
            places = tally.kinds[kind].places
            self._places[green] = tuple((place.wrong + 0.5) / (place.n + 1.0) for place in places)
        self._counts: dict[str, dict[str, float]] = {}
        for (true, read), n in sorted(tally.signs.items()):
            if true and read and true != read:
                self._counts.setdefault(true, {})[read] = float(n)
        self._choices: dict[tuple[str, str], tuple[str, Sequence[float]]] = {}

    def other(self, text: str, dice: Random) -> str:
        signs = list(text)
        green = len(text) == 8
        for _ in range(2 if dice.random() < _TWICE else 1):
            place = dice.choices(range(len(text)), weights=self._places[green])[0]
            known, weights = self._for(text[place], _alphabet(place, green=green))
            signs[place] = dice.choices(known, cum_weights=weights)[0]
        return "".join(signs)

    def _for(self, sign: str, alphabet: str) -> tuple[str, Sequence[float]]:
        found = self._choices.get((sign, alphabet))
        if found is None:
            counts: Mapping[str, float] = self._counts.get(sign, {})
            others = alphabet.replace(sign, "")
            weights = list(accumulate(counts.get(one, 0.0) + _UNSEEN for one in others))
            found = self._choices[sign, alphabet] = (others, weights)
        return found


@cache
def _alphabet(place: int, *, green: bool) -> str:
    """The signs that the grammar of plates allows at a place."""
    if place == 0:
        return _PROVINCES
    if place == 1:
        return _LETTERS
    if green:
        return _GREEN_POWER if place == 2 else _LETTERS + _DIGITS if place == 3 else _DIGITS
    return _LETTERS + _DIGITS


@cache
def measured() -> Tally:
    """The shipped confusion of single pictures: the largest sample of which sign is taken for which."""
    return Confusion.loads((files("lpr") / "models" / "confusion.json").read_text(encoding="utf-8")).frame
