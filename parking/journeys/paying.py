"""Somebody pays for a stay: the price is that of the moment the payment began, and buys a grace time to drive out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from parking.access.service import parks_free, passes_of
from parking.emergency import emergency_store
from parking.journeys.covered import covered
from parking.journeys.known_rights import PLATE_SAID
from parking.journeys.ports import Account, Cashier, Payment, PricedStay
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import Envelope, PaymentCaptured, StayCorrected
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.signed import Signer, seal
from parking.members import service as members
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import cases, corrections, service, store
from parking.sessions.model import ClosedStay, OpenStay, Stay, SupersededStay

BILL_IS_TRUE = "bill_confirmed"
"""The rule by which a person lets a bill through that is beyond what is plausible."""


@dataclass(frozen=True, slots=True)
class Grace:
    """How long a payment holds its price while it is under way, and how long a driver has to leave once it is made.

    A tariff that says `free_exit_minutes` has its own word on `to_leave`.
    """

    to_pay: timedelta = timedelta(minutes=5)
    to_leave: timedelta = timedelta(minutes=15)


def priced(conn: Connection, stay: Stay) -> PricedStay:
    """The stay with what its price depends on, the stops of its fee clock among them."""
    stops = emergency_store.stops_of(conn, stay.id, stay.entered_at)
    standing = members.recognised(conn, stay.plate, stay.entered_at)
    return PricedStay(stay.id, stay.entered_at, stay.tariff_version, stops, stay.plate, standing)


def grant_exit(cashier: Cashier, grace: Grace) -> Handler:
    """Handles PaymentCaptured: whoever has paid what was due then may leave until the grace time is over."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, PaymentCaptured):
            return
        conn, payment = uow.connection, cashier.payment(uow.connection, event.payment_id)
        stay = store.get(conn, event.stay_id)
        pays_debt = isinstance(stay, ClosedStay) and cashier.later.is_debt(conn, stay.id)
        if not isinstance(stay, OpenStay) and not pays_debt:
            cases.open_case(uow, "paid_but_not_inside", stay_id=event.stay_id)
        if payment is None or stay is None:
            return
        if not isinstance(stay, OpenStay) and not _may_be_inside(conn, stay, payment.created_at):
            return
        to_price = priced(conn, stay)
        if cashier.account(conn, to_price, payment.created_at).unsettled.minor > 0:
            return  # a part is paid; the rest stays due
        paid_for = min(event.captured_at, payment.created_at + grace.to_pay)
        own = cashier.time_to_leave(uow.connection, to_price)
        leave_by = paid_for + (grace.to_leave if own is None else own)
        service.settle(uow, event.stay_id, priced_at=payment.created_at, leave_by=leave_by)

    return handle


