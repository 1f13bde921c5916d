"""Keeps one direction of the link going: as fast as there is something to do, and slower and slower while it fails.

Failures back off, bounded and with jitter, so that a hundred boxes do not come back in the same second.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError

_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.25, 15.0


@dataclass(frozen=True, slots=True)
class LinkState:
    """How one direction of the link is doing; `trouble` is empty while it works."""

    last_success: datetime | None
    trouble: str


class Loop:
    """Runs one direction in its own thread until stopped; `report` hears when it begins to fail and when it works again.

    `turn` says whether there may be more at once; if not, `idle` waits for something to do, at most the seconds it is given.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], bool],
        clock: Clock,
        *,
        report: Callable[[str, str], None],
        idle: Callable[[float], None],
        jitter: random.Random | None = None,
    ) -> None:
        self._name = name
        self._turn = turn
        self._clock = clock
        self._report = report
        self._stopping = threading.Event()
        self._idle = idle
        self._jitter = jitter or random.Random()  # noqa: S311 - spreading load, not guarding anything
        self._thread = threading.Thread(target=self._run, name=f"sync-{name}", daemon=True)
        self.state = LinkState(None, "")

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ask it to end and wait for `timeout_s` at most: a long poll may outlast that, and loses nothing."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                busy = self._turn()
            except Exception as error:  # the link must outlive whatever a server or a disk comes up with
                failures += 1
                trouble = str(error) if isinstance(error, ParkingError) else type(error).__name__
                if trouble != self.state.trouble:
                    self._report(self._name, trouble)
                self.state = LinkState(self.state.last_success, trouble)
                self._stopping.wait(backoff_s(failures, self._jitter))
                continue
            if failures:
                self._report(self._name, "")
            failures, self.state = 0, LinkState(self._clock.now(), "")
            if not busy and not self._stopping.is_set():
                self._idle(1.0)


def backoff_s(failures: int, jitter: random.Random) -> float:
    """How long to wait after so many failures in a row: doubling, bounded, between half and all of it."""
    longest = min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + jitter.random() / 2)
