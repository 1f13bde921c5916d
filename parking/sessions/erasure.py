"""This room forgets: a plate that is erased goes out of every row that is over, and so does one that was kept as long as it may be.

Rows stay, with their times and their money. Votes and the folded number spell a plate as well, and go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.events import VehiclePassed
from parking.kernel.ids import StayId, VisitId
from parking.kernel.near_plates import folded
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, store, visit_notes, visits
from parking.sessions.desk import lesson_store

_NOBODY: Mapping[str, None] = {"plate": None, "votes": None}
_NOBODYS_EXIT: Mapping[str, None] = dict.fromkeys(store.SPELLS_EXIT)
"""A stay that was named is no proof where nothing says any more by what."""
_is_over = sa.func.coalesce(store.stay.c.state, "").in_(store.OVER)
"""Wrapped, so that no engine goes through all that are over for the few of one plate."""
_ended = sa.func.coalesce(store.stay.c.exited_at, store.stay.c.entered_at)
"""Of one that ended without an exit (merged, split, a ghost), its beginning counts."""


def forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> list[StayId]:
    """Take a plate out of everything of this room that ended until then; returns out of which stays.

    What lanes told of these stays goes with it, however they had read the plate.
    """
    conn, x = uow.connection, store.unmatched_exit.c
    stays = stays_of(conn, plate, until)
    told = visits_of(conn, stays)
    corrections.forget_of_stays(conn, stays)
    corrections.forget_spelling(conn, plate, until)
    store.forget_plates(conn, stays)
    mine = sa.or_(sa.and_(x.plate == plate, x.exited_at <= until), x.visit_id.in_(told))
    conn.execute(store.unmatched_exit.update().where(mine).values(_NOBODYS_EXIT))
    note, visit = visit_notes.visit_note, visits.lane_visit
    mine = sa.or_(sa.and_(note.c.plate == plate, note.c.at <= until), note.c.visit_id.in_(told))
    conn.execute(note.update().where(mine).values(_NOBODY))
    mine = sa.or_(sa.and_(visit.c.plate == plate, visit.c.said_at <= until), visit.c.visit_id.in_(told))
    conn.execute(visit.update().where(mine).values(_NOBODY))
    for table, at in ((note, note.c.at), (visit, visit.c.said_at)):  # another car's read may have left this plate open
        open_to_it = sa.and_(table.c.votes.contains(plate.text, autoescape=True), at <= until)
        conn.execute(table.update().where(open_to_it).values(votes=None))
    lesson = lesson_store.desk_lesson.c
    lesson_store.blank_lessons(
        conn, sa.or_(lesson.read_plate == plate, lesson.true_plate == plate), lesson.learned_at <= until
    )
    return stays


def stays_of(conn: Connection, plate: Plate, until: datetime) -> list[StayId]:
    """The stays of a plate that were over by then."""
    s = store.stay.c
    found = sa.select(s.id).where(s.folded == folded(plate.text), s.plate == plate, _is_over, _ended <= until)
    return [StayId(stay_id) for stay_id in conn.execute(found).scalars()]


def visits_of(conn: Connection, stay_ids: Sequence[StayId]) -> list[VisitId]:
    """The visits that brought these stays in and took them out."""
    s, x, note, v = store.stay.c, store.unmatched_exit.c, visit_notes.visit_note.c, visits.lane_visit.c
    others = sa.exists().where(x.visit_id == note.visit_id, x.stay_id.is_distinct_from(s.id))
    left = sa.and_(note.lane_id == s.exit_lane_id, note.at == s.exited_at, note.kind == VehiclePassed.__name__, ~others)
    found = sa.union(
        sa.select(note.visit_id).join_from(store.stay, visit_notes.visit_note, left).where(s.id.in_(stay_ids)),
        sa.select(x.visit_id).where(x.stay_id.in_(stay_ids)),
        sa.select(v.visit_id).where(v.stay_id.in_(stay_ids)),
    )
    return [*(VisitId(stay_id) for stay_id in stay_ids), *(VisitId(one) for one in conn.execute(found).scalars())]


def forget_stays(uow: UnitOfWork, before: datetime, most: int) -> int:
    """Take the plate out of stays that ended before then, of `most` at once; returns of how many."""
    conn, s = uow.connection, store.stay.c
    closed = sa.select(s.id).where(store.CLOSED_SPELT, s.exited_at < before)
    gone = sa.select(s.id).where(store.GONE_SPELT, s.entered_at < before, _ended < before)
    old = list(conn.execute(closed.limit(most)).scalars())
    old += conn.execute(gone.limit(most - len(old))).scalars()
    if old:
        corrections.forget_of_stays(conn, old)
        store.forget_plates(conn, old)
    return len(old)


def forget_exits(uow: UnitOfWork, before: datetime, most: int) -> int:
    """The same of exits without a stay."""
    x = store.unmatched_exit.c
    return _blank(uow.connection, x.visit_id, sa.and_(store.EXIT_SPELT, x.exited_at < before), _NOBODYS_EXIT, most)


def forget_notes(uow: UnitOfWork, before: datetime, most: int) -> int:
    """The same of what lanes told of visits."""
    n = visit_notes.visit_note.c
    return _blank(uow.connection, n.event_id, sa.and_(visit_notes.IS_SPELT, n.at < before), _NOBODY, most)


def forget_lessons(uow: UnitOfWork, before: datetime) -> None:
    """What a lesson teaches stays, whose plate it was goes."""
    lesson_store.blank_lessons(uow.connection, lesson_store.desk_lesson.c.learned_at < before)


def _blank(
    conn: Connection, key: sa.Column[str], where: sa.ColumnElement[bool], values: Mapping[str, None], most: int
) -> int:
    old = sa.select(key).where(where).limit(most)
    return conn.execute(key.table.update().where(key.in_(old)).values(values)).rowcount
