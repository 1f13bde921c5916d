"""What a journey needs of payments, by shape; `bootstrap` plugs the real cashier in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from parking.journeys.later_port import Creditor
from parking.kernel.fee_clock import Stop
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.standing import MemberStanding
from parking.plumbing.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class PricedStay:
    """All that a price depends on: the stay, when it began, the tariff frozen then, when its fee clock stood still, whose it is."""

    stay_id: StayId
    entered_at: datetime
    tariff_version: str
    stops: tuple[Stop, ...] = ()
    plate: Plate | None = None
    standing: MemberStanding | None = None


class BillLine(Hashable, Protocol):
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


class NotApplied(Protocol):
    """A coupon that stays in the wallet, and why: a stable code and one sentence in `zh` and `en`."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def why(self) -> str: ...
    @property
    def text(self) -> Mapping[str, str]: ...


class Account(Protocol):
    """What a stay costs after what is taken off, what is paid of it, what is due; the lines sum to `total`.

    `unsettled` is what stands open as long as nothing more is taken off; `is_open` whether there is anything to settle;
    `counting` the ids of the coupons that it counts, not used up before it is settled.
    """

    @property
    def total(self) -> Money: ...
    @property
    def paid(self) -> Money: ...
    @property
    def due(self) -> Money: ...
    @property
    def settled(self) -> Money: ...
    @property
    def unsettled(self) -> Money: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def lines(self) -> Sequence[BillLine]: ...
    @property
    def not_applied(self) -> Sequence[NotApplied]: ...
    @property
    def counting(self) -> frozenset[str]: ...
    def discreet(self) -> Account:
        """The same for eyes that may not know who the driver is."""


class Ahead(Protocol):
    """Who leaves before `until` pays `total`, from then on `later`; `text` says what changes then."""

    @property
    def until(self) -> datetime: ...
    @property
    def total(self) -> Money: ...
    @property
    def later(self) -> Money: ...
    @property
    def text(self) -> Mapping[str, str]: ...


class Period(Protocol):
    """A part of the stay and its lines."""

    @property
    def begins_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def lines(self) -> Sequence[BillLine]: ...


class Look(Protocol):
    """One quote: the account, its periods, what comes next; `holds_until` None: what others do may change it at any time."""

    @property
    def account(self) -> Account: ...
    @property
    def periods(self) -> Sequence[Period]: ...
    @property
    def ahead(self) -> Sequence[Ahead]: ...
    @property
    def holds_until(self) -> datetime | None: ...


class Payment(Protocol):
    """A payment as its payer may see it; `created_at` is the moment whose price it pays, `is_live`: it may still be paid."""

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
    @property
    def number(self) -> str: ...
    @property
    def captured_at(self) -> datetime | None: ...
    @property
    def is_live(self) -> bool: ...


