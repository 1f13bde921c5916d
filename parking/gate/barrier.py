"""The last word before a coil. Open: only fresh, once per order. Close: only with a hardware interlock and a safety loop that
is known to be free. Both are checked here again, whatever the caller believes: a boom moves people's lives.
"""

from __future__ import annotations

from dataclasses import dataclass

from parking.gate.inputs import Inputs, Signal
from parking.gate.model import BarrierConfig, Closing
from parking.gate.relays.base import RelayBoard
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceRefused

_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """Permission to open for one vehicle: `token` is good once, until `deadline_s` (the clock's monotonic seconds)."""

    token: str
    deadline_s: float


class Barrier:
    """One boom on one board."""

    def __init__(self, board: RelayBoard, config: BarrierConfig, clock: Clock) -> None:
        self._board = board
        self._config = config
        self._clock = clock
        self._spent: dict[str, None] = {}
        self._pulse_ends_s = clock.monotonic_s()  # a pulse from before a restart may still be on
        self.may_be_open = False
        """Whether we opened it since we last closed it; where the hardware closes, it is merely a memory."""

    @property
    def closes_by_software(self) -> bool:
        return self._config.closing is Closing.SOFTWARE and self._config.hardware_interlock

    @property
    def pulse_ends_s(self) -> float:
        """When the last pulse is over; a coil that is on later is welded."""
        return self._pulse_ends_s

    def open(self, order: OpenOrder) -> bool:
        """Pulse the open coil; True when it read back. A late or spent order raises DeviceRefused and moves nothing."""
        now_s = self._clock.monotonic_s()
        if now_s > order.deadline_s:
            raise DeviceRefused("the order to open came too late")
        if order.token in self._spent:
            raise DeviceRefused("the order to open was already carried out")
        self._spent[order.token] = None
        if len(self._spent) > _REMEMBERED:
            self._spent.pop(next(iter(self._spent)))
        self.may_be_open = True
        self._pulse_ends_s = now_s + self._config.pulse_ms / 1000
        return self._board.pulse(self._config.open_coil, self._config.pulse_ms, not_after_s=order.deadline_s)

    def close(self, inputs: Inputs) -> bool:
        """Pulse the close coil; anything but a declared interlock and a fresh, free safety loop raises DeviceRefused."""
        now_s = self._clock.monotonic_s()
        if not self.closes_by_software or self._config.close_coil is None:
            raise DeviceRefused("this barrier is not closed by software")
        if inputs.safety is not Signal.OFF or now_s - inputs.read_s > self._config.stale_after_s:
            raise DeviceRefused("the safety loop is not known to be free")
        if now_s < self._pulse_ends_s:
            raise DeviceRefused("the open coil is still on")
        self.may_be_open = False
        return self._board.pulse(self._config.close_coil, self._config.pulse_ms)

    def hold_open(self) -> bool:
        """Keep the open contact closed, for an emergency; True when it read back."""
        self.may_be_open = True
        return self._board.hold(self._config.open_coil, True)

    def let_go(self) -> bool:
        """End the emergency; the barrier then closes by its own logic."""
        return self._board.hold(self._config.open_coil, False)
