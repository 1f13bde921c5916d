"""Fire on any input of a box is fire for the whole box: every exit of it opens at once, before anybody is asked.

The group only spreads the word; each lane latches for itself, in its own journal, and only a person ends each. A fire input that
has fallen silent after it said fire still says fire.
"""

from __future__ import annotations

import threading

from parking.gate.inputs import Signal
from parking.kernel.ids import LaneId


class FireGroup:
    """The fire inputs of the lanes of one box; safe to share between their threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._burning: set[LaneId] = set()
        self._open: set[LaneId] = set()
        self._raised = 0

    def note(self, lane_id: LaneId, fire: Signal, *, in_emergency: bool) -> None:
        """What a lane's own fire input says now, and whether the lane is held open for an emergency."""
        with self._lock:
            if fire is Signal.ON and lane_id not in self._burning:
                self._burning.add(lane_id)
                self._raised += 1
            elif fire is Signal.OFF:
                self._burning.discard(lane_id)
            (self._open.add if in_emergency else self._open.discard)(lane_id)

    @property
    def raised(self) -> int:
        """How many times an input has begun to say fire; a lane that has seen fewer joins in."""
        return self._raised

    @property
    def burns(self) -> bool:
        """Whether an input of the box still says fire, as far as is known."""
        return bool(self._burning)

    @property
    def emergency(self) -> bool:
        """Whether any lane of the box is held open for an emergency: then no entry admits anybody."""
        return bool(self._burning or self._open)
