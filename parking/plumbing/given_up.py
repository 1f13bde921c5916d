"""What was given up after every try: an event that a group could not handle, a job that never succeeded. A person has it done again.

An event is handled for the one group that failed: the others have done their part long ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.kernel import codec
from parking.kernel.errors import ParkingError, not_found
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Subscription, describe, tried
from parking.plumbing.insert_once import insert_all_once
from parking.plumbing.jobs import IS_DEAD, job
from parking.plumbing.tables import dead_letter, inbox

MOST = 200
JOB = "job"
_d = dead_letter.c


@dataclass(frozen=True, slots=True)
class GivenUp:
    """`code`: the event's type or the job's kind; `group`: who could not handle the event, "" for a job; `error`: type and stable code."""

    id: str
    code: str
    group: str
    ended_at: datetime
    attempts: int
    error: str


def count(conn: Connection) -> int:
    """How many events and jobs wait for a person."""
    letters, jobs = (sa.select(sa.func.count()).select_from(table) for table in (dead_letter, job))
    return int(conn.scalar(letters) or 0) + int(conn.scalar(jobs.where(IS_DEAD)) or 0)


def newest(conn: Connection) -> list[GivenUp]:
    """The last `MOST` that were given up, the newest first."""
    letters = conn.execute(sa.select(dead_letter).order_by(_d.died_at.desc(), _d.event_id).limit(MOST)).all()
    jobs = conn.execute(sa.select(job).where(IS_DEAD).order_by(job.c.ended_at.desc(), job.c.id).limit(MOST)).all()
    found = [_letter(row) for row in letters]
    found += [GivenUp(f"{JOB}:{row.id}", row.kind, "", row.ended_at, row.attempts, row.error) for row in jobs]
    return sorted(found, key=lambda given_up: given_up.ended_at, reverse=True)[:MOST]


def letter(conn: Connection, given_up_id: str) -> GivenUp | None:
    """An event that was given up, by its id; None for a job, and for what nobody knows."""
    row = conn.execute(sa.select(dead_letter).where(_is(*_parts(given_up_id)))).one_or_none()
    return None if row is None else _letter(row)


def again(uow: UnitOfWork, groups: Mapping[str, Subscription], given_up_id: str) -> str:
    """Handle an event now, or give a job a fresh start; "" when that went well, else what failed this time, and it stays where it was.

    ParkingError (not found) when nobody waits under this id.
    """
    conn, (group, rest) = uow.connection, _parts(given_up_id)
    if group == JOB:
        fresh = {"state": "waiting", "attempts": 0, "run_at": uow.now, "leased_until": uow.now, "ended_at": None}
        _found(conn.execute(sa.update(job).where(IS_DEAD, job.c.id == _number(rest)).values(fresh)).rowcount)
        uow.enqueued += 1
        return ""
    mine = _is(group, rest)
    # Whoever presses at the same moment waits here, and finds nothing then.
    _found(conn.execute(sa.update(dead_letter).where(mine).values(attempts=_d.attempts + 1)).rowcount)
    error = _tried(uow, groups[group], conn.execute(sa.select(_d.envelope).where(mine)).scalar_one())
    if error is None:
        conn.execute(sa.delete(dead_letter).where(mine))
        return ""
    conn.execute(sa.update(dead_letter).where(mine).values(error=describe(error)))
    return describe(error)


def _tried(uow: UnitOfWork, subscription: Subscription, plain: Mapping[str, Any]) -> Exception | None:
    try:
        envelope = codec.decode(plain)
    except ParkingError as error:  # a release that does not know this event, or a plate in it that was erased
        return error
    return tried(uow, subscription, [envelope]).error


def let_be(uow: UnitOfWork, given_up_id: str) -> None:
    """A person has seen to it otherwise: nobody does it any more. ParkingError (not found) when nobody waits under this id."""
    group, rest = _parts(given_up_id)
    if group == JOB:
        done = {"state": "done", "ended_at": uow.now}
        dead = sa.update(job).where(IS_DEAD, job.c.id == _number(rest)).values(done)
        _found(uow.connection.execute(dead).rowcount)
    else:
        _found(_drop(uow, _is(group, rest)))


def forget_older(uow: UnitOfWork, before: datetime) -> None:
    """Nobody has asked for these for so long that what they say of a vehicle may be kept no more."""
    _drop(uow, _d.died_at < before)
    uow.connection.execute(sa.delete(job).where(IS_DEAD, job.c.ended_at < before))


def _drop(uow: UnitOfWork, where: sa.ColumnElement[bool]) -> int:
    """Take letters away, as handled: else a bus that looks for what was lost hands them out again. Returns how many."""
    gone = uow.connection.execute(sa.delete(dead_letter).where(where).returning(_d.group, _d.event_id)).all()
    rows = [{"group": row.group, "event_id": row.event_id, "handled_at": uow.now} for row in gone]
    if rows:
        insert_all_once(uow.connection, inbox, rows)
    return len(rows)


def _letter(row: Row[Any]) -> GivenUp:
    return GivenUp(f"{row.group}:{row.event_id}", row.envelope["type"], row.group, row.died_at, row.attempts, row.error)


def _parts(given_up_id: str) -> tuple[str, str]:
    group, _, rest = given_up_id.partition(":")
    if not given_up_id.isprintable():  # PostgreSQL takes no NUL
        raise _unknown()
    return group, rest


def _is(group: str, event_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(_d.group == group, _d.event_id == event_id)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _found(changed: int) -> None:
    if changed != 1:
        raise _unknown()


def _unknown() -> ParkingError:
    return not_found("given_up.unknown", "nothing is waiting under this id: somebody has seen to it")
