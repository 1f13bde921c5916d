"""What lanes did about vehicles before their passages were proved, and the exits that no stay explains: the evidence of what was missed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import UnitOfWork, metadata
from parking.plumbing.insert_once import insert_once, upsert
from parking.plumbing.prepared import prepared
from parking.sessions.model import LaneVisit
from parking.sessions.store import review_case, unmatched_exit

KEPT = timedelta(days=40)
"""What a lane said and nobody followed up is of no use to anybody after this long."""

lane_visit = sa.Table(
    "lane_visit",
    metadata,
    sa.Column("visit_id", sa.String(36), primary_key=True),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("leaving", sa.Boolean, nullable=False),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("votes", sa.String(200), nullable=True),
    sa.Column("stay_id", sa.String(36), nullable=True),
    sa.Column("yes_at", UtcDateTime, nullable=True),  # a fee is that of the moment the lane said yes
    sa.Column("pulsed_at", UtcDateTime, nullable=True),
    sa.Column("backed_at", UtcDateTime, nullable=True),
    sa.Column("said_at", UtcDateTime, nullable=False, index=True),
    sa.Index("lane_visit_by_plate", "plate", "leaving"),
    sa.Index("lane_visit_by_lane", "lane_id", "backed_at"),
)

_t = lane_visit.c
_mine = _t.visit_id == sa.bindparam("of_visit")
_SAID = prepared(sa.select(lane_visit).where(_mine))
_MARK = prepared(lane_visit.update().where(_mine).returning(lane_visit))
_TAKE = prepared(lane_visit.delete().where(_mine).returning(lane_visit))
_THROUGH = prepared(
    sa.select(lane_visit)
    .where(
        _t.plate.in_(sa.bindparam("plates", expanding=True)),
        _t.leaving == sa.bindparam("leaving"),
        _t.pulsed_at.is_not(None),
        _t.yes_at >= sa.bindparam("since"),
        _t.yes_at <= sa.bindparam("until"),
    )
    .order_by(_t.yes_at.desc())
    .limit(1)
)
_QUEUED = prepared(
    sa.select(lane_visit).where(
        _t.lane_id == sa.bindparam("lane"),
        _t.backed_at >= sa.bindparam("since"),
        _t.pulsed_at.is_not(None),
        _t.yes_at.is_not(None),
    )
)
_u = unmatched_exit.c
_UNMATCHED = prepared(sa.select(unmatched_exit).where(_u.visit_id == sa.bindparam("of_visit")))
_OF_PLATES = sa.select(unmatched_exit).where(
    _u.plate.in_(sa.bindparam("plates", expanding=True)),
    _u.stay_id.is_(None),
    _u.exited_at >= sa.bindparam("since"),
    sa.or_(_u.named.is_(None), _u.named == sa.bindparam("of_stay")),
)
_EARLIEST = prepared(_OF_PLATES.where(_u.counted).order_by(_u.exited_at).limit(1))
_AWAITED_BEFORE = prepared(
    sa.select(_u.votes).where(
        sa.text("awaits"),
        _u.stay_id.is_(None),
        _u.exited_at >= sa.bindparam("since"),
        _u.exited_at < sa.bindparam("until"),
    )
)
_AWAITING = prepared(
    sa.select(_u.visit_id)
    .where(sa.text("awaits"), _u.exited_at <= sa.bindparam("told", type_=_u.exited_at.type))
    .order_by(_u.exited_at)
    .limit(500)
)
_UNASKED = sa.select(review_case.c.id).where(review_case.c.state == sa.literal_column("'open'"))
_EARLIEST_UNTIL = prepared(
    _OF_PLATES.where(_u.exited_at <= sa.bindparam("until"), sa.or_(_u.counted, _u.case_id.in_(_UNASKED)))
    .order_by(_u.exited_at)
    .limit(1)
)


def _to_visit(row: Row[Any]) -> LaneVisit:
    return LaneVisit(
        VisitId(row.visit_id),
        LaneId(row.lane_id),
        row.leaving,
        row.plate,
        Votes.parse(row.votes) if row.votes else None,
        StayId(row.stay_id) if row.stay_id else None,
        row.yes_at,
        row.pulsed_at,
        row.backed_at,
    )


def note(conn: Connection, said: LaneVisit, at: datetime) -> None:
    """Keep a lane's last word on a vehicle; what was seen of its boom stays."""
    values = {
        "lane_id": said.lane_id,
        "leaving": said.leaving,
        "plate": said.plate,
        "votes": said.votes.compact() if said.votes is not None else None,
        "stay_id": said.stay_id,
        "yes_at": said.yes_at,
        "said_at": at,
    }
    upsert(conn, lane_visit, {"visit_id": said.visit_id, **values})


def mark(conn: Connection, visit_id: VisitId, **moments: datetime) -> LaneVisit | None:
    """Keep when the boom was opened for it (`pulsed_at`) or it drove back (`backed_at`); the visit, if the lane had said anything."""
    row = conn.execute(_MARK, {"of_visit": visit_id, **moments}).one_or_none()
    return _to_visit(row) if row else None


