"""Somebody who has paid asks for an invoice: which bills may have one, and the row and the job of it in one transaction."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.errors import conflict, invalid
from parking.kernel.money import Money
from parking.plumbing.db import UnitOfWork
from parking.plumbing.jobs import enqueue
from payments import ledger_store
from payments.invoices import store
from payments.invoices.model import Bill, Buyer, Colour, Invoice, InvoiceState, Policy

ISSUE_JOB = "invoices.issue"


@dataclass(frozen=True, slots=True)
class Offered:
    """A payment, and why it may have no invoice now (None: it may); a stable code."""

    bill: Bill
    why_not: str | None


def order_no(invoice_id: str, attempt: int) -> str:
    """Our number of one attempt: 20 signs, the same whenever it is worked out."""
    digest = hashlib.sha256(f"{invoice_id}:{attempt}".encode()).digest()
    return "I" + base64.b32encode(digest).decode()[:19]


def offered(conn: Connection, stay_id: str, now: datetime, policy: Policy) -> Sequence[Offered]:
    """Every payment of a stay, oldest first, and whether it may have an invoice."""
    return [
        Offered(bill, _why_not(conn, bill, under_way, now, policy)) for bill, under_way in store.paid_of(conn, stay_id)
    ]


def _why_not(conn: Connection, bill: Bill, under_way: bool, now: datetime, policy: Policy) -> str | None:
    if store.standing_of(conn, bill.payment_id) is not None:
        return "already_invoiced"
    if under_way:
        return "refund_under_way"
    if bill.amount.minor <= 0:
        return "refunded"
    if now - bill.paid_at > policy.within:
        return "too_old"
    return None


def ask(uow: UnitOfWork, policy: Policy, stays: Sequence[str], buyer: Buyer, *, asked_by: str, key: str) -> Invoice:
    """One invoice for all that these stays have paid and that has none yet; the same key gives the same invoice.

    ParkingError names why there can be none; the caller has checked that the stays are the asker's.
    """
    conn = uow.connection
    ledger_store.take_head(conn)  # two phones at once: the second sees the first one's invoice
    known = store.by_key(conn, key)
    if known is not None:
        return known
    bills = _bills(conn, policy, list(dict.fromkeys(stays)), uow.now)
    total = Money(sum(bill.amount.minor for bill in bills), bills[0].amount.currency)
    if any(bill.amount.currency != total.currency for bill in bills):
        raise invalid("invoice.currencies", "these bills were paid in different currencies", field="tickets")
    if total.minor < policy.least_minor:
        raise conflict("invoice.too_little", f"an invoice is for {policy.least_minor} minor units at least")
    if total.minor > policy.most_minor:
        raise conflict(
            "invoice.too_much", f"one invoice is for {policy.most_minor} minor units at most; ask for several"
        )
    return _write_down(uow, policy, buyer, total, bills, asked_by=asked_by, key=key)


def _bills(conn: Connection, policy: Policy, stays: Sequence[str], now: datetime) -> list[Bill]:
    bills: list[Bill] = []
    for stay_id in stays:
        found = offered(conn, stay_id, now, policy)
        if not found:
            raise conflict("invoice.nothing_paid", "no money was paid for this stay, so there is nothing to invoice")
        open_now = [one.bill for one in found if one.why_not is None]
        if not open_now:
            code = found[-1].why_not
            raise conflict(f"invoice.{code}", f"this bill can have no invoice now: {str(code).replace('_', ' ')}")
        bills += open_now
    if len(bills) > policy.most_bills:
        raise invalid("invoice.too_many", f"one invoice holds {policy.most_bills} payments at most", field="tickets")
    return bills


def _write_down(
    uow: UnitOfWork, policy: Policy, buyer: Buyer, total: Money, bills: Sequence[Bill], *, asked_by: str, key: str
) -> Invoice:
    invoice_id = uow.ids.new(uow.now)
    new = Invoice(
        id=invoice_id,
        colour=Colour.BLUE,
        order_no=order_no(invoice_id, 1),
        attempt=1,
        state=InvoiceState.NEW,
        amount=total,
        buyer=buyer,
        tax_rate=policy.tax_rate,
        asked_by=asked_by[:100],
        asked_at=uow.now,
    )
    store.insert(uow.connection, new, bills, key=key, reason=None)
    go_on(uow, invoice_id, 1)
    return new


def go_on(uow: UnitOfWork, invoice_id: str, turn: int, at: datetime | None = None) -> None:
    """Have an invoice worked on, at `at` or at once."""
    enqueue(uow, ISSUE_JOB, f"invoice:{invoice_id}:{turn}", {"invoice_id": invoice_id, "turn": turn}, at)
