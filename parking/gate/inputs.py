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


class BoomPosition(Enum):
    """`BETWEEN`: moving, or stuck half-way. After a power cut it is UNKNOWN until a limit switch speaks."""

    UP = "up"
    DOWN = "down"
    BETWEEN = "between"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Inputs:
    """One lane's inputs at `read_s` (the clock's monotonic seconds); `open_coil` is the barrier's coil as read back.

    What is not wired is OFF, but a boom's position (and a coil) that nobody tells is UNKNOWN.
    """

    presence: Signal
    safety: Signal
    read_s: float
    fire: Signal = Signal.OFF
    open_coil: Signal = Signal.UNKNOWN
    boom_up: Signal = Signal.UNKNOWN
    boom_down: Signal = Signal.UNKNOWN
    manual: Signal = Signal.OFF
    mains_lost: Signal = Signal.OFF
    call_button: Signal = Signal.OFF

    def unless_older_than(self, limit_s: float, now_s: float) -> Inputs:
        """The same, or nothing known when the reading is older than `limit_s` or from the future."""
        if 0 <= now_s - self.read_s <= limit_s:
            return self
        return replace(NOTHING_KNOWN, read_s=self.read_s)

    @property
    def boom(self) -> BoomPosition:
        """Where the limit switches say that the boom is; both of them at once are believed as little as neither being wired."""
        up, down = self.boom_up, self.boom_down
        if up is Signal.ON:
            return BoomPosition.UP if down is not Signal.ON else BoomPosition.UNKNOWN
        if down is Signal.ON:
            return BoomPosition.DOWN
        return BoomPosition.BETWEEN if up is down is Signal.OFF else BoomPosition.UNKNOWN


NOTHING_KNOWN = Inputs(
    Signal.UNKNOWN, Signal.UNKNOWN, float("-inf"),
    fire=Signal.UNKNOWN, manual=Signal.UNKNOWN, mains_lost=Signal.UNKNOWN, call_button=Signal.UNKNOWN,
)  # fmt: skip
"""What a lane has when its board does not answer."""


def lane_inputs(state: BoardState, wiring: Wiring, open_coil: int | None = None) -> Inputs:
    """One lane's share of a board's state; an input that the board does not have is unknown."""

    def level(index: int | None, bits: tuple[bool, ...]) -> Signal:
        return Signal.of(bits[index]) if index is not None and index < len(bits) else Signal.UNKNOWN

    def if_wired(index: int | None) -> Signal:
        return Signal.OFF if index is None else level(index, state.inputs)

    fire = if_wired(wiring.fire)
    if wiring.fire is not None and fire is not Signal.UNKNOWN:
        fire = Signal.of((fire is Signal.ON) is wiring.fire_when)
    return Inputs(
        presence=level(wiring.presence, state.inputs),
        safety=level(wiring.safety, state.inputs),
        read_s=state.read_s,
        fire=fire,
        open_coil=level(open_coil, state.coils),
        boom_up=level(wiring.boom_up, state.inputs),
        boom_down=level(wiring.boom_down, state.inputs),
        manual=if_wired(wiring.manual),
        mains_lost=if_wired(wiring.mains_lost),
        call_button=if_wired(wiring.call_button),
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
