"""The table of lessons: what decisions have taught, and a name for what counts of it now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.plumbing.column_types import PlateText, UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.insert_once import upsert
from parking.plumbing.prepared import prepared
from parking.sessions.desk.lessons import BLANK, blanked
from parking.sessions.desk.model import Lesson

desk_lesson = sa.Table(
    "desk_lesson",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("decision_id", sa.String(36), nullable=False, index=True),
    sa.Column("read_plate", PlateText, nullable=False),
    sa.Column("true_plate", PlateText, nullable=False),
    sa.Column("learned_at", UtcDateTime, nullable=False),
    sa.Column("taught_by", sa.String(64), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("switched_by", sa.String(64), nullable=False, default=""),
    sa.Column("switched_at", UtcDateTime, nullable=True),
    sa.Column("switch_reason", sa.String(200), nullable=False, default=""),
)

desk_teaching = sa.Table(
    "desk_teaching",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_change", sa.String(100), nullable=False),
)
"""One row, another with every change of what the lessons teach: who has worked that out need not read them again."""


def add_lesson(conn: Connection, new: Lesson) -> None:
    conn.execute(
        desk_lesson.insert().values(
            id=new.id,
            decision_id=new.decision_id,
            read_plate=new.read,
            true_plate=new.true,
            learned_at=new.learned_at,
            taught_by=new.taught_by,
            active=new.active,
        )
    )
    _changed(conn, new.id)


def _changed(conn: Connection, what: str) -> None:
    upsert(conn, desk_teaching, {"one": 1, "last_change": what})


_IN_ONE_STATEMENT = 500
_LAST_CHANGE = prepared(sa.select(desk_teaching.c.last_change))
_IN_FORCE = prepared(sa.select(desk_lesson.c.id).where(desk_lesson.c.active).order_by(desk_lesson.c.id))
_LESSONS = prepared(sa.select(desk_lesson).where(desk_lesson.c.id.in_(sa.bindparam("ids", expanding=True))))


def last_change(conn: Connection) -> str:
    """A name that is another whenever other lessons count; "" before the first."""
    return str(conn.execute(_LAST_CHANGE).scalar() or "")


def lessons(conn: Connection, most: int = 200, after: str = "") -> list[Lesson]:
    """The next so many behind the lesson `after`, newest first, in force or not."""
    query = sa.select(desk_lesson).order_by(desk_lesson.c.id.desc()).limit(most)
    return [_to_lesson(row) for row in conn.execute(query.where(desk_lesson.c.id < after) if after else query)]


def count_lessons(conn: Connection) -> int:
    return int(conn.scalar(sa.select(sa.func.count()).select_from(desk_lesson)) or 0)


def lessons_in_force(conn: Connection) -> list[str]:
    """The ids of those that count, oldest first."""
    return [str(one) for one in conn.execute(_IN_FORCE).scalars()]


def lessons_of(conn: Connection, ids: Sequence[str]) -> Iterator[Lesson]:
    """The lessons with these ids."""
    for start in range(0, len(ids), _IN_ONE_STATEMENT):
        some = ids[start : start + _IN_ONE_STATEMENT]
        yield from [_to_lesson(row) for row in conn.execute(_LESSONS, {"ids": some})]


def lesson(conn: Connection, lesson_id: str) -> Lesson | None:
    row = conn.execute(sa.select(desk_lesson).where(desk_lesson.c.id == lesson_id)).one_or_none()
    return _to_lesson(row) if row else None


def switch_lesson(conn: Connection, lesson_id: str, *, active: bool, by: str, at: datetime, reason: str) -> None:
    change = {"active": active, "switched_by": by, "switched_at": at, "switch_reason": reason}
    conn.execute(desk_lesson.update().where(desk_lesson.c.id == lesson_id).values(change))
    _changed(conn, f"{lesson_id} {active} {at.isoformat()}")


def lesson_of(conn: Connection, decision_id: str) -> Lesson | None:
    """What this decision taught."""
    row = conn.execute(sa.select(desk_lesson).where(desk_lesson.c.decision_id == decision_id)).one_or_none()
    return _to_lesson(row) if row else None


def blank_lessons(conn: Connection, *where: sa.ColumnElement[bool]) -> int:
    """Take the plates out of lessons, as far as that leaves what they teach; one of which nothing else is left goes. Returns how many."""
    t, clear = desk_lesson.c, sa.type_coerce(desk_lesson.c.true_plate, sa.String).not_like(f"%{BLANK}%")
    done = 0
    for row in conn.execute(sa.select(t.id, t.read_plate, t.true_plate).where(*where, clear)).all():
        without, mine = blanked(row.read_plate, row.true_plate), t.id == row.id
        if without is None:
            conn.execute(desk_lesson.delete().where(mine))
            _changed(conn, f"{row.id} gone")
        elif without != (row.read_plate, row.true_plate):
            conn.execute(desk_lesson.update().where(mine).values(read_plate=without[0], true_plate=without[1]))
        done += 1
    return done


def _to_lesson(row: Row[Any]) -> Lesson:
    return Lesson(
        row.id,
        row.decision_id,
        row.read_plate,
        row.true_plate,
        row.learned_at,
        row.taught_by,
        row.active,
        row.switched_by,
        row.switched_at,
        row.switch_reason,
    )
