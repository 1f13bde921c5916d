"""One board, several lanes: a reading that is fresh enough serves all of them, orders always go through.

It sees every order that this box gives and every reading, so it knows when a coil is on that nobody here switched on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard
from parking.gate.relays.coil_watch import CoilWatch
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport


class SharedBoard:
    """The same board; `read` asks it only when the last reading is older than `fresh_s`, and those who wait share its failure, too."""

    def __init__(self, board: RelayBoard, clock: Clock, *, fresh_s: float = 0.01) -> None:
        self._board = board
        self._clock = clock
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._last: BoardState | None = None
        self._failed: tuple[float, str] | None = None
        self._watching = threading.Lock()
        self._watch = CoilWatch(clock.monotonic_s())

    def read(self) -> BoardState:
        came_s = self._clock.monotonic_s()
        with self._lock:
            last = self._last
            if last is not None and 0 <= self._clock.monotonic_s() - last.read_s <= self._fresh_s:
                return last
            if self._failed is not None and self._failed[0] > came_s:
                raise DeviceFault(self._failed[1])  # it failed while we waited: another try would make us wait twice
            self._last = None  # a failed reading leaves none behind
            try:
                self._last = last = self._board.read()
            except DeviceFault as fault:
                self._failed = (self._clock.monotonic_s(), str(fault))
                raise
        with self._watching:
            for coil, on in enumerate(last.coils):
                self._watch.saw(coil, on, last.read_s)
        return last

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        return self._order(
            coil, duration_ms / 1000, lambda: self._board.pulse(coil, duration_ms, not_after_s=not_after_s)
        )

    def hold(self, coil: int, on: bool) -> bool:
        return self._order(coil, ALWAYS if on else 0.0, lambda: self._board.hold(coil, on))

    def health(self) -> HealthReport:
        report = self._board.health()
        with self._watching:
            troubles = self._watch.troubles(self._clock.monotonic_s())
        if report.health is not Health.OK or not troubles:
            return report
        return replace(report, health=Health.FAULTY, detail=troubles)

    def close(self) -> None:
        self._board.close()

    def _order(self, coil: int, lasts_s: float, give: Callable[[], bool]) -> bool:
        with self._watching:
            self._watch.ordered(
                coil, self._clock.monotonic_s(), ALWAYS
            )  # from now on it may be on, whenever the order arrives
        try:
            return give()
        finally:
            with self._watching:
                now_s = self._clock.monotonic_s()
                self._watch.ordered(coil, now_s, now_s + lasts_s)


_: type[RelayBoard] = SharedBoard
