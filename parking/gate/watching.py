"""What is wrong with the things of a lane, as its own inputs show it: lost or stuck loops, a welded coil, a boom that does not obey."""

from __future__ import annotations

from parking.gate import machine
from parking.gate.boom import Boom
from parking.gate.faults import Faults
from parking.gate.inputs import BoomPosition, Inputs, Signal
from parking.gate.loops import Loops
from parking.gate.model import Timings
from parking.gate.states import State

_OPENED = frozenset({State.ALLOWED, State.EXPECTED})
_NOT_DOWN = frozenset({BoomPosition.UP, BoomPosition.BETWEEN})
_NOT_UP = frozenset({BoomPosition.DOWN, BoomPosition.BETWEEN})


class Watching:
    """The lasting faults of one lane; times are monotonic seconds."""

    def __init__(self, faults: Faults, timings: Timings, now_s: float) -> None:
        self._faults = faults
        self._timings = timings
        self._known_s = now_s
        self._held_s = float("-inf")
        self._pulsed_s: float | None = None
        self._up_since_s: float | None = None

    def pulsed(self, now_s: float) -> None:
        """An open pulse was confirmed: the boom ought to move now."""
        self._pulsed_s = now_s

    def loops(self, loops: Loops, now_s: float) -> None:
        """Loops that nobody tells, and loops that have been covered for longer than any vehicle stands."""
        timings = self._timings
        if loops.levels is not None:
            self._known_s = now_s
            self._faults.set("inputs_lost", wrong=False)
        elif now_s - self._known_s >= timings.lost_after_s:
            self._faults.set("inputs_lost", wrong=True, detail="the board does not tell the loops")
        for name, loop in (("presence", loops.presence), ("safety", loops.safety)):
            stuck = loop.level is Signal.ON and now_s - loop.level_since_s >= timings.stuck_after_s
            self._faults.set(f"{name}_loop_stuck", stuck, f"on for {timings.stuck_after_s:.0f} s and more")

    def coil(self, boom: Boom, state: State, inputs: Inputs, now_s: float) -> None:
        """A coil that stays on; one that is held on purpose, or was a moment ago, is none."""
        if machine.is_fire(state) or machine.is_held(state):
            self._held_s = now_s
        elif now_s - self._held_s >= self._timings.welded_after_s and inputs.open_coil is not Signal.UNKNOWN:
            self._faults.set("relay_welded", boom.is_welded(inputs), "the open coil stays on")

    def boom(self, state: State, inputs: Inputs, now_s: float) -> bool:
        """What the limit switches say, where there are any; False when the boom has not obeyed its pulse."""
        timings, position = self._timings, inputs.boom
        if position is BoomPosition.UP:
            self._pulsed_s = None
            self._faults.set("boom_does_not_open", wrong=False)
        if position is BoomPosition.DOWN:
            self._faults.set("boom_stays_open", wrong=False)
        if state is not State.IDLE or position not in _NOT_DOWN:
            self._up_since_s = None
        else:
            self._up_since_s = now_s if self._up_since_s is None else self._up_since_s
            if now_s - self._up_since_s >= timings.boom_stays_s:
                self._faults.set("boom_stays_open", wrong=True, detail="not down although the lane is empty")
        late = self._pulsed_s is not None and now_s - self._pulsed_s >= timings.boom_moves_s
        if state not in _OPENED or position not in _NOT_UP or not late:
            return True
        self._pulsed_s = None
        self._faults.set(
            "boom_does_not_open", wrong=True, detail="the board confirmed the pulse, the boom did not move"
        )
        return False
