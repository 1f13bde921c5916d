"""Fire on any input of a box is fire for the whole box: every exit of it opens at once, before anybody is asked.

The group only spreads the word; each lane latches for itself, in its own journal, and only a person ends each. A fire input that
has fallen silent after it said fire still says fire.
"""

from __future__ import annotations

from dataclasses import dataclass

from parking.gate.inputs import Signal
from parking.kernel.ids import LaneId


@dataclass(slots=True)
class _Own:
    """What one lane has said; only its own thread writes it."""

    burns: bool = False
    times: int = 0
    is_open: bool = False


class FireGroup:
    """The fire inputs of the lanes of one box. All lanes join before the first one runs; then each may have its own thread."""

    def __init__(self) -> None:
        self._lanes: dict[LaneId, _Own] = {}

    def join(self, lane_id: LaneId) -> None:
        """A lane of this box."""
        self._lanes[lane_id] = _Own()

    def note(self, lane_id: LaneId, fire: Signal, *, in_emergency: bool) -> None:
        """What a lane's own fire input says now, and whether the lane is held open for an emergency."""
        own = self._lanes[lane_id]
        own.is_open = in_emergency
        if fire is Signal.ON and not own.burns:
            own.burns = True
            own.times += 1
        elif fire is Signal.OFF:
            own.burns = False

    @property
    def raised(self) -> int:
        """How many times an input has begun to say fire; a lane that has seen fewer joins in."""
        return sum(own.times for own in self._lanes.values())

    @property
    def burns(self) -> bool:
        """Whether an input of the box still says fire, as far as is known."""
        return any(own.burns for own in self._lanes.values())

    @property
    def emergency(self) -> bool:
        """Whether any lane of the box is held open for an emergency: then no entry admits anybody."""
        return any(own.burns or own.is_open for own in self._lanes.values())
