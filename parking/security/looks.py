"""Who looked at whom: one row for each hour in which somebody saw personal data, so that a list that is polled does not drown it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.principal import Principal
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import UnitOfWork, insert_once, metadata

look_table = sa.Table(
    "security_look",
    metadata,
    sa.Column("hour", UtcDateTime, primary_key=True),
    sa.Column("actor_kind", sa.String(16), primary_key=True),
    sa.Column("actor", sa.String(64), primary_key=True),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True, index=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
)


def note(uow: UnitOfWork, who: Principal, what: str, subject: str) -> bool:
    """Write down that `who` saw `what` (a stable word) of `subject` (an id, never a plate); False when this hour has it already."""
    hour = uow.now.replace(minute=0, second=0, microsecond=0)
    row = {"hour": hour, "actor_kind": who.kind, "actor": who.subject[:64], "what": what, "subject": subject[:64]}
    return insert_once(uow.connection, look_table, {**row, "at": uow.now})


def of_subjects(conn: Connection, subjects: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """The latest looks at any of these subjects."""
    c = look_table.c
    return conn.execute(sa.select(look_table).where(c.subject.in_(subjects)).order_by(c.at.desc()).limit(limit)).all()


def before(conn: Connection, at: datetime | None, limit: int) -> Sequence[Row[Any]]:
    """The latest looks at anybody, before `at`."""
    query = sa.select(look_table).order_by(look_table.c.at.desc()).limit(limit)
    return conn.execute(query if at is None else query.where(look_table.c.at < at)).all()


def forget(uow: UnitOfWork, older_than: datetime) -> int:
    return uow.connection.execute(look_table.delete().where(look_table.c.at < older_than)).rowcount
