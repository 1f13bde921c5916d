"""Days of zones that fill and do not: how far "full in about N min" is off, and whether the error that is told beside it is the true one.

Each zone's demand is its own; weekends are fuller, some days bring a surge, some never fill. Words are held against the minute at which
the zone was truly full; one that was not full an hour after the named time counts as that late, as the page itself counts it. Beside
the product runs the naive word: the last five minutes drawn on.

`python -m tests.prove.outlook [DAYS]` prints the misses by how far ahead was said, then one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import exp
from statistics import mean, median

from guidance.outlook import FARTHEST_MIN, Trend
from tests.builders.guidance import NOON

DAYS, LEARN_DAYS = 14, 7
ZONES = (120, 240, 400)
LATEST_MIN = 60.0
MINUTE = timedelta(minutes=1)
AHEAD = ((0, 15), (15, 30), (30, 60))
SOON_MIN = 10
FORETOLD = 0.7
HONEST = (0.67, 1.5)
"""What the true mean miss of the coming words may be of the miss that was told."""


@dataclass(frozen=True)
class Word:
    """At a minute somebody was told: full in so many minutes, and that such words were off by so much (None: not measured)."""

    minute: int
    full_in: int
    error: float | None


@dataclass
class Heard:
    """Words, and the minutes at which the zone was full."""

    words: list[Word] = field(default_factory=list)
    naive: list[Word] = field(default_factory=list)
    full: list[int] = field(default_factory=list)

    def miss(self, word: Word) -> float:
        """By how many minutes a word was off; at most an hour late."""
        due = word.minute + word.full_in
        first = next((m for m in self.full if m >= word.minute), None)
        return LATEST_MIN if first is None or first > due + LATEST_MIN else abs(first - due)


def arrivals_a_minute(minute: int, capacity: int, day_factor: list[float]) -> float:
    """How many cars come: little at night, most at two in the afternoon, again in the evening; each day has its own strength."""
    hour = minute / 60 % 24
    shape = exp(-(((hour - 13.5) / 2.6) ** 2)) + 0.6 * exp(-(((hour - 19.0) / 1.6) ** 2)) + 0.01
    surge = 1.6 if day_factor[minute // 1440] > 1.25 and 13 <= hour < 14 else 1.0
    return capacity * 0.0085 * shape * surge * day_factor[minute // 1440]


def listen(capacity: int, days: int, seed: int) -> Heard:
    """One zone for so many days, minute by minute."""
    chance = random.Random(seed)
    factor = [chance.uniform(0.65, 1.15) * (1.35 if day % 7 in (5, 6) else 1.0) for day in range(days + 1)]
    trend, heard = Trend(capacity), Heard()
    leaving: list[int] = []
    lately: deque[int] = deque(maxlen=6)
    midnight: datetime = NOON.replace(hour=0)
    for minute in range(days * 1440):
        while leaving and leaving[0] <= minute:
            heappop(leaving)
        rate = arrivals_a_minute(minute, capacity, factor)
        come, at = 0, chance.expovariate(rate)
        while at < 1.0:
            come, at = come + 1, at + chance.expovariate(rate)
        for _ in range(min(come, capacity - len(leaving))):
            heappush(leaving, minute + max(5, round(chance.lognormvariate(4.6, 0.6))))
        free = capacity - len(leaving)
        trend.see(midnight + minute * MINUTE, free)
        lately.append(free)
        if free == 0:
            heard.full.append(minute)
            continue
        said = trend.outlook()
        if said is not None and said.full_in_min is not None and said.full_in_min > 0:
            heard.words.append(Word(minute, said.full_in_min, said.error_min))
        naive = _naive(lately, free)
        if naive is not None:
            heard.naive.append(Word(minute, naive, None))
    return heard


def _naive(lately: deque[int], free: int) -> int | None:
    """The last five minutes drawn on."""
    if len(lately) < 6 or lately[0] <= free:
        return None
    full_in = round(free / ((lately[0] - free) / 5))
    return full_in if 0 < full_in <= FARTHEST_MIN else None


def came_full(full: list[int]) -> list[int]:
    """The minutes at which a zone came to be full that had not been so for an hour."""
    return [m for n, m in enumerate(full) if n == 0 or m - full[n - 1] > LATEST_MIN]


@dataclass
class Tally:
    """All words of all zones with their misses, and how honest the told errors were."""

    misses: list[tuple[int, float]] = field(default_factory=list)
    naive: list[tuple[int, float]] = field(default_factory=list)
    told: list[tuple[float, float]] = field(default_factory=list)
    came_full: int = 0
    foretold: int = 0
    """How often a zone came to be full, and how often that was said ten minutes before at least."""

    @property
    def ratio(self) -> float:
        """The true mean miss of words that carried an error, as a share of the mean error that they carried."""
        return mean(true for _, true in self.told) / mean(said for said, _ in self.told)


def run(days: int, seed: int = 5, learn_days: int = LEARN_DAYS) -> Tally:
    """So many days after those in which the zones' usual day was learned."""
    tally, first = Tally(), learn_days * 1440
    for n, capacity in enumerate(ZONES):
        heard = listen(capacity, learn_days + days, seed + n)
        last = (learn_days + days) * 1440 - FARTHEST_MIN - int(LATEST_MIN)
        for word in heard.words:
            if first <= word.minute < last:
                miss = heard.miss(word)
                tally.misses.append((word.full_in, miss))
                if word.error is not None:
                    tally.told.append((word.error, miss))
        for moment in (m for m in came_full(heard.full) if m >= first):
            tally.came_full += 1
            tally.foretold += any(moment - FARTHEST_MIN <= w.minute <= moment - SOON_MIN for w in heard.words)
        tally.naive += [(word.full_in, heard.miss(word)) for word in heard.naive if first <= word.minute < last]
    return tally


def main(days: int = DAYS) -> int:
    tally = run(days)
    for low, high in AHEAD:
        said = [miss for ahead, miss in tally.misses if low < ahead <= high]
        drawn_on = [miss for ahead, miss in tally.naive if low < ahead <= high]
        if said and drawn_on:
            print(
                f"full in {low:3} to {high:3} min: {len(said):5} words, off by {mean(said):4.1f} min on average, median "
                f"{median(said):4.1f}; naive {len(drawn_on):5} words, {mean(drawn_on):4.1f}, median {median(drawn_on):4.1f}"
            )
    ours, naive = mean(m for _, m in tally.misses), mean(m for _, m in tally.naive)
    foretold = tally.foretold / max(1, tally.came_full)
    holds = HONEST[0] <= tally.ratio <= HONEST[1] and ours < naive and foretold >= FORETOLD
    print(
        f"outlook: {days} days, {len(ZONES)} zones, {len(tally.misses)} words off by {ours:.1f} min on average (naive {naive:.1f}); "
        f"the error told beside {len(tally.told)} of them was {mean(s for s, _ in tally.told):.1f} min, the true one {tally.ratio:.2f} "
        f"of it; {tally.foretold} of {tally.came_full} times that a zone came to be full were said {SOON_MIN} min before or earlier; "
        f"goal {HONEST[0]} to {HONEST[1]}, less than naive, {FORETOLD:.0%}: {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS))
