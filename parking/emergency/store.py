"""The tables of calls, emergencies, openings by hand and stopped fee clocks. The database itself lets one person take a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.emergency.model import CallSource, CallState, CallStep, HelpCall
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import BigSerial, insert_once, metadata
from parking.plumbing.prepared import prepared

help_call = sa.Table(
    "help_call",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("lane_id", sa.String(64), nullable=True),
    sa.Column("visit_id", sa.String(36), nullable=True, index=True),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("callers_ref", sa.String(96), nullable=False),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("picture_ref", sa.String(200), nullable=True),
    sa.Column("called_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("taken_by", sa.String(64), nullable=False, default=""),
    sa.Column("taken_at", UtcDateTime, nullable=True),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("how", sa.String(24), nullable=False, default=""),
    sa.Column("note", sa.String(500), nullable=False, default=""),
)
sa.Index("help_call_by_state", help_call.c.state, help_call.c.called_at, help_call.c.id)
_open = help_call.c.state != sa.literal_column("'ended'")
sa.Index("one_open_call_per_caller", help_call.c.callers_ref, unique=True, sqlite_where=_open, postgresql_where=_open)

help_call_step = sa.Table(
    "help_call_step",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("what", sa.String(24), nullable=False),
    sa.Column("who", sa.String(64), nullable=False),
    sa.Column("detail", sa.String(500), nullable=False),
    sqlite_autoincrement=True,
)
_OPEN_AT = prepared(
    sa.select(help_call)
    .where(help_call.c.lane_id == sa.bindparam("of_lane"), _open)
    .order_by(help_call.c.called_at, help_call.c.id)
)


def add_call(conn: Connection, new: HelpCall) -> bool:
    """Store a new call; False when it is known, or its caller has an open one."""
    return insert_once(conn, help_call, asdict(new) | {"source": new.source.value, "state": new.state.value})


def call(conn: Connection, call_id: str) -> HelpCall | None:
    row = conn.execute(sa.select(help_call).where(help_call.c.id == call_id)).one_or_none()
    return _to_call(row) if row else None


def open_call_of(conn: Connection, callers_ref: str) -> HelpCall | None:
    """The one call of this caller that has not ended."""
    query = sa.select(help_call).where(help_call.c.callers_ref == callers_ref, _open)
    row = conn.execute(query).one_or_none()
    return _to_call(row) if row else None


def open_calls_at(conn: Connection, lane_id: LaneId, visit_id: VisitId | None = None) -> Sequence[HelpCall]:
    """The calls of a lane (and of one vehicle there) that have not ended, oldest first."""
    calls = [_to_call(row) for row in conn.execute(_OPEN_AT, {"of_lane": lane_id})]
    return [call for call in calls if visit_id is None or call.visit_id == visit_id]


def open_calls(conn: Connection, limit: int) -> Sequence[HelpCall]:
    """The calls that have not ended, longest wait first."""
    query = sa.select(help_call).where(_open)
    ordered = query.order_by(help_call.c.called_at, help_call.c.id).limit(limit)
    return [_to_call(row) for row in conn.execute(ordered)]


def ended_calls(conn: Connection, after: str, limit: int) -> Sequence[HelpCall]:
    """The calls that have ended, newest first, older than the call `after` (empty: from the newest)."""
    query = sa.select(help_call).where(help_call.c.state == "ended")
    last = call(conn, after) if after else None
    if last is not None:
        query = query.where(
            sa.tuple_(help_call.c.called_at, help_call.c.id)
            < sa.tuple_(sa.literal(last.called_at, UtcDateTime), sa.literal(last.id))
        )
    ordered = query.order_by(help_call.c.called_at.desc(), help_call.c.id.desc()).limit(limit)
    return [_to_call(row) for row in conn.execute(ordered)]


def change_call(conn: Connection, call_id: str, only_from: CallState, **values: Any) -> bool:
    """Move a call on; False (and nothing changed) when it is not in the state `only_from` any more."""
    mine = sa.and_(help_call.c.id == call_id, help_call.c.state == only_from.value)
    return conn.execute(help_call.update().where(mine).values(**values)).rowcount == 1


def add_step(conn: Connection, call_id: str, at: datetime, what: str, who: str = "", detail: str = "") -> None:
    row = {"call_id": call_id, "at": at, "what": what, "who": who, "detail": detail[:500]}
    conn.execute(help_call_step.insert().values(row))


def steps_of(conn: Connection, call_id: str) -> Sequence[CallStep]:
    """The log of one call, oldest line first."""
    t = help_call_step.c
    query = sa.select(t.at, t.what, t.who, t.detail).where(t.call_id == call_id).order_by(t.seq)
    return [CallStep(*row) for row in conn.execute(query)]


def _to_call(row: Row[Any]) -> HelpCall:
    return HelpCall(
        id=row.id,
        source=CallSource(row.source),
        lane_id=LaneId(row.lane_id) if row.lane_id is not None else None,
        visit_id=VisitId(row.visit_id) if row.visit_id is not None else None,
        stay_id=StayId(row.stay_id) if row.stay_id is not None else None,
        callers_ref=row.callers_ref,
        cause=row.cause,
        picture_ref=row.picture_ref,
        called_at=row.called_at,
        state=CallState(row.state),
        level=row.level,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        ended_at=row.ended_at,
        how=row.how,
        note=row.note,
    )
