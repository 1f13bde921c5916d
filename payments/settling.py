"""What a provider's trusted word changes in our books: at most one capture per charge, and nothing is ever lost.

Money that comes twice, late, or in another amount is never thrown away and never silently kept: it is booked as owed
back, or not booked at all, and a person is asked, once.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from parking.kernel.events import CaseOpened, PaymentCaptured
from parking.kernel.ids import CaseId, PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.jobs import enqueue
from payments import ledger, ledger_store, phases, store
from payments.coupons import using
from payments.model import LIVE, Payment, PaymentState
from payments.providers.base import OrderState, Outcome

CLOSE_JOB = "payments.close"


class Settled(StrEnum):
    """What came of a trusted outcome."""

    CHANGED = "changed"
    SAME = "same"  # we knew it already, or it says nothing final
    MISMATCH = "mismatch"  # it is not about what we ordered; nothing was changed


def settle(uow: UnitOfWork, payment: Payment, outcome: Outcome) -> Settled:
    """Take over what the provider said of this payment; the same word again changes nothing."""
    paid = outcome.state is OrderState.PAID
    if outcome.number != payment.number or (outcome.amount != payment.amount and (paid or outcome.amount is not None)):
        flag(uow, "payment_mismatch", payment.stay_id, payment.number)
        return Settled.MISMATCH
    if paid:
        captured = _capture(uow, payment.payment_id, outcome)
        news = phases.note(uow, payment.payment_id, outcome)
        return Settled.CHANGED if news else captured
    if outcome.state in (OrderState.CLOSED, OrderState.FAILED):
        to = PaymentState(outcome.state.value)
        changed = store.change(uow.connection, payment.payment_id, only_from=LIVE, to=to, pay_url=None)
        if changed:
            using.payment_over(uow, payment.payment_id)
        return Settled.CHANGED if changed else Settled.SAME
    if outcome.state is OrderState.ACCEPTED:
        early = (PaymentState.NEW, PaymentState.PENDING)
        changed = store.change(uow.connection, payment.payment_id, only_from=early, to=PaymentState.ACCEPTED)
        return Settled.CHANGED if changed else Settled.SAME
    if outcome.state is OrderState.WAITING and outcome.pay_url is not None:
        early = (PaymentState.NEW, PaymentState.PENDING)
        changed = store.change(
            uow.connection, payment.payment_id, only_from=early, to=PaymentState.SENT, pay_url=outcome.pay_url
        )
        return Settled.CHANGED if changed else Settled.SAME
    return Settled.SAME


def _capture(uow: UnitOfWork, payment_id: PaymentId, outcome: Outcome) -> Settled:
    conn = uow.connection
    ledger_store.take_head(conn)  # from here on nobody else books or captures
    payment = store.get(conn, payment_id)
    assert payment is not None, "payments are never deleted"
    if payment.state is PaymentState.PAID:
        return Settled.SAME
    surplus = payment.charge_no in store.captured_charges(conn, payment.stay_id)
    late = not payment.is_live
    before = ledger_store.stay_sums(conn, payment.stay_id)
    captured_at = min(max(outcome.paid_at or uow.now, payment.created_at), max(uow.now, payment.created_at))
    movement = ledger.settlement(
        ledger.capture_references(payment.stay_id, payment.charge_no, payment.number)[surplus],
        payment.amount.currency,
        payment.amount.minor,
        source=ledger.clearing(payment.channel),
        stay_id=payment.stay_id,
        owed=None if before.due is None else before.debt,
        surplus=surplus,
    )
    if not ledger_store.book(conn, movement, stay_id=payment.stay_id, at=uow.now):
        raise AssertionError(f"{movement.reference} was booked without its payment being PAID")
    store.change(
        conn,
        payment.payment_id,
        only_from=tuple(PaymentState),
        to=PaymentState.PAID,
        captured_at=captured_at,
        transaction=outcome.transaction,
        late=late,
        surplus=surplus,
        pay_url=None,
    )
    if not using.payment_captured(uow, payment_id, surplus=surplus):
        flag(uow, "coupon_gone", payment.stay_id, payment.number)
    after = ledger_store.stay_sums(conn, payment.stay_id)
    assert after.holds, f"invariant I1 is broken by {movement.reference}"
    if late:
        flag(uow, "payment_late", payment.stay_id, payment.number)
    if after.overpaid > before.overpaid:
        flag(uow, "payment_overpaid", payment.stay_id, payment.number)
    if not surplus:
        uow.publish(PaymentCaptured(payment.payment_id, payment.stay_id, payment.amount, payment.channel, captured_at))
    other = store.live_of(conn, payment.stay_id)
    if other is not None:  # its price is out of date now
        enqueue(uow, CLOSE_JOB, f"close:{other.payment_id}", {"payment_id": other.payment_id})
    return Settled.CHANGED


def settle_free(uow: UnitOfWork, payment: Payment) -> Payment:
    """A payment of nothing is made at once: what its stay owed is redeemed, and no provider is asked."""
    values = {"captured_at": payment.created_at}
    store.change(uow.connection, payment.payment_id, only_from=LIVE, to=PaymentState.PAID, **values)
    using.payment_captured(uow, payment.payment_id, surplus=False)
    assert ledger_store.stay_sums(uow.connection, payment.stay_id).holds, "invariant I1 is broken by coupons"
    uow.publish(
        PaymentCaptured(payment.payment_id, payment.stay_id, payment.amount, payment.channel, payment.created_at)
    )
    return replace(payment, state=PaymentState.PAID, captured_at=payment.created_at)


def flag(uow: UnitOfWork, reason: str, stay_id: StayId | None, about: str) -> None:
    """Ask a person, once for each `reason` and `about`; the event puts the case on the operators' list."""
    case_id = CaseId(uow.ids.new(uow.now))
    if insert_once(uow.connection, store.flag_table, {"key": f"{reason}:{about}", "case_id": case_id}):
        uow.publish(CaseOpened(case_id, reason, stay_id, None, None))


def waive(uow: UnitOfWork, stay_id: StayId, amount: Money, reference: str) -> None:
    """Book that a part of what a stay owes, or will owe, is given up."""
    conn = uow.connection
    ledger_store.take_head(conn)
    before = ledger_store.stay_sums(conn, stay_id)
    owed = None if before.due is None else before.debt
    movement = ledger.settlement(
        f"waive:{reference}", amount.currency, amount.minor, source=ledger.WAIVED, stay_id=stay_id, owed=owed
    )
    ledger_store.book(conn, movement, stay_id=stay_id, at=uow.now)


def of_bill(what: str, stay_id: StayId, turn: int) -> str:
    """The reference of what goes with a stay's bill, as a waiver by right; `turn` counts how often the bill was taken back."""
    return f"{what}:{stay_id}:{turn}" if turn else f"{what}:{stay_id}"


def unwaive(uow: UnitOfWork, stay_id: StayId, reference: str) -> None:
    """Book the counter-entry of what was given up under this reference; what was not is left alone."""
    for _, given in ledger_store.movements_of(uow.connection, stay_id):
        if given.reference == f"waive:{reference}":
            amount = sum(posting.amount for posting in given.postings if posting.account == ledger.WAIVED)
            sums = ledger_store.stay_sums(uow.connection, stay_id)
            back = ledger.unsettled(
                f"unwaive:{reference}", given.unit, amount, source=ledger.WAIVED, stay_id=stay_id, sums=sums
            )
            ledger_store.book(uow.connection, back, stay_id=stay_id, at=uow.now)
