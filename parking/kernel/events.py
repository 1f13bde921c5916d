"""Every fact that crosses a room's border: past tense, frozen, in an envelope that gives it an id, a time and an origin.

The `plate` and `credential` fields are personal data: they travel between our own processes only, and whatever shows them masks
them. A field that came later has a default, so that an old journal still decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.kernel.credential import Credential
from parking.kernel.ids import CaseId, DeviceId, EventId, LaneId, LotId, PaymentId, SignId, StayId, VisitId, ZoneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


# --- at the lane -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaneDecided:
    """The lane answered a vehicle: `allowed` with the rule that spoke; `due` is what is owed at an exit, if that was the reason."""

    lane_id: LaneId
    visit_id: VisitId
    direction: Direction
    plate: Plate | None
    confidence: float
    frames: int
    allowed: bool
    rule: str
    reason: str
    stay_id: StayId | None
    due: Money | None
    credential: Credential | None = None  # the one that the answer rests on
    picture_ref: str | None = None
    right: str | None = None  # what a yes rests on, such as pass:p7, invitation:i3, list:vip
    remarks: tuple[str, ...] = ()  # rules that let it pass and want a person to look, as stable codes


@dataclass(frozen=True, slots=True)
class BarrierPulsed:
    """The relay board acknowledged an open pulse and its coil was read back; proof of a command, not of a passage."""

    lane_id: LaneId
    visit_id: VisitId
    read_back: bool
    by: str  # "rule", "policy" or "operator:<id>"
    reason: str
    picture_ref: str | None = None


@dataclass(frozen=True, slots=True)
class VehiclePassed:
    """The loops proved that the vehicle went through; `stay_id` is the stay that opens (in) or leaves (out), if one is known."""

    lane_id: LaneId
    visit_id: VisitId
    direction: Direction
    plate: Plate | None
    confidence: float
    stay_id: StayId | None
    authorised: bool
    credential: Credential | None = None
    picture_ref: str | None = None
    right: str | None = None  # as in LaneDecided
    lot_id: LotId | None = None  # the lot it came into or left
    outer_lot_id: LotId | None = None  # the lot around that one; None: the street


@dataclass(frozen=True, slots=True)
class VehicleBackedAway:
    """The vehicle left the presence loop the way it came; nothing was entered."""

    lane_id: LaneId
    visit_id: VisitId


@dataclass(frozen=True, slots=True)
class RampPassed:
    """A counting lane without barrier saw one vehicle move between two zones."""

    lane_id: LaneId
    from_zone: ZoneId
    to_zone: ZoneId


@dataclass(frozen=True, slots=True)
class LaneFaulted:
    """Something at the lane is wrong (`fault` is a stable code); `cleared` when it is right again."""

    lane_id: LaneId
    fault: str
    detail: str
    cleared: bool


@dataclass(frozen=True, slots=True)
class LaneModeChanged:
    """How far the lane works by itself now, and why not wholly: `causes` are stable codes, sorted."""

    lane_id: LaneId
    mode: str  # "normal", "degraded", "emergency" or "manual"
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaneCalled:
    """A vehicle waits and only a person can help it; `cause` is a stable code, `picture_ref` its best picture."""

    lane_id: LaneId
    call_id: str
    visit_id: VisitId | None
    cause: str
    picture_ref: str | None


@dataclass(frozen=True, slots=True)
class LaneCallEnded:
    lane_id: LaneId
    call_id: str
    how: str  # "answered", "opened_by_policy" or "gone"


@dataclass(frozen=True, slots=True)
class LaneBlocked:
    """A vehicle cannot leave and it is not its driver's doing: while `blocked`, its fee clock stands still."""

    lane_id: LaneId
    visit_id: VisitId
    stay_id: StayId | None
    cause: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class CodeUsed:
    """A code that counts once has opened a lane; it is written down with the opening, before the pulse."""

    code_id: str
    lane_id: LaneId
    visit_id: VisitId


@dataclass(frozen=True, slots=True)
class ExitPromised:
    """A vehicle is let out first and pays later: the debt, on disk before the boom moves; `token` names this one promise.

    `limit` is what the lane's copy allowed at most; a passage keeps the promise, backing away takes it back.
    """

    lane_id: LaneId
    visit_id: VisitId
    stay_id: StayId
    amount: Money
    limit: Money
    token: str


@dataclass(frozen=True, slots=True)
class PlateReported:
    """A smart camera's own word about a vehicle, late (`offline`) or not; `serial` and `plate_id` tell one report from its repeat."""

    device_id: DeviceId
    lane_id: LaneId
    plate: Plate | None
    confidence: float
    captured_at: datetime
    offline: bool
    serial: str
    plate_id: str


# --- help, emergencies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call for help moved on: `state` is waiting, taken or ended, `reason` the step that led there (called, escalated, ...)."""

    call_id: str
    lane_id: LaneId | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class EmergencyChanged:
    """While an emergency is `standing` every exit is open and no fee clock runs; `since` is when it began, or when it ended."""

    emergency_id: str
    standing: bool
    since: datetime
    reason: str


# --- stays, money ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StayOpened:
    stay_id: StayId
    plate: Plate | None
    entered_at: datetime
    lane_id: LaneId
    tariff_version: str


@dataclass(frozen=True, slots=True)
class StayClosed:
    stay_id: StayId
    plate: Plate | None
    entered_at: datetime
    exited_at: datetime
    lane_id: LaneId


@dataclass(frozen=True, slots=True)
class StaySettled:
    """Nothing more is owed if the car is out by `leave_by`."""

    stay_id: StayId
    leave_by: datetime


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Something needs a person: `reason` is a stable code such as second_entry or exit_without_stay."""

    case_id: CaseId
    reason: str
    stay_id: StayId | None
    visit_id: VisitId | None
    lane_id: LaneId | None


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """A case on the desk moved on: `state` is taken, given_back, waiting, resolved or reopened."""

    case_id: CaseId
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    payment_id: PaymentId
    stay_id: StayId
    amount: Money
    channel: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class DebtReminded:
    """A debt has stood for a while: whoever may tell its driver (with consent) tells him; `number` counts the reminders from 1."""

    stay_id: StayId
    plate: Plate | None
    amount: Money
    since: datetime
    number: int


# --- guidance, devices, lists ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OccupancyChanged:
    """`free` and `occupied` bays of a zone; `known` is False when the counters cannot vouch for it."""

    zone_id: ZoneId
    capacity: int
    occupied: int
    free: int
    known: bool


@dataclass(frozen=True, slots=True)
class SignShown:
    """A sign acknowledged what it was told to show."""

    sign_id: SignId
    text: str


@dataclass(frozen=True, slots=True)
class DeviceHealthChanged:
    device_id: DeviceId
    health: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccessListChanged:
    plate: Plate
    listed_as: str  # allow, block or none


Event = (
    LaneDecided
    | BarrierPulsed
    | VehiclePassed
    | VehicleBackedAway
    | RampPassed
    | LaneFaulted
    | LaneModeChanged
    | LaneCalled
    | LaneCallEnded
    | LaneBlocked
    | CodeUsed
    | ExitPromised
    | PlateReported
    | CallChanged
    | EmergencyChanged
    | StayOpened
    | StayClosed
    | StaySettled
    | CaseOpened
    | CaseChanged
    | PaymentCaptured
    | DebtReminded
    | OccupancyChanged
    | SignShown
    | DeviceHealthChanged
    | AccessListChanged
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event with its id (the key of idempotence), when it happened (UTC) and who says so."""

    id: EventId
    occurred_at: datetime
    origin: str
    event: Event
