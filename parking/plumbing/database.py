"""A database takes works: functions of a unit of work that are done wholly or not at all, and durable when the call returns.

A work touches nothing but its unit of work: PostgreSQL may have to run it again after a serialization conflict.
"""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import sqlalchemy as sa
import structlog

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import Ids
from parking.plumbing.claims import Claim, UncontestedClaim
from parking.plumbing.pseudonyms import Pseudonyms
from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Database(ABC):
    """Where everything that must not be lost is kept; safe to share between threads."""

    is_private = False
    """Whether nobody but this object can change what is in it: as long as `changes` stands, everything is as it was."""
    changes = 0
    """How many works were done."""
    enqueued = 0
    """How many jobs those put into the queue."""
    hand_on: Callable[[UnitOfWork], None] | None = None
    """Takes what a work has published within the work's own transaction; only a private database asks it."""

    def __init__(self, *, clock: Clock, ids: Ids, origin: str) -> None:
        self.clock = clock
        self.ids = ids
        self.origin = origin
        self.pseudonyms = Pseudonyms()
        self._wakes: list[Callable[[], None]] = []

    @abstractmethod
    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Do `work` in one transaction and return its value once that is durable; an exception undoes this work alone."""

    @abstractmethod
    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        """`write` without holding up the event loop."""

    @abstractmethod
    def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` on one consistent snapshot; it cannot write."""

    @abstractmethod
    async def aread(self, query: Callable[[sa.Connection], T]) -> T:
        """`read` without holding up the event loop."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was accepted, then let go of every connection and thread."""

    def claim(self, name: str) -> Claim:
        """What one process at a time does under this name; for one thread."""
        del name
        return UncontestedClaim()

    def create_tables(self, tables: sa.MetaData) -> None:
        """Create what is missing, without migrations: for tests and simulations."""

        def work(unit: UnitOfWork) -> None:
            conn = unit.connection
            if sa.inspect(conn).get_table_names():
                tables.create_all(conn)
                return
            statements = _statements(tables, len(tables.tables), conn.engine.url.drivername)
            for statement in statements if conn.dialect.name == "sqlite" else [";".join(statements)]:  # one round trip
                conn.exec_driver_sql(statement)

        self.write(work)

    def after_commit(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each commit that published; it must only signal, it runs in the committing thread."""
        self._wakes.append(wake)

    def _unit(self, connection: sa.Connection) -> UnitOfWork:
        return UnitOfWork(connection, self.clock.now(), self.ids, self.origin)

    def _wake_all(self) -> None:
        for wake in self._wakes:
            try:
                wake()
            except Exception as error:  # what is committed stays committed, whoever cannot be woken
                log.error("database.wake", error=type(error).__name__)


class Threads:
    """The threads in which the asynchronous calls of one database wait for their answer."""

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=name)

    async def run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        self._pool.shutdown(wait=True)


def clear_error(error: BaseException) -> BaseException:
    """The same failure in our own words where a driver's would not help: a full disk, a database that is busy or away."""
    if not isinstance(error, sa.exc.DBAPIError | sqlite3.Error):
        return error
    original = getattr(error, "orig", error)
    state = str(getattr(original, "sqlstate", None) or "")
    text = str(original)
    if "database or disk is full" in text or state == "53100":
        clear = _unavailable("storage.full", "the disk of the database is full; nothing of this request was stored")
    elif "database is locked" in text or state in ("40001", "40P01"):
        clear = _unavailable("storage.busy", "the database is busy; nothing of this request was stored")
    elif isinstance(error, sa.exc.DBAPIError) and (error.connection_invalidated or _cannot_connect(original, state)):
        clear = _unavailable(
            "storage.away", "the database does not answer; whether this request was stored is not known"
        )
    else:
        return error
    clear.__cause__ = error
    return clear


def _cannot_connect(original: BaseException | None, state: str) -> bool:
    """Classes 08 and 57P of SQLSTATE; a server that was never reached gives none."""
    if state.startswith(("08", "57P")):
        return True
    return (
        not state and type(original).__module__.startswith("psycopg") and type(original).__name__ == "OperationalError"
    )


def _unavailable(code: str, message: str) -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, code, message)


@lru_cache
def _statements(tables: sa.MetaData, _count: int, driver: str) -> list[str]:
    """What makes all of the tables, as many as there are by now: to look for each and to word it takes longer than to make it."""
    made: list[str] = []
    url = sa.make_url(f"{driver}://")
    dialect = url.get_dialect()()
    engine = sa.create_mock_engine(url, lambda ddl, *_, **__: made.append(str(ddl.compile(dialect=dialect))))
    tables.create_all(engine, checkfirst=False)
    return made
