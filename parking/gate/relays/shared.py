"""One board, several lanes: a reading that is fresh enough serves all of them, orders always go through."""

from __future__ import annotations

import threading

from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard
from parking.kernel.clock import Clock
from parking.kernel.device import HealthReport


class SharedBoard:
    """The same board; `read` asks it only when the last reading is older than `fresh_s`."""

    def __init__(self, board: RelayBoard, clock: Clock, *, fresh_s: float = 0.01) -> None:
        self._board = board
        self._clock = clock
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._last: BoardState | None = None

    def read(self) -> BoardState:
        with self._lock:
            last = self._last
            if last is None or not 0 <= self._clock.monotonic_s() - last.read_s <= self._fresh_s:
                self._last = None  # a failed reading leaves none behind
                self._last = last = self._board.read()
            return last

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        return self._board.pulse(coil, duration_ms, not_after_s=not_after_s)

    def hold(self, coil: int, on: bool) -> bool:
        return self._board.hold(coil, on)

    def health(self) -> HealthReport:
        return self._board.health()

    def close(self) -> None:
        self._board.close()


_: type[RelayBoard] = SharedBoard
