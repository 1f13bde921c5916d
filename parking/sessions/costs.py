"""What it costs to believe something, in natural logarithms: small is likely. Pure.

The price of taking one sign for another is learned from the recogniser's own measured confusion and from what people decided; nothing
else moves it, and the same counts give the same prices. How often a sign is misread at all is measured alone: people find out misreads,
and nobody counts for them what was read rightly, so that no lesson makes one misread likelier than all of that sign's were measured to be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Self

from parking.kernel.votes import UNREAD, WIDEST

NOTHING = ""
"""As the read sign: the sign was missed. As the true sign: one was read where none is."""
Counts = Mapping[tuple[str, str], int]
"""How often a true sign was read as a sign; either may be `NOTHING`."""
_TWINS = ("0ODQ", "1ILTJ", "8B", "5S", "2Z", "6G", "UV", "MN", "CG", "EF", "KX")
"""Signs of one shape: what little is measured, these are mixed up before others."""
_ALIKE = frozenset((a, b) for twins in _TWINS for a in twins for b in twins if a != b)
_STRENGTH = 100.0
"""So many signs, read as often wrongly as the recogniser reads on average, stand behind a sign of which little was measured."""
_PATTERN = 10.0
"""So many misreads, spread as the recogniser's were measured to be, stand behind what people have found out of a sign's misreads."""
_TWIN_SHARE, _DIRT = 0.5, 1e-3
"""The share of unmeasured misreads that go to a twin; and how often dirt, a shade or a screw makes any sign of any other."""
_SIGNS = 35
_TWIN_COST, _DIRT_COST = -math.log(0.003 * _TWIN_SHARE), -math.log(_DIRT / _SIGNS)
_NONE: Mapping[str, float] = MappingProxyType({})
_SIGNS_BEHIND = 6
"""What is behind the province's sign of the commonest plates."""
_DISTANCES_KEPT = 20_000
_UNHEARD = 0.3
"""While a gate box is cut off, so many of those who leave may have come in by it: a site has a few boxes."""
_USUAL_MARGIN = 4.0
"""So sure is a read whose signs are confused as often as the measured confusion says; a surer one is misread the more seldom."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The prices in force. `signs` are learned; the rest are set with the site.

    `missed`: the share of vehicles that leave without having been seen to enter. `inside`: how many stays are usually open.
    `plates`: how many plates, as a logarithm, an unknown car may have. `sure_rival`, `sure_known`: by how much a stay has to be likelier
    than any other stay, and than a car that nobody saw enter, before it is touched without a person; `sure_lone`: the latter where
    nothing but a misread plate speaks for it.
    """

    signs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)
    colours: Mapping[tuple[str, str], float] = field(default_factory=dict)
    missed: float = 0.005
    inside: int = 2_000
    plates: float = 16.0
    sure_rival: float = 9.2
    sure_known: float = 4.6
    sure_lone: float = 6.9
    _others: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What `other` has said: among look-alikes it is asked thousands of times about one car, and always about the same few signs."""
    _distances: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What `distance` has said last: a car that waits is compared again every second with the same look-alikes."""

    @classmethod
    def learned(cls, signs: Counts, colours: Counts | None = None, taught: Counts | None = None) -> Self:
        """The prices that these counts say; `taught` are misreads that people found out: they say what signs are taken for."""
        measured, taught = _Measured(signs), taught or {}
        of_sign: dict[str, int] = {}
        for (true, _), n in taught.items():
            of_sign[true] = of_sign.get(true, 0) + n

        def chance(true: str, read: str) -> float:
            found, said = of_sign.get(true, 0), taught.get((true, read), 0)
            return measured.chance(true, read, found, said)

        def unmeasured(one: str, two: str) -> float:
            return _TWIN_COST if (one, two) in _ALIKE else min(others[one], others[two])

        pairs = dict.fromkeys((*signs, *taught))
        alphabet = {sign for pair in pairs for sign in pair} - {NOTHING}
        others = {sign: -math.log(measured.unmeasured(sign, twin=False)) for sign in alphabet}
        priced: dict[str, dict[str, float]] = {}
        for true, read in pairs:
            if true != read and NOTHING not in (true, read):
                both = -math.log(min(1.0, chance(true, read) + chance(read, true)))
                if (true, read) not in signs and (read, true) not in signs:
                    both = min(both, unmeasured(true, read))
                priced.setdefault(true, {})[read] = priced.setdefault(read, {})[true] = both
        missing = {sign: -math.log(chance(sign, NOTHING)) for sign in alphabet}
        return cls(priced, others, missing, _colours(colours or {}))

    def other(self, one: str, two: str) -> float:
        """One sign in two reads of one plate: 0 where they are the same or one is unread; the same both ways round."""
        if one == two:
            return 0.0
        said = self._others.get((one, two))
        if said is None:
            said = self._others[one, two] = self._other(one, two)
        return said

    def _other(self, one: str, two: str) -> float:
        if UNREAD in (one, two):
            return 0.0
        known = self.signs.get(one, _NONE).get(two)
        if known is not None:
            return known
        if (one, two) in _ALIKE:
            return _TWIN_COST
        return min(self.others.get(one, _DIRT_COST), self.others.get(two, _DIRT_COST))

    def gap(self, sign: str, *, first: bool) -> float:
        """A sign that only one of two reads has; a province's sign is small, and often the one that is not read."""
        if first and not sign.isascii():
            return 1.5
        return 0.7 if sign == UNREAD else self.missing.get(sign, -math.log(_DIRT))

    def colour(self, one: str, two: str) -> float:
        """Two ground colours of one plate."""
        known = self.colours.get((one, two))
        return known if known is not None else -math.log(0.02)

    def nobody(self, known_signs: int, *, unheard: bool = False) -> float:
        """That the car is none of those known to be inside, when it shows this many signs behind its province."""
        return self._unknown(unheard) + self.plates * min(1.0, known_signs / _SIGNS_BEHIND)

    def unseen(self, read: float, *, unheard: bool = False) -> float:
        """That a car that comes here was missed on its way in, when what was read costs so much for its plate."""
        return self._unknown(unheard) + self.someone() + read

    def _unknown(self, unheard: bool) -> float:
        """That nobody knows of a car's coming: it was missed, or came by a gate box that is `unheard` at this time."""
        return -math.log(_UNHEARD if unheard else self.missed)

    def sure_read(self, margin: float) -> float:
        """What it costs besides to believe that a read so far ahead of its next spelling is wrong: it knew of its doubts."""
        return max(0.0, margin - _USUAL_MARGIN)

    def someone(self) -> float:
        """That it is just this one of all that are inside."""
        return math.log(self.inside)

    def distance(self, one: str, two: str) -> float:
        """The cheapest way from one text to the other: signs taken for others, missed, or one too many; the same both ways round."""
        said = self._distances.get((one, two))
        if said is None:
            if len(self._distances) >= _DISTANCES_KEPT:
                self._distances.clear()
            said = self._distances[one, two] = _distance(one, two, self)
        return said


