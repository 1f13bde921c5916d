"""The same promises without a file and without a thread: everything happens in the caller, so a seed replays exactly."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import sqlalchemy as sa

from parking.kernel.clock import Clock
from parking.kernel.ids import Ids
from parking.plumbing.database import Database, clear_error
from parking.plumbing.sqlite_database import prepare
from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")


class InlineDatabase(Database):
    """An in-memory SQLite; callers from several threads take turns."""

    def __init__(self, *, clock: Clock, ids: Ids, origin: str) -> None:
        super().__init__(clock=clock, ids=ids, origin=origin)
        self._engine = sa.create_engine(
            "sqlite://",
            poolclass=sa.StaticPool,
            pool_reset_on_return=None,
            hide_parameters=True,
            connect_args={"check_same_thread": False},
        )
        sa.event.listen(self._engine, "connect", lambda driver, _: prepare(driver, read_only=False))
        self._connection = self._engine.connect()
        self._turn = threading.RLock()
        self._busy = False

    @contextmanager
    def _my_turn(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            if self._busy:
                raise RuntimeError("inside a work, use the connection of its unit of work")
            self._busy = True
            try:
                yield cast(sqlite3.Connection, self._connection.connection.dbapi_connection)
            finally:
                self._busy = False

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._my_turn() as driver:
            unit = self._unit(self._connection)
            driver.execute("BEGIN IMMEDIATE")
            try:
                result = work(unit)
                if self._connection.in_nested_transaction() or not driver.in_transaction:
                    raise RuntimeError("a work ends its own savepoints and leaves the transaction to the database")
                driver.execute("COMMIT")
            except BaseException as error:
                self._undo(driver)
                raise clear_error(error) from error.__cause__
        if unit.published:
            self._wake_all()
        return result

    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        return self.write(work)

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        with self._my_turn() as driver:
            driver.execute("PRAGMA query_only=ON")
            try:
                return query(self._connection)
            finally:
                driver.execute("PRAGMA query_only=OFF")

    async def aread(self, query: Callable[[sa.Connection], T]) -> T:
        return self.read(query)

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def _undo(self, driver: sqlite3.Connection) -> None:
        while driver.in_transaction and (nested := self._connection.get_nested_transaction()) is not None:
            nested.rollback()
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        self._connection.close()  # whatever state SQLAlchemy was left in goes with its wrapper
        self._connection = self._engine.connect()
