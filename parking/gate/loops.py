"""Two loops in a row: debounced levels, and their edges in the order in which a vehicle makes them."""

from __future__ import annotations

from parking.gate.inputs import Debounced, Inputs, Signal
from parking.gate.machine import Event


class Loops:
    """Presence and safety loop of one lane. `levels` is None while either is unknown."""

    def __init__(self, debounce_s: float) -> None:
        self.presence = Debounced(debounce_s)
        self.safety = Debounced(debounce_s)
        self.levels: tuple[bool, bool] | None = None

    def feed(self, inputs: Inputs, now_s: float) -> tuple[Event, ...]:
        """Take the newest signals; the edges since the last known levels, none when there is nothing to compare."""
        self.presence.feed(inputs.presence, now_s)
        self.safety.feed(inputs.safety, now_s)
        before = self.levels
        if Signal.UNKNOWN in (self.presence.level, self.safety.level):
            self.levels = None
            return ()
        self.levels = after = (self.presence.level is Signal.ON, self.safety.level is Signal.ON)
        if before is None:
            return ()
        edges = (
            (after[0] > before[0], Event.PRESENCE_ON),
            (after[1] > before[1], Event.SAFETY_ON),
            (after[0] < before[0], Event.PRESENCE_OFF),
            (after[1] < before[1], Event.SAFETY_OFF),
        )
        return tuple(event for happened, event in edges if happened)
