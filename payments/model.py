"""The words of this room: a stay to price, a payment and the states of its life.

NEW (written, the provider not yet called) -> SENT (the provider has it) or ACCEPTED (it collects by agreement) -> PAID |
FAILED | CLOSED; PENDING when we do not know what the provider did. All but the last three are live: a stay has one live
payment at most. What follows a failed charge, another try or a person, is said of its debt (`payments.later`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from parking.kernel.fee_clock import Stop
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.price_facts import Asked, PriceFacts
from parking.kernel.standing import MemberStanding


class PaymentState(StrEnum):
    NEW = "NEW"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"
    CLOSED = "CLOSED"


LIVE = (PaymentState.NEW, PaymentState.SENT, PaymentState.ACCEPTED, PaymentState.PENDING)


class StayToPrice(Protocol):
    """All that a price depends on: the stay, when it began, the tariff version frozen then, and when its clock stood still."""

    @property
    def stay_id(self) -> StayId: ...

    @property
    def entered_at(self) -> datetime: ...

    @property
    def tariff_version(self) -> str: ...

    @property
    def stops(self) -> Sequence[Stop]:
        """When its fee clock stood still."""
        ...

    @property
    def plate(self) -> Plate | None:
        """Whose coupons count."""
        ...

    @property
    def standing(self) -> MemberStanding | None:
        """The member who is known to drive it, if one is."""
        ...


class KnowsStays(Protocol):
    """What the site knows of a stay that its price depends on: where it stood, under which pass, its vehicle's earlier stays."""

    def __call__(self, conn: Any, stay: Any, asked: Asked, /) -> PriceFacts: ...


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to collect one charge of a stay; `created_at` is the moment whose price it pays.

    `number` is our own name for it at the provider (32 signs at most) and the key of idempotence there; `charge_no`
    counts the charges of the stay, of which each is captured once at most.
    """

    payment_id: PaymentId
    stay_id: StayId
    charge_no: int
    number: str
    channel: str
    state: PaymentState
    amount: Money
    created_at: datetime
    expires_at: datetime
    pay_url: str | None
    notify_url: str
    captured_at: datetime | None
    failure: str | None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE
