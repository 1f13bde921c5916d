"""What the inputs say, with doubt kept: a signal is on, off or unknown, and an old reading is unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from parking.gate.model import Wiring
from parking.gate.relays.base import BoardState


class Signal(Enum):
    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, level: bool) -> Signal:
        return cls.ON if level else cls.OFF


@dataclass(frozen=True, slots=True)
class Inputs:
    """One lane's inputs at `read_s` (the clock's monotonic seconds); `open_coil` is the barrier's coil as read back."""

    presence: Signal
    safety: Signal
    read_s: float
    fire: Signal = Signal.OFF
    open_coil: Signal = Signal.UNKNOWN

    def unless_older_than(self, limit_s: float, now_s: float) -> Inputs:
        """The same, or nothing known when the reading is older than `limit_s` or from the future."""
        if 0 <= now_s - self.read_s <= limit_s:
            return self
        unknown = Signal.UNKNOWN
        return replace(self, presence=unknown, safety=unknown, fire=unknown, open_coil=unknown)


NOTHING_KNOWN = Inputs(Signal.UNKNOWN, Signal.UNKNOWN, float("-inf"), Signal.UNKNOWN)
"""What a lane has when its board does not answer."""


def lane_inputs(state: BoardState, wiring: Wiring, open_coil: int | None = None) -> Inputs:
    """One lane's share of a board's state; an input that the board does not have is unknown."""

    def level(index: int | None, bits: tuple[bool, ...]) -> Signal:
        return Signal.of(bits[index]) if index is not None and index < len(bits) else Signal.UNKNOWN

    fire = Signal.OFF
    if wiring.fire is not None:
        raw = level(wiring.fire, state.inputs)
        fire = raw if raw is Signal.UNKNOWN else Signal.of((raw is Signal.ON) is wiring.fire_when)
    return Inputs(
        presence=level(wiring.presence, state.inputs),
        safety=level(wiring.safety, state.inputs),
        read_s=state.read_s,
        fire=fire,
        open_coil=level(open_coil, state.coils),
    )


class Debounced:
    """One loop whose level counts only once it has stayed for `hold_s`; unknown counts at once, because doubt never waits."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._candidate = Signal.UNKNOWN
        self.raw_since_s = float("-inf")
        """Since when the raw signal has been what it is; a bounce starts it afresh."""
        self.level = Signal.UNKNOWN
        self.level_since_s = float("-inf")

    def feed(self, raw: Signal, now_s: float) -> None:
        """Take the newest raw signal."""
        if raw is not self._candidate:
            self._candidate, self.raw_since_s = raw, now_s
        if self._candidate is not self.level and (
            self._candidate is Signal.UNKNOWN or now_s - self.raw_since_s >= self._hold_s
        ):
            self.level, self.level_since_s = self._candidate, self.raw_since_s
