"""Somebody leaves first and pays later: what the lane promised, what comes of it, and who may not come in before it is paid."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from parking.access import service as access
from parking.access import store as access_store
from parking.access.rows import ListedAs, ListRow
from parking.journeys import forgetting
from parking.journeys.later_port import Debt
from parking.journeys.ports import Cashier
from parking.kernel.events import (
    CaseOpened,
    DebtReminded,
    Direction,
    Envelope,
    ExitPromised,
    PaymentCaptured,
    PaymentRefunded,
    StayClosed,
    StayCorrected,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.members import tombstones
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.each import each
from parking.sessions import cases
from parking.sessions import store as sessions_store
from parking.sessions.corrections import BY_RULE

AT_ONCE = 100
DISPUTED = "debt_disputed"
LEFT_UNPAID = "left_without_paying"
REFUND_FAILED = "refund_failed"
BLOCK_NOTE = "debt"
"""The note of a list entry that a debt has made; entries of people stay as they are."""


def lane_promised(cashier: Cashier) -> Handler:
    """Handles ExitPromised: the server posts the debt that the lane has on its disk, once."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        if isinstance(envelope.event, ExitPromised):
            cashier.later.promised(uow, envelope.event, envelope.occurred_at)

    return handle


def promise_ends(cashier: Cashier) -> Handler:
    """Handles VehicleBackedAway (it is taken back) and VehiclePassed(OUT) (it is kept)."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, VehicleBackedAway):
            cashier.later.taken_back(uow, event.visit_id)
        elif isinstance(event, VehiclePassed) and event.direction is Direction.OUT:
            cashier.later.passed(uow, event.visit_id)

    return handle


def debt_begins(cashier: Cashier) -> Handler:
    """Handles StayClosed: what it has not paid is a debt."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        if isinstance(envelope.event, StayClosed):
            cashier.later.left(uow, envelope.event.stay_id, envelope.event.plate)

    return handle


def debt_follows_plate(cashier: Cashier) -> Handler:
    """Handles StayCorrected: whose plate a person has read owes what the stay owes, and nobody who drives another car.

    For one that has gone, nobody knows when, nothing is set aside any more.
    """

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        if isinstance(envelope.event, StayCorrected):
            row = sessions_store.row_of(uow.connection, envelope.event.stay_id)
            if row is not None and row.plate is not None:
                _let_in(uow, cashier.later.turn_to(uow, envelope.event.stay_id, row.plate))
            if row is not None and row.state == "ghost":
                cashier.later.release(uow, envelope.event.stay_id)

    return handle


def owes(conn: Connection, cashier: Cashier, stay_id: StayId) -> bool:
    """Whether something is left of a stay's debt."""
    found = cashier.later.debt(conn, stay_id)
    return found is not None and found[1].minor > 0


