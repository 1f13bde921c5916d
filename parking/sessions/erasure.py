"""This room forgets: a plate that is erased goes out of every row that is over, and so does one that was kept as long as it may be.

Rows stay, with their times and their money. Votes and the folded number spell a plate as well, and go with it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import corrections, store, visit_notes, visits
from parking.sessions.desk import store as desk_store

_NOBODY = {"plate": None, "votes": None}
_is_over = store.stay.c.state.in_(store.OVER)
_ended = sa.func.coalesce(store.stay.c.exited_at, store.stay.c.entered_at)
"""Of one that ended without an exit (merged, split, a ghost), its beginning counts."""


def forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> list[StayId]:
    """Take a plate out of everything of this room that ended until then; returns out of which stays."""
    conn, x = uow.connection, store.unmatched_exit.c
    stays = stays_of(conn, plate, until)
    corrections.forget_of_stays(conn, stays)
    corrections.forget_spelling(conn, plate, until)
    store.forget_plates(conn, stays)
    conn.execute(store.unmatched_exit.update().where(x.plate == plate, x.exited_at <= until).values(_NOBODY))
    note, visit = visit_notes.visit_note, visits.lane_visit
    conn.execute(note.update().where(note.c.plate == plate, note.c.at <= until).values(plate=None))
    conn.execute(visit.update().where(visit.c.plate == plate, visit.c.said_at <= until).values(_NOBODY))
    lesson = desk_store.desk_lesson.c
    desk_store.blank_lessons(
        conn, sa.or_(lesson.read_plate == plate, lesson.true_plate == plate), lesson.learned_at <= until
    )
    return stays


def stays_of(conn: Connection, plate: Plate, until: datetime) -> list[StayId]:
    """The stays of a plate that were over by then."""
    found = sa.select(store.stay.c.id).where(store.stay.c.plate == plate, _is_over, _ended <= until)
    return [StayId(stay_id) for stay_id in conn.execute(found).scalars()]


def forget_older(uow: UnitOfWork, *, stays: datetime, exits: datetime, lessons: datetime, most: int) -> int:
    """Take every plate out of what ended before these moments, of `most` stays at once; returns of how many."""
    conn, s, x = uow.connection, store.stay.c, store.unmatched_exit.c
    known = sa.or_(s.plate.is_not(None), s.votes.is_not(None))
    old = conn.execute(sa.select(s.id).where(known, _is_over, _ended < stays).limit(most)).scalars().all()
    corrections.forget_of_stays(conn, old)
    store.forget_plates(conn, old)
    spelt = sa.or_(x.plate.is_not(None), x.votes.is_not(None))
    conn.execute(store.unmatched_exit.update().where(spelt, x.exited_at < exits).values(_NOBODY))
    note = visit_notes.visit_note
    conn.execute(note.update().where(note.c.plate.is_not(None), note.c.at < stays).values(plate=None))
    desk_store.blank_lessons(conn, desk_store.desk_lesson.c.learned_at < lessons)
    return len(old)
