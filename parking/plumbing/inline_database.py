"""The same promises without a file and without a thread: everything happens in the caller, so a seed replays exactly."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar, cast

import sqlalchemy as sa

from parking.kernel.clock import Clock
from parking.kernel.ids import Ids
from parking.plumbing.database import Database, clear_error
from parking.plumbing.prepared import DirectConnection, direct
from parking.plumbing.pseudonyms import KEY_BYTES, OPTION
from parking.plumbing.sqlite_database import STATEMENTS_KEPT, prepare
from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")


class InlineDatabase(Database):
    """An in-memory SQLite; callers from several threads take turns."""

    is_private = True

    def __init__(self, *, clock: Clock, ids: Ids, origin: str) -> None:
        super().__init__(clock=clock, ids=ids, origin=origin)
        self.pseudonyms.open([secrets.token_bytes(KEY_BYTES)])  # it ends with this object, and so may its key
        self._engine = direct(
            sa.create_engine(
                "sqlite://",
                poolclass=sa.StaticPool,
                pool_reset_on_return=None,
                hide_parameters=True,
                execution_options={OPTION: self.pseudonyms},
                connect_args={"check_same_thread": False, "cached_statements": STATEMENTS_KEPT},
            )
        )
        sa.event.listen(self._engine, "connect", lambda driver, _: prepare(driver, read_only=False))
        self._connection = self._engine.connect()
        self._driver = cast(sqlite3.Connection, self._connection.connection.dbapi_connection)
        self._turn = threading.RLock()
        self._busy = False

    def _begin(self) -> None:
        if self._busy:
            raise RuntimeError("inside a work, use the connection of its unit of work")
        self._busy = True

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        driver = self._driver
        with self._turn:
            self._begin()
            hand_on = self.hand_on
            cast(DirectConnection, self._connection).undone = False
            unit = UnitOfWork(self._connection, self.clock.now(), self.ids, self.origin, handed_on=hand_on is not None)
            try:
                driver.execute("BEGIN IMMEDIATE")
                try:
                    result = work(unit)
                    if hand_on is not None and unit.fresh:
                        hand_on(unit)
                    if self._connection.in_nested_transaction() or not driver.in_transaction:
                        raise RuntimeError("a work ends its own savepoints and leaves the transaction to the database")
                    driver.execute("COMMIT")
                except BaseException as error:
                    self._undo(driver)
                    raise clear_error(error) from error.__cause__
            finally:
                self._busy = False
                self.changes += 1
                self.enqueued += unit.enqueued
        if unit.published:
            self._wake_all()
        return result

    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        return self.write(work)

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        driver = self._driver
        with self._turn:
            self._begin()
            before = driver.total_changes
            driver.execute("BEGIN")  # the pragma query_only would have every statement parsed anew
            try:
                result = query(self._connection)
                if driver.total_changes != before:
                    refused = sqlite3.OperationalError("attempt to write a readonly database")
                    raise sa.exc.OperationalError("a read", None, refused, hide_parameters=True)
                return result
            finally:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                self._busy = False

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
