"""When a zone will be full, and how far such words were off lately. Pure; it remembers two hours of free bays, minute by minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TREND, AHEAD, REMEMBERED = timedelta(minutes=20), timedelta(minutes=15), timedelta(hours=2)
STEP = timedelta(minutes=1)
FARTHEST_MIN = 120


@dataclass(frozen=True, slots=True)
class Outlook:
    """`in_15_min` free bays; `full_in_min` None: not within two hours; `error_bays`: the mean miss lately, None: not measured."""

    in_15_min: int
    full_in_min: int | None
    error_bays: float | None


@dataclass(slots=True)
class Trend:
    """One zone's free bays as they were, and what was foretold of them."""

    capacity: int
    _seen: deque[tuple[datetime, int]] = field(default_factory=deque)
    _foretold: deque[tuple[datetime, float]] = field(default_factory=deque)
    _misses: deque[tuple[datetime, float]] = field(default_factory=deque)

    def see(self, at: datetime, free: int) -> None:
        """Note the free bays, once a minute at most; what was foretold for now is held against them."""
        if self._seen and at - self._seen[-1][0] < STEP:
            return
        self._seen.append((at, free))
        while self._foretold and self._foretold[0][0] <= at:
            _, said = self._foretold.popleft()
            self._misses.append((at, abs(said - free)))
        self._foretold.append((at + AHEAD, self._in(AHEAD)))
        for kept in (self._seen, self._misses):
            while kept and at - kept[0][0] > REMEMBERED:
                kept.popleft()

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

    def outlook(self) -> Outlook | None:
        """None before anything was seen."""
        if not self._seen:
            return None
        free, rate = self._seen[-1][1], self._rate()
        full = round(free / -rate) if rate < 0 else None
        error = sum(m for _, m in self._misses) / len(self._misses) if self._misses else None
        return Outlook(round(self._in(AHEAD)), full if full is not None and full <= FARTHEST_MIN else None, error)