def owed_again(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> None:
    """A stay that has left owes more than was known when it left, or what was given up is owed after all."""
    row = sessions_store.row_of(uow.connection, stay_id)
    if row is not None and row.state == "closed":
        cashier.later.left(uow, stay_id, row.plate)


def debt_by_refund(cashier: Cashier) -> Handler:
    """Handles PaymentRefunded, and CaseOpened of one that failed: what went back, or was not given up, of a bill booked anew is owed."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, CaseOpened) and event.reason != REFUND_FAILED:
            return
        if isinstance(event, PaymentRefunded | CaseOpened) and event.stay_id is not None:
            owed_again(uow, cashier, event.stay_id)

    return handle


def debt_ends(cashier: Cashier) -> Handler:
    """Handles PaymentCaptured: a plate that a debt kept out may come in again when nothing is owed any more."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        if isinstance(envelope.event, PaymentCaptured):
            settled(uow, cashier, envelope.event.stay_id)

    return handle


def settled(
    uow: UnitOfWork, cashier: Cashier, stay_id: StayId, *, by: str = BY_RULE, note: str = "nothing is owed any more"
) -> None:
    """Something of a debt was paid or given up; whoever does it by hand calls this in the same transaction."""
    _let_in(uow, cashier.later.paid(uow, stay_id))
    found = cashier.later.debt(uow.connection, stay_id)
    if found is None or found[1].minor > 0:
        return
    for asked in (LEFT_UNPAID, DISPUTED):
        for case_id in sessions_store.open_cases(uow.connection, asked, stay_id):
            cases.answer(uow, case_id, note, by=by)
    _forget_if_erased(uow, cashier, found[0])


def _let_in(uow: UnitOfWork, plate: Plate | None) -> None:
    """Take a plate off the list that a debt had put there."""
    if plate is None:
        return
    entry = access_store.listed(uow.connection, plate)
    if entry is not None and entry.listed_as is ListedAs.BLOCK and entry.note == BLOCK_NOTE:
        access.take_off_list(uow, plate)


def _forget_if_erased(uow: UnitOfWork, cashier: Cashier, over: Debt) -> None:
    """A debt outlives the wish to be forgotten until it is over; then its plate goes as well."""
    if over.plate is None:
        return
    row = sessions_store.row_of(uow.connection, over.stay_id)
    at = row.exited_at if row is not None and row.exited_at is not None else over.since
    if tombstones.covers(uow.connection, over.plate, at):  # of a stay that was told late, the debt begins late
        forgetting.forget_published(uow, over.plate, at, [over.stay_id])
        cashier.later.forget(uow, over.plate, over.stay_id)


def give_up(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> Money:
    """Write a debt off; returns how much. The caller has it on record."""
    given_up = cashier.later.write_off(uow, stay_id)
    settled(uow, cashier, stay_id)
    return given_up


def dispute(uow: UnitOfWork, cashier: Cashier, stay_id: StayId) -> None:
    """The driver says that a debt is not owed: it stands still, keeps nobody out, and a person is asked; the same again changes nothing."""
    _let_in(uow, cashier.later.dispute(uow, stay_id))
    if not sessions_store.open_cases(uow.connection, DISPUTED, stay_id):
        cases.open_case(uow, DISPUTED, stay_id=stay_id)


def decide(uow: UnitOfWork, cashier: Cashier, stay_id: StayId, *, owed: bool, by: str, why: str) -> None:
    """A person has decided a dispute: it is owed after all, or is given up; the question is off the list. On record by the caller."""
    for case_id in sessions_store.open_cases(uow.connection, DISPUTED, stay_id):
        cases.resolve_case(uow, case_id, by=by, note=why)
    if owed:
        cashier.later.stand(uow, stay_id)
    else:
        give_up(uow, cashier, stay_id)


def age(database: Database, cashier: Cashier) -> int:
    """Remind of debts and keep plates out, by policy; returns how many debts were looked at."""

    def age_one(uow: UnitOfWork, debt: Debt) -> None:
        _age_one(uow, cashier, debt)

    after, looked_at = "", 0
    while True:
        page = database.read(partial(cashier.later.standing, after=after, limit=AT_ONCE))
        each(database, "ageing a debt", page, age_one)
        looked_at += len(page)
        if len(page) < AT_ONCE:
            return looked_at
        after = page[-1].stay_id


def _age_one(uow: UnitOfWork, cashier: Cashier, debt: Debt) -> None:
    later = cashier.later
    left = (
        next((left for known, left in later.open_debts(uow.connection, debt.plate) if known == debt), None)
        if debt.plate
        else None
    )
    if left is None or debt.plate is None:
        return  # paid a moment ago, or nobody to turn to
    if later.policy.wants_reminder(debt, uow.now):
        number = later.reminded(uow, debt)
        uow.publish(DebtReminded(debt.stay_id, debt.plate, left, debt.since, number))
    elif later.policy.wants_block(debt, uow.now):
        later.blocked(uow, debt)
        if access_store.listed(uow.connection, debt.plate) is None:  # whoever is on a list is somebody's decision
            access.put_on_list(uow, ListRow(debt.plate, ListedAs.BLOCK, BLOCK_NOTE, None, None))
