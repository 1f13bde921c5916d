"""PostgreSQL when it grows: a pool, one SERIALIZABLE transaction per work, run again when the engine says so.

Serializable, because a work that reads and then writes must mean the same on both engines.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from parking.kernel.clock import Clock
from parking.kernel.ids import Ids
from parking.plumbing.claims import Claim, PostgresClaim
from parking.plumbing.database import Database, Threads, clear_error
from parking.plumbing.pseudonyms import OPTION
from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")
CONNECTIONS = 8
MOST_TRIES = 20
_RUN_AGAIN = ("40001", "40P01")  # serialization failure, deadlock


def _without_values(context: sa.engine.ExceptionContext) -> None:
    """PostgreSQL repeats the offending values under DETAIL; they may be plates, so that part goes."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(part.split("\nDETAIL:")[0] if isinstance(part, str) else part for part in error.args)


class PostgresDatabase(Database):
    """A database on a PostgreSQL server; many processes may share it."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids, origin: str) -> None:
        super().__init__(clock=clock, ids=ids, origin=origin)
        self._engine = sa.create_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level="SERIALIZABLE",
            hide_parameters=True,
            execution_options={OPTION: self.pseudonyms},
        )
        sa.event.listen(self._engine, "handle_error", _without_values)
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._threads = Threads("postgres", CONNECTIONS)
        self._working = threading.local()

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        for attempt in range(1, MOST_TRIES + 1):
            try:
                return self._write_once(work)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _RUN_AGAIN or attempt == MOST_TRIES:
                    raise clear_error(error) from error.__cause__
                time.sleep(random.uniform(0, min(0.001 * 2**attempt, 0.1)))  # noqa: S311 - only keeps rivals apart
        raise AssertionError("unreachable: the last try returns or raises")

    def _write_once(self, work: Callable[[UnitOfWork], T]) -> T:
        self._refuse_inside_a_work()
        with self._engine.begin() as connection:
            unit = self._unit(connection)
            self._working.now = True
            try:
                result = work(unit)
            finally:
                self._working.now = False
        if unit.published:
            self._wake_all()
        return result

    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        return await self._threads.run(lambda: self.write(work))

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        self._refuse_inside_a_work()
        try:
            with self._reading.connect() as connection:
                return query(connection)
        except sa.exc.DBAPIError as error:
            raise clear_error(error) from error.__cause__

    def _refuse_inside_a_work(self) -> None:
        if getattr(self._working, "now", False):  # it would be another transaction, and would not see this one
            raise RuntimeError("inside a work, use the connection of its unit of work")

    async def aread(self, query: Callable[[sa.Connection], T]) -> T:
        return await self._threads.run(lambda: self.read(query))

    def claim(self, name: str) -> Claim:
        return PostgresClaim(self._engine.url, name)

    def close(self) -> None:
        self._threads.close()
        self._engine.dispose()
