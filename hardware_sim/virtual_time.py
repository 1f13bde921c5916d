"""Virtual time: processes are generators that yield how long they wait; the same seed gives the same order, always."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from datetime import timedelta
from itertools import count

from parking.kernel.clock import ManualClock

Process = Generator[float, None, None]
"""A process yields seconds; it goes on when they have passed."""


class Timeline:
    """Runs processes on a ManualClock, in order of time and then of scheduling."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._waiting: list[tuple[float, int, Process]] = []
        self._turn = count()

    def start(self, process: Process, *, after_s: float = 0.0) -> None:
        """Let a process begin `after_s` seconds from now."""
        heapq.heappush(self._waiting, (self.clock.monotonic_s() + after_s, next(self._turn), process))

    def run(self, until_s: float, *, until: Callable[[], bool] = lambda: False) -> int:
        """Run what is due up to `until_s` (seconds since the clock's start), or `until` says so; returns how many steps were taken."""
        steps = 0
        while self._waiting and self._waiting[0][0] <= until_s and not until():
            at_s, _, process = heapq.heappop(self._waiting)
            self.clock.advance(timedelta(seconds=max(0.0, at_s - self.clock.monotonic_s())))
            steps += 1
            wait_s = next(process, None)
            if wait_s is not None:
                self.start(process, after_s=wait_s)
        return steps
