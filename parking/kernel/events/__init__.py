"""Every fact that crosses a room's border: past tense, frozen, in an envelope that gives it an id, a time and an origin.

The `plate`, `votes` and `credential` fields are personal data: they travel between our own processes only, and whatever shows them masks
them. A field that came later has a default, so that an old journal still decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parking.kernel.events.help import (
    CallChanged,
    EmergencyChanged,
)
from parking.kernel.events.lane import (
    BarrierPulsed,
    CodeUsed,
    Direction,
    ExitPromised,
    LaneBlocked,
    LaneCalled,
    LaneCallEnded,
    LaneDecided,
    LaneFaulted,
    LaneModeChanged,
    PlateReported,
    RampPassed,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.events.place import (
    AccessListChanged,
    BaySeen,
    DeviceHealthChanged,
    OccupancyChanged,
    PatrolEnded,
    SignShown,
)
from parking.kernel.events.stay import (
    CaseChanged,
    CaseOpened,
    CouponChanged,
    CreditChanged,
    DebtReminded,
    MemberChanged,
    PaymentCaptured,
    PaymentRefunded,
    PointsChanged,
    StayClosed,
    StayCorrected,
    StayOpened,
    StaySettled,
)
from parking.kernel.ids import EventId

__all__ = [
    "AccessListChanged",
    "BarrierPulsed",
    "BaySeen",
    "CallChanged",
    "CaseChanged",
    "CaseOpened",
    "CodeUsed",
    "CouponChanged",
    "CreditChanged",
    "DebtReminded",
    "DeviceHealthChanged",
    "Direction",
    "EmergencyChanged",
    "Envelope",
    "Event",
    "ExitPromised",
    "LaneBlocked",
    "LaneCallEnded",
    "LaneCalled",
    "LaneDecided",
    "LaneFaulted",
    "LaneModeChanged",
    "MemberChanged",
    "OccupancyChanged",
    "PatrolEnded",
    "PaymentCaptured",
    "PaymentRefunded",
    "PlateReported",
    "PointsChanged",
    "RampPassed",
    "SignShown",
    "StayClosed",
    "StayCorrected",
    "StayOpened",
    "StaySettled",
    "VehicleBackedAway",
    "VehiclePassed",
]

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
    | StayCorrected
    | CaseOpened
    | CaseChanged
    | PaymentCaptured
    | PaymentRefunded
    | CouponChanged
    | CreditChanged
    | PointsChanged
    | MemberChanged
    | DebtReminded
    | BaySeen
    | PatrolEnded
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
