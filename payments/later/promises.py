"""Credit is set aside before a car comes to the exit, promised at the lane, and ends with its passage: a debt, or taken back.

The lane's word is taken over exactly once, by its token. It is never refused: the car has gone. What exceeds what was set aside, or
is promised for a stay that has nothing set aside, is taken over all the same and shown to a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from parking.kernel.events import ExitPromised
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork, insert_once
from payments import ledger, ledger_store
from payments.later import store
from payments.later.model import Agreement, Policy, PromiseState, Use, credit
from payments.settling import flag

DAY = timedelta(days=1)


def set_aside(uow: UnitOfWork, policy: Policy, stay_id: StayId, plate: Plate | None) -> int:
    """What this open stay may leave owing, in minor units. Once set aside it stays so, whatever else the plate does.

    What a misread plate's agreement had set aside goes: nobody's credit is another car's.
    """
    conn = uow.connection
    known = store.set_aside(conn, stay_id)
    if known is not None:
        minor, whose = known
        if whose == plate:
            return minor
        store.release(conn, stay_id)
    agreement = store.agreement_of(conn, plate) if plate is not None else None
    if agreement is None:
        return 0
    minor = credit(agreement.terms, _use(uow, agreement, policy))
    if minor:
        row = {"stay_id": stay_id, "agreement_id": agreement.id, "minor": minor}
        insert_once(conn, store.set_aside_table, row)
    return minor


def _use(uow: UnitOfWork, agreement: Agreement, policy: Policy) -> Use:
    conn = uow.connection
    unpaid = store.unpaid_debts_of(conn, agreement.id)
    owed = sum(ledger_store.stay_sums(conn, debt.stay_id).debt for debt in unpaid)
    late = any(policy.is_late(debt, uow.now) for debt in store.open_debts_of(conn, agreement.plate))
    today = store.promised_since(conn, agreement.id, uow.now - DAY)
    return Use(owed, store.set_aside_in_all(conn, agreement.id), today, late)


def release(uow: UnitOfWork, stay_id: StayId) -> None:
    """The stay has ended: nothing is set aside for it any more."""
    store.release(uow.connection, stay_id)


def take_over(uow: UnitOfWork, event: ExitPromised, promised_at: datetime) -> None:
    """Write a lane's promise down; the same token again changes nothing. A visit's later promise replaces its earlier one."""
    conn = uow.connection
    row = {
        "token": event.token,
        "visit_id": event.visit_id,
        "stay_id": event.stay_id,
        "amount": event.amount.minor,
        "limit": event.limit.minor,
        "currency": event.amount.currency,
        "promised_at": promised_at,
        "state": PromiseState.OPEN.value,
    }
    earlier = store.open_promises(conn, event.visit_id)
    if not insert_once(conn, store.promise_table, row):
        return
    for other in earlier:
        _end(uow, other.token, PromiseState.TAKEN_BACK)
    movement = ledger.promise(event.stay_id, event.token, event.amount.currency, event.amount.minor)
    ledger_store.book(conn, movement, stay_id=event.stay_id, at=uow.now)
    aside = store.set_aside(conn, event.stay_id)
    if aside is None or event.amount.minor > aside[0]:
        flag(uow, "promise_over_credit", event.stay_id, event.token)


def take_back(uow: UnitOfWork, visit_id: VisitId) -> None:
    """The vehicle has not left after all."""
    for row in store.open_promises(uow.connection, visit_id):
        _end(uow, row.token, PromiseState.TAKEN_BACK)


def keep(uow: UnitOfWork, visit_id: VisitId) -> None:
    """The passage is proven: what the stay has not paid is booked as its debt by whoever closes it, in this transaction."""
    for row in store.open_promises(uow.connection, visit_id):
        _end(uow, row.token, PromiseState.KEPT)


def _end(uow: UnitOfWork, token: str, to: PromiseState) -> None:
    """What was booked for a promise is booked back: it is over, one way or the other."""
    conn = uow.connection
    row = conn.execute(store.promise_table.select().where(store.promise_table.c.token == token)).one()
    store.move_promise(conn, token, to)
    back = ledger.promise(StayId(row.stay_id), token, row.currency, row.amount).reversed(f"promise_over:{token}")
    ledger_store.book(conn, back, stay_id=StayId(row.stay_id), at=uow.now)
