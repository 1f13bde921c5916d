"""The words of coupons. A coupon is free, reserved (for one payment), redeemed, expired or void; nothing else, and never two at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.plate import Plate
from parking.kernel.standing import Effect

EXPLAINED_FOR = timedelta(days=7)
"""How long after its end a coupon is still mentioned, with the reason."""


class CouponState(StrEnum):
    FREE = "free"
    RESERVED = "reserved"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOID = "void"


class UseState(StrEnum):
    """What became of one attempt to use a coupon or a benefit."""

    RESERVED = "reserved"
    REDEEMED = "redeemed"
    RELEASED = "released"  # its payment was not made
    RETURNED = "returned"  # its payment was given back


class Bound(StrEnum):
    """Who may use a coupon."""

    MEMBER = "member"
    PLATE = "plate"
    BEARER = "bearer"  # whoever shows its code


class Source(StrEnum):
    """Why it was given."""

    MERCHANT = "merchant"
    CAMPAIGN = "campaign"
    POINTS = "points"
    SURVEY = "survey"


class LeftOut(StrEnum):
    """Why a coupon was not applied: stable codes with words in `words`."""

    NOT_YET = "not_yet"
    EXPIRED = "expired"
    IN_USE = "in_use"  # another payment holds it at this moment
    BILL_TOO_SMALL = "bill_too_small"
    DAY_LIMIT = "day_limit"
    BUDGET_SPENT = "budget_spent"
    TAKES_NOTHING_OFF = "takes_nothing_off"
    NOT_NEEDED = "not_needed"  # the bill is as low without it: it is kept for the next time
    ONLY_ALONE = "only_alone"
    SAME_GROUP = "same_group"
    OTHERS_SAVE_MORE = "others_save_more"


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon or a benefit as the search sees it. `key` is a coupon's id or a benefit's key; `is_coupon` says whether it is used up."""

    key: str
    zh: str
    en: str
    effect: Effect
    issuer: str = "mall"
    campaign: str = ""
    is_coupon: bool = True
    expires_at: datetime | None = None
    alone: bool = False
    group: str = ""
    refused: LeftOut | None = None  # what already speaks against it, whatever the bill
    per_day: int | None = None
    kind: str = "coupon"  # coupon, tier or credit: the code of its line


@dataclass(frozen=True, slots=True)
class Campaign:
    """What coupons of one kind are, who may get them, and how many. `budget` limits their number, `budget_minor` what they may cost.

    `per_holder` limits how many one holder may get in all, `per_day` how many count on one day for one holder.
    `points` is its price in points, `receipt_minor` the purchase from which a till gives it; a coupon is valid `valid_days`
    from its issue, never beyond `valid_until`.
    """

    campaign_id: str
    issuer: str
    source: Source
    zh: str
    en: str
    effect: Effect
    currency: str
    bound: Bound
    valid_from: datetime
    valid_until: datetime
    valid_days: int | None = None
    alone: bool = False
    group: str = ""
    budget: int | None = None
    budget_minor: int | None = None
    per_holder: int | None = None
    per_day: int | None = None
    points: int | None = None
    receipt_minor: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Coupon:
    """One coupon. `origin` says what it was given for: the same origin gives the same coupon."""

    coupon_id: str
    campaign_id: str
    origin: str
    bound: Bound
    state: CouponState
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    member_id: str | None = None
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One attempt to use an offer for a stay; `amount` minor units are what it takes off, `minutes` what it takes off the clock."""

    use_id: str
    coupon_id: str | None
    offer_key: str
    kind: str
    zh: str
    en: str
    effect: Effect
    issuer: str
    campaign: str
    stay_id: str
    payment_id: str | None
    state: UseState
    amount: int
    currency: str
    at: datetime
