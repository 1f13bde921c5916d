"""Red letters: what was refunded, or invoiced to the wrong name, is taken back by another invoice; nothing is ever edited.

A refund has one red letter at most, and all red letters of an invoice together never exceed it.
"""

from __future__ import annotations

from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import PaymentId
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from payments import ledger_store
from payments.invoices import store
from payments.invoices.asking import go_on, order_no
from payments.invoices.model import OVER, Bill, Colour, Invoice, InvoiceState
from payments.refund_store import Refund


def left_of(uow: UnitOfWork, blue: Invoice) -> Money:
    """What of an invoice no red letter has taken back, or is about to."""
    gone = sum(red.amount.minor for red in store.reds_of(uow.connection, blue.id) if red.state not in OVER)
    return Money(blue.amount.minor - gone, blue.amount.currency)


def after_refund(uow: UnitOfWork, refund: Refund) -> Invoice | None:
    """The money has gone back: its invoice, if there is one, gets a red letter for as much, once."""
    conn = uow.connection
    known = store.by_refund(conn, refund.id)
    if known is not None:
        return known
    blue = store.standing_of(conn, PaymentId(refund.payment_id))
    if blue is None:
        return None
    minor = min(refund.amount.minor, left_of(uow, blue).minor)
    if minor <= 0:
        return None
    bill = Bill(refund.payment_id, refund.stay_id, Money(minor, blue.amount.currency), uow.now)
    return _write_down(uow, blue, bill.amount, [bill], asked_by=refund.actor, reason=refund.reason, refund_id=refund.id)


def reverse(uow: UnitOfWork, invoice_id: str, *, reason: str, actor: str, key: str) -> Invoice:
    """Take a whole invoice back by hand (a wrong title, say): once it is done its bills may have another. On record by the caller."""
    conn = uow.connection
    ledger_store.take_head(conn)
    known = store.by_key(conn, key)
    if known is not None:
        return known
    blue = store.get(conn, invoice_id)
    if blue is None or blue.colour is not Colour.BLUE:
        raise not_found("invoice.unknown", "there is no such invoice")
    if blue.state is not InvoiceState.ISSUED:
        raise conflict("invoice.not_issued", "only an invoice that was issued can be taken back")
    left = left_of(uow, blue)
    if left.minor <= 0:
        raise conflict("invoice.reversed", "all of this invoice has been taken back already")
    return _write_down(uow, blue, left, [], asked_by=actor, reason=reason, key=key)


def _write_down(
    uow: UnitOfWork,
    blue: Invoice,
    amount: Money,
    bills: list[Bill],
    *,
    asked_by: str,
    reason: str,
    key: str | None = None,
    refund_id: str | None = None,
) -> Invoice:
    red_id = uow.ids.new(uow.now)
    new = Invoice(
        id=red_id,
        colour=Colour.RED,
        order_no=order_no(red_id, 1),
        attempt=1,
        state=InvoiceState.NEW,
        amount=amount,
        buyer=blue.buyer,
        tax_rate=blue.tax_rate,
        asked_by=asked_by[:100],
        asked_at=uow.now,
        blue_id=blue.id,
        refund_id=refund_id,
    )
    store.insert(uow.connection, new, bills, key=key, reason=reason[:200])
    go_on(uow, red_id, 1)
    return new
