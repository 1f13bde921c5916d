"""What a journey needs of payments, by shape; `bootstrap` plugs the real cashier in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class PricedStay:
    """All that a price depends on: the stay, when it began, and the tariff that was frozen then."""

    stay_id: StayId
    entered_at: datetime
    tariff_version: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill: a stable code, words in `zh` and `en`, minutes, count, unit price, amount."""

    code: str
    text: Mapping[str, str]
    minutes: int | None
    count: int | None
    unit: Money | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Account:
    """What a stay costs, what is paid of it, what is due: `due = total - paid`, and the lines sum to `total`."""

    total: Money
    paid: Money
    due: Money
    lines: tuple[BillLine, ...]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as its payer may see it."""

    payment_id: PaymentId
    stay_id: StayId
    state: str
    amount: Money
    channel: str
    pay_url: str | None
    created_at: datetime  # the moment whose price it pays


class Cashier(Protocol):
    """Prices stays and takes money for them."""

    def current_tariff(self) -> str:
        """The version of the tariff for whoever enters now."""
        ...

    def account(self, conn: Connection, stay: PricedStay, at: datetime) -> Account:
        """What is owed if the stay ended at `at`."""
        ...

    def schedule(self, conn: Connection, stay: PricedStay, horizon: datetime) -> Sequence[tuple[datetime, int]]:
        """Until when -> minor units in all, ascending, up to `horizon`."""
        ...

    def begin_payment(self, stay: PricedStay, at: datetime, channel: str, key: str) -> Payment:
        """Start paying what is due at `at`; the same key gives the same payment. Talks to the provider: call it in a thread."""
        ...

    def payment(self, conn: Connection, payment_id: PaymentId) -> Payment | None: ...

    def payments_of(self, conn: Connection, stay_id: StayId) -> Sequence[Payment]: ...

    def post_due(self, uow: UnitOfWork, stay: PricedStay, at: datetime) -> Money:
        """Book what the finished stay cost; returns the part that nobody has paid, which is a debt from now on."""
        ...