def said_of(conn: Connection, visit_id: VisitId) -> LaneVisit | None:
    """What a lane has said of a vehicle that has not passed yet."""
    row = conn.execute(_SAID, {"of_visit": visit_id}).one_or_none()
    return _to_visit(row) if row else None


def take(conn: Connection, visit_id: VisitId) -> LaneVisit | None:
    """What the lane had said of a vehicle that has passed; forgets it."""
    row = conn.execute(_TAKE, {"of_visit": visit_id}).one_or_none()
    return _to_visit(row) if row else None


def let_through(
    conn: Connection, texts: Iterable[str], *, leaving: bool, since: datetime, until: datetime
) -> LaneVisit | None:
    """The last vehicle with one of these plates that a lane opened for between two times, without proof of a passage."""
    plates = [Plate(text) for text in texts]
    row = conn.execute(_THROUGH, {"plates": plates, "leaving": leaving, "since": since, "until": until}).one_or_none()
    return _to_visit(row) if row else None


def queued_behind(conn: Connection, lane_id: LaneId, since: datetime) -> list[LaneVisit]:
    """Vehicles that an exit opened for and that are said to have driven back after `since`, though another stood behind them."""
    return [_to_visit(row) for row in conn.execute(_QUEUED, {"lane": lane_id, "since": since})]


def forget_old(uow: UnitOfWork) -> None:
    """Drop what lanes said long ago of vehicles that were never heard of again."""
    uow.connection.execute(lane_visit.delete().where(lane_visit.c.said_at < uow.now - KEPT))


# --- exits that no stay explains -------------------------------------------------------------------------------------


def add_unmatched(uow: UnitOfWork, visit_id: VisitId, **values: Any) -> None:
    """Keep an exit, once."""
    insert_once(uow.connection, unmatched_exit, {"visit_id": visit_id, **values})


def unmatched(conn: Connection, visit_id: VisitId) -> Row[Any] | None:
    return conn.execute(_UNMATCHED, {"of_visit": visit_id}).one_or_none()


def case_of(conn: Connection, visit_id: VisitId) -> str:
    """The case of an exit that no stay explained."""
    query = sa.select(unmatched_exit.c.case_id).where(unmatched_exit.c.visit_id == visit_id)
    return str(conn.execute(query).scalar_one())


def earliest_unmatched(
    conn: Connection,
    stay_id: StayId,
    plate: Plate | None,
    texts: Iterable[str],
    since: datetime,
    until: datetime | None = None,
) -> Row[Any] | None:
    """The first exit after `since` that no stay has explained and that may be this one's, of whose `plate` its entry left open `texts`.

    With `until` it is looked for before then, and one that no loop proved will do while nobody has said that it drove back. None where
    that takes more than is known yet: what `awaits` is judged when everything has been told.
    """
    spelt = set(texts)
    about = {"plates": [Plate(text) for text in spelt], "since": since, "of_stay": stay_id}
    if until is None:
        out = conn.execute(_EARLIEST, about).one_or_none()
    else:
        out = conn.execute(_EARLIEST_UNTIL, {**about, "until": until}).one_or_none()
    if out is None or (out.awaits and out.plate != plate):
        return None  # another's may be its own, whom a box that is cut off will tell
    before = conn.execute(_AWAITED_BEFORE, {"since": since, "until": out.exited_at}).scalars()
    near = (Votes.parse(votes).spellings for votes in before if votes is not None)
    return None if any(one.text in spelt for spellings in near for one in spellings) else out


def awaiting(conn: Connection, told_until: datetime) -> list[VisitId]:
    """Exits that may have been told before their entries, up to the moment up to which everything has been told by now; first first."""
    rows = conn.execute(_AWAITING, {"told": told_until}).all()
    return [VisitId(row.visit_id) for row in rows]


def all_told(conn: Connection, visit_id: VisitId) -> bool:
    """An exit awaits nobody's entry any more; whether it did until now."""
    mine = (unmatched_exit.c.visit_id == visit_id, unmatched_exit.c.awaits)
    return conn.execute(unmatched_exit.update().where(*mine).values(awaits=False)).rowcount == 1


def somebody_left_unread(conn: Connection, since: datetime, until: datetime) -> bool:
    """Whether an exit between two times has neither a plate nor a stay."""
    t = unmatched_exit.c
    query = sa.select(t.visit_id).where(t.plate.is_(None), t.stay_id.is_(None), t.exited_at.between(since, until))
    return conn.execute(query.limit(1)).first() is not None


def explain(conn: Connection, visit_id: VisitId, stay_id: StayId | None) -> None:
    """An exit was this stay's; or, with None, nobody knows whose once more."""
    conn.execute(unmatched_exit.update().where(unmatched_exit.c.visit_id == visit_id).values(stay_id=stay_id))