def withdraw_order(cashier: Cashier) -> Handler:
    """Handles StayCorrected: what another plate has been given takes nothing off, once it is known that the plate is another."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, StayCorrected) and event.rule in PLATE_SAID:
            cashier.withdraw(uow, event.stay_id)

    return handle


def _may_be_inside(conn: Connection, stay: Stay, begun_at: datetime) -> bool:
    """Whether that a stay has ended, or is in doubt, was said after its driver had begun to pay: it may be taken back.

    Then he has his time to leave.
    """
    if isinstance(stay, SupersededStay):
        return False
    said = corrections.standing(conn, stay.id)
    return begun_at <= said.at if said is not None else not isinstance(stay, ClosedStay)


@dataclass(frozen=True, slots=True)
class StayAccount:
    """A stay with what is owed for it now, and by when it has to be out if nothing is."""

    stay: Stay
    account: Account
    leave_by: datetime | None = None
    to_price: PricedStay | None = None
    """What its price depends on, where that was just asked for."""
    until: datetime | None = None
    """Until when it is billed here."""


def account_of(conn: Connection, cashier: Cashier, stay_id: StayId, at: datetime) -> StayAccount:
    """The account of a stay if it ended at `at`; a closed stay keeps the account of its end."""
    stay = store.get(conn, stay_id)
    if stay is None:
        raise not_found("stay.unknown", "this stay is not known")
    to_price = priced(conn, stay)
    if isinstance(stay, OpenStay):
        until, leave_by = stay.billed_until(at, to_price.stops), stay.may_leave_until(at, to_price.stops)
        account = cashier.account(conn, to_price, until)
        if account.unsettled.minor > 0 and parks_free(conn, stay.id, stay.plate, at) is not None:
            account = covered(cashier.account(conn, to_price, until, with_offers=False))
        return StayAccount(stay, account, leave_by, to_price, until)
    until = stay.exited_at if isinstance(stay, ClosedStay) else at
    return StayAccount(stay, cashier.account(conn, to_price, until), None, to_price, until)


def why_held(
    conn: Connection, cashier: Cashier, stay: OpenStay, until: datetime, to_price: PricedStay | None = None
) -> str | None:
    """Why what this stay owes by `until` is shown to a person first; None where its bill is plausible."""
    due = cashier.account(conn, to_price or priced(conn, stay), until).due
    return why_due_held(conn, cashier, stay, due, until)


def why_due_held(conn: Connection, cashier: Cashier, stay: OpenStay, due: Money, until: datetime) -> str | None:
    """The same where what it owes is known."""
    kind = stay.votes.kind if stay.votes is not None else None
    passes = partial(passes_of, conn, stay.plate)
    held = cashier.why_held(due, stay.entered_at, until, kind=kind, lot_id=stay.lot_id, passes=passes)
    return None if held is not None and is_confirmed(conn, stay.id) else held


def is_confirmed(conn: Connection, stay_id: StayId) -> bool:
    """Whether a person has seen the bill of this stay and says that it is true."""
    return any(one.rule == BILL_IS_TRUE and one.undone_by is None for one in corrections.of_stay(conn, stay_id))


def begin(database: Database, cashier: Cashier, stay_id: StayId, at: datetime, channel: str, key: str) -> Payment:
    """Start paying what is due for an open stay; nothing due, or a stay that is not open, is a conflict.

    The same `key` again gives the same payment, whatever has become of it and of the stay.
    """

    def look(conn: Connection) -> tuple[StayAccount, Payment | None, str | None, bool]:
        found = account_of(conn, cashier, stay_id, at)
        known, stay = cashier.begun(conn, stay_id, key), found.stay
        if not isinstance(stay, OpenStay) or not found.account.is_open:
            return found, known, None, False
        if found.until == at:
            held = why_due_held(conn, cashier, stay, found.account.due, at)
        else:  # what it has to pay now and what it would owe by now are two things
            held = why_held(conn, cashier, stay, at, found.to_price)
        return found, known, held, is_confirmed(conn, stay.id)

    found, known, held, confirmed = database.read(look)
    if known is not None and (not isinstance(found.stay, OpenStay) or not found.account.is_open):
        return known  # asked again because our answer got lost
    if not isinstance(found.stay, OpenStay):
        raise conflict("stay.not_open", "this stay is closed or with our staff; nothing can be paid here now")
    if not found.account.is_open:
        raise conflict("stay.nothing_due", "nothing is due for this stay now")
    stay = found.stay
    assert found.to_price is not None, "an account has just been asked for"
    if held is not None:
        database.write(lambda uow: _show_to_a_person(uow, stay))
        raise conflict("payment.held", "this charge is unusually high; our staff will look at it first")
    return cashier.begin_payment(found.to_price, at, channel, key, confirmed=confirmed)


def _show_to_a_person(uow: UnitOfWork, stay: OpenStay) -> None:
    """Ask whether this bill can be true, unless somebody is asked already."""
    if not store.open_cases(uow.connection, "charge_over_bound", stay.id):
        cases.open_case(uow, "charge_over_bound", stay_id=stay.id, lane_id=stay.lane_id)


def ticket(stay_id: StayId, signer: Signer, expires: datetime, *, at: str | None = None) -> str:
    """The code that proves possession of one stay; whoever holds it may see and pay that stay, and nothing else.

    `at` says where it was made: at a `kiosk` a plate was enough, so that it shows no wallet and proves no vehicle;
    a `member` got it as the holder of the vehicle, so that it does not prove that he is one.
    """
    body = {"use": "stay", "stay": stay_id, "exp": int(expires.timestamp())}
    return seal(body | ({} if at is None else {"at": at}), signer)