def _distance(one: str, two: str, costs: Costs) -> float:
    if len(one) == len(two):
        straight = sum(costs.other(a, b) for a, b in zip(one, two, strict=True))
        if straight < WIDEST:
            return straight
    gaps = [costs.gap(b, first=place == 0) for place, b in enumerate(two)]
    row = [0.0, *accumulate(gaps)]
    for i, a in enumerate(one):
        gap = costs.gap(a, first=i == 0)
        before, left = row, row[0] + gap
        row = [left]
        for swapped, above, b, gap_b in zip(before, before[1:], two, gaps, strict=False):
            here = (
                swapped if a == b else swapped + costs.other(a, b)
            )  # no min(): among look-alikes this line runs 10,000 times a car
            if above + gap < here:
                here = above + gap
            if left + gap_b < here:
                here = left + gap_b
            row.append(here)
            left = here
    return row[-1]


class _Measured:
    """How often each sign was read as another, with the weight of what was not measured."""

    def __init__(self, signs: Counts) -> None:
        self._counts = signs
        self._seen: dict[str, int] = {}
        self._wrong: dict[str, int] = {}
        every, wrong = {True: 0, False: 0}, {True: 0, False: 0}
        for (true, read), n in signs.items():
            amiss, latin = n if true != read else 0, (true or read).isascii()
            self._seen[true] = self._seen.get(true, 0) + n
            self._wrong[true] = self._wrong.get(true, 0) + amiss
            every[latin] += n
            wrong[latin] += amiss
        self._share = {latin: (wrong[latin] + 1.0) / (every[latin] + _STRENGTH) for latin in (True, False)}

    def chance(self, true: str, read: str, found: int, said: int) -> float:
        """How likely a true sign is read as another, where people have found it misread `found` times, `said` of them as this other."""
        behind = self._seen.get(true, 0) + _STRENGTH
        alone = self._counts.get((true, read), 0) / behind + self._spread(true, twin=(true, read) in _ALIKE)
        wrong = self._wrong.get(true, 0)
        ever = (wrong + _STRENGTH * self._share[true.isascii()]) / behind
        pattern = wrong + _PATTERN
        # What people are asked about is not all that is misread: a lesson makes its own pair likelier, no other less likely.
        return max(alone, (alone * pattern + ever * said) / (pattern + found)) + _DIRT / _SIGNS

    def unmeasured(self, true: str, *, twin: bool) -> float:
        """How likely two signs of which nothing was measured are taken for each other, either way."""
        return 2 * (self._spread(true, twin=twin) + _DIRT / _SIGNS)

    def _spread(self, true: str, *, twin: bool) -> float:
        weight = _STRENGTH / (self._seen.get(true, 0) + _STRENGTH)
        return weight * self._share[true.isascii()] * (_TWIN_SHARE / 2 if twin else (1 - _TWIN_SHARE) / _SIGNS)


def _colours(counts: Counts) -> dict[tuple[str, str], float]:
    """Of each pair how likely either is taken for the other, one of each pseudo-counted in a hundred."""
    names = {name for pair in counts for name in pair}
    seen = {name: sum(n for (true, _), n in counts.items() if true == name) for name in names}

    def chance(true: str, read: str) -> float:
        return (counts.get((true, read), 0) + 0.2) / (seen[true] + 1.0)

    return {
        (one, two): 0.0 if one == two else -math.log(min(1.0, chance(one, two) + chance(two, one)))
        for one in names
        for two in names
    }
