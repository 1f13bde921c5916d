"""Debts of stays that have left: begun with the passage, collected again and again, aged, written off by a person, never lost.

How much is owed says the ledger alone; these rows say what is done about it. A debt ends by itself when the ledger says that it is paid.
"""

from __future__ import annotations

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.jobs import enqueue
from payments import ledger, ledger_store
from payments.later import store
from payments.later.model import Debt, DebtState, Policy

COLLECT_JOB = "payments.collect_debt"


def begin(uow: UnitOfWork, policy: Policy, stay_id: StayId, plate: Plate | None, owed: Money) -> None:
    """A stay has left owing something; the same stay again changes nothing. One under an agreement is collected at once.

    One whose debt was over, and whose bill was put right since, owes anew.
    """
    conn = uow.connection
    known = store.debt(conn, stay_id)
    if known is not None:
        return _begin_anew(uow, policy, known, plate, owed)
    aside = conn.execute(store.set_aside_table.select().where(store.set_aside_table.c.stay_id == stay_id)).one_or_none()
    promise = store.promise_of(conn, stay_id)
    agreement_id = aside.agreement_id if aside is not None and promise is not None else None
    first = uow.now + policy.collect[0] if agreement_id is not None else None
    row = {
        "stay_id": stay_id,
        "plate": plate,
        "amount": owed.minor,
        "currency": owed.currency,
        "since": uow.now,
        "state": DebtState.OPEN.value,
        "agreement_id": agreement_id,
        "tries": 0,
        "next_try_at": first,
        "reminded": 0,
    }
    if insert_once(conn, store.debt_table, row) and first is not None:
        enqueue(uow, COLLECT_JOB, f"collect:{stay_id}:0", {"stay_id": stay_id}, first)


def _begin_anew(uow: UnitOfWork, policy: Policy, known: Debt, plate: Plate | None, owed: Money) -> None:
    if known.state in (DebtState.OPEN, DebtState.DISPUTED):
        return
    agreement_id = known.agreement_id
    if (
        known.plate != plate
    ):  # nobody's agreement pays for another car; who left on a promise has one of his own, perhaps
        promised = plate is not None and store.promise_of(uow.connection, known.stay_id) is not None
        agreed = store.agreement_of(uow.connection, plate) if promised and plate is not None else None
        agreement_id = agreed.id if agreed is not None else None
    first = uow.now + policy.collect[0] if agreement_id is not None else None
    values = {"plate": plate, "amount": owed.minor, "since": uow.now, "state": DebtState.OPEN.value, "blocked_at": None}
    values |= {"agreement_id": agreement_id, "tries": 0, "reminded": 0, "next_try_at": first}
    store.change_debt(uow.connection, known.stay_id, **values)
    if first is not None:
        key = f"collect:{known.stay_id}:anew:{uow.now.timestamp():.0f}"
        enqueue(uow, COLLECT_JOB, key, {"stay_id": known.stay_id}, first)


def follow(uow: UnitOfWork, stay_id: StayId) -> Debt | None:
    """Something was paid or given up for this stay: its debt ends when nothing is left of it. The debt, if it has ended."""
    debt = store.debt(uow.connection, stay_id)
    if debt is None or ledger_store.stay_sums(uow.connection, stay_id).debt > 0:
        return None
    if debt.state in (DebtState.OPEN, DebtState.DISPUTED):
        store.change_debt(uow.connection, stay_id, state=DebtState.PAID.value, next_try_at=None)
    return debt


def write_off(uow: UnitOfWork, stay_id: StayId) -> Money:
    """Give a debt up; returns what was given up. The caller has checked who may, and has it on record."""
    conn = uow.connection
    ledger_store.take_head(conn)
    debt = _unpaid(uow, stay_id)
    left = Money(ledger_store.stay_sums(conn, stay_id).debt, debt.amount.currency)
    if left.minor == 0:  # paid a moment ago
        raise conflict("debt.over", "this debt is paid")
    movement = ledger.settlement(
        _write_off_reference(uow, stay_id),
        left.currency,
        left.minor,
        source=ledger.WRITTEN_OFF,
        stay_id=stay_id,
        owed=left.minor,
    )
    ledger_store.book(conn, movement, stay_id=stay_id, at=uow.now)
    store.change_debt(conn, stay_id, state=DebtState.WRITTEN_OFF.value, next_try_at=None)
    return left


def _write_off_reference(uow: UnitOfWork, stay_id: StayId) -> str:
    """One of its own each time: what was given up once, and owed anew after its bill was put right, may be given up again."""
    reference, turn = f"write_off:{stay_id}", 1
    while ledger_store.is_booked(uow.connection, reference):
        turn += 1
        reference = f"write_off:{stay_id}:{turn}"
    return reference


def dispute(uow: UnitOfWork, stay_id: StayId) -> None:
    """The driver says that this is not owed: from now on it does not age and is not collected, until somebody has decided."""
    _unpaid(uow, stay_id)
    values = {"state": DebtState.DISPUTED.value, "next_try_at": None, "blocked_at": None}
    store.change_debt(uow.connection, stay_id, **values)


def turn_to(uow: UnitOfWork, stay_id: StayId, plate: Plate) -> Debt | None:
    """Its stay's plate was misread: the true one owes from now on, by no agreement of another. The debt as it was, if it has changed."""
    debt = store.debt(uow.connection, stay_id)
    if debt is None or debt.plate == plate or debt.state not in (DebtState.OPEN, DebtState.DISPUTED):
        return None
    anew = {"since": uow.now, "agreement_id": None, "tries": 0, "next_try_at": None, "reminded": 0, "blocked_at": None}
    store.change_debt(uow.connection, stay_id, plate=plate, **anew)
    return debt


def stand(uow: UnitOfWork, stay_id: StayId) -> None:
    """It is owed after all: it ages from now on, as if it had begun today."""
    debt = _unpaid(uow, stay_id)
    if debt.state is not DebtState.DISPUTED:
        raise conflict("debt.not_disputed", "nobody disputes this debt")
    again = uow.now if debt.agreement_id is not None else None
    changes = {"state": DebtState.OPEN.value, "since": uow.now, "tries": 0, "next_try_at": again, "blocked_at": None}
    store.change_debt(uow.connection, stay_id, reminded=0, **changes)
    if again is not None:
        enqueue(uow, COLLECT_JOB, f"collect:{stay_id}:stands:{uow.now.timestamp():.0f}", {"stay_id": stay_id})


def _unpaid(uow: UnitOfWork, stay_id: StayId) -> Debt:
    debt = store.debt(uow.connection, stay_id)
    if debt is None:
        raise not_found("debt.unknown", "this stay owes nothing")
    if debt.state in (DebtState.PAID, DebtState.WRITTEN_OFF):
        raise conflict("debt.over", f"this debt is {debt.state.value.replace('_', ' ')}")
    return debt
