"""Events, tables and patience for the tests of the plumbing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from parking.kernel.events import Envelope, VehicleBackedAway
from parking.kernel.ids import EventId, LaneId, VisitId
from parking.plumbing.db import BigSerial, Database, UnitOfWork, metadata

PLATES_KEY = bytes(range(32))
"""Under which the databases of tests hide plates."""
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

tally = sa.Table(  # what handlers of tests leave behind; nothing but care keeps a fact from being here twice
    "test_tally",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("who", sa.String(64), nullable=False),
    sa.Column("what", sa.String(64), nullable=False),
)


def an_event(number: int = 1, lane: str = "entry-1") -> VehicleBackedAway:
    """The plainest event; `number` becomes its visit."""
    return VehicleBackedAway(LaneId(lane), VisitId(f"visit-{number}"))


def an_envelope(number: int = 1, lane: str = "entry-1", origin: str = "edge-1") -> Envelope:
    """An event that a gate sent: `number` makes its id."""
    at = NOON + timedelta(seconds=number)
    return Envelope(EventId(f"{origin}-{number}"), at, origin, an_event(number, lane))


def note(unit: UnitOfWork, who: str, what: str) -> None:
    """Leave one row in the tally."""
    unit.connection.execute(tally.insert(), {"who": who, "what": what})


def noting(who: str) -> Callable[[UnitOfWork, Envelope], None]:
    """A handler that leaves one row per event."""
    return lambda unit, envelope: note(unit, who, envelope.id)


def noted(database: Database, who: str | None = None) -> Sequence[str]:
    """What is in the tally, oldest first."""
    query = sa.select(tally.c.what).order_by(tally.c.seq)
    return database.read(lambda c: c.scalars(query if who is None else query.where(tally.c.who == who)).all())


def count(database: Database, table: sa.Table) -> int:
    """How many rows a table has."""
    return database.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def plans(database: Database, work: Callable[[UnitOfWork], object]) -> list[list[str]]:
    """How SQLite looks up what each statement of a work asks for; prepared ones as well, while somebody listens."""

    def explained(uow: UnitOfWork) -> list[list[str]]:
        conn, asked = uow.connection, list[tuple[str, object]]()
        sa.event.listen(conn, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        work(uow)
        return [
            [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)]  # type: ignore[arg-type]
            for query, parameters in tuple(asked)
        ]

    return database.write(explained)


@contextmanager
def counted_steps(driver: sqlite3.Connection) -> Iterator[Callable[[], int]]:
    """The steps that SQLite's machine takes meanwhile, by tens: what queries cost, however busy this machine is."""
    steps = 0

    def one_more() -> int:
        nonlocal steps
        steps += 1
        return 0

    driver.set_progress_handler(one_more, 10)
    yield lambda: steps
    driver.set_progress_handler(None, 0)


def eventually(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait until `condition` holds; AssertionError when it does not within the deadline."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "this never came true"
        time.sleep(0.005)  # between two looks; how long it takes is bounded above, not assumed
