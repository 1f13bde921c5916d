"""What a journey needs of payments, by shape; `bootstrap` plugs the real cashier in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from parking.kernel.events import ExitPromised
from parking.kernel.fee_clock import Stop
from parking.kernel.ids import PaymentId, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
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


class Debt(Protocol):
    """What a stay that has left still owes."""

    @property
    def stay_id(self) -> StayId: ...
    @property
    def plate(self) -> Plate | None: ...
    @property
    def amount(self) -> Money: ...
    @property
    def since(self) -> datetime: ...


class LaterPolicy(Protocol):
    """What is done about a debt, by its age."""

    def wants_reminder(self, debt: Any, now: datetime) -> bool: ...
    def wants_block(self, debt: Any, now: datetime) -> bool: ...


class Creditor(Protocol):
    """Lets vehicles leave first and pay later."""

    @property
    def policy(self) -> LaterPolicy: ...

    def set_aside(self, uow: UnitOfWork, stay_id: StayId, plate: Plate | None) -> int:
        """What this open stay may leave owing, in minor units, set aside for it from now on."""
        ...

    def promised(self, uow: UnitOfWork, event: ExitPromised, at: datetime) -> None: ...
    def taken_back(self, uow: UnitOfWork, visit_id: VisitId) -> None: ...
    def passed(self, uow: UnitOfWork, visit_id: VisitId) -> None: ...
    def has_promised(self, conn: Connection, stay_id: StayId) -> bool: ...
    def left(self, uow: UnitOfWork, stay_id: StayId, plate: Plate | None) -> None: ...
    def is_debt(self, conn: Connection, stay_id: StayId) -> bool: ...
    def paid(self, uow: UnitOfWork, stay_id: StayId) -> Plate | None:
        """The plate that may come in again, if its last debt that kept it out has ended now."""
        ...

    def open_debts(self, conn: Connection, plate: Plate) -> Sequence[tuple[Debt, Money]]:
        """What a plate still owes, oldest first, each with what is left of it."""
        ...

    def standing(self, conn: Connection, after: str, limit: int) -> Sequence[Debt]: ...
    def reminded(self, uow: UnitOfWork, debt: Any) -> int: ...
    def blocked(self, uow: UnitOfWork, debt: Any) -> None: ...


class Cashier(Protocol):
    """Prices stays and takes money for them."""

    @property
    def later(self) -> Creditor:
        """Who may leave first, and the debts that come of it."""
        ...

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
