"""A ramp without a barrier: two loops in a row count vehicles, and the order in which they are covered tells the direction.

Like the lane's table: a pair that is not in it cannot happen with two loops; it is a fault, and counting starts afresh when both are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from parking.gate.faults import Faults
from parking.gate.inputs import Inputs, Signal
from parking.gate.loops import Loops
from parking.gate.machine import Event
from parking.gate.model import RampConfig
from parking.gate.ports import Journal
from parking.gate.record import LaneRecord
from parking.kernel.clock import Clock
from parking.kernel.events import RampPassed
from parking.kernel.ids import Ids


class RampState(StrEnum):
    """`a` is the first loop, `b` the second; a capital is a covered loop, the arrow where its vehicle came from."""

    UNKNOWN = "unknown"
    FREE = "free"  # a b
    FORWARD = "forward"  # A b, came onto a first
    FORWARD_BOTH = "forward_both"  # A B
    FORWARD_LEAVING = "forward_leaving"  # a B
    FORWARD_FOLLOWED = "forward_followed"  # A B, the next one is already on a
    BACKWARD = "backward"  # a B, came onto b first
    BACKWARD_BOTH = "backward_both"
    BACKWARD_LEAVING = "backward_leaving"  # A b
    BACKWARD_FOLLOWED = "backward_followed"


class Counted(StrEnum):
    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class RampStep:
    """Where the ramp is now, and what has just been counted."""

    state: RampState
    counted: Counted | None = None


S = RampState
_A_ON, _A_OFF, _B_ON, _B_OFF = Event.PRESENCE_ON, Event.PRESENCE_OFF, Event.SAFETY_ON, Event.SAFETY_OFF

RAMP_TABLE: Mapping[tuple[RampState, Event], RampStep] = MappingProxyType(
    {
        (S.FREE, _A_ON): RampStep(S.FORWARD),
        (S.FREE, _B_ON): RampStep(S.BACKWARD),
        (S.FORWARD, _A_OFF): RampStep(S.FREE),  # turned back
        (S.FORWARD, _B_ON): RampStep(S.FORWARD_BOTH),
        (S.FORWARD_BOTH, _B_OFF): RampStep(S.FORWARD),
        (S.FORWARD_BOTH, _A_OFF): RampStep(S.FORWARD_LEAVING),
        (S.FORWARD_LEAVING, _B_OFF): RampStep(S.FREE, Counted.FORWARD),
        (S.FORWARD_LEAVING, _A_ON): RampStep(S.FORWARD_FOLLOWED),
        (S.FORWARD_FOLLOWED, _A_OFF): RampStep(S.FORWARD_LEAVING),
        (S.FORWARD_FOLLOWED, _B_OFF): RampStep(S.FORWARD, Counted.FORWARD),
        (S.BACKWARD, _B_OFF): RampStep(S.FREE),
        (S.BACKWARD, _A_ON): RampStep(S.BACKWARD_BOTH),
        (S.BACKWARD_BOTH, _A_OFF): RampStep(S.BACKWARD),
        (S.BACKWARD_BOTH, _B_OFF): RampStep(S.BACKWARD_LEAVING),
        (S.BACKWARD_LEAVING, _A_OFF): RampStep(S.FREE, Counted.BACKWARD),
        (S.BACKWARD_LEAVING, _B_ON): RampStep(S.BACKWARD_FOLLOWED),
        (S.BACKWARD_FOLLOWED, _B_OFF): RampStep(S.BACKWARD_LEAVING),
        (S.BACKWARD_FOLLOWED, _A_OFF): RampStep(S.BACKWARD, Counted.BACKWARD),
    }
)


def ramp_step(state: RampState, event: Event) -> RampStep:
    """What the table says; a pair that is not in it is UNKNOWN, until both loops are free."""
    return RAMP_TABLE.get((state, event), RampStep(S.UNKNOWN))


class Ramp:
    """One counting lane; call `step` as for a lane. `presence` is the first loop, `safety` the second."""

    def __init__(self, config: RampConfig, journal: Journal, *, clock: Clock, ids: Ids, origin: str) -> None:
        self.config = config
        self._clock = clock
        self._loops = Loops(config.timings.debounce_s)
        self._record = LaneRecord(config.lane_id, journal, ids, origin)
        self.faults = Faults(config.lane_id, self._record.add)
        if (stored := journal.lane_state(config.lane_id)) is not None:
            self.faults.take_up(stored.get("faults"))
        self.state = RampState.UNKNOWN
        self._known_s = clock.monotonic_s()

    def step(self, now: datetime, inputs: Inputs) -> None:
        """Work off what the loops say at `now`."""
        now_s, timings = self._clock.monotonic_s(), self.config.timings
        self._record.now = now
        edges = self._loops.feed(inputs.unless_older_than(timings.stale_after_s, now_s), now_s)
        levels = self._loops.levels
        if levels is None:
            self.state = RampState.UNKNOWN
        else:
            self._known_s = now_s
            for edge in edges:
                self._follow(edge)
            if self.state is RampState.UNKNOWN and levels == (False, False):
                self.state = RampState.FREE
        self.faults.set(
            "inputs_lost", now_s - self._known_s >= timings.lost_after_s, "the board does not tell the loops"
        )
        for name, loop in (("first", self._loops.presence), ("second", self._loops.safety)):
            stuck = loop.level is Signal.ON and now_s - loop.level_since_s >= timings.stuck_after_s
            self.faults.set(f"{name}_loop_stuck", stuck, f"on for {timings.stuck_after_s:.0f} s and more")
        self._record.save(None, None, memory={"faults": self.faults.plain()})

    def _follow(self, edge: Event) -> None:
        if self.state is RampState.UNKNOWN:
            return
        taken = ramp_step(self.state, edge)
        self.state = taken.state
        if taken.state is RampState.UNKNOWN:
            self.faults.alarm("impossible_inputs")
        elif taken.counted is Counted.FORWARD:
            self._record.add(RampPassed(self.config.lane_id, self.config.from_zone, self.config.to_zone))
        elif taken.counted is Counted.BACKWARD:
            self._record.add(RampPassed(self.config.lane_id, self.config.to_zone, self.config.from_zone))