class Cashier(Protocol):
    """Prices stays and takes money for them."""

    @property
    def later(self) -> Creditor:
        """Who may leave first, and the debts that come of it."""
        ...

    def current_tariff(self, conn: Connection, at: datetime) -> str:
        """The version of the tariff for whoever enters at this moment."""
        ...

    def account(self, conn: Connection, stay: PricedStay, at: datetime, *, with_offers: bool = True) -> Account:
        """What is owed if the stay ended at `at`, with what coupons and standing take off it (but for `with_offers` False)."""
        ...

    def as_paid(self, conn: Connection, stay: PricedStay, payment_id: PaymentId, at: datetime) -> Account:
        """How a stay stood with this payment of it, which was priced for `at`: the bill until then, and what had been paid by it."""
        ...

    def look(
        self, conn: Connection, stay: PricedStay, until: datetime, at: datetime, *, ahead: bool, fresh: bool = False
    ) -> Look:
        """The quote of a stay billed until `until`; `fresh`: nothing was booked for it, noted of it or given to it."""

    def holds_still(self, conn: Connection, stay: PricedStay, look: Any, *, passes: bool) -> bool: ...

    def time_to_leave(self, conn: Connection, stay: PricedStay) -> timedelta | None:
        """How long a driver has to leave once he has paid, where the tariff of his stay says so."""
        ...

    def schedule(
        self, conn: Connection, stay: PricedStay, since: datetime, horizon: datetime
    ) -> Sequence[tuple[datetime, int]]:
        """Until when -> minor units in all, ascending, from `since` to `horizon`."""
        ...

    def why_held(
        self, due: Money, since: datetime, until: datetime, *, kind: str | None, lot_id: str | None, passes: Any = ...
    ) -> str | None:
        """Why a person has to see a bill before its driver, as a stable code; `passes`: asked for those of its vehicle."""
        ...

    def check_by_code(self, channel: str) -> None:
        """ParkingError where a payment by this channel is not begun by a stay's code, on a phone or wherever it is read."""
        ...

    def begin_payment(
        self, stay: PricedStay, at: datetime, channel: str, key: str, *, confirmed: bool = ...
    ) -> Payment:
        """Start paying what is due at `at`; the same key gives the same payment. Talks to the provider: call it in a thread."""
        ...

    def begun(self, conn: Connection, stay_id: StayId, key: str) -> Payment | None:
        """The payment that was begun for this stay under this key."""
        ...

    def payment(self, conn: Connection, payment_id: PaymentId) -> Payment | None: ...
    def payments_of(self, conn: Connection, stay_id: StayId) -> Sequence[Payment]: ...

    def has_money(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether a payment of this stay is under way, or has come and has not gone back in whole."""
        ...

    def post_due(self, uow: UnitOfWork, stay: PricedStay, at: datetime, *, with_offers: bool = True) -> Money:
        """Book what the finished stay cost and redeem coupons against it; returns what nobody has paid, a debt from now on."""
        ...

    def take_back(self, uow: UnitOfWork, stay_id: StayId) -> Money | None:
        """Take back the bill of a stay that has not ended so, by a counter-entry; what it came to, None where there was none."""
        ...

    def billed_until(self, conn: Connection, stay_id: StayId) -> datetime | None:
        """Until when a stay that has left was billed; None where it has no bill."""
        ...

    def has_waiver(self, conn: Connection, stay_id: StayId, since: datetime | None = ...) -> bool:
        """Whether a person has given up something of what a stay owes, or will owe (`since` then)."""
        ...

    def give_back_coupons(self, uow: UnitOfWork, stay_id: StayId, plate: Plate) -> Money | None:
        """This plate's coupons were used for a misread car: they are its again. What they had paid; None: there were none."""
        ...

    def bear(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> None:
        """Waive of what a stay owes as much as others' coupons had paid; taken back with its bill."""
        ...

    def withdraw(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """Whose stay it is was misread: an order with coupons of the other is closed, unless its driver has paid it first."""
        ...

    def hand_on(self, uow: UnitOfWork, stay_id: StayId, to: Sequence[StayId]) -> None:
        """Other stays hold in the place of this one, whose bill was taken back: its coupons are theirs."""
        ...

    def hand_back(self, uow: UnitOfWork, stay_id: StayId, to: StayId) -> None:
        """What was handed on to a stay, whose bill was taken back, is the other's again."""
        ...

    def let_off(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> None:
        """Waive what a stay owes that left by right; taken back with its bill."""
        ...

    def waive(self, uow: UnitOfWork, stay_id: StayId, amount: Money, reference: str) -> None:
        """Give up a part of what a stay owes; the caller knows by what right."""
        ...

    def unwaive(self, uow: UnitOfWork, stay_id: StayId, reference: str) -> None:
        """What was waived under this reference is owed again, by a counter-entry."""
        ...

    def overcharged(self, uow: UnitOfWork, stay: PricedStay) -> Money:
        """By how much the booked bill of a finished stay exceeds its price with all its stops; zero once it was forgiven."""
        ...

    def forgive(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> Money:
        """Waive what a stay still owes of what its stopped clock cost, once for a bill; returns what it has paid of that already."""
        ...
