"""Stays, the questions that they raise, and their money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parking.kernel.ids import CaseId, LaneId, PaymentId, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate


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
class StayCorrected:
    """What was on record of a stay was not true and has been put right; `passages` is what the vehicle counts had missed (-1: an exit).

    `at` is the moment of what shows it, where something does: what was missed had happened before.
    """

    correction_id: str
    stay_id: StayId
    rule: str
    lane_id: LaneId  # where the stay began
    passages: int
    at: datetime | None = None


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
class PaymentRefunded:
    """`amount` of a payment has gone back to whoever paid it; each refund is told once."""

    refund_id: str
    payment_id: PaymentId
    stay_id: StayId
    amount: Money


@dataclass(frozen=True, slots=True)
class CreditChanged:
    """Whoever collects from this stay's driver has said whether it may leave first: what the lanes hold of it is worked out again."""

    stay_id: StayId


@dataclass(frozen=True, slots=True)
class DebtReminded:
    """A debt has stood for a while: whoever may tell its driver (with consent) tells him; `number` counts the reminders from 1."""

    stay_id: StayId
    plate: Plate | None
    amount: Money
    since: datetime
    number: int


# --- coupons, members ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CouponChanged:
    """A coupon was given (`free`), reserved, redeemed, returned (`free` again), expired or made void; `amount` is what it took off."""

    coupon_id: str
    state: str
    campaign_id: str
    issuer: str
    member_id: str | None
    plate: Plate | None
    stay_id: StayId | None
    amount: Money | None


@dataclass(frozen=True, slots=True)
class PointsChanged:
    """A member's points moved by `points` (negative: spent or expired) to `balance`; `reason` is a stable code."""

    member_id: str
    points: int
    balance: int
    reason: str
    merchant_id: str


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """Something that others may have to know of a member: `what` is joined, consent, vehicle, agreement, tier or erased."""

    member_id: str
    what: str
