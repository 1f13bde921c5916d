"""What a journey needs of payments, by shape; `bootstrap` plugs the real cashier in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from parking.kernel.fee_clock import Stop
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class PricedStay:
    """All that a price depends on: the stay, when it began, the tariff frozen then, and when its fee clock stood still."""

    stay_id: StayId
    entered_at: datetime
    tariff_version: str
    stops: tuple[Stop, ...] = ()


class BillLine(Protocol):
    """One line of a bill: a stable code, words in `zh` and `en`, minutes, count, unit price, amount."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> Mapping[str, str]: ...
    @property
    def minutes(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def unit(self) -> Money | None: ...
    @property
    def amount(self) -> Money: ...


class Account(Protocol):
    """What a stay costs, what is paid of it, what is due; the lines sum to `total`."""

    @property
    def total(self) -> Money: ...
    @property
    def paid(self) -> Money: ...
    @property
    def due(self) -> Money: ...
    @property
    def lines(self) -> Sequence[BillLine]: ...


class Payment(Protocol):
    """A payment as its payer may see it; `created_at` is the moment whose price it pays."""

    @property
    def payment_id(self) -> PaymentId: ...
    @property
    def stay_id(self) -> StayId: ...
    @property
    def state(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def channel(self) -> str: ...
    @property
    def pay_url(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...


class Cashier(Protocol):
    """Prices stays and takes money for them."""

    def current_tariff(self) -> str:
        """The version of the tariff for whoever enters now."""
        ...

    def account(self, conn: Connection, stay: PricedStay, at: datetime) -> Account:
        """What is owed if the stay ended at `at`."""
        ...

    def schedule(
        self, conn: Connection, stay: PricedStay, since: datetime, horizon: datetime
    ) -> Sequence[tuple[datetime, int]]:
        """Until when -> minor units in all, ascending, from `since` to `horizon`."""
        ...

    def begin_payment(self, stay: PricedStay, at: datetime, channel: str, key: str) -> Payment:
        """Start paying what is due at `at`; the same key gives the same payment. Talks to the provider: call it in a thread."""
        ...

    def begun(self, conn: Connection, stay_id: StayId, key: str) -> Payment | None:
        """The payment that was begun for this stay under this key."""
        ...

    def payment(self, conn: Connection, payment_id: PaymentId) -> Payment | None: ...

    def payments_of(self, conn: Connection, stay_id: StayId) -> Sequence[Payment]: ...

    def post_due(self, uow: UnitOfWork, stay: PricedStay, at: datetime) -> Money:
        """Book what the finished stay cost; returns the part that nobody has paid, which is a debt from now on."""
        ...

    def waive(self, uow: UnitOfWork, stay_id: StayId, amount: Money, reference: str) -> None:
        """Give up a part of what a stay owes; the caller knows by what right."""
        ...

    def overcharged(self, uow: UnitOfWork, stay: PricedStay) -> Money:
        """By how much the booked bill of a finished stay exceeds its price with all its stops; zero once it was forgiven."""
        ...

    def forgive(self, uow: UnitOfWork, stay_id: StayId, amount: Money, reference: str) -> Money:
        """Waive a part of what a stay still owes, once for each reference; returns what it has paid of that part already."""
        ...
