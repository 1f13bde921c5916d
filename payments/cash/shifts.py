"""The shift of a cash desk or a cash machine: opened with a count, closed with a count, every difference booked, with who and why.

What should be in a drawer says the ledger alone (`drawer:<till>`): each note that goes in or out is booked there in the transaction
that takes it, so that a count is a count against the books. Without an open shift no cash is taken and none is handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parking.kernel.double_entry import transfer
from parking.kernel.errors import ParkingError, conflict, invalid, not_found
from parking.kernel.ids import PaymentId, fitting
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from payments import ledger, ledger_store, refund_store, refunding, store
from payments.cash import machine_store, shift_store
from payments.cash.machine_model import held_of
from payments.cash.model import CHANNEL, Move, MoveKind, Shift, ShiftState, drawer, total_of
from payments.model import Payment
from payments.providers import abilities
from payments.providers.base import OrderState, Outcome
from payments.refund_store import Refund
from payments.settling import Settled, settle

SAFE = "safe:cash"
OVER_SHORT = "cash_over_short"
Audit = Callable[[str, str, str], None]
"""Puts an action, its subject and its reason on record, with who does it."""


def open_shift(
    uow: UnitOfWork,
    till: str,
    currency: str,
    counts: Mapping[int, int],
    *,
    brought: int,
    reason: str | None,
    by: str,
    key: str,
    audit: Audit,
) -> Shift:
    """Begin to answer for a drawer: `brought` comes from the safe, and `counts` is what is in it then. The same key, the same shift."""
    conn = uow.connection
    ledger_store.take_head(conn)
    known = shift_store.shift_by_key(conn, key)
    if known is not None:
        return known
    if shift_store.open_shift(conn, till) is not None:
        raise conflict("cash.shift_open", "this till has an open shift: close it first")
    counted = Money(total_of(counts), currency)
    new = Shift(uow.ids.new(uow.now), till, ShiftState.OPEN, currency, by, uow.now, counted)
    shift_store.insert_shift(conn, new, key=key)
    if brought < 0:
        raise invalid("cash.brought", "should not be below zero", field="brought")
    if brought:
        book_move(uow, new, MoveKind.BROUGHT, new.id, Money(brought, currency), by=by, reason=reason)
    audit("cash.shift_opened", new.id, reason or till)
    _count(uow, new, counts, by=by, reason=reason, about=f"{new.id}:open", audit=audit)
    return new


def close_shift(
    uow: UnitOfWork,
    shift_id: str,
    counts: Mapping[int, int],
    *,
    take_out: int,
    reason: str | None,
    by: str,
    audit: Audit,
) -> Shift:
    """Count at the end; what differs from the ledger is booked and needs a reason; `take_out` goes to the safe. Closed stays closed."""
    conn = uow.connection
    ledger_store.take_head(conn)
    shift = known(uow, shift_id)
    counted = total_of(counts)
    if shift.state is ShiftState.CLOSED:
        if shift.closing is not None and shift.closing.minor == counted:
            return shift
        raise conflict("cash.shift_closed", "this shift is closed")
    if machine_store.alive(conn, shift.till) is not None:
        raise conflict("cash.in_use", "somebody is paying at this machine: wait until that is over")
    if not 0 <= take_out <= counted:
        raise invalid("cash.take_out", "should be between nothing and what was counted", field="take_out")
    expected = _count(uow, shift, counts, by=by, reason=reason, about=f"{shift.id}:close", audit=audit)
    if take_out:
        book_move(
            uow, shift, MoveKind.TAKEN_OUT, f"{shift.id}:close", Money(-take_out, shift.currency), by=by, reason=reason
        )
    shift_store.close_shift(conn, shift.id, by=by, at=uow.now, closing=counted, expected=expected)
    audit("cash.shift_closed", shift.id, reason or f"counted {counted}, as the ledger says")
    return known(uow, shift_id)


def count_between(uow: UnitOfWork, shift_id: str, counts: Mapping[int, int], *, by: str) -> int:
    """Count without booking anything; returns what it came to. What the ledger says is kept beside it."""
    shift = in_open_shift(uow, shift_id)
    total = total_of(counts)
    _keep_count(uow, shift, counts, total, expected_in(uow, shift), by=by)
    return total


def move(uow: UnitOfWork, shift_id: str, amount: Money, *, key: str, by: str, reason: str, audit: Audit) -> Move:
    """Bring money from the safe (above zero) or take it there (below); the same key is the same move."""
    ledger_store.take_head(uow.connection)
    shift = in_open_shift(uow, shift_id)
    kind = MoveKind.BROUGHT if amount.minor > 0 else MoveKind.TAKEN_OUT
    if amount.currency != shift.currency or amount.minor == 0:
        raise invalid("cash.amount", f"should be more than nothing, in {shift.currency}", field="amount")
    number = fitting(f"{shift.id}:{key}", 64)
    if not shift_store.has_move(uow.connection, kind, number):
        if amount.minor < 0:
            need(uow, shift, -amount, audit)
        book_move(uow, shift, kind, number, amount, by=by, reason=reason)
        audit(f"cash.{kind.value}", shift.id, reason)
    return next(m for m in shift_store.moves(uow.connection, shift) if (m.kind, m.number) == (kind, number))


def take(uow: UnitOfWork, till: str, payment: Payment, tendered: int, *, by: str) -> Money:
    """The payer has handed over `tendered`: the payment is made, the drawer has it; returns the change. Taken once.

    The same again is the same; at another till, or in another sum, it is somebody who is about to pay a second time.
    """
    conn = uow.connection
    ledger_store.take_head(conn)
    row = shift_store.order(conn, payment.number)
    if row is None or payment.channel != CHANNEL:
        raise conflict("cash.no_order", "this payment is not one for the cash desk")
    if row.state == "DONE":
        before = shift_store.shift(conn, row.shift_id)
        if before is None or before.till != till or row.tendered != tendered:
            raise conflict("cash.not_due", "this was paid before: take nothing")
        return Money(row.tendered - row.amount, row.currency)
    shift = of_till(uow, till)
    now = store.get(conn, payment.payment_id)
    if now is None or not now.is_live or now.charge_no in store.captured_charges(conn, now.stay_id):
        raise conflict("cash.not_due", "this payment is not to be made any more: look at the bill again")
    if now.amount.currency != shift.currency:
        raise conflict("cash.currency", f"this drawer holds {shift.currency}")
    if tendered < now.amount.minor:
        raise invalid("cash.tendered", "is less than what is due", field="tendered")
    shift_store.end_order(conn, now.number, "DONE", shift_id=shift.id, tendered=tendered, ended_at=uow.now)
    paid = Outcome(now.number, OrderState.PAID, now.amount, paid_at=uow.now, transaction=f"cash:{shift.id}")
    settled = settle(uow, now, paid)
    assert settled is Settled.CHANGED, "a live payment of a charge that is open is captured"
    book_move(uow, shift, MoveKind.SALE, now.number, now.amount, by=by)
    return Money(tendered - now.amount.minor, now.amount.currency)


def pay_from_held(uow: UnitOfWork, till: str, payment_id: PaymentId, tendered: int) -> bool:
    """A machine holds at least what this payment is of: it is made. False (and nothing changed) where it is not to be made any more."""
    conn = uow.connection
    ledger_store.take_head(conn)
    now = store.get(conn, payment_id)
    shift = of_till(uow, till)
    if now is None or not now.is_live or now.charge_no in store.captured_charges(conn, now.stay_id):
        return False
    if tendered < now.amount.minor or now.amount.currency != shift.currency:
        return False
    if not shift_store.end_order(conn, now.number, "DONE", shift_id=shift.id, tendered=tendered, ended_at=uow.now):
        return False
    paid = Outcome(now.number, OrderState.PAID, now.amount, paid_at=uow.now, transaction=f"cash:{shift.id}")
    settled = settle(uow, now, paid)
    assert settled is Settled.CHANGED, "a live payment of a charge that is open is captured"
    name, clearing = f"cash_{MoveKind.SALE.value}:{now.number}", ledger.clearing(CHANNEL)
    sale = transfer(name, shift.currency, now.amount.minor, debit=held_of(till), credit=clearing)
    ledger_store.book(conn, sale, stay_id=None, at=uow.now)
    return True


def hand_out(uow: UnitOfWork, till: str, refund_id: str, *, by: str, audit: Audit) -> Refund:
    """A refund of a cash payment has been handed to whoever it is for; a second hand is told that it was."""
    conn = uow.connection
    refund, about = _waiting(uow, refund_id)
    shift = of_till(uow, till)
    need(uow, shift, refund.amount, audit)
    shift_store.end_order(conn, refund.number, "DONE", shift_id=shift.id, ended_at=uow.now)
    done = abilities.RefundOutcome(refund.number, about, abilities.RefundState.DONE, refund.amount, f"cash:{shift.id}")
    refunding.take_over(uow, done)
    book_move(uow, shift, MoveKind.REFUND, refund.number, -refund.amount, by=by, reason=refund.reason)
    audit("cash.refund_handed_out", refund.id, refund.reason)
    return _now(uow, refund_id)


def withdraw(uow: UnitOfWork, refund_id: str, reason: str, *, audit: Audit) -> Refund:
    """Nobody has fetched a refund in cash: it ends, and nothing of its payment goes back by it."""
    refund, _ = _waiting(uow, refund_id)
    shift_store.end_order(uow.connection, refund.number, "CLOSED", ended_at=uow.now)
    refunding.withdraw(uow, refund)
    audit("cash.refund_withdrawn", refund.id, reason)
    return _now(uow, refund_id)


def _waiting(uow: UnitOfWork, refund_id: str) -> tuple[Refund, str]:
    """A refund that waits at the desk, and the number of its payment."""
    ledger_store.take_head(uow.connection)
    refund = refund_store.get(uow.connection, refund_id)
    row = shift_store.order(uow.connection, refund.number) if refund is not None else None
    if refund is None or row is None:
        raise not_found("refund.unknown", "there is no such refund for the cash desk (yet)")
    if row.state == "DONE":
        raise handed_out_before()
    if not refund.is_live or row.state != "WAITING":
        raise conflict("refund.over", "this refund has ended already")
    return refund, row.about or ""


def _now(uow: UnitOfWork, refund_id: str) -> Refund:
    found = refund_store.get(uow.connection, refund_id)
    assert found is not None
    return found


def handed_out_before() -> ParkingError:
    """Whoever shows the same paper at a second desk gets nothing there."""
    return conflict("cash.handed_out", "this money was handed out before: give nothing")


def known(uow: UnitOfWork, shift_id: str) -> Shift:
    found = shift_store.shift(uow.connection, shift_id)
    if found is None:
        raise not_found("cash.no_shift", "there is no such shift")
    return found


def in_open_shift(uow: UnitOfWork, shift_id: str) -> Shift:
    found = known(uow, shift_id)
    if found.state is not ShiftState.OPEN:
        raise conflict("cash.shift_closed", "this shift is closed")
    return found


def expected_in(uow: UnitOfWork, shift: Shift) -> int:
    """What the ledger says is in the drawer now, in minor units."""
    return ledger_store.BOOK.balance(uow.connection, drawer(shift.till), shift.currency)


def need(uow: UnitOfWork, shift: Shift, amount: Money, audit: Audit) -> None:
    """Refuse what the ledger says is not in the drawer."""
    if amount.minor > expected_in(uow, shift):
        audit("cash.not_there", shift.id, f"wanted {amount}")
        raise conflict("cash.not_there", "there is less in the drawer")


def of_till(uow: UnitOfWork, till: str) -> Shift:
    shift = shift_store.open_shift(uow.connection, till)
    if shift is None:
        raise conflict("cash.no_open_shift", "no cash without an open shift: open one at this till first")
    return shift


def _count(
    uow: UnitOfWork, shift: Shift, counts: Mapping[int, int], *, by: str, reason: str | None, about: str, audit: Audit
) -> int:
    """Compare a count with the ledger; a difference is booked, needs a reason and is on record. Returns what was expected."""
    total, expected = total_of(counts), expected_in(uow, shift)
    _keep_count(uow, shift, counts, total, expected, by=by)
    if total != expected:
        if not reason:
            audit("cash.count_differs", shift.id, f"counted {Money(total, shift.currency)}")
            raise invalid("cash.reason", "the count differs from the books: count again, or say why", field="reason")
        off = Money(total - expected, shift.currency)
        book_move(uow, shift, MoveKind.DIFFERENCE, about, off, by=by, reason=reason)
        audit("cash.difference", shift.id, f"{off}: {reason}")
    return expected


def _keep_count(
    uow: UnitOfWork, shift: Shift, counts: Mapping[int, int], total: int, expected: int, *, by: str
) -> None:
    row = {"id": uow.ids.new(uow.now), "shift_id": shift.id, "at": uow.now, "by": by}
    plain = {str(value): pieces for value, pieces in sorted(counts.items()) if pieces}
    shift_store.insert_count(uow.connection, row | {"total": total, "expected": expected, "counts": plain})


_OTHER_SIDE = {
    MoveKind.SALE: ledger.clearing(CHANNEL),
    MoveKind.REFUND: ledger.clearing(CHANNEL),
    MoveKind.BROUGHT: SAFE,
    MoveKind.TAKEN_OUT: SAFE,
    MoveKind.DIFFERENCE: OVER_SHORT,
}


def book_move(
    uow: UnitOfWork,
    shift: Shift,
    kind: MoveKind,
    number: str,
    amount: Money,
    *,
    by: str,
    reason: str | None = None,
    other: str | None = None,
) -> None:
    """Book what goes into a drawer (or out of it, below zero), and keep it as a move of the shift; `other` is the account opposite."""
    reference = f"cash_{kind.value}:{number}"
    box, other = drawer(shift.till), other or _OTHER_SIDE[kind]
    into, out_of = (box, other) if amount.minor > 0 else (other, box)
    movement = transfer(reference, amount.currency, abs(amount.minor), debit=into, credit=out_of)
    ledger_store.book(uow.connection, movement, stay_id=None, at=uow.now)
    new = Move(uow.ids.new(uow.now), shift.id, kind, number, amount, uow.now, by, reason)
    shift_store.insert_move(uow.connection, new)
