"""When a zone will be full, and how far such words were off lately. Pure.

It remembers two hours of free bays, minute by minute, and what a day usually looks like. The next minutes go on as the last ones did;
what comes later goes as days go, in proportion to how full it is today. Before a day was seen whole, the last minutes speak alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp, floor
from typing import Any

TREND, AHEAD, REMEMBERED = timedelta(minutes=20), timedelta(minutes=15), timedelta(hours=2)
STEP = timedelta(minutes=1)
FARTHEST_MIN = 60
WITHOUT_USUAL_MIN = 30
"""How far ahead the last minutes alone are believed."""
MEASURED_LEAST, WORDS_REMEMBERED = 5, timedelta(days=7)
"""So many words of being full must have come due before their error is told; they are rarer than minutes, so they are kept longer."""


SLOT_MIN = 15
SLOTS = 24 * 60 // SLOT_MIN
FORGET = 1 / 7
"""How much of what a day usually looks like comes from the newest one, once there have been seven."""
PERSISTS_MIN = 30.0
"""After so many minutes the last minutes say a third of what comes, the usual day the rest."""
WANTED_WHEN_FULL = 1.1
"""A full zone hides how many more would have come: so much of its bays is taken for what was wanted."""
LOOKED_AT = range(5, FARTHEST_MIN + 1, 5)
"""The minutes ahead at which the zone is looked at; in between it goes straight."""
SURELY = 1.02
"""A zone is called full when more than its bays would be wanted: what only just fills up usually does not."""


@dataclass(slots=True)
class UsualDay:
    """The taken bays by the time of day, as they usually are; a quarter of an hour is learned when it is over."""

    _usual: list[float | None] = field(default_factory=lambda: [None] * SLOTS)
    _days: list[int] = field(default_factory=lambda: [0] * SLOTS)
    _slot: int = -1
    _sum: float = 0.0
    _count: int = 0

    def see(self, at: datetime, taken: float) -> bool:
        """Note the taken bays; True when a quarter of an hour was over and is learned."""
        slot = int(_minute_of(at)) // SLOT_MIN
        is_over = slot != self._slot and self._count > 0
        if slot != self._slot:
            self._learn()
            self._slot, self._sum, self._count = slot, 0.0, 0
        self._sum, self._count = self._sum + taken, self._count + 1
        return is_over

    def learned(self) -> list[list[Any]]:
        """Of each quarter of a day the taken bays (None: not seen yet) and on how many days they were seen."""
        return [
            [None if bays is None else round(bays, 2), days] for bays, days in zip(self._usual, self._days, strict=True)
        ]

    @classmethod
    def of(cls, learned: Sequence[Sequence[Any]]) -> UsualDay:
        """As `learned` said it; a day of other quarters than ours is none."""
        if len(learned) != SLOTS:
            return cls()
        return cls([bays for bays, _ in learned], [days for _, days in learned])

    def _learn(self) -> None:
        if not self._count:
            return
        slot, seen = self._slot, self._sum / self._count
        self._days[slot] += 1
        before = self._usual[slot]
        share = max(FORGET, 1 / self._days[slot])
        self._usual[slot] = seen if before is None else before + share * (seen - before)

    def at(self, minute: float) -> float | None:
        """How many are usually taken at a minute of the day (UTC), between the middles of two quarters; None where none was seen so far."""
        place = minute / SLOT_MIN - 0.5
        first = floor(place)
        one, two = self._usual[first % SLOTS], self._usual[(first + 1) % SLOTS]
        return None if one is None or two is None else one + (place - first) * (two - one)


def _minute_of(at: datetime) -> float:
    return at.hour * 60 + at.minute + at.second / 60


@dataclass(frozen=True, slots=True)
class Outlook:
    """`in_15_min` free bays; `full_in_min` None: not within an hour; errors: the mean miss lately, None: not measured.

    `error_min` is by how many minutes words of being full were off; a zone that was not full long after counts as that late.
    """

    in_15_min: int
    full_in_min: int | None
    error_bays: float | None
    error_min: float | None = None


@dataclass(slots=True)
class Trend:
    """One zone's free bays as they were, and what was foretold of them."""

    capacity: int
    usual: UsualDay = field(default_factory=UsualDay)
    _seen: deque[tuple[datetime, int]] = field(default_factory=deque)
    _foretold: deque[tuple[datetime, float]] = field(default_factory=deque)
    _misses: deque[tuple[datetime, float]] = field(default_factory=deque)
    _full_next: int | None = None
    _full_said: deque[datetime] = field(default_factory=deque)
    _full_misses: deque[tuple[datetime, float]] = field(default_factory=deque)

    @classmethod
    def of(cls, capacity: int, learned: Mapping[str, Any]) -> Trend:
        """A zone of which something was `learned` before; its last minutes are not known any more."""
        misses = ((datetime.fromtimestamp(60 * minute, UTC), miss) for minute, miss in learned["full_misses"])
        return cls(capacity, UsualDay.of(learned["usual"]), _full_misses=deque(misses))

    def learned(self) -> dict[str, Any]:
        """What is worth keeping: the usual day, and by how far words of being full were off (minute of the epoch, minutes off)."""
        misses = [[int(at.timestamp()) // 60, round(miss, 1)] for at, miss in self._full_misses]
        return {"usual": self.usual.learned(), "full_misses": misses}

    def see(self, at: datetime, free: int) -> bool:
        """Note the free bays, once a minute at most; what was foretold for now is held against them.

        True when a quarter of an hour was learned, and with it there is something new to keep.
        """
        if self._seen and at < self._seen[-1][0]:  # the clock was put back: whatever was noted is of no known minute
            for noted in (self._seen, self._foretold, self._misses, self._full_said):
                noted.clear()
        if self._seen and at - self._seen[-1][0] < STEP:
            return False
        self._seen.append((at, free))
        is_learned = self.usual.see(at, self.capacity - free if free else self.capacity * WANTED_WHEN_FULL)
        while self._foretold and self._foretold[0][0] <= at:
            _, said = self._foretold.popleft()
            self._misses.append((at, abs(said - free)))
        self._foretold.append((at + AHEAD, self._in(AHEAD)))
        self._full_next = self._full_in()
        self._hold_to_their_word(at, free)
        for kept, long in ((self._seen, REMEMBERED), (self._misses, REMEMBERED), (self._full_misses, WORDS_REMEMBERED)):
            while kept and at - kept[0][0] > long:
                kept.popleft()
        return is_learned

    def _hold_to_their_word(self, at: datetime, free: int) -> None:
        """Words of being full come due when the zone is full, or an hour after the time they named."""
        if free == 0:
            self._full_misses.extend((at, abs((at - due) / timedelta(minutes=1))) for due in self._full_said)
            self._full_said.clear()
            return
        kept: deque[datetime] = deque()
        for due in self._full_said:
            late = (at - due) / timedelta(minutes=1)
            if late >= 60.0:
                self._full_misses.append((at, late))
            else:
                kept.append(due)
        self._full_said = kept
        if self._full_next is not None:
            self._full_said.append(at + timedelta(minutes=self._full_next))

    def _rate(self) -> float:
        """Bays that become free a minute (negative: taken), over the last `TREND`."""
        if len(self._seen) < 2:
            return 0.0
        now, free = self._seen[-1]
        since, then = next(one for one in self._seen if now - one[0] <= TREND)
        minutes = (now - since) / timedelta(minutes=1)
        return (free - then) / minutes if minutes else 0.0

    def _taken(self, ahead: Sequence[int]) -> list[float]:
        """The bays that will be wanted after so many minutes each; not bounded by how many there are."""
        now, free = self._seen[-1]
        taken, rate = self.capacity - free, self._rate()
        minute = _minute_of(now)
        usual_now = self.usual.at(minute)
        wanted = []
        for minutes in ahead:
            usual_then = self.usual.at(minute + minutes) if usual_now is not None else None
            if usual_now is None or usual_then is None:
                wanted.append(taken - rate * minutes)
                continue
            now_counts = exp(-minutes / PERSISTS_MIN)
            goes_on = taken - rate * PERSISTS_MIN * (1 - now_counts)
            as_days_go = (usual_then + 1) * (taken + 1) / (usual_now + 1) - 1
            wanted.append(now_counts * goes_on + (1 - now_counts) * as_days_go)
        return wanted

    def _in(self, span: timedelta) -> float:
        return min(float(self.capacity), max(0.0, self.capacity - self._taken([span // STEP])[0]))

    def _full_in(self) -> int | None:
        """The first minute at which every bay will be wanted, None: not within an hour."""
        now, free = self._seen[-1]
        if free == 0:
            return 0
        if self.usual.at(_minute_of(now)) is None:
            rate = self._rate()
            full = round(free / -rate) if rate < 0 else None
            return full if full is not None and full <= WITHOUT_USUAL_MIN else None
        wanted = [float(self.capacity - free), *self._taken(LOOKED_AT)]
        if max(wanted) < self.capacity * SURELY:
            return None
        n = next(n for n, bays in enumerate(wanted) if bays >= self.capacity)
        part = (self.capacity - wanted[n - 1]) / (wanted[n] - wanted[n - 1])
        return round((n - 1 + part) * LOOKED_AT.step)

    def outlook(self) -> Outlook | None:
        """None before anything was seen."""
        if not self._seen:
            return None
        bays = sum(m for _, m in self._misses) / len(self._misses) if self._misses else None
        enough = len(self._full_misses) >= MEASURED_LEAST
        minutes = sum(m for _, m in self._full_misses) / len(self._full_misses) if enough else None
        return Outlook(round(self._in(AHEAD)), self._full_next, bays, minutes)
