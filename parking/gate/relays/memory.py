"""A board in memory: the same behaviour as a real one, driven by a clock, with faults that a test or a simulation switches on."""

from __future__ import annotations

from dataclasses import dataclass

from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_deadline, check_duration
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport


@dataclass(frozen=True, slots=True)
class CoilWritten:
    """One order that reached the board: `duration_ms` of a pulse, or None when held `on`."""

    at_s: float
    coil: int
    duration_ms: int | None
    on: bool


class MemoryBoard:
    """Coils and inputs as lists; set `gone`, `welded`, `unconfirmed` or `lost_answers` to break it."""

    def __init__(self, clock: Clock, *, coils: int = 8, inputs: int = 8) -> None:
        self._clock = clock
        self._inputs = [False] * inputs
        self._held = [False] * coils
        self._until_s = [float("-inf")] * coils
        self._seen_s: float | None = None
        self.log: list[CoilWritten] = []
        self.gone = False
        self.welded: set[int] = set()
        """Coils that stay on once they were on."""
        self.unconfirmed: set[int] = set()
        """Coils that do what they are told but read back as off."""
        self.lost_answers = 0
        """So many coming orders are carried out, but their answers get lost."""

    def set_input(self, index: int, on: bool) -> None:
        """The world switches an input."""
        self._inputs[index] = on

    def coil_is_on(self, coil: int) -> bool:
        """Whether the contact is closed, whatever the board says about it."""
        if self._clock.monotonic_s() < self._until_s[coil] or self._held[coil]:
            return True
        return coil in self.welded and self._until_s[coil] > float("-inf")

    def read(self) -> BoardState:
        self._answer()
        coils = tuple(self._reads_on(coil) for coil in range(len(self._held)))
        return BoardState(tuple(self._inputs), coils, self._clock.monotonic_s())

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, len(self._held))
        check_duration(duration_ms)
        self._answer()
        now_s = self._clock.monotonic_s()
        check_deadline(now_s, not_after_s)
        self._until_s[coil] = now_s + duration_ms / 1000
        return self._written(CoilWritten(now_s, coil, duration_ms, True))

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, len(self._held))
        self._answer()
        now_s = self._clock.monotonic_s()
        self._held[coil] = on
        if not on:
            self._until_s[coil] = min(self._until_s[coil], now_s)
        return self._written(CoilWritten(now_s, coil, None, on))

    def health(self) -> HealthReport:
        return HealthReport(Health.SILENT if self.gone else Health.OK, None, "in memory")

    def close(self) -> None:
        """Nothing to let go."""

    def _written(self, order: CoilWritten) -> bool:
        self.log.append(order)
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise DeviceFault("the board's answer got lost")
        return self._reads_on(order.coil) is order.on

    def _reads_on(self, coil: int) -> bool:
        return self.coil_is_on(coil) and coil not in self.unconfirmed

    def _answer(self) -> None:
        if self.gone:
            raise DeviceFault("the board does not answer")


_: type[RelayBoard] = MemoryBoard
