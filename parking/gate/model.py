"""One lane, as it is wired and how strict it is. What could hurt somebody cannot be configured: it raises, naming the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from parking.access.facts import LaneRules
from parking.kernel.errors import invalid
from parking.kernel.events import Direction
from parking.kernel.ids import LaneId, ZoneId


class Closing(StrEnum):
    """Who lets the boom down: its own hardware on its own loop, or (only with a hardware interlock) this software."""

    HARDWARE = "hardware"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class BarrierConfig:
    """How a boom hangs on its board; times in the unit they are named for."""

    open_coil: int
    close_coil: int | None = None
    pulse_ms: int = 500
    closing: Closing = Closing.HARDWARE
    hardware_interlock: bool = False
    stale_after_s: float = 0.5

    def __post_init__(self) -> None:
        if self.closing is Closing.SOFTWARE and not self.hardware_interlock:
            message = "closing by software needs a barrier that stops by itself: declare hardware_interlock: true"
            raise invalid("lane.unsafe", message, field="hardware_interlock")
        if self.closing is Closing.SOFTWARE and self.close_coil is None:
            raise invalid("lane.no_close_coil", "closing by software needs a close_coil", field="close_coil")
        if self.close_coil == self.open_coil:
            raise invalid("lane.one_coil", "opening and closing need two coils", field="close_coil")


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which input feels what; `fire_when` is the level that means fire (False for a normally closed contact)."""

    presence: int
    safety: int
    fire: int | None = None
    fire_when: bool = True


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take at a lane, in seconds."""

    debounce_s: float = 0.05
    stale_after_s: float = 0.5
    gap_s: float = 1.5
    permit_s: float = 60.0
    order_s: float = 3.0
    relay_retry_s: float = 1.0
    reversed_s: float = 3.0
    ask_again_s: float = 1.0
    close_after_s: float = 1.0
    stuck_after_s: float = 600.0
    welded_after_s: float = 1.0
    resume_s: float = 60.0
    lost_after_s: float = 2.0


@dataclass(frozen=True, slots=True)
class LaneConfig:
    """One lane with a barrier."""

    lane_id: LaneId
    direction: Direction
    rules: LaneRules = field(default_factory=LaneRules)
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True)
class RampConfig:
    """A counting lane without a barrier: first loop towards `from_zone`, second towards `to_zone`."""

    lane_id: LaneId
    from_zone: ZoneId
    to_zone: ZoneId
    timings: Timings = field(default_factory=Timings)
