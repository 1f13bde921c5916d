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
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.delivery import Subscription, bury, describe, tried
from parking.plumbing.jobs import IS_DEAD, job
from parking.plumbing.tables import dead_letter, inbox

MOST = 200


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
    d = dead_letter.c
    letters = conn.execute(sa.select(dead_letter).order_by(d.died_at.desc(), d.event_id).limit(MOST)).all()
    jobs = conn.execute(sa.select(job).where(IS_DEAD).order_by(job.c.ended_at.desc(), job.c.id).limit(MOST)).all()
    found = [
        *(
            GivenUp(
                f"{one.group}:{one.event_id}", one.envelope["type"], one.group, one.died_at, one.attempts, one.error
            )
            for one in letters
        ),
        *(GivenUp(f"job:{one.id}", one.kind, "", one.ended_at, one.attempts, one.error) for one in jobs),
    ]
    return sorted(found, key=lambda one: one.ended_at, reverse=True)[:MOST]


def one(conn: Connection, given_up_id: str) -> GivenUp | None:
    """An event that was given up, by its id; None for a job, and for what nobody knows."""
    group, _, event_id = given_up_id.partition(":")
    d = dead_letter.c
    row = conn.execute(sa.select(dead_letter).where(d.group == group, d.event_id == event_id)).one_or_none()
    if row is None:
        return None
    return GivenUp(given_up_id, row.envelope["type"], group, row.died_at, row.attempts, row.error)


def again(uow: UnitOfWork, groups: Mapping[str, Subscription], given_up_id: str) -> str:
    """Handle an event now, or give a job a fresh start; "" when that went well, else what failed this time, and it stays where it was.

    ParkingError (not found) when nobody waits under this id.
    """
    group, _, rest = given_up_id.partition(":")
    if group == "job":
        fresh = {"state": "waiting", "attempts": 0, "run_at": uow.now, "leased_until": uow.now, "ended_at": None}
        _one(uow.connection.execute(sa.update(job).where(IS_DEAD, job.c.id == _number(rest)).values(fresh)).rowcount)
        uow.enqueued += 1
        return ""
    if group not in groups:
        raise _unknown()
    letter = _take(uow.connection, group, rest)
    envelope = codec.decode(letter.envelope)
    error = tried(uow, groups[group], [envelope]).error
    if error is None:
        return ""
    bury(uow, group, envelope, describe(error), letter.attempts + 1)
    mine = sa.and_(dead_letter.c.group == group, dead_letter.c.event_id == rest)
    uow.connection.execute(
        sa.update(dead_letter).where(mine).values(died_at=letter.died_at)
    )  # it is kept no longer for that
    return describe(error)


def let_be(uow: UnitOfWork, given_up_id: str) -> None:
    """A person has seen to it otherwise: nobody does it any more. ParkingError (not found) when nobody waits under this id."""
    group, _, rest = given_up_id.partition(":")
    if group == "job":
        done = {"state": "done", "ended_at": uow.now}
        _one(uow.connection.execute(sa.update(job).where(IS_DEAD, job.c.id == _number(rest)).values(done)).rowcount)
        return
    _take(uow.connection, group, rest)
    # As handled, or a bus that looks for what was lost hands it out again.
    insert_once(uow.connection, inbox, {"group": group, "event_id": rest, "handled_at": uow.now})


def forget_older(uow: UnitOfWork, before: datetime) -> None:
    """Nobody has asked for these for so long that what they say of a vehicle may be kept no more."""
    d = dead_letter.c
    for one in uow.connection.execute(sa.select(d.group + ":" + d.event_id).where(d.died_at < before)).scalars().all():
        let_be(uow, one)
    uow.connection.execute(sa.delete(job).where(IS_DEAD, job.c.ended_at < before))


def _take(conn: Connection, group: str, event_id: str) -> Row[Any]:
    d = dead_letter.c
    taken: Any = (
        sa.delete(dead_letter)
        .where(d.group == group, d.event_id == event_id)
        .returning(d.envelope, d.attempts, d.died_at)
    )
    found: Row[Any] | None = conn.execute(taken).one_or_none()
    if found is None:
        raise _unknown()
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _one(changed: int) -> None:
    if changed != 1:
        raise _unknown()


def _unknown() -> ParkingError:
    return not_found("given_up.unknown", "nothing is waiting under this id: somebody has seen to it")
