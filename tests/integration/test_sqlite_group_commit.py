"""Works that wait while the writer is busy share one commit; each of them lives or dies alone all the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from parking.kernel.errors import ParkingError
from parking.plumbing import sqlite_database as sqlite
from parking.plumbing.db import SqliteDatabase, UnitOfWork
from parking.plumbing.sqlite_database import READERS
from tests.builders.plumbing import eventually, note, noted


class Jam:
    """Holds the writer in one work, so that what is sent meanwhile goes into one commit; counts the commits."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.statements: list[str] = []
        self._lanes = ThreadPoolExecutor(16)
        self._let_go = threading.Event()
        self._held = threading.Event()

    def hold(self) -> Future[None]:
        def work(unit: UnitOfWork) -> None:
            driver = unit.connection.connection.dbapi_connection
            assert driver is not None
            driver.set_trace_callback(self.statements.append)
            self._held.set()
            assert self._let_go.wait(30)

        first = self._lanes.submit(self.database.write, work)
        assert self._held.wait(30)
        return first

    def send(self, *works: Any) -> list[Future[Any]]:
        before = self.database._queue.qsize()
        sent = []
        for count, work in enumerate(works, start=1):
            sent.append(self._lanes.submit(self.database.write, work))
            eventually(lambda expected=before + count: self.database._queue.qsize() == expected)  # type: ignore[misc]
        return sent

    def let_go(self) -> None:
        self._let_go.set()

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")

    def close(self) -> None:
        self.let_go()
        self._lanes.shutdown()


@pytest.fixture
def jam(sqlite_database: SqliteDatabase) -> Iterator[Jam]:
    made = Jam(sqlite_database)
    yield made
    made.close()


def noting(what: str) -> Any:
    return lambda unit: note(unit, "a", what)


def failing(unit: UnitOfWork) -> None:
    note(unit, "a", "never")
    with unit.connection.begin_nested():
        note(unit, "a", "nor this")
    raise KeyError("mine alone")


def test_what_waits_is_committed_together_in_the_order_it_came(jam: Jam) -> None:
    first = jam.hold()
    sent = jam.send(*(noting(str(n)) for n in range(10)))
    jam.let_go()
    for future in [first, *sent]:
        future.result(30)

    assert jam.commits == 2
    assert noted(jam.database) == [str(n) for n in range(10)]


@pytest.mark.req("PAY-3")
def test_one_that_fails_is_undone_alone_and_its_mates_are_kept(jam: Jam) -> None:
    jam.hold()
    one, bad, two = jam.send(noting("one"), failing, noting("two"))
    jam.let_go()

    with pytest.raises(KeyError, match="mine alone"):
        bad.result(30)
    one.result(30), two.result(30)
    assert jam.commits == 2
    assert noted(jam.database) == ["one", "two"]


def test_one_that_leaves_a_savepoint_open_is_refused_and_its_mates_are_kept(jam: Jam) -> None:
    def sloppy(unit: UnitOfWork) -> None:
        unit.connection.begin_nested()
        note(unit, "a", "never")

    jam.hold()
    one, bad, two = jam.send(noting("one"), sloppy, noting("two"))
    jam.let_go()
    with pytest.raises(RuntimeError, match="savepoints"):
        bad.result(30)
    one.result(30), two.result(30)
    assert noted(jam.database) == ["one", "two"]


def test_nobody_is_told_before_the_commit_that_holds_his_work(jam: Jam) -> None:
    """The second work looks, from another connection, for what the first of the same commit wrote: it is not there yet."""
    seen: list[Any] = []
    first_answer: list[Future[Any]] = []

    def look(unit: UnitOfWork) -> None:
        with jam.database._readers.connect() as other:
            seen.append(other.exec_driver_sql("SELECT count(*) FROM test_tally").scalar())
        seen.append(first_answer[0].done())

    jam.hold()
    first_answer += jam.send(noting("one"))
    (second,) = jam.send(look)
    jam.let_go()
    second.result(30)
    assert seen == [0, False]
    assert first_answer[0].result(30) is None


def test_when_the_commit_fails_everybody_in_it_is_told_and_nothing_is_stored(jam: Jam) -> None:
    def break_the_transaction(unit: UnitOfWork) -> None:
        unit.connection.exec_driver_sql("ROLLBACK")

    jam.hold()
    one, bad, two = jam.send(noting("one"), break_the_transaction, noting("two"))
    jam.let_go()
    for future in (one, bad, two):
        with pytest.raises(RuntimeError):
            future.result(30)
    assert noted(jam.database) == []

    jam.database.write(noting("the writer goes on"))
    assert noted(jam.database) == ["the writer goes on"]


def test_a_coroutine_that_was_cancelled_while_it_waited_writes_nothing(jam: Jam) -> None:
    async def give_up() -> None:
        waiting = asyncio.create_task(jam.database.awrite(noting("never")))
        await asyncio.sleep(0)
        waiting.cancel()
        kept = asyncio.create_task(jam.database.awrite(noting("kept")))
        await asyncio.sleep(0)
        jam.let_go()
        await kept
        assert waiting.cancelled() or await asyncio.wait_for(_cancelled(waiting), 10)

    jam.hold()
    asyncio.run(give_up())
    assert noted(jam.database) == ["kept"]


async def _cancelled(task: asyncio.Task[None]) -> bool:
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


def test_what_was_accepted_before_closing_is_done_and_the_rest_is_turned_away(jam: Jam) -> None:
    first = jam.hold()
    sent = jam.send(noting("one"), noting("two"))
    closing = threading.Thread(target=jam.database.close)
    closing.start()
    eventually(lambda: jam.database._closed)
    with pytest.raises(ParkingError, match="closed"):
        jam.database.write(noting("late"))
    jam.let_go()
    closing.join(30)
    for future in [first, *sent]:
        future.result(30)


def test_more_reads_than_readers_wait_their_turn_and_are_told_when_it_does_not_come(
    sqlite_database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, end = threading.Barrier(READERS + 1), threading.Event()

    def long(_: object) -> int:
        began.wait(30)
        end.wait(30)
        return 1

    with ThreadPoolExecutor(READERS + 1) as callers:
        readers = [callers.submit(sqlite_database.read, long) for _ in range(READERS)]
        began.wait(30)
        monkeypatch.setattr(sqlite, "_LONGEST_TURN_S", 0.05)
        with pytest.raises(ParkingError, match="busy with long reads"):
            sqlite_database.read(lambda _: 1)
        monkeypatch.setattr(sqlite, "_LONGEST_TURN_S", 30.0)
        one_more = callers.submit(sqlite_database.read, lambda _: 1)
        end.set()
        assert [done.result(30) for done in (*readers, one_more)] == [1] * (READERS + 1)


def test_a_reader_that_somebody_closed_is_replaced(sqlite_database: SqliteDatabase) -> None:
    for _ in range(READERS + 1):
        sqlite_database.read(lambda conn: conn.close())
        assert noted(sqlite_database) == []
