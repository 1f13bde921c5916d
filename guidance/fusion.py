"""One number out of several witnesses: passages, bay states, open stays. Pure.

Each witness gives an estimate with a variance: a passage count is exact when it was stated and grows doubtful with every passage; bay
states are nearly exact but for the bays nobody can see. They are weighed by how sure they are (inverse variance), and the outcome lies
within what is certain: never less than the bays seen taken, never more than those not seen free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

MISSED_SHARE = 0.004
"""How much of a passage count goes wrong a passage, where nothing has been measured yet (a loop that misses or counts twice)."""
SENSOR_WRONG = 0.002
"""How often a bay sensor that is believed is wrong all the same."""
TOLERATED = 0.01
"""The share of the bays by which a number that is shown may be off."""
LEAST_VARIANCE = 0.05
HEALED_VARIANCE = 1.0
"""How far off a counter may be that was put right by what the bays said: they are not certain, and it is no second opinion on them."""
MOVING_FOR = timedelta(minutes=3)
"""For about so long a car that came in has no bay yet, or one that left its bay has not passed out: counted, and in no bay."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One source's estimate of the taken bays."""

    source: str
    occupied: float
    variance: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to believe: taken bays, a standard deviation, and the bounds that are certain."""

    occupied: int
    deviation: float
    low: int
    high: int

    def known(self, capacity: int) -> bool:
        """Whether the number is good to within what is tolerated: two deviations within 1 % of the bays, at least one bay."""
        return 2 * self.deviation <= max(1.0, TOLERATED * capacity)

    def confidence(self, capacity: int) -> float:
        """1 is certain, 0 is no idea; how far two deviations reach, as a share of the bays."""
        return max(0.0, 1.0 - 2 * self.deviation / max(1, capacity))


def moving(lately: int) -> float:
    """How many cars are on the move inside, by the passages of the last `MOVING_FOR`: half of what passed, each way."""
    return lately / 2


def by_passages(
    vehicles: int,
    passages: int,
    *,
    stated: bool,
    lately: int = 0,
    healed: bool = False,
    missed_share: float = MISSED_SHARE,
) -> Witness | None:
    """What the counters say of the bays, `passages` after they were last put right; None when they never were.

    `lately` of them passed within `MOVING_FOR`; `healed`: it was the bays that put them right, and nobody who had counted.
    """
    if not stated:
        return None
    begin = HEALED_VARIANCE if healed else LEAST_VARIANCE
    inside = moving(lately)
    return Witness("passages", vehicles - inside, begin + passages * missed_share + inside)


def by_bays(taken: int, free: int, unseen: int) -> Witness | None:
    """What the bays say; those that nobody can see are as full as the others. None where none is seen."""
    seen = taken + free
    if seen == 0:
        return None
    share = (taken + 1) / (seen + 2)  # never quite 0 or 1 from few bays
    return Witness("bays", taken + unseen * share, LEAST_VARIANCE + unseen * share * (1 - share) + seen * SENSOR_WRONG)


def fuse(witnesses: Iterable[Witness | None], capacity: int, *, taken: int = 0, free: int = 0) -> Estimate | None:
    """All witnesses in one; `taken` and `free` are bays that were seen so. None when nobody has said anything."""
    heard = tuple(w for w in witnesses if w is not None)
    if not heard:
        return None
    weights = [1.0 / max(LEAST_VARIANCE, w.variance) for w in heard]
    mean = sum(w.occupied * g for w, g in zip(heard, weights, strict=True)) / sum(weights)
    spread = sum(g * (w.occupied - mean) ** 2 for w, g in zip(heard, weights, strict=True)) / len(heard)
    variance = max(1.0, spread) / sum(weights)  # witnesses who disagree are less sure than each thinks
    low, high = min(taken, capacity), max(0, capacity - free)
    if low > high:
        low, high = 0, capacity
    bounded = min(high, max(low, round(mean)))
    deviation = sqrt(variance)
    if taken + free:  # whoever disagrees: between the bays seen taken and those not seen free it must lie
        deviation = min(deviation, (high - low) / 2 + sqrt(LEAST_VARIANCE + (taken + free) * SENSOR_WRONG))
    return Estimate(min(capacity, max(0, bounded)), deviation, low, high)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Since when the counter says another number than all witnesses together, and by how many bays."""

    since: datetime
    bays: int


PERSISTS = timedelta(minutes=10)
"""A car that drives in is counted before it has a bay: only what lasts is a drift."""


def drift(
    counted: int, estimate: Estimate, capacity: int, before: Disagreement | None, now: datetime, lately: int = 0
) -> tuple[Disagreement | None, int | None]:
    """The disagreement that goes on, and what to correct the counter to (None: nothing yet): the bays, and the cars on the move."""
    inside = round(moving(lately))
    bays = counted - inside - estimate.occupied
    if abs(bays) < max(2, round(TOLERATED * capacity)) or not estimate.known(capacity):
        return None, None
    since = before.since if before is not None and (before.bays > 0) == (bays > 0) else now
    if now - since >= PERSISTS:
        return None, min(capacity, estimate.occupied + inside)
    return Disagreement(since, bays), None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a zone's bays: how many are taken, free, and `usable` (free and for anybody); how many nobody sees, and of those
    how many anybody might use."""

    taken: int = 0
    free: int = 0
    usable: int = 0
    unseen: int = 0
    unseen_for_anybody: int = 0

    @staticmethod
    def of(free: Sequence[bool | None], for_anybody: Sequence[bool]) -> Seen:
        """Counted bay by bay: `free[n]` is whether bay n is free (None: not seen), `for_anybody[n]` whether anybody may use it."""
        bays = Counter(zip(free, for_anybody, strict=True))
        here = {is_free: bays[is_free, True] + bays[is_free, False] for is_free in (True, False, None)}
        return Seen(here[False], here[True], bays[True, True], here[None], bays[None, True])


def usable_free(seen: Seen, estimate: Estimate | None) -> int:
    """How many bays anybody may drive into: seen free and not leased, coned off or out of service; unseen ones by their share.

    Rounded down.
    """
    if not seen.unseen or estimate is None:
        return seen.usable
    left = max(0, seen.unseen - max(0, estimate.occupied - seen.taken))  # unseen bays that must be free
    return seen.usable + int(left * seen.unseen_for_anybody / seen.unseen)
