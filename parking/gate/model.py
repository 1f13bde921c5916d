"""One lane, as it is wired and how strict it is. What could hurt somebody cannot be configured: it raises, naming the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

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
    """How a boom, and the lamp that shows the lane's mode, hang on their board; times in the unit they are named for."""

    open_coil: int
    close_coil: int | None = None
    pulse_ms: int = 500
    closing: Closing = Closing.HARDWARE
    hardware_interlock: bool = False
    stale_after_s: float = 0.5
    lamp_coil: int | None = None

    def __post_init__(self) -> None:
        if self.closing is Closing.SOFTWARE and not self.hardware_interlock:
            message = "closing by software needs a barrier that stops by itself: declare hardware_interlock: true"
            raise invalid("lane.unsafe", message, field="hardware_interlock")
        if self.closing is Closing.SOFTWARE and self.close_coil is None:
            raise invalid("lane.no_close_coil", "closing by software needs a close_coil", field="close_coil")
        if self.close_coil == self.open_coil:
            raise invalid("lane.one_coil", "opening and closing need two coils", field="close_coil")
        if self.lamp_coil is not None and self.lamp_coil in (self.open_coil, self.close_coil):
            raise invalid("lane.one_coil", "a lamp needs a coil of its own", field="lamp_coil")


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which input feels what; `fire_when` is the level that means fire (False for a normally closed contact).

    `boom_up`, `boom_down`: limit switches of the boom; `manual`: the key switch with which a person takes the lane;
    `mains_lost`: the contact of the power supply that is on while it runs on its battery; `call_button`: the driver's.
    """

    presence: int
    safety: int
    fire: int | None = None
    fire_when: bool = True
    boom_up: int | None = None
    boom_down: int | None = None
    manual: int | None = None
    mains_lost: int | None = None
    call_button: int | None = None


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
    boom_moves_s: float = 6.0
    """Within this the limit switch must tell that the boom is up, where one is wired."""
    boom_stays_s: float = 60.0
    """A boom that is not down so long after the lane was empty needs a person."""
    credential_lead_s: float = 1.0
    """A credential may have been last seen so long before the vehicle came onto the loop, never longer: it would be the next car's."""
    credential_echo_s: float = 10.0
    """So long after a passage a reader may still hear the tag of the vehicle that is through."""
    answered_s: float = 180.0
    """So long after a person answered, a vehicle that still waits calls again."""


class Cause(StrEnum):
    """Why a lane does not serve a vehicle by itself; the first six are troubles of the site, not of the driver."""

    CAMERA = "camera"
    NETWORK = "network"
    PAYMENT = "payment"
    RELAY = "relay"
    POWER = "power"
    UNKNOWN_PLATE = "unknown_plate"
    PERSON_AWAY = "person_away"  # nobody is there to answer a call
    UNPAID = "unpaid"  # everything works, and the fee is not paid
    REFUSED = "refused"  # a rule said no: a mismatch, a second entry, a full site ...
    BUTTON = "button"  # the driver called


class HelpAction(StrEnum):
    OPEN_WITH_DEBT = "open_with_debt"
    SHOW_CODE = "show_code"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class HelpRule:
    """What is done for a vehicle that has waited for `after_s` seconds; a call (or a code) that nobody answered within
    `open_after_s` seconds opens the lane, None: never.
    """

    action: HelpAction
    after_s: float = 0.0
    open_after_s: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.after_s <= 3600:
            raise invalid("lane.help", "should be 0 to 3600 seconds", field="after_s")
        if self.open_after_s is not None and not 5 <= self.open_after_s <= 3600:
            raise invalid("lane.help", "should be 5 to 3600 seconds", field="open_after_s")


_DEBT, _CALL = HelpAction.OPEN_WITH_DEBT, HelpAction.CALL
EXIT_HELP: Mapping[Cause, HelpRule] = MappingProxyType(
    {
        Cause.CAMERA: HelpRule(_CALL, 5.0, 60.0),
        Cause.NETWORK: HelpRule(_DEBT, 5.0),
        Cause.PAYMENT: HelpRule(_DEBT, 30.0),
        Cause.RELAY: HelpRule(_CALL, 5.0, 60.0),
        Cause.POWER: HelpRule(_DEBT, 10.0),
        Cause.UNKNOWN_PLATE: HelpRule(_CALL, 15.0, 120.0),
        Cause.PERSON_AWAY: HelpRule(_DEBT, 60.0),
        Cause.UNPAID: HelpRule(_CALL, 120.0, 600.0),
        Cause.REFUSED: HelpRule(_CALL, 30.0, 300.0),
        Cause.BUTTON: HelpRule(_CALL, 0.0, 300.0),
    }
)
"""An exit is never a dead end: whatever is the matter, the vehicle is out after a while, and what it owes is on record."""
ENTRY_HELP: Mapping[Cause, HelpRule] = MappingProxyType(
    {cause: HelpRule(_CALL, 0.0 if cause is Cause.BUTTON else 10.0) for cause in Cause}
)
"""Nobody is trapped before an entry: a person is called, and nothing opens by itself."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """When a lane calls attention to how somebody behaves; times in seconds, None or 0: never."""

    tailgating: bool = True
    long_passage_s: float | None = 45.0
    """Both loops or the safety loop covered for so long: too long a vehicle, two of them bumper to bumper, or a breakdown."""
    loiter_undecided_s: float | None = 180.0
    """Standing without a yes."""
    loiter_allowed_s: float | None = 30.0
    """Standing although the lane is open."""
    turn_backs: int = 3
    """So many times within `turn_back_window_s` the same plate, or unread vehicles, came and backed away."""
    turn_back_window_s: float = 600.0


@dataclass(frozen=True, slots=True)
class LaneConfig:
    """One lane with a barrier. `help` overrides the rules of `EXIT_HELP` or `ENTRY_HELP`, cause by cause."""

    lane_id: LaneId
    direction: Direction
    rules: LaneRules = field(default_factory=LaneRules)
    timings: Timings = field(default_factory=Timings)
    help: Mapping[Cause, HelpRule] = field(default_factory=dict)
    alarms: Alarms = field(default_factory=Alarms)
    opens_in_fire: bool | None = None
    """Whether a fire on another lane of the box opens this one; None: an exit yes, an entry no."""

    def __post_init__(self) -> None:
        for cause, rule in self.help.items():
            if self.direction is Direction.IN and rule.action is not HelpAction.CALL:
                raise invalid("lane.help", "an entry can only call a person", field=f"help.{cause}")
            if self.direction is Direction.OUT and rule.action is not _DEBT and rule.open_after_s is None:
                message = "an exit is never a dead end: say after how many seconds an unanswered call opens"
                raise invalid("lane.dead_end", message, field=f"help.{cause}.open_after_s")

    def help_for(self, cause: Cause) -> HelpRule:
        standard = EXIT_HELP if self.direction is Direction.OUT else ENTRY_HELP
        return self.help.get(cause, standard[cause])

    @property
    def joins_in_fire(self) -> bool:
        return self.opens_in_fire if self.opens_in_fire is not None else self.direction is Direction.OUT


@dataclass(frozen=True, slots=True)
class RampConfig:
    """A counting lane without a barrier: first loop towards `from_zone`, second towards `to_zone`."""

    lane_id: LaneId
    from_zone: ZoneId
    to_zone: ZoneId
    timings: Timings = field(default_factory=Timings)
