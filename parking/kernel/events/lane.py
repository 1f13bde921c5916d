"""What happens at a lane, as its box tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parking.kernel.credential import Credential
from parking.kernel.ids import DeviceId, LaneId, LotId, StayId, VisitId, ZoneId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


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
    votes: Votes | None = None  # what the pictures leave open


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
    votes: Votes | None = None  # as in LaneDecided
    named_by: str | None = None  # the operator who said at the lane whose car this is


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
