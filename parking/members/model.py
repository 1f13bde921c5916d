"""The words of membership. Everything rests on a consent for one purpose; whoever gives none is a member all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit, MemberStanding


class Purpose(StrEnum):
    """What personal data is used for; each is agreed to, and taken back, by itself."""

    CONTACT = "contact"  # name, telephone, mail are kept
    RECOGNISE = "recognise"  # coupons and tier count by themselves when a bound vehicle is seen
    HISTORY = "history"  # stays, orders and receipts are shown
    POINTS = "points"  # purchases and fees earn points
    CRM = "crm"  # the mall's own systems are told
    MARKETING = "marketing"  # offers are sent


class Proof(StrEnum):
    """How somebody has shown that a vehicle is his."""

    PAYMENT = "payment"  # holds the code of one of its stays that he has paid
    LANE_QR = "lane_qr"  # holds the code that staff or the lane gave to whoever stood there with it
    DOCUMENT = "document"  # staff have seen the vehicle licence


class VehicleState(StrEnum):
    REVIEW = "review"  # a person has to look at the document, or at an objection
    COOLING = "cooling"  # proven; the one who holds it now may object
    ACTIVE = "active"
    ENDED = "ended"


OBJECTED = "holder_objects"
COOLING: Mapping[Proof, timedelta] = {
    Proof.PAYMENT: timedelta(days=3),
    Proof.LANE_QR: timedelta(days=1),
    Proof.DOCUMENT: timedelta(days=1),
}
COOLING_WHILE_HELD = timedelta(days=7)
"""While another member holds the vehicle: long enough to read the notice and to object."""
VEHICLES_MOST = 5
TIER_COUNTS = timedelta(days=365)
"""Points earned within this time make the tier."""
POINTS_LAST = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Contact:
    """Basic data, each of it only if the member likes."""

    name: str = ""
    phone: str = ""
    mail: str = ""

    @property
    def masked(self) -> Contact:
        """What others see: a first sign, the last two digits, the mail's house."""
        phone = "*" * max(0, len(self.phone) - 2) + self.phone[-2:] if len(self.phone) > 4 else "*" * len(self.phone)
        local, at, house = self.mail.partition("@")
        return Contact(
            self.name[:1] + "*" * max(0, len(self.name) - 1), phone, f"{local[:1]}***{at}{house}" if at else ""
        )


@dataclass(frozen=True, slots=True)
class Member:
    """`client` is the app that brought him, `ref` its own name for him; `tier_by_hand` comes from the mall's CRM and wins."""

    member_id: str
    client: str
    ref: str
    joined_at: datetime
    tier_by_hand: str = ""
    credit: str = ""
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle of one member; a plate has at most one member for whom it is active."""

    vehicle_id: str
    member_id: str
    plate: Plate
    state: VehicleState
    proof: Proof
    since: datetime
    active_at: datetime | None
    ended_at: datetime | None = None
    reason: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether a person has heard the holder's objection and let the claim go on."""
        return self.state is VehicleState.COOLING and self.reason == OBJECTED

    @property
    def was_his(self) -> bool:
        """Whether it ever counted for its member: a claim that ended within its cooling time did not."""
        if self.state is VehicleState.ENDED:
            return self.active_at is not None and self.ended_at is not None and self.active_at <= self.ended_at
        return self.state is VehicleState.ACTIVE


@dataclass(frozen=True, slots=True)
class Level:
    """A tier (reached by points) or a credit standing (said by the mall): what it is called and what it is good for."""

    level_id: str
    kind: str  # tier or credit
    zh: str
    en: str
    from_points: int
    benefits: tuple[Benefit, ...] = ()


def tier_of(earned: int, levels: Sequence[Level], by_hand: str = "") -> Level | None:
    """The highest tier that `earned` points reach, or the one that was given by hand."""
    tiers = [level for level in levels if level.kind == "tier"]
    named = [level for level in tiers if by_hand and level.level_id == by_hand]
    reached = sorted((t for t in tiers if t.from_points <= earned), key=lambda t: (t.from_points, t.level_id))
    return named[0] if named else reached[-1] if reached else None


def next_tier(earned: int, levels: Sequence[Level], by_hand: str = "") -> Level | None:
    """The next tier that more points would bring, above the one that is held; None where there is none."""
    held = tier_of(earned, levels, by_hand)
    above = [t for t in levels if t.kind == "tier" and t.from_points > max(earned, held.from_points if held else 0)]
    return min(above, key=lambda t: (t.from_points, t.level_id), default=None)


def standing(member: Member, earned: int, levels: Sequence[Level]) -> MemberStanding:
    """What a price must know of a member: his tier's benefits and those of his credit."""
    tier = tier_of(earned, levels, member.tier_by_hand)
    credit = [level for level in levels if level.kind == "credit" and level.level_id == member.credit]
    benefits = [benefit for level in ([tier] if tier is not None else []) + credit for benefit in level.benefits]
    return MemberStanding(member.member_id, tier.level_id if tier is not None else "", tuple(benefits))
