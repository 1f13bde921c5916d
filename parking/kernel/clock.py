"""Time is handed in. UTC inside; a site's own zone only at the border, when a tariff or a page needs the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """What time it is, twice: for the record, and for measuring spans."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return monotonic()


class ManualClock:
    """A clock that moves only when told, for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._now = start.astimezone(UTC)
        self._start = self._now
        self._passed_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._passed_s

    def advance(self, span: timedelta) -> None:
        """Move forward by `span`; a negative span raises ValueError."""
        if span < timedelta(0):
            raise ValueError("time does not run backwards")
        self._now += span
        self._passed_s = (self._now - self._start).total_seconds()

    def jump(self, span: timedelta) -> None:
        """Put the time of day right, forward or back; spans go on as if nothing had happened."""
        self._now += span
        self._start += span

    def set(self, moment: datetime) -> None:
        """Move forward to `moment`."""
        self.advance(moment - self._now)
