"""The tables of emergencies, openings by hand and stopped fee clocks. At most one emergency stands at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.emergency.model import Emergency, HeldLane, ManualOpening
from parking.kernel.fee_clock import Stop
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import insert_once, metadata
from parking.plumbing.marks import mark, told
from parking.plumbing.prepared import prepared

emergency = sa.Table(
    "emergency",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("cause", sa.String(16), nullable=False),  # fire, ordered
    sa.Column("lane_id", sa.String(64), nullable=True),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("begun_by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("standing", sa.Boolean, nullable=True),  # true while it stands, else null: true is there once
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("ended_by", sa.String(64), nullable=False, default=""),
    sa.Column("end_reason", sa.String(200), nullable=False, default=""),
    sa.UniqueConstraint("standing"),
)

emergency_lane = sa.Table(
    "emergency_lane",
    metadata,
    sa.Column("emergency_id", sa.String(64), primary_key=True),
    sa.Column("lane_id", sa.String(64), primary_key=True),
    sa.Column("command_id", sa.String(36), nullable=True),
    sa.Column("ordered_at", UtcDateTime, nullable=True),
    sa.Column("opened_at", UtcDateTime, nullable=True),
    sa.Column("cleared_at", UtcDateTime, nullable=True),
)

manual_opening = sa.Table(
    "manual_opening",
    metadata,
    sa.Column("command_id", sa.String(36), primary_key=True),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("ordered_at", UtcDateTime, nullable=False),
    sa.Column("call_id", sa.String(64), nullable=True),
    sa.Column("visit_id", sa.String(36), nullable=True),
    sa.Column("picture_ref", sa.String(200), nullable=True),
    sa.Column("pulsed_at", UtcDateTime, nullable=True),
    sa.Column("read_back", sa.Boolean, nullable=True),
)
sa.Index("manual_opening_by_lane", manual_opening.c.lane_id, manual_opening.c.ordered_at)

fee_stop = sa.Table(
    "fee_stop",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("everyone", sa.Boolean, nullable=False),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("visit_id", sa.String(36), nullable=True, index=True),
    sa.Column("lane_id", sa.String(64), nullable=True),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
)
sa.Index("fee_stop_of_stay", fee_stop.c.stay_id)
_COPIES = UUID("0b0d6c1e-7f0e-4a55-9a5e-6c1f2b9d5a77")
_everyone = fee_stop.c.everyone == sa.literal_column("true")
sa.Index("fee_stop_of_everyone", fee_stop.c.started_at, sqlite_where=_everyone, postgresql_where=_everyone)
_NAME = prepared(
    fee_stop.update()
    .where(fee_stop.c.visit_id == sa.bindparam("of_visit"), fee_stop.c.stay_id.is_(None))
    .values(stay_id=sa.bindparam("named"))
)
_STOPS = prepared(
    sa.select(fee_stop.c.started_at, fee_stop.c.ended_at)
    .where(fee_stop.c.stay_id == sa.bindparam("of_stay"))
    .union_all(
        sa.select(fee_stop.c.started_at, fee_stop.c.ended_at).where(
            _everyone, sa.or_(fee_stop.c.ended_at.is_(None), fee_stop.c.ended_at > sa.bindparam("since"))
        )
    )
)


# --- emergencies -----------------------------------------------------------------------------------------------------


def begin(conn: Connection, new: Emergency) -> bool:
    """Store an emergency that begins; False when one stands already, or this one is known."""
    return insert_once(conn, emergency, asdict(new) | {"standing": True})


def standing(conn: Connection) -> Emergency | None:
    """The emergency that stands now."""
    return _one(conn, emergency.c.standing.is_(True))


def last(conn: Connection) -> Emergency | None:
    """The emergency that began last, over or not."""
    return _one(conn, sa.true())


def _one(conn: Connection, where: sa.ColumnElement[bool]) -> Emergency | None:
    columns = [column for column in emergency.c if column.name != "standing"]
    query = sa.select(*columns).where(where).order_by(emergency.c.started_at.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return Emergency(**row._mapping) if row else None


def end(conn: Connection, emergency_id: str, *, at: datetime, by: str, reason: str) -> bool:
    """End it; False when it is over already."""
    change = {"standing": None, "ended_at": at, "ended_by": by, "end_reason": reason}
    mine = sa.and_(emergency.c.id == emergency_id, emergency.c.standing.is_(True))
    return conn.execute(emergency.update().where(mine).values(change)).rowcount == 1


def earlier(conn: Connection, emergency_id: str, at: datetime) -> None:
    """It had begun before we heard of it first."""
    conn.execute(emergency.update().where(emergency.c.id == emergency_id).values(started_at=at))
    conn.execute(fee_stop.update().where(fee_stop.c.id == emergency_id).values(started_at=at))


def note_lane(conn: Connection, emergency_id: str, lane_id: LaneId, **values: Any) -> None:
    """Write down what a lane was told, or said, in an emergency."""
    mine = sa.and_(emergency_lane.c.emergency_id == emergency_id, emergency_lane.c.lane_id == lane_id)
    if conn.execute(emergency_lane.update().where(mine).values(**values)).rowcount == 0:
        conn.execute(emergency_lane.insert().values(emergency_id=emergency_id, lane_id=lane_id, **values))


def lanes_of(conn: Connection, emergency_id: str) -> Sequence[HeldLane]:
    """The lanes of an emergency, by their ids."""
    t = emergency_lane.c
    query = (
        sa.select(t.lane_id, t.command_id, t.ordered_at, t.opened_at, t.cleared_at)
        .where(t.emergency_id == emergency_id)
        .order_by(t.lane_id)
    )
    return [HeldLane(**row._mapping) for row in conn.execute(query)]


# --- openings by hand ------------------------------------------------------------------------------------------------


def add_opening(conn: Connection, new: ManualOpening) -> None:
    conn.execute(manual_opening.insert().values(asdict(new)))


def latest_opening(conn: Connection, lane_id: LaneId, since: datetime) -> ManualOpening | None:
    """The newest order to open this lane after `since` that the lane has not confirmed yet."""
    t = manual_opening.c
    query = sa.select(manual_opening).where(
        t.lane_id == lane_id, t.action == "open", t.pulsed_at.is_(None), t.ordered_at >= since
    )
    row = conn.execute(query.order_by(t.ordered_at.desc(), t.command_id.desc()).limit(1)).one_or_none()
    return ManualOpening(**row._mapping) if row else None


def change_opening(conn: Connection, command_id: str, **values: Any) -> None:
    conn.execute(manual_opening.update().where(manual_opening.c.command_id == command_id).values(**values))


def openings(conn: Connection, after: str, limit: int) -> Sequence[ManualOpening]:
    """Openings by hand, newest first, older than the id `after`; ids are in the order of their time."""
    query = sa.select(manual_opening).order_by(manual_opening.c.command_id.desc()).limit(limit)
    if after:
        query = query.where(manual_opening.c.command_id < after)
    return [ManualOpening(**row._mapping) for row in conn.execute(query)]


# --- fee clocks ------------------------------------------------------------------------------------------------------


def start_stop(
    conn: Connection,
    stop_id: str,
    *,
    cause: str,
    at: datetime,
    everyone: bool = False,
    stay_id: StayId | None = None,
    visit_id: VisitId | None = None,
    lane_id: LaneId | None = None,
) -> None:
    """A fee clock stands still from `at` on; the same stop again changes nothing."""
    row = {"id": stop_id, "everyone": everyone, "stay_id": stay_id, "visit_id": visit_id, "lane_id": lane_id}
    insert_once(conn, fee_stop, row | {"cause": cause, "started_at": at})


_RUNNING = {
    name: prepared(
        sa.select(fee_stop.c.id, fee_stop.c.stay_id).where(
            fee_stop.c[name] == sa.bindparam("whose"), fee_stop.c.ended_at.is_(None)
        )
    )
    for name in ("id", "visit_id", "stay_id")
}


def end_stops(conn: Connection, at: datetime, of: str, whose: str) -> Sequence[StayId]:
    """The clocks of a `visit_id`, of a `stay_id` or of the stop `id` itself run again from `at` on; none ends before it began.

    Returns the stays that they are of, where known.
    """
    running = conn.execute(_RUNNING[of], {"whose": whose}).all()
    if running:
        over = sa.case((fee_stop.c.started_at > at, fee_stop.c.started_at), else_=sa.literal(at, UtcDateTime))
        mine = fee_stop.c.id.in_([stop.id for stop in running])
        conn.execute(fee_stop.update().where(mine).values(ended_at=over))
    return [StayId(stop.stay_id) for stop in running if stop.stay_id]


def runs_stopped(conn: Connection, visit_id: VisitId) -> bool:
    """Whether the fee clock of this vehicle stands still now."""
    query = sa.select(fee_stop.c.id).where(fee_stop.c.visit_id == visit_id, fee_stop.c.ended_at.is_(None)).limit(1)
    return conn.execute(query).first() is not None


def name_stay(conn: Connection, visit_id: VisitId, stay_id: StayId) -> bool:
    """The vehicle that was held turns out to be of this stay; False where nothing held it, or whose it is was said already."""
    return conn.execute(_NAME, {"of_visit": visit_id, "named": stay_id}).rowcount > 0


def unname_others(conn: Connection, visit_id: VisitId, stay_id: StayId) -> list[StayId]:
    """The held vehicle is of this stay, whatever was said before: the stays that it was taken for."""
    t = fee_stop.c
    taken_for = sa.select(t.stay_id).where(t.visit_id == visit_id, t.stay_id.is_not(None), t.stay_id != stay_id)
    others = [StayId(other) for other in conn.execute(taken_for.distinct()).scalars()]
    for other in others:
        unname_stay(conn, visit_id, other)
    return others


def unname_stay(conn: Connection, visit_id: VisitId, stay_id: StayId) -> None:
    """It was not of this stay after all: whose the held vehicle was is a question again."""
    t = fee_stop.c
    conn.execute(fee_stop.update().where(t.visit_id == visit_id, t.stay_id == stay_id).values(stay_id=None))


def copy_stops(conn: Connection, stay_id: StayId, to: StayId) -> None:
    """What stopped the clock of one stay has stopped that of another, which holds in its place; the same again changes nothing."""
    for row in conn.execute(fee_stop.select().where(fee_stop.c.stay_id == stay_id)).all():
        insert_once(conn, fee_stop, {**row._mapping, "id": _copy_of(row.id, to), "stay_id": to})


def drop_copies(conn: Connection, stay_id: StayId, of: StayId) -> None:
    """What had stopped the clock of one stay is its own again."""
    theirs = conn.execute(sa.select(fee_stop.c.id).where(fee_stop.c.stay_id == stay_id)).scalars()
    copies = [_copy_of(one, of) for one in theirs]
    conn.execute(fee_stop.delete().where(fee_stop.c.id.in_(copies), fee_stop.c.stay_id == of))


def _copy_of(stop_id: str, to: StayId) -> str:
    return str(uuid5(_COPIES, f"{stop_id}:{to}"))


def stops_of(conn: Connection, stay_id: StayId, since: datetime) -> tuple[Stop, ...]:
    """When the fee clock of a stay stood still: its own stops, and everybody's after `since`."""
    rows = conn.execute(_STOPS, {"of_stay": stay_id, "since": since})
    return tuple((row.started_at, row.ended_at) for row in rows)


def marks(stay_id: sa.ColumnElement[Any], since: sa.ColumnElement[Any]) -> list[sa.Label[str]]:
    """What `stops_of` reads, as columns of a query about stays."""
    t = fee_stop.c
    text = told(t.started_at, t.ended_at)
    everyone = mark("everyones_stops", text, _everyone, sa.or_(t.ended_at.is_(None), t.ended_at > since))
    return [mark("stops", text, t.stay_id == stay_id), everyone]
