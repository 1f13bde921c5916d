"""Invoices and the bills on them as rows. The database itself refuses a second standing invoice for one payment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import metadata
from payments import refund_store
from payments import store as payments_store
from payments.invoices.model import OVER, Bill, Buyer, BuyerKind, Colour, Invoice, InvoiceState, Trouble
from payments.model import PaymentState
from payments.refund_store import RefundState

invoice_table = sa.Table(
    "invoice",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("colour", sa.String(4), nullable=False),
    sa.Column("order_no", sa.String(20), nullable=False, unique=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.String(8), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("tax_rate", sa.Integer, nullable=False),
    sa.Column("buyer_kind", sa.String(8), nullable=False),
    sa.Column("buyer_name", sa.String(100), nullable=False),
    sa.Column("buyer_tax_number", sa.String(20), nullable=True),
    sa.Column("blue_id", sa.String(36), nullable=True, index=True),
    sa.Column("refund_id", sa.String(36), nullable=True, unique=True),
    sa.Column("asked_by", sa.String(100), nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("key", sa.String(200), nullable=True, unique=True),
    sa.Column("reason", sa.String(200), nullable=True),
    sa.Column("fiscal_number", sa.String(20), nullable=True, unique=True),
    sa.Column("issued_at", UtcDateTime, nullable=True),
    sa.Column("trouble", sa.String(20), nullable=True),
    sa.Column("detail", sa.String(200), nullable=True),  # the platform's own sentence, for our staff
    sa.Column("has_pdf", sa.Boolean, nullable=False, default=False),
)
bill_table = sa.Table(
    "invoice_bill",
    metadata,
    sa.Column("invoice_id", sa.String(36), primary_key=True),
    sa.Column("payment_id", sa.String(36), primary_key=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),  # false: failed, or taken back as a whole
)
_stands = bill_table.c.stands == sa.literal_column("true")
sa.Index(
    "one_invoice_per_payment",
    bill_table.c.payment_id,
    unique=True,
    sqlite_where=_stands,
    postgresql_where=_stands,
)


def to_invoice(row: Row[Any]) -> Invoice:
    return Invoice(
        id=row.id,
        colour=Colour(row.colour),
        order_no=row.order_no,
        attempt=row.attempt,
        state=InvoiceState(row.state),
        amount=Money(row.amount, row.currency),
        buyer=Buyer(BuyerKind(row.buyer_kind), row.buyer_name, row.buyer_tax_number),
        tax_rate=row.tax_rate,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        blue_id=row.blue_id,
        refund_id=row.refund_id,
        fiscal_number=row.fiscal_number,
        issued_at=row.issued_at,
        trouble=Trouble(row.trouble) if row.trouble else None,
        has_pdf=row.has_pdf,
    )


def _one(conn: Connection, where: sa.ColumnElement[bool]) -> Invoice | None:
    row = conn.execute(sa.select(invoice_table).where(where)).one_or_none()
    return to_invoice(row) if row else None


def get(conn: Connection, invoice_id: str) -> Invoice | None:
    return _one(conn, invoice_table.c.id == invoice_id)


def by_key(conn: Connection, key: str) -> Invoice | None:
    return _one(conn, invoice_table.c.key == key)


def by_refund(conn: Connection, refund_id: str) -> Invoice | None:
    return _one(conn, invoice_table.c.refund_id == refund_id)


def reds_of(conn: Connection, blue_id: str) -> Sequence[Invoice]:
    """The red letters of an invoice, oldest first, whatever became of them."""
    query = sa.select(invoice_table).where(invoice_table.c.blue_id == blue_id).order_by(invoice_table.c.id)
    return [to_invoice(row) for row in conn.execute(query)]


def gone_before(conn: Connection, red: Invoice) -> int:
    """What the red letters before this one take of its invoice, in minor units."""
    earlier = [one for one in reds_of(conn, red.blue_id or "") if one.id < red.id and one.state not in OVER]
    return sum(one.amount.minor for one in earlier)


def of_stays(conn: Connection, stays: Collection[str]) -> Sequence[Invoice]:
    """Every invoice with a bill of these stays on it, and every red letter about one of those, oldest first."""
    ids = sa.select(bill_table.c.invoice_id).where(bill_table.c.stay_id.in_(list(stays)))
    c = invoice_table.c  # a red letter by hand takes a whole invoice back, and has no bills of its own
    query = sa.select(invoice_table).where(sa.or_(c.id.in_(ids), c.blue_id.in_(ids))).order_by(c.id)
    return [to_invoice(row) for row in conn.execute(query)]


def stays_of(conn: Connection, invoice_id: str) -> frozenset[str]:
    """The stays whose bills are on an invoice."""
    query = sa.select(bill_table.c.stay_id).where(bill_table.c.invoice_id == invoice_id)
    return frozenset(conn.execute(query).scalars())


def standing_of(conn: Connection, payment_id: PaymentId) -> Invoice | None:
    """The blue invoice that stands for a payment."""
    ids = sa.select(bill_table.c.invoice_id).where(bill_table.c.payment_id == payment_id, _stands)
    return _one(conn, invoice_table.c.id.in_(ids))


def insert(conn: Connection, new: Invoice, bills: Sequence[Bill], *, key: str | None, reason: str | None) -> None:
    """An invoice with its bills; those of a blue one stand. Two at once for one payment are an integrity error."""
    conn.execute(
        invoice_table.insert().values(
            id=new.id,
            colour=new.colour.value,
            order_no=new.order_no,
            attempt=new.attempt,
            state=new.state.value,
            amount=new.amount.minor,
            currency=new.amount.currency,
            tax_rate=new.tax_rate,
            buyer_kind=new.buyer.kind.value,
            buyer_name=new.buyer.name,
            buyer_tax_number=new.buyer.tax_number,
            blue_id=new.blue_id,
            refund_id=new.refund_id,
            asked_by=new.asked_by,
            asked_at=new.asked_at,
            key=key,
            reason=reason,
            has_pdf=False,
        )
    )
    rows = [
        {
            "invoice_id": new.id,
            "payment_id": bill.payment_id,
            "stay_id": bill.stay_id,
            "amount": bill.amount.minor,
            "stands": new.colour is Colour.BLUE,
        }
        for bill in bills
    ]
    if rows:
        conn.execute(bill_table.insert(), rows)


def change(
    conn: Connection, invoice_id: str, *, only_from: Sequence[InvoiceState], to: InvoiceState, **values: Any
) -> bool:
    """Move an invoice on; False (and nothing changed) when it is in none of the states `only_from`."""
    states = [state.value for state in only_from]
    where = sa.and_(invoice_table.c.id == invoice_id, invoice_table.c.state.in_(states))
    return conn.execute(invoice_table.update().where(where).values(state=to.value, **values)).rowcount == 1


def let_go(conn: Connection, invoice_id: str) -> None:
    """Its bills have no invoice any more: they may have another."""
    conn.execute(bill_table.update().where(bill_table.c.invoice_id == invoice_id).values(stands=False))


def paid_of(conn: Connection, stay_id: str) -> Sequence[tuple[Bill, bool]]:
    """What was paid for a stay, oldest first, less what went back, and whether a refund of it is under way."""
    p, r = payments_store.payment_table, refund_store.refund_table
    query = sa.select(p.c.id, p.c.stay_id, p.c.amount, p.c.currency, p.c.captured_at).where(
        p.c.stay_id == stay_id, p.c.state == PaymentState.PAID.value, p.c.surplus.is_(False), p.c.amount > 0
    )
    found = []
    for row in conn.execute(query.order_by(p.c.id)).all():
        states = conn.execute(sa.select(r.c.amount, r.c.state).where(r.c.payment_id == row.id)).all()
        back = sum(one.amount for one in states if one.state == RefundState.REFUNDED.value)
        under_way = any(one.state in (RefundState.NEW.value, RefundState.SENT.value) for one in states)
        amount = Money(row.amount - back, row.currency)
        found.append((Bill(PaymentId(row.id), StayId(row.stay_id), amount, row.captured_at), under_way))
    return found
