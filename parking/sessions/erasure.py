"""This room forgets: a plate that is erased goes out of every row that is over, and so does one that was kept as long as it may be.

Rows stay, with their times and their money. Votes and the folded number spell a plate as well, and go with it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import store, visit_notes, visits
from parking.sessions.desk import store as desk_store

_NOBODY = {"plate": None, "votes": None}


def forget_plate(uow: UnitOfWork, plate: Plate, until: datetime) -> int:
    """Take a plate out of everything of this room that ended until then; returns out of how many stays."""
    conn, s, x = uow.connection, store.stay.c, store.unmatched_exit.c
    ended = sa.and_(s.plate == plate, s.state == "closed", s.exited_at <= until)
    stays = [StayId(found) for found in conn.execute(sa.select(s.id).where(ended)).scalars()]
    conn.execute(store.stay.update().where(s.id.in_(stays)).values(**_NOBODY, folded=None))
    conn.execute(store.unmatched_exit.update().where(x.plate == plate, x.exited_at <= until).values(_NOBODY))
    note, visit = visit_notes.visit_note, visits.lane_visit
    conn.execute(note.update().where(note.c.plate == plate, note.c.at <= until).values(plate=None))
    conn.execute(visit.update().where(visit.c.plate == plate, visit.c.said_at <= until).values(_NOBODY))
    lesson = desk_store.desk_lesson.c
    desk_store.blank_lessons(
        conn, sa.or_(lesson.read_plate == plate, lesson.true_plate == plate), lesson.learned_at <= until
    )
    return len(stays)


def forget_older(uow: UnitOfWork, *, stays: datetime, exits: datetime, lessons: datetime, most: int) -> int:
    """Take every plate out of what ended before these moments, of `most` stays at once; returns of how many."""
    conn, s, x = uow.connection, store.stay.c, store.unmatched_exit.c
    old = sa.select(s.id).where(s.plate.is_not(None), s.state == "closed", s.exited_at < stays).limit(most)
    done = conn.execute(store.stay.update().where(s.id.in_(old)).values(**_NOBODY, folded=None)).rowcount
    spelt = sa.or_(x.plate.is_not(None), x.votes.is_not(None))
    conn.execute(store.unmatched_exit.update().where(spelt, x.exited_at < exits).values(_NOBODY))
    note = visit_notes.visit_note
    conn.execute(note.update().where(note.c.plate.is_not(None), note.c.at < stays).values(plate=None))
    desk_store.blank_lessons(conn, desk_store.desk_lesson.c.learned_at < lessons)
    return done
