"""Refunds as rows; all refunds of a payment together never exceed it (the head of the ledger is taken before one is written)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import metadata
from payments.model import Payment, PaymentState


class RefundState(StrEnum):
    NEW = "NEW"  # written down, the provider perhaps not asked yet
    SENT = "SENT"  # the provider has it
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"  # it will not happen under this number


LIVE = (RefundState.NEW, RefundState.SENT)
LONGEST_KEY = 160

refund_table = sa.Table(
    "refund",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("payment_id", sa.String(36), nullable=False, index=True),
    sa.Column("stay_id", sa.String(36), nullable=False, index=True),
    sa.Column("key", sa.String(LONGEST_KEY), nullable=False, unique=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column(
        "granted", sa.BigInteger, nullable=False
    ),  # the part that was not owed back already: given up by a person
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("reference", sa.String(64), nullable=True),
    sa.Column("failure", sa.String(64), nullable=True),
    sa.Column("channel", sa.String(32), nullable=True),  # through which it goes back; None: the one that it came by
)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of one payment that goes back; `granted` of `amount` was not owed back before somebody decided so."""

    id: str
    number: str
    payment_id: PaymentId
    stay_id: StayId
    amount: Money
    granted: Money
    state: RefundState
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = None
    reference: str | None = None
    failure: str | None = None
    key: str = ""
    channel: str | None = None
    """Through which it goes back, where that is not the one that it came by."""

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


def _to_refund(row: Row[Any]) -> Refund:
    return Refund(
        id=row.id,
        number=row.number,
        payment_id=PaymentId(row.payment_id),
        stay_id=StayId(row.stay_id),
        amount=Money(row.amount, row.currency),
        granted=Money(row.granted, row.currency),
        state=RefundState(row.state),
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
        ended_at=row.ended_at,
        reference=row.reference,
        failure=row.failure,
        key=row.key,
        channel=row.channel,
    )


def _one(conn: Connection, where: sa.ColumnElement[bool]) -> Refund | None:
    row = conn.execute(sa.select(refund_table).where(where)).one_or_none()
    return _to_refund(row) if row else None


def get(conn: Connection, refund_id: str) -> Refund | None:
    return _one(conn, refund_table.c.id == refund_id)


def by_number(conn: Connection, number: str) -> Refund | None:
    return _one(conn, refund_table.c.number == number)


def by_key(conn: Connection, key: str) -> Refund | None:
    return _one(conn, refund_table.c.key == key)


def of_payment(conn: Connection, payment_id: PaymentId) -> Sequence[Refund]:
    """All refunds of a payment, oldest first."""
    query = sa.select(refund_table).where(refund_table.c.payment_id == payment_id).order_by(refund_table.c.id)
    return [_to_refund(row) for row in conn.execute(query)]


def is_kept(conn: Connection, payment: Payment) -> bool:
    """Whether money of a payment that was made is still with us, or on its way back."""
    done = sum(one.amount.minor for one in of_payment(conn, payment.payment_id) if one.state is RefundState.REFUNDED)
    return payment.state is PaymentState.PAID and done < payment.amount.minor


def insert(conn: Connection, new: Refund, *, key: str) -> None:
    conn.execute(
        refund_table.insert().values(
            id=new.id,
            number=new.number,
            payment_id=new.payment_id,
            stay_id=new.stay_id,
            key=key,
            amount=new.amount.minor,
            granted=new.granted.minor,
            currency=new.amount.currency,
            state=new.state.value,
            reason=new.reason,
            actor=new.actor,
            created_at=new.created_at,
            channel=new.channel,
        )
    )


def shrink(conn: Connection, refund_id: str, *, to: Money) -> None:
    """Less went back than was asked for."""
    conn.execute(refund_table.update().where(refund_table.c.id == refund_id).values(amount=to.minor))


def change(
    conn: Connection, refund_id: str, *, only_from: Sequence[RefundState], to: RefundState, **values: Any
) -> bool:
    """Move a refund on; False (and nothing changed) when it is in none of the states `only_from`."""
    states = [state.value for state in only_from]
    where = sa.and_(refund_table.c.id == refund_id, refund_table.c.state.in_(states))
    return conn.execute(refund_table.update().where(where).values(state=to.value, **values)).rowcount == 1
