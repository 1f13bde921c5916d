"""What may be taken off a bill, and by what right: the words that members, journeys and payments share. Values, no service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parking.kernel.errors import invalid


class OffKind(StrEnum):
    """How a coupon or a benefit reckons."""

    FREE = "free"  # the whole bill
    HOURS = "hours"  # the stay counts `minutes` less
    AMOUNT = "amount"  # `minor` units
    PERCENT = "percent"  # a share of what is due when its turn comes
    FIRST_HOUR = "first_hour"  # what the first `minutes` cost by themselves


@dataclass(frozen=True, slots=True)
class Effect:
    """What is taken off, at most `most_minor`, and only from a bill of at least `least_fee_minor` before anything is taken off."""

    kind: OffKind
    minutes: int = 0
    minor: int = 0
    percent: int = 0
    most_minor: int | None = None
    least_fee_minor: int = 0

    def __post_init__(self) -> None:
        wanted = {
            OffKind.HOURS: (self.minutes, "minutes", 44_640),
            OffKind.FIRST_HOUR: (self.minutes, "minutes", 44_640),
            OffKind.AMOUNT: (self.minor, "minor", 10**9),
            OffKind.PERCENT: (self.percent, "percent", 100),
        }.get(self.kind)
        if wanted is not None and not 1 <= wanted[0] <= wanted[2]:
            raise invalid("coupon.effect", f"{self.kind} needs {wanted[1]} from 1 to {wanted[2]}", field=wanted[1])
        if (self.most_minor is not None and self.most_minor < 1) or self.least_fee_minor < 0:
            raise invalid("coupon.effect", "should be a positive amount", field="most_minor")


@dataclass(frozen=True, slots=True)
class Benefit:
    """A right that is not used up: a tier's or a good credit standing's; `per_day` is how often it helps on one day."""

    key: str  # stable, such as tier:gold:0
    zh: str
    en: str
    effect: Effect
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """Who a recognised driver is to us, as far as a price depends on it."""

    member_id: str
    tier: str = ""
    benefits: tuple[Benefit, ...] = ()
