"""Shifts, drawers' moves, counts and cash orders as rows. The database itself refuses a second open shift of one till."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.money import Money
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import metadata
from payments.cash.model import Count, Move, MoveKind, Shift, ShiftState

shift_table = sa.Table(
    "cash_shift",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("till", sa.String(32), nullable=False, index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("opened_by", sa.String(64), nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("opening", sa.BigInteger, nullable=False),
    sa.Column("closed_by", sa.String(64), nullable=True),
    sa.Column("closed_at", UtcDateTime, nullable=True),
    sa.Column("closing", sa.BigInteger, nullable=True),
    sa.Column("expected", sa.BigInteger, nullable=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
)
_open = shift_table.c.state == sa.literal_column("'open'")
sa.Index("one_open_shift_per_till", shift_table.c.till, unique=True, sqlite_where=_open, postgresql_where=_open)

move_table = sa.Table(
    "cash_move",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("shift_id", sa.String(36), nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("number", sa.String(64), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=True),
    sa.UniqueConstraint("kind", "number"),
)
count_table = sa.Table(
    "cash_count",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("shift_id", sa.String(36), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("expected", sa.BigInteger, nullable=False),
    sa.Column("counts", Json, nullable=False),
)
order_table = sa.Table(  # what the cash desk is to take, or to hand out; our own "provider" of the channel cash
    "cash_order",
    metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("about", sa.String(32), nullable=True),  # of a refund: the number of its payment
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("shift_id", sa.String(36), nullable=True),
    sa.Column("tendered", sa.BigInteger, nullable=True),
    sa.Column("ended_at", UtcDateTime, nullable=True),
)


def _to_shift(row: Row[Any]) -> Shift:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row.currency)

    return Shift(
        id=row.id,
        till=row.till,
        state=ShiftState(row.state),
        currency=row.currency,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        opening=Money(row.opening, row.currency),
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        closing=money(row.closing),
        expected=money(row.expected),
    )


def _one(conn: Connection, *where: sa.ColumnElement[bool]) -> Shift | None:
    row = conn.execute(sa.select(shift_table).where(*where)).one_or_none()
    return _to_shift(row) if row else None


def shift(conn: Connection, shift_id: str) -> Shift | None:
    return _one(conn, shift_table.c.id == shift_id)


def shift_by_key(conn: Connection, key: str) -> Shift | None:
    return _one(conn, shift_table.c.key == key)


def open_shift(conn: Connection, till: str) -> Shift | None:
    """The open shift of a till."""
    return _one(conn, shift_table.c.till == till, _open)


def has_open(conn: Connection, by: str) -> bool:
    """Whether somebody answers for a drawer."""
    return conn.execute(sa.select(shift_table.c.id).where(shift_table.c.opened_by == by, _open)).first() is not None


def shifts(conn: Connection, after: str, limit: int) -> Sequence[Shift]:
    """Shifts, newest first, those before `after`."""
    query = sa.select(shift_table).order_by(shift_table.c.id.desc()).limit(limit)
    if after:
        query = query.where(shift_table.c.id < after)
    return [_to_shift(row) for row in conn.execute(query)]


def insert_shift(conn: Connection, new: Shift, *, key: str) -> None:
    conn.execute(
        shift_table.insert().values(
            id=new.id,
            till=new.till,
            state=new.state.value,
            currency=new.currency,
            opened_by=new.opened_by,
            opened_at=new.opened_at,
            opening=new.opening.minor,
            key=key,
        )
    )


def close_shift(conn: Connection, shift_id: str, *, by: str, at: datetime, closing: int, expected: int) -> bool:
    """False (and nothing changed) when it is closed already."""
    values = {"state": ShiftState.CLOSED.value, "closed_by": by, "closed_at": at}
    values |= {"closing": closing, "expected": expected}
    where = sa.and_(shift_table.c.id == shift_id, _open)
    return conn.execute(shift_table.update().where(where).values(values)).rowcount == 1


def insert_move(conn: Connection, new: Move) -> None:
    conn.execute(
        move_table.insert().values(
            id=new.id,
            shift_id=new.shift_id,
            kind=new.kind.value,
            number=new.number,
            amount=new.amount.minor,
            at=new.at,
            by=new.by,
            reason=new.reason,
        )
    )


def moves(conn: Connection, of: Shift) -> Sequence[Move]:
    """What changed the drawer in a shift, oldest first."""
    query = sa.select(move_table).where(move_table.c.shift_id == of.id).order_by(move_table.c.id)
    return [
        Move(
            id=row.id,
            shift_id=row.shift_id,
            kind=MoveKind(row.kind),
            number=row.number,
            amount=Money(row.amount, of.currency),
            at=row.at,
            by=row.by,
            reason=row.reason,
        )
        for row in conn.execute(query)
    ]


def has_move(conn: Connection, kind: MoveKind, number: str) -> bool:
    query = sa.select(move_table.c.id).where(move_table.c.kind == kind.value, move_table.c.number == number)
    return conn.execute(query).first() is not None


def insert_count(conn: Connection, values: dict[str, Any]) -> None:
    conn.execute(count_table.insert().values(values))


def counts(conn: Connection, of: Shift) -> Sequence[Count]:
    """What was counted in a shift, oldest first."""
    query = sa.select(count_table).where(count_table.c.shift_id == of.id).order_by(count_table.c.id)
    return [
        Count(
            at=row.at,
            by=row.by,
            total=Money(row.total, of.currency),
            expected=Money(row.expected, of.currency),
            counts={int(value): int(pieces) for value, pieces in row.counts.items()},
        )
        for row in conn.execute(query)
    ]


def order(conn: Connection, number: str) -> Row[Any] | None:
    return conn.execute(sa.select(order_table).where(order_table.c.number == number)).one_or_none()


def end_order(conn: Connection, number: str, to: str, **values: Any) -> bool:
    """Take an order that waits to its end; False (and nothing changed) when it does not wait."""
    where = sa.and_(order_table.c.number == number, order_table.c.state == "WAITING")
    return conn.execute(order_table.update().where(where).values(state=to, **values)).rowcount == 1
