"""SQLite that behaves like a server: WAL, synchronous=FULL, many readers, and ONE writer thread with group commit.

Works that wait while a commit syncs go into the next commit together, each inside its own savepoint. A future is resolved
only after the commit that holds its work: what was acknowledged is durable.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import Ids
from parking.plumbing.database import Database, Threads, clear_error
from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")
MOST_IN_A_COMMIT = 512
READERS = 4
_Job = tuple[Callable[[UnitOfWork], Any], "Future[Any]"]


def prepare(driver: sqlite3.Connection, *, read_only: bool) -> None:
    """What every connection starts with; transactions are opened by us, never by the driver."""
    driver.isolation_level = None
    pragmas = ["busy_timeout=8000", "foreign_keys=ON", "temp_store=MEMORY"]
    pragmas += ["query_only=ON"] if read_only else ["journal_mode=WAL", "synchronous=FULL"]
    for pragma in pragmas:
        driver.execute(f"PRAGMA {pragma}").close()


def _engine(url: str, *, readers: int) -> sa.Engine:
    """One writing connection, or `readers` reading ones; errors never carry parameters, which may be plates."""
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=readers or 1,
        max_overflow=0,
        pool_timeout=30,
        pool_reset_on_return=None if not readers else "rollback",
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )
    sa.event.listen(engine, "connect", lambda driver, _: prepare(driver, read_only=bool(readers)))
    sa.event.listen(engine, "commit", refuse_commit)
    return engine


def refuse_commit(_: sa.Connection) -> None:
    """A guard: a work that commits would tear its mates apart."""
    raise RuntimeError("a unit of work is committed by the database, never by the work")


class SqliteDatabase(Database):
    """A database in one file; one process writes to it."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids, origin: str) -> None:
        super().__init__(clock=clock, ids=ids, origin=origin)
        self._engine = _engine(url, readers=0)
        self._readers = _engine(url, readers=READERS)
        sa.event.listen(self._readers, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self._threads = Threads("sqlite-read", READERS)
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._gate = threading.Lock()  # no work is accepted behind the one that ends the writer
        self._connection = self._engine.connect()  # opened here, so that a wrong path is the caller's error
        self._writer = threading.Thread(target=self._run, name="sqlite-write", daemon=True)
        self._writer.start()

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        return self._submit(work).result()

    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        self._refuse_inside_a_work()
        with self._readers.connect() as connection:
            return query(connection)

    async def aread(self, query: Callable[[sa.Connection], T]) -> T:
        return await self._threads.run(lambda: self.read(query))

    def close(self) -> None:
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._threads.close()
        self._connection.close()
        self._engine.dispose()
        self._readers.dispose()

    def _refuse_inside_a_work(self) -> None:
        if threading.current_thread() is self._writer:
            raise RuntimeError("inside a work, use the connection of its unit of work")

    def _submit(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        self._refuse_inside_a_work()
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise ParkingError(ErrorKind.UNAVAILABLE, "storage.closed", "the database is closed")
            self._queue.put((work, future))
        return future

    def _run(self) -> None:
        ending = False
        while not ending:
            waiting = [self._queue.get()]
            with suppress(Empty):
                while len(waiting) < MOST_IN_A_COMMIT:
                    waiting.append(self._queue.get_nowait())
            ending = waiting[-1] is None  # nothing is accepted behind the mark of the end
            group = [job for job in waiting if job is not None]
            if group:
                self._commit(group)

    def _commit(self, group: list[_Job]) -> None:
        driver = cast(sqlite3.Connection, self._connection.connection.dbapi_connection)
        done: list[tuple[Future[Any], Any]] = []
        failed: list[tuple[Future[Any], BaseException]] = []
        running = [(work, future) for work, future in group if future.set_running_or_notify_cancel()]
        published = 0
        try:
            driver.execute("BEGIN IMMEDIATE")
            for work, future in running:
                unit = self._unit(self._connection)
                driver.execute("SAVEPOINT work")
                try:
                    result = work(unit)
                    if self._connection.in_nested_transaction() or not driver.in_transaction:
                        raise RuntimeError("a work ends its own savepoints and leaves the transaction to the database")
                    driver.execute("RELEASE work")
                except BaseException as error:
                    self._undo(driver, error)
                    failed.append((future, clear_error(error)))
                else:
                    published += unit.published
                    done.append((future, result))
            driver.execute("COMMIT")
        except BaseException as error:  # the commit itself failed: nothing of this group is stored, and each is told so
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            told = {id(future) for future, _ in failed}
            failed += [(future, clear_error(error)) for _, future in running if id(future) not in told]
            done, published = [], 0
        for future, result in done:
            future.set_result(result)
        for future, why in failed:
            future.set_exception(why)
        if failed:  # whatever state SQLAlchemy was left in goes with its wrapper; the driver's connection stays
            self._connection.close()
            self._connection = self._engine.connect()
        if published:
            self._wake_all()

    def _undo(self, driver: sqlite3.Connection, error: BaseException) -> None:
        """Back to before one work; where the engine threw the whole transaction away (a full disk), give up the group."""
        if not driver.in_transaction:
            raise error
        while (nested := self._connection.get_nested_transaction()) is not None:
            nested.rollback()
        driver.execute("ROLLBACK TO work")
        driver.execute("RELEASE work")
