"""The one file of a gate box: SQLite, WAL, synchronous=FULL. What `write` returned from is on disk, whatever dies next.

Group commit without a thread: whoever gets the lock first commits for everybody who is waiting.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

from parking.gate.edge_schema import prepare
from parking.kernel.errors import ErrorKind, ParkingError

T = TypeVar("T")
_BUSY_MS = 2_000
UNREADABLE = "edge.unreadable"
_DAMAGED = ("malformed", "not a database", "no such table", "Could not decode", "can't decode")
"""What SQLite says of a file that a worn disk or a power cut has left behind."""
_UNREAD = {"SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_DATA", "SQLITE_IOERR_CORRUPTFS"}
"""Disk errors that are the file's own; others, such as a log that a full disk has no room for, leave it as it is."""


class _Job(Generic[T]):
    """One waiting piece of work and what became of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None


class EdgeFile:
    """Thread-safe access to the file; `:memory:` works as well, for simulations."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._commit = threading.Lock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Job[Any]] = []
        in_memory = self.path == ":memory:"
        # Closed at once where it cannot be used: closed later, it would take a new file's log with it.
        with ExitStack() as opened:
            try:
                self._writer = opened.enter_context(closing(_connect(self.path)))
                prepare(self._writer)
                self._writer.execute("INSERT OR IGNORE INTO journal VALUES (1, ?, 0)", (str(uuid4()),))
                self._reader = self._writer if in_memory else opened.enter_context(closing(_connect(self.path)))
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise _unavailable(error) from None
            opened.pop_all()
        self._read_lock = self._commit if in_memory else threading.Lock()

    def check(self) -> None:
        """Look through every page and every word; ParkingError with the code UNREADABLE where one is damaged."""
        (found,) = self.read(lambda conn: conn.execute("PRAGMA quick_check(1)").fetchone())
        if found != "ok":
            raise _unavailable(sqlite3.DatabaseError(f"malformed: {found}"))
        self.read(_spell_out)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction that is on disk when this returns; its errors undo it alone and come out here."""
        job = _Job(work)
        with self._queue_lock:
            self._queue.append(job)
        with self._commit:
            if not job.done:
                with self._queue_lock:
                    jobs, self._queue = self._queue, []
                self._commit_all(jobs)
        if not job.done:  # whoever had taken it over was stopped on the way
            raise _unavailable(sqlite3.OperationalError("it was not written"))
        if job.error is not None:
            raise _unavailable(job.error) if isinstance(job.error, sqlite3.Error) else job.error
        return cast(T, job.result)

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query on what is committed."""
        with self._read_lock:
            try:
                return query(self._reader)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise _unavailable(error) from None

    def carried_out(self, among: Collection[str]) -> frozenset[str]:
        """Those of these orders that are never to be carried out again."""
        query = "SELECT command_id FROM carried_out WHERE command_id IN (SELECT value FROM json_each(?))"
        asked = json.dumps([*among])
        return frozenset(row[0] for row in self.read(lambda conn: conn.execute(query, (asked,)).fetchall()))

    def has_used(self, code_id: str) -> bool:
        """Whether a code was used up at this box."""
        query = "SELECT 1 FROM used_code WHERE code_id = ?"
        return self.read(lambda conn: conn.execute(query, (code_id,)).fetchone()) is not None

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        with self._commit:
            if self._reader is not self._writer:
                self._reader.close()
            self._writer.close()

    def _commit_all(self, jobs: list[_Job[Any]]) -> None:
        conn = self._writer
        try:
            conn.execute("BEGIN IMMEDIATE")
            if len(jobs) == 1:
                self._run_alone(conn, jobs[0])
            else:
                for job in jobs:
                    self._run(conn, job)
                conn.execute("COMMIT")
        except sqlite3.Error as error:
            for job in jobs:
                job.error = job.error or error
            with suppress(sqlite3.Error):
                conn.execute("ROLLBACK")
        for job in jobs:
            job.done = True

    def _run_alone(self, conn: sqlite3.Connection, job: _Job[Any]) -> None:
        """Nobody else's work has to outlive its failure, so that it needs no savepoint."""
        try:
            job.result = job.work(conn)
        except BaseException as error:
            job.error = error
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        else:
            conn.execute("COMMIT")

    def _run(self, conn: sqlite3.Connection, job: _Job[Any]) -> None:
        conn.execute("SAVEPOINT job")
        try:
            job.result = job.work(conn)
        except BaseException as error:  # it belongs to that caller alone, who gets it
            job.error = error
            if not conn.in_transaction:
                raise sqlite3.OperationalError("the transaction is gone") from error  # a full disk ends all of it
            conn.execute("ROLLBACK TO job")
        conn.execute("RELEASE job")


def _spell_out(conn: sqlite3.Connection) -> None:
    """sqlite3.Error or UnicodeDecodeError where pages are whole and what stands on them is not."""
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _ in conn.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - the file's own names
            pass
    bodies = "SELECT body FROM entry UNION ALL SELECT body FROM lane_state"
    if conn.execute(f"SELECT 1 FROM ({bodies}) WHERE NOT json_valid(body) LIMIT 1").fetchone():  # noqa: S608 - as above
        raise sqlite3.DatabaseError("malformed: a word that is none")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the one process that runs this file's box; ParkingError while another does: two would order one boom, and tell each car twice.

    A dead one holds nothing up, nor does a disk that is full.
    """
    import fcntl  # of Unix alone, as boxes are

    try:
        lock = Path(f"{path.resolve()}.lock").open("a")  # noqa: SIM115 - held below
    except OSError:
        yield
        return
    with lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ParkingError(ErrorKind.CONFLICT, "edge.running", f"another process runs the box of {path}") from None
        yield


def _connect(path: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        conn.close()
        raise
    return conn


def _unavailable(error: BaseException) -> ParkingError:
    said, name = str(error), getattr(error, "sqlite_errorname", "")
    if "full" in said or name == "SQLITE_IOERR_SHMSIZE":
        return ParkingError(ErrorKind.UNAVAILABLE, "edge.disk_full", "the disk is full")
    damaged = any(word in said for word in _DAMAGED) or name in _UNREAD
    return ParkingError(
        ErrorKind.UNAVAILABLE, UNREADABLE if damaged else "edge.file", f"the box's file cannot be used: {said}"
    )
