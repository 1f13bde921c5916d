"""What truly happened at a lane, and the properties I12 and I14 to I17 of it. It is told of every reading, order and event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parking.gate import machine
from parking.gate.controller import Lane
from parking.gate.inputs import Inputs, Signal
from parking.gate.machine import State
from parking.gate.model import Timings
from parking.kernel.events import LaneDecided, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import VisitId

TIMINGS = Timings(
    debounce_s=0.0, stale_after_s=0.5, gap_s=1.0, permit_s=2.0, order_s=1.0, relay_retry_s=0.5, reversed_s=1.0,
    ask_again_s=0.5, close_after_s=1.0, stuck_after_s=30.0, welded_after_s=1.0, resume_s=2.0, lost_after_s=1.0,
    credential_lead_s=0.5, credential_echo_s=1.5, answered_s=2.0,
)  # fmt: skip


class Unsafe(AssertionError):
    """Something happened that must never happen."""


class Ghost:
    """What truly happened, and the properties I14 to I17 of it. Times are the clock's monotonic seconds."""

    def __init__(self) -> None:
        self.free_from_s = float("inf")
        """Since when every reading that the lane got said that the safety loop is free."""
        self.delivered_s = float("-inf")
        self.loop_worked = False
        """Whether the loop was seen to be covered since the boom was opened."""
        self.is_open = False
        self.fire = False
        self.fire_s = self.quiet_s = 0.0
        self.fire_unsure = False
        """The power went while the disk was full: neither the beginning nor the end of a fire may be on it."""
        self.order_unsaved = False
        """An order was given while the disk was full: a box that restarts while it holds carries it out again."""
        self.permitted: set[str] = set()
        self.done: set[str] = set()
        self.closings = self.pulses = 0

    def restart(self) -> None:
        self.free_from_s, self.loop_worked, self.is_open = float("inf"), False, False

    def deliver(self, inputs: Inputs, now_s: float) -> None:
        """The lane gets these inputs now."""
        stale = now_s - self.delivered_s > TIMINGS.stale_after_s
        if inputs.safety is Signal.UNKNOWN or now_s - inputs.read_s > TIMINGS.stale_after_s or stale:
            self.free_from_s = float("inf")
        if inputs.safety is Signal.UNKNOWN:
            return
        self.delivered_s = inputs.read_s
        if inputs.safety is Signal.ON:
            self.free_from_s, self.loop_worked = float("inf"), True
        elif self.free_from_s == float("inf") and now_s - inputs.read_s <= TIMINGS.stale_after_s:
            self.free_from_s = now_s
        if inputs.fire is Signal.ON and now_s - inputs.read_s <= TIMINGS.stale_after_s and not self.fire:
            self.fire, self.fire_s = True, now_s

    def closes(self, lane: Lane, now_s: float) -> None:
        self.closings += 1
        if not now_s - self.free_from_s >= TIMINGS.close_after_s:
            raise Unsafe("I14: commanded down while the loop is not known to have been free for long enough")
        if now_s - self.delivered_s > TIMINGS.stale_after_s:
            raise Unsafe("I14: commanded down on an old reading")
        if not self.loop_worked:
            raise Unsafe("I14: commanded down although the loop has not shown that it works")
        if lane.state not in (State.IDLE, State.READING, State.REFUSED):
            raise Unsafe(f"I17: commanded down in {lane.state}")
        if self.fire:
            raise Unsafe("I17: commanded down in a fire")
        self.is_open = self.loop_worked = False

    def opens(self, lane: Lane, stored: Mapping[str, Any] | None, now_s: float, not_after_s: float) -> None:
        self.pulses += 1
        if not now_s <= not_after_s <= now_s + 60:
            raise Unsafe("I15: a pulse without a deadline, or after it")
        if machine.is_fire(lane.state) or machine.is_held(lane.state):
            raise Unsafe("I17: a pulse would end the held contact")
        visit, opening = (stored or {}).get("visit"), (stored or {}).get("opening")
        permitted = visit is not None and visit["authorised"]
        if not permitted and not (opening is not None and opening["by"].startswith("operator:")):
            raise Unsafe("I12: a pulse that the journal knows nothing of")
        self.goes_up()

    def goes_up(self) -> None:
        """The boom is sent up, by a pulse or by a held contact: if it was down, the loop has to show afresh that it works."""
        if not self.is_open:
            self.is_open, self.loop_worked = True, False

    def hears(self, event: object, *, free: bool) -> None:
        """An event is on disk; `free`: the lane lets everybody pass."""
        if isinstance(event, LaneDecided) and event.allowed:
            self.permitted.add(event.visit_id)
        elif isinstance(event, VehicleBackedAway):
            self._finish(event.visit_id)
        elif isinstance(event, VehiclePassed):
            self._finish(event.visit_id)
            if event.authorised and not free and event.visit_id not in self.permitted:
                raise Unsafe("I16: a vehicle passed with another one's permission")

    def _finish(self, visit_id: VisitId) -> None:
        if visit_id in self.done:
            raise Unsafe("I16: one visit, two ends")
        self.done.add(visit_id)
