"""Moves the boom and tells what came of it: an order that the board did not confirm is a fault, never a quiet success."""

from __future__ import annotations

from collections.abc import Callable

from parking.gate.barrier import Barrier, OpenOrder
from parking.gate.faults import Faults
from parking.gate.inputs import Inputs, Signal
from parking.gate.model import Timings
from parking.gate.relays.coil_watch import CoilTrouble, CoilWatch
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused

_OPEN = 0  # the one coil that the watch knows
_NEVER = float("inf")


class Boom:
    """A barrier with its troubles on record; `failures` counts unconfirmed pulses in a row."""

    def __init__(self, barrier: Barrier, faults: Faults, timings: Timings, clock: Clock) -> None:
        self._barrier = barrier
        self._faults = faults
        self._timings = timings
        self._clock = clock
        self._coil = CoilWatch(clock.monotonic_s(), slack_s=timings.welded_after_s)
        self._pulses = 0
        self._held_s: float | None = None
        self._holding = False
        self._tried_letting_go_s: float | None = None
        self._gone_s = -_NEVER
        self.failures = 0

    def order(self, token: str) -> OpenOrder:
        """A fresh order to open, good once and only for a moment."""
        self._pulses += 1
        return OpenOrder(f"{token}#{self._pulses}", self._clock.monotonic_s() + self._timings.order_s)

    def watch(self, inputs: Inputs) -> None:
        """Look at every reading: the safety loop's test, another master on the coil, a board that is back."""
        self._barrier.watch(inputs)
        if inputs.read_s > self._gone_s and inputs.safety is not Signal.UNKNOWN:
            self._faults.set("relay_gone", wrong=False)
            tried_s = self._tried_letting_go_s
            if tried_s is not None and self._clock.monotonic_s() - tried_s >= self._timings.relay_retry_s:
                self.let_go()
        if inputs.open_coil is not Signal.UNKNOWN:
            self._coil.saw(_OPEN, inputs.open_coil is Signal.ON, inputs.read_s)
            foreign = self._coil.trouble(_OPEN, self._clock.monotonic_s()) is CoilTrouble.FOREIGN
            self._faults.set("two_masters", foreign, "the open coil came on without an order")

    def open(self, order: OpenOrder) -> bool | None:
        """Pulse open: the coil's read-back, or None when the board did not acknowledge at all."""
        self._coil.ordered(_OPEN, self._clock.monotonic_s(), _NEVER)
        read_back = self._try("open", lambda: self._barrier.open(order))
        self._coil.ordered(_OPEN, self._clock.monotonic_s(), self._barrier.pulse_ends_s)
        self._faults.set("relay_no_read_back", read_back is False, "the open coil does not read back as on")
        self.failures = 0 if read_back else self.failures + 1
        return read_back

    def close(self, inputs: Inputs) -> None:
        """Let the boom down where that is granted; a refusal of the last safety check is a fault for a person."""
        read_back = self._try("close", lambda: self._barrier.close(inputs))
        self._faults.set("close_no_read_back", read_back is False, "the close coil does not read back as on")

    def hold_open(self) -> None:
        """Keep the open contact closed; `needs_holding` says when to try again."""
        self._held_s, self._tried_letting_go_s = self._clock.monotonic_s(), None
        self._coil.ordered(_OPEN, self._held_s, _NEVER)
        self._holding = self._try("hold open", self._barrier.hold_open) is True

    def let_go(self) -> None:
        """End the hold of an emergency or a person; a board that did not confirm it is told again once it answers."""
        self._held_s, self._holding = None, False
        done = self._try("let go", self._barrier.let_go)
        now_s = self._clock.monotonic_s()
        self._tried_letting_go_s = None if done else now_s
        self._coil.ordered(_OPEN, now_s, now_s)

    def needs_holding(self, inputs: Inputs) -> bool:
        """Whether an emergency's contact is not (or no longer) seen closed, and it is time to try again."""
        if self._held_s is None:
            return True
        seen = self._holding and inputs.open_coil is not Signal.OFF
        return not seen and self._clock.monotonic_s() - self._held_s >= self._timings.relay_retry_s

    def may_come_down(self, inputs: Inputs, safety_quiet_since_s: float) -> bool:
        """Whether the boom is ours to close, its loop works, and nothing has been under it for long enough."""
        ours = self._barrier.closes_by_software and self._barrier.may_be_open and self._barrier.safety_is_tested
        if not ours or inputs.safety is not Signal.OFF or inputs.open_coil is not Signal.OFF:
            return False
        quiet_since_s = max(safety_quiet_since_s, self._barrier.pulse_ends_s)
        return self._clock.monotonic_s() - quiet_since_s >= self._timings.close_after_s

    def is_welded(self, inputs: Inputs) -> bool:
        """Whether the open coil is still on long after its pulse, or after it was let go."""
        late = self._clock.monotonic_s() - self._barrier.pulse_ends_s >= self._timings.welded_after_s
        return inputs.open_coil is Signal.ON and late

    def _try(self, what: str, act: Callable[[], bool]) -> bool | None:
        try:
            done = act()
        except DeviceFault as fault:
            self._gone_s = self._clock.monotonic_s()
            self._faults.set("relay_gone", wrong=True, detail=f"{what}: {fault}")
            return None
        except DeviceRefused as refusal:
            self._faults.set("relay_refused", wrong=True, detail=f"{what}: {refusal}")
            return None
        self._faults.set("relay_gone", wrong=False)
        self._faults.set("relay_refused", wrong=False)
        return done
