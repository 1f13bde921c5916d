"""When a zone will be full, and how far such words were off lately. Pure; it remembers two hours of free bays, minute by minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TREND, AHEAD, REMEMBERED = timedelta(minutes=20), timedelta(minutes=15), timedelta(hours=2)
STEP = timedelta(minutes=1)
FARTHEST_MIN = 120
MEASURED_LEAST, WORDS_REMEMBERED = 5, timedelta(days=7)
"""So many words of being full must have come due before their error is told; they are rarer than minutes, so they are kept longer."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """`in_15_min` free bays; `full_in_min` None: not within two hours; errors: the mean miss lately, None: not measured.

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
    _seen: deque[tuple[datetime, int]] = field(default_factory=deque)
    _foretold: deque[tuple[datetime, float]] = field(default_factory=deque)
    _misses: deque[tuple[datetime, float]] = field(default_factory=deque)
    _full_said: deque[datetime] = field(default_factory=deque)
    _full_misses: deque[tuple[datetime, float]] = field(default_factory=deque)

    def see(self, at: datetime, free: int) -> None:
        """Note the free bays, once a minute at most; what was foretold for now is held against them."""
        if self._seen and at - self._seen[-1][0] < STEP:
            return
        self._seen.append((at, free))
        while self._foretold and self._foretold[0][0] <= at:
            _, said = self._foretold.popleft()
            self._misses.append((at, abs(said - free)))
        self._foretold.append((at + AHEAD, self._in(AHEAD)))
        self._hold_to_their_word(at, free)
        for kept, long in ((self._seen, REMEMBERED), (self._misses, REMEMBERED), (self._full_misses, WORDS_REMEMBERED)):
            while kept and at - kept[0][0] > long:
                kept.popleft()

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
        full_in = self._full_in()
        if full_in is not None:
            self._full_said.append(at + timedelta(minutes=full_in))

    def _rate(self) -> float:
        """Bays that become free a minute (negative: taken), over the last `TREND`."""
        if len(self._seen) < 2:
            return 0.0
        now, free = self._seen[-1]
        since, then = next(one for one in self._seen if now - one[0] <= TREND)
        minutes = (now - since) / timedelta(minutes=1)
        return (free - then) / minutes if minutes else 0.0

    def _in(self, span: timedelta) -> float:
        free = self._seen[-1][1] + self._rate() * (span / timedelta(minutes=1))
        return min(float(self.capacity), max(0.0, free))

    def _full_in(self) -> int | None:
        free, rate = self._seen[-1][1], self._rate()
        full = round(free / -rate) if rate < 0 else None
        return full if full is not None and full <= FARTHEST_MIN else None

    def outlook(self) -> Outlook | None:
        """None before anything was seen."""
        if not self._seen:
            return None
        bays = sum(m for _, m in self._misses) / len(self._misses) if self._misses else None
        enough = len(self._full_misses) >= MEASURED_LEAST
        minutes = sum(m for _, m in self._full_misses) / len(self._full_misses) if enough else None
        return Outlook(round(self._in(AHEAD)), self._full_in(), bays, minutes)
