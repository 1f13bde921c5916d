"""What has become of a payment after it was made: advanced by its provider, paid back by its driver, refunded in part or whole.

A provider that advances pays us at once; the driver then owes it, not us. So the payment is PAID for our books, and ADVANCED for
whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.ids import PaymentId
from parking.kernel.money import Money
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import UnitOfWork, insert_once, metadata
from payments import refund_store
from payments.model import Payment, PaymentState
from payments.providers.base import Outcome
from payments.refund_store import RefundState

advance_table = sa.Table(
    "payment_advance",
    metadata,
    sa.Column("payment_id", sa.String(36), primary_key=True),
    sa.Column("advanced_at", UtcDateTime, nullable=False),
    sa.Column("repaid_at", UtcDateTime, nullable=True),
)


class Phase(StrEnum):
    """What a paid payment is now."""

    PAID = "PAID"
    ADVANCED = "ADVANCED"  # the provider has paid for the driver, who owes it to the provider
    REFUNDING = "REFUNDING"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`phase` is None for what is not paid."""

    phase: Phase | None
    refunded: Money
    advanced_at: datetime | None
    repaid_at: datetime | None


def note(uow: UnitOfWork, payment_id: PaymentId, outcome: Outcome) -> bool:
    """Keep what a provider truly says of an advance; the same word again changes nothing, and says False."""
    conn = uow.connection
    changed = False
    if outcome.advanced:
        row = {"payment_id": payment_id, "advanced_at": outcome.paid_at or uow.now}
        changed = insert_once(conn, advance_table, row)
    if outcome.repaid:
        a = advance_table.c
        where = sa.and_(a.payment_id == payment_id, a.repaid_at.is_(None))
        changed = conn.execute(advance_table.update().where(where).values(repaid_at=uow.now)).rowcount == 1 or changed
    return changed


def of(conn: Connection, payment: Payment) -> Aftermath:
    """What has become of a payment."""
    refunds = refund_store.of_payment(conn, payment.payment_id)
    back = sum(one.amount.minor for one in refunds if one.state is RefundState.REFUNDED)
    row = conn.execute(sa.select(advance_table).where(advance_table.c.payment_id == payment.payment_id)).one_or_none()
    advanced_at, repaid_at = (row.advanced_at, row.repaid_at) if row is not None else (None, None)
    phase = None
    if payment.state is PaymentState.PAID:
        if any(one.is_live for one in refunds):
            phase = Phase.REFUNDING
        elif back:
            phase = Phase.REFUNDED if back >= payment.amount.minor else Phase.PARTLY_REFUNDED
        else:
            phase = Phase.ADVANCED if advanced_at is not None and repaid_at is None else Phase.PAID
    return Aftermath(phase, Money(back, payment.amount.currency), advanced_at, repaid_at)
