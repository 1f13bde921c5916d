"""The last word before a coil. Open: only fresh, once per order. Close: only with a hardware interlock and a safety loop that has
shown in this very cycle that it works, and is known to be free. Both are checked here again, whatever the caller believes: a boom
moves people's lives.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import inf

from parking.gate.inputs import Inputs, Signal
from parking.gate.model import BarrierConfig, Closing
from parking.gate.relays.base import RelayBoard, check_duration
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import invalid

ORDER_LONGEST_S = 60.0
"""No order to open is good for longer; a deadline beyond that is a broken clock, not patience."""
STALE_LONGEST_S = 2.0
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """Permission to open for one vehicle: `token` is good once, until `deadline_s` (the clock's monotonic seconds)."""

    token: str
    deadline_s: float


class Barrier:
    """One boom on one board."""

    def __init__(self, board: RelayBoard, config: BarrierConfig, clock: Clock) -> None:
        check_duration(config.pulse_ms)
        self._board = board
        self._config = config
        self._clock = clock
        self._spent: dict[str, None] = {}
        self._pulse_s = config.pulse_ms / 1000
        self._pulse_ends_s = clock.monotonic_s() + self._pulse_s  # a pulse from before a restart may still be on
        self._close_ends_s = self._pulse_ends_s if self.closes_by_software else -inf
        self._covered = self._tested = False
        self.may_be_open = False
        """Whether we opened it since we last closed it; where the hardware closes, it is merely a memory."""

    @property
    def closes_by_software(self) -> bool:
        return self._config.closing is Closing.SOFTWARE and self._config.hardware_interlock is True

    @property
    def pulse_ends_s(self) -> float:
        """When the last pulse is over (infinity while the contact is held); a coil that is on later is welded."""
        return self._pulse_ends_s

    @property
    def safety_is_tested(self) -> bool:
        """Whether the safety loop was seen to notice a vehicle and its leaving since the boom was opened: a dead loop never does."""
        return self._tested

    def watch(self, inputs: Inputs) -> None:
        """Look at every reading: what the safety loop does is its test."""
        if inputs.safety is Signal.ON:
            self._covered, self._tested = self.may_be_open, False
        elif inputs.safety is Signal.UNKNOWN:
            self._covered = self._tested = False
        elif self._covered:
            self._covered, self._tested = False, True

    def open(self, order: OpenOrder) -> bool:
        """Pulse the open coil; True when it read back. A late or spent order raises DeviceRefused and moves nothing."""
        now_s = self._clock.monotonic_s()
        if not now_s <= order.deadline_s:
            raise DeviceRefused("the order to open came too late")
        if order.deadline_s > now_s + ORDER_LONGEST_S:
            raise DeviceRefused("the order to open has a deadline that nobody gives")
        if order.token in self._spent:
            raise DeviceRefused("the order to open was already carried out")
        self._spent[order.token] = None
        if len(self._spent) > _REMEMBERED:
            self._spent.pop(next(iter(self._spent)))
        self._stop_closing()
        self._opening()
        if self._pulse_ends_s == inf:  # it is held open: a pulse would be the end of that
            return self._board.hold(self._config.open_coil, True)
        try:
            return self._board.pulse(self._config.open_coil, self._config.pulse_ms, not_after_s=order.deadline_s)
        finally:
            self._pulse_ends_s = self._clock.monotonic_s() + self._pulse_s  # whatever came of it, it may be on from now

    def close(self, inputs: Inputs) -> bool:
        """Pulse the close coil; anything but a declared interlock and a fresh, free, tested safety loop raises DeviceRefused."""
        now_s = self._clock.monotonic_s()
        if not self.closes_by_software or self._config.close_coil is None:
            raise DeviceRefused("this barrier is not closed by software")
        limit_s = min(self._config.stale_after_s, STALE_LONGEST_S)
        if inputs.safety is not Signal.OFF or not 0 <= now_s - inputs.read_s <= limit_s:
            raise DeviceRefused("the safety loop is not known to be free")
        if not self._tested:
            raise DeviceRefused("the safety loop has not shown in this cycle that it works")
        if inputs.fire is not Signal.OFF or inputs.manual is not Signal.OFF:
            raise DeviceRefused("an emergency or a person has the boom")
        if now_s < self._pulse_ends_s or inputs.open_coil is not Signal.OFF:
            raise DeviceRefused("the open coil is not known to be off")
        self.may_be_open = self._tested = False
        self._close_ends_s = inf
        try:
            return self._board.pulse(
                self._config.close_coil, self._config.pulse_ms, not_after_s=inputs.read_s + limit_s
            )
        finally:
            self._close_ends_s = self._clock.monotonic_s() + self._pulse_s

    def hold_open(self) -> bool:
        """Keep the open contact closed, for an emergency or a person; True when it read back."""
        self._stop_closing()
        self._opening()
        self._pulse_ends_s = inf
        return self._board.hold(self._config.open_coil, True)

    def let_go(self) -> bool:
        """End the holding; the barrier then closes by its own logic."""
        try:
            return self._board.hold(self._config.open_coil, False)
        finally:
            self._pulse_ends_s = self._clock.monotonic_s()

    def _opening(self) -> None:
        if not self.may_be_open:
            self._covered = self._tested = False  # a new cycle: the loop has to prove itself again
        self.may_be_open = True

    def _stop_closing(self) -> None:
        """Never two contacts of one boom at once: what closes is let go first. Opening does not wait for it to be confirmed."""
        coil = self._config.close_coil
        if coil is not None and self._clock.monotonic_s() < self._close_ends_s:
            with suppress(DeviceFault, DeviceRefused):
                self._board.hold(coil, False)
            self._close_ends_s = -inf


def check_apart(barriers: Iterable[tuple[str, object, BarrierConfig]]) -> None:
    """ParkingError when a contact serves two booms or lamps, or one of each; `(lane, board, barrier)` for each lane."""
    taken: dict[tuple[object, int], str] = {}
    for lane, board, config in barriers:
        for key in ("open_coil", "close_coil", "lamp_coil"):
            coil = getattr(config, key)
            if coil is None:
                continue
            if (board, coil) in taken:
                message = f"coil {coil} of this board is of {taken[board, coil]} already"
                raise invalid("lane.shared_coil", message, field=f"{lane}.{key}")
            taken[board, coil] = lane
