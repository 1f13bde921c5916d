"""SQLite that behaves like a server: WAL, synchronous=FULL, many readers, and ONE writer thread with group commit.

Works that wait while a commit syncs go into the next commit together, each inside its own savepoint. A caller is told
only after the commit that holds its work: what was acknowledged is durable.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, LifoQueue, SimpleQueue
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import Ids
from parking.plumbing.database import Database, Threads, clear_error
from parking.plumbing.prepared import direct
from parking.plumbing.pseudonyms import OPTION, Pseudonyms
from parking.plumbing.tickets import LoopTicket, ThreadTicket, Ticket, tell_all
from parking.plumbing.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
T = TypeVar("T")
MOST_IN_A_COMMIT = 512
READERS = 4
_LONGEST_TURN_S = 30.0
STATEMENTS_KEPT = 1_024
"""More than there are: the driver parses each once."""


def prepare(driver: sqlite3.Connection, *, read_only: bool) -> None:
    """What every connection starts with; transactions are opened by us, never by the driver."""
    driver.isolation_level = None
    pragmas = ["busy_timeout=8000", "foreign_keys=ON", "temp_store=MEMORY"]
    pragmas += ["query_only=ON"] if read_only else ["journal_mode=WAL", "synchronous=FULL"]
    for pragma in pragmas:
        driver.execute(f"PRAGMA {pragma}").close()


def _engine(url: str, pseudonyms: Pseudonyms, *, readers: int) -> sa.Engine:
    """One writing connection, or `readers` reading ones; errors never carry parameters, which may be plates."""
    engine = direct(
        sa.create_engine(
            url,
            poolclass=sa.QueuePool,
            pool_size=readers or 1,
            max_overflow=0,
            pool_timeout=30,
            pool_reset_on_return=None if not readers else "rollback",
            hide_parameters=True,
            execution_options={OPTION: pseudonyms},
            connect_args={"check_same_thread": False, "cached_statements": STATEMENTS_KEPT},
        )
    )
    sa.event.listen(engine, "connect", lambda driver, _: prepare(driver, read_only=bool(readers)))
    return engine


def _begin(connection: sa.Connection) -> None:
    """One snapshot for all that is read; said to the driver itself, as every read begins with it."""
    cast(sqlite3.Connection, connection.connection.dbapi_connection).execute("BEGIN").close()


def _at_rest(reader: sa.Connection | None) -> sa.Connection | None:
    """It keeps no snapshot; one that cannot even end that is let go. To have SQLAlchemy make a new one cost half of a short read."""
    try:
        if reader is not None and not reader.closed and not reader.invalidated:
            reader.rollback()
            return reader
    except sa.exc.SQLAlchemyError:
        pass
    _let_go(reader)
    return None


def _let_go(reader: sa.Connection | None) -> None:
    with suppress(sa.exc.SQLAlchemyError):
        if reader is not None:
            reader.close()


def _closed() -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, "storage.closed", "the database is closed")


class SqliteDatabase(Database):
    """A database in one file; one process writes to it."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids, origin: str) -> None:
        super().__init__(clock=clock, ids=ids, origin=origin)
        self._engine = _engine(url, self.pseudonyms, readers=0)
        self._readers = _engine(url, self.pseudonyms, readers=READERS)
        sa.event.listen(self._readers, "begin", _begin)
        self._free: LifoQueue[sa.Connection | None] = LifoQueue()
        """The readers at rest, None for one that is not open; the one that was used last has its pages at hand and goes first."""
        self._free_all()
        self._threads = Threads("sqlite-read", READERS)
        self._queue: SimpleQueue[Ticket[Any] | None] = SimpleQueue()
        self._closed = False
        self._broken = False
        self._untold: list[Ticket[Any]] = []
        self._connection = self._engine.connect()  # opened here, so that a wrong path is the caller's error
        self._writer = threading.Thread(target=self._run, name="sqlite-write", daemon=True)
        self._writer.start()

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        ticket = ThreadTicket(work)
        self._submit(ticket)
        return ticket.wait()

    async def awrite(self, work: Callable[[UnitOfWork], T]) -> T:
        ticket = LoopTicket(work)
        self._submit(ticket)
        return await ticket.future

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        self._refuse_inside_a_work()
        reader = self._next_reader()
        try:
            if reader is None:
                reader = self._readers.connect()
            return query(reader)
        finally:
            if self._closed:
                _let_go(reader)
            self._free.put(None if self._closed else _at_rest(reader))

    def _free_all(self) -> None:
        for _ in range(READERS):
            self._free.put(None)

    def _next_reader(self) -> sa.Connection | None:
        try:
            return self._free.get(timeout=_LONGEST_TURN_S)
        except Empty:
            raise ParkingError(
                ErrorKind.UNAVAILABLE, "storage.busy", "the database is busy with long reads; try again"
            ) from None

    async def aread(self, query: Callable[[sa.Connection], T]) -> T:
        return await self._threads.run(lambda: self.read(query))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._writer.join()
        self._turn_away()
        self._threads.close()
        with suppress(Empty):
            while True:
                _let_go(self._free.get_nowait())
        self._free_all()  # whoever reads after the end is served, as before the first read
        self._connection.close()
        self._engine.dispose()
        self._readers.dispose()

    def _refuse_inside_a_work(self) -> None:
        if threading.current_thread() is self._writer:
            raise RuntimeError("inside a work, use the connection of its unit of work")

    def _submit(self, ticket: Ticket[Any]) -> None:
        self._refuse_inside_a_work()
        if self._closed or self._broken:
            raise _closed()
        self._queue.put(ticket)
        if (self._closed or self._broken) and not self._writer.is_alive():  # it slipped in behind the mark of the end
            self._turn_away()

    def _run(self) -> None:
        ending = False
        while not ending and not self._broken:
            if self._queue.empty():
                self._tell()
            waiting = [self._queue.get()]
            with suppress(Empty):
                while len(waiting) < MOST_IN_A_COMMIT:
                    waiting.append(self._queue.get_nowait())
            ending = None in waiting
            group = [ticket for ticket in waiting if ticket is not None]
            if group:
                self._commit(group)
        self._tell()
        self._turn_away()

    def _tell(self) -> None:
        """Wake the callers of the last commit."""
        told, self._untold = self._untold, []
        tell_all(told)

    def _turn_away(self) -> None:
        with suppress(Empty):
            while True:
                ticket = self._queue.get_nowait()
                if ticket is not None:
                    ticket.fail(_closed())
                    tell_all([ticket])

    def _commit(self, group: list[Ticket[Any]]) -> None:
        driver = cast(sqlite3.Connection, self._connection.connection.dbapi_connection)
        published = 0
        failed = False
        try:
            driver.execute("BEGIN IMMEDIATE")
            for ticket in group:
                if ticket.wanted():
                    published += self._do(ticket, driver)
                    failed |= ticket.failed
            self._tell()
            driver.execute("COMMIT")
        except BaseException as error:  # the commit itself failed: nothing of this group is stored, and each is told so
            with suppress(sqlite3.Error):  # what cannot even be rolled back fails again at the next group, and is told
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
            for ticket in group:
                if not ticket.failed:
                    ticket.fail(clear_error(error))
            published, failed = 0, True
        self._untold += group  # where this group failed early, those of the last commit are still among them
        if failed:  # whatever state SQLAlchemy was left in goes with its wrapper; the driver's connection stays
            self._tell()
            self._open_again()
        if published:
            self._wake_all()

    def _open_again(self) -> None:
        """A fresh connection; where none is to be had, the database is closed, so that callers hear of it instead of waiting."""
        try:
            self._connection.close()
            self._connection = self._engine.connect()
        except Exception as error:
            _log.critical("the database cannot be opened again", error=type(error).__name__)
            self._broken = True

    def _do(self, ticket: Ticket[Any], driver: sqlite3.Connection) -> int:
        """Do one work inside its own savepoint; returns how many events it published."""
        unit = self._unit(self._connection)
        driver.execute("SAVEPOINT work")
        try:
            value = ticket.work(unit)
            if self._connection.in_nested_transaction() or not driver.in_transaction:
                raise RuntimeError("a work ends its own savepoints and leaves the transaction to the database")
            driver.execute("RELEASE work")
        except BaseException as error:
            self._undo(driver, error)
            ticket.fail(clear_error(error))
            return 0
        ticket.succeed(value)
        return unit.published

    def _undo(self, driver: sqlite3.Connection, error: BaseException) -> None:
        """Back to before one work; where the engine threw the whole transaction away (a full disk), give up the group."""
        if not driver.in_transaction:
            raise error
        while (nested := self._connection.get_nested_transaction()) is not None:
            nested.rollback()
        driver.execute("ROLLBACK TO work")
        driver.execute("RELEASE work")
