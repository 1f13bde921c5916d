"""Sessions as their owners see them: read, and ended by their id. Opening and recognising them stands in `store`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from parking.kernel.ids import OperatorId
from parking.security.model import Session, Whence
from parking.security.store import operators, sessions


def of_operator(conn: Connection, operator_id: str, now: datetime) -> list[Session]:
    """The open sessions of one operator, the one used last first."""
    mine = (sessions.c.operator_id == operator_id) & (sessions.c.expires_at > now)
    query = select(sessions).where(mine).order_by(sessions.c.seen_at.desc(), sessions.c.id)
    return [_session(row) for row in conn.execute(query)]


def of_everybody(conn: Connection, now: datetime, limit: int) -> list[tuple[Session, str]]:
    """The open sessions of all operators with what people call them, the one used last first."""
    query = (
        select(sessions, operators.c.display_name, operators.c.username)
        .join(operators, operators.c.id == sessions.c.operator_id)
        .where(sessions.c.expires_at > now)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id)
        .limit(limit)
    )
    return [(_session(row), row.display_name or row.username) for row in conn.execute(query)]


def id_of(conn: Connection, token_hash: str) -> str | None:
    """The id of the session with this token."""
    return conn.execute(select(sessions.c.id).where(sessions.c.token_hash == token_hash)).scalar_one_or_none()


def open_one(conn: Connection, session_id: str, now: datetime) -> Session | None:
    row = conn.execute(select(sessions).where(sessions.c.id == session_id, sessions.c.expires_at > now)).one_or_none()
    return _session(row) if row else None


def end(conn: Connection, ids: Sequence[str]) -> None:
    conn.execute(delete(sessions).where(sessions.c.id.in_(ids)))


def _session(row: Row[Any]) -> Session:
    whence = Whence(row.address, row.device)
    return Session(row.id, OperatorId(row.operator_id), row.created_at, row.seen_at, row.expires_at, whence, row.way)
