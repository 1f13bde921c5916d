"""What every database promises, on a SQLite file, in memory and on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
import sqlalchemy as sa

from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.db import BigSerial, Database, UnitOfWork, insert_once, metadata
from parking.plumbing.outbox import waiting
from tests.builders.plumbing import NOON, an_envelope, an_event, count, note, noted, tally
from tests.fixtures.databases import fresh_database

kept = sa.Table(
    "test_kept",
    metadata,
    sa.Column("id", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=True),
    sa.Column("plate", PlateText, nullable=True, unique=True),
    sa.Column("about", Json, nullable=True),
)


def noting_back(unit: UnitOfWork, number: int) -> int:
    note(unit, "a", str(number))
    return number


class TestOneWork:
    @pytest.mark.req("PAY-3")
    def test_is_done_wholly_or_not_at_all(self, database: Database) -> None:
        def half(unit: UnitOfWork) -> None:
            note(unit, "a", "first")
            unit.publish(an_event())
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.write(half)

        assert noted(database) == []
        assert database.read(waiting) == []

    def test_returns_its_value_and_is_seen_by_the_next_read(self, database: Database) -> None:
        assert database.write(lambda unit: noting_back(unit, 7)) == 7
        assert noted(database) == ["7"]

    def test_published_events_leave_in_order_with_id_time_and_origin(self, database: Database) -> None:
        sent = database.write(lambda unit: [unit.publish(an_event(n)) for n in range(3)])

        kept_events = [envelope for _, envelope in database.read(waiting)]
        assert kept_events == sent
        assert {envelope.origin for envelope in kept_events} == {"test"}

    def test_a_forwarded_event_keeps_its_name_and_comes_once(self, database: Database) -> None:
        envelope = an_envelope(5)
        for _ in range(2):
            database.write(lambda unit: unit.forward(envelope))

        assert [e for _, e in database.read(waiting)] == [envelope]

    def test_cannot_call_the_database_again(self, database: Database) -> None:
        with pytest.raises(RuntimeError, match="unit of work"):
            database.write(lambda unit: database.write(lambda inner: None))
        with pytest.raises(RuntimeError, match="unit of work"):
            database.write(lambda unit: database.read(lambda connection: None))

        database.write(lambda unit: note(unit, "a", "still fine"))
        assert noted(database) == ["still fine"]

    def test_a_savepoint_inside_undoes_its_part_alone(self, database: Database) -> None:
        def work(unit: UnitOfWork) -> None:
            note(unit, "a", "before")
            with suppress(KeyError), unit.connection.begin_nested():
                note(unit, "a", "inside")
                raise KeyError
            note(unit, "a", "after")

        database.write(work)
        assert noted(database) == ["before", "after"]


class TestManyWorks:
    def test_one_that_fails_takes_no_other_with_it(self, database: Database) -> None:
        start = threading.Barrier(8)

        def lane(number: int) -> str:
            def work(unit: UnitOfWork) -> str:
                note(unit, "a", str(number))
                if number % 3 == 0:
                    raise ValueError(number)
                return "kept"

            start.wait()
            try:
                return database.write(work)
            except ValueError:
                return "refused"

        with ThreadPoolExecutor(8) as lanes:
            answers = list(lanes.map(lane, range(8)))

        assert answers == ["refused" if n % 3 == 0 else "kept" for n in range(8)]
        assert sorted(noted(database)) == [str(n) for n in range(8) if n % 3]

    def test_reading_then_writing_loses_no_update(self, database: Database) -> None:
        database.write(lambda unit: insert_once(unit.connection, kept, {"id": 1, "about": {"n": 0}}))

        def add_one(unit: UnitOfWork) -> None:
            about = unit.connection.scalar(sa.select(kept.c.about).where(kept.c.id == 1))
            assert about is not None
            unit.connection.execute(sa.update(kept).values(about={"n": about["n"] + 1}))

        with ThreadPoolExecutor(4) as lanes:
            list(lanes.map(lambda _: database.write(add_one), range(40)))

        assert database.read(lambda c: c.scalar(sa.select(kept.c.about))) == {"n": 40}

    def test_asynchronous_callers_get_the_same(self, database: Database) -> None:
        async def all_of_them() -> list[int]:
            works = [partial(noting_back, number=n) for n in range(20)]
            results = await asyncio.gather(*(database.awrite(work) for work in works))
            assert sorted(await database.aread(lambda c: c.scalars(sa.select(tally.c.what)).all())) == sorted(
                map(str, results)
            )
            return results

        assert asyncio.run(all_of_them()) == list(range(20))

    def test_whoever_waits_for_commits_that_published_is_woken(self, database: Database) -> None:
        woken = threading.Event()
        database.after_commit(woken.set)

        database.write(lambda unit: note(unit, "a", "quiet"))
        assert not woken.is_set()

        database.write(lambda unit: unit.publish(an_event()))
        assert woken.wait(10)

    def test_whoever_cannot_be_woken_harms_nobody(self, database: Database) -> None:
        def gone() -> None:
            raise RuntimeError("its event loop has ended")

        woken = threading.Event()
        database.after_commit(gone)
        database.after_commit(woken.set)
        database.write(lambda unit: unit.publish(an_event()))

        assert woken.wait(10)
        assert len(database.read(waiting)) == 1


class TestReading:
    def test_each_sees_what_was_committed_before_it_and_nothing_that_came_meanwhile(self, lasting_url: str) -> None:
        database = fresh_database(lasting_url)

        def while_another_writes(connection: sa.Connection) -> tuple[int, int]:
            found = sa.select(sa.func.count()).select_from(tally)
            before = connection.scalar(found)
            with ThreadPoolExecutor(1) as another:
                another.submit(database.write, lambda unit: note(unit, "a", "more")).result()
            return before or 0, connection.scalar(found) or 0

        for nth in range(6):  # more than there are readers: each is used again
            assert database.read(while_another_writes) == (nth, nth)
        assert count(database, tally) == 6
        database.close()

    def test_one_that_fails_harms_no_later_one(self, database: Database) -> None:
        for _ in range(6):
            with pytest.raises(sa.exc.DBAPIError):
                database.read(lambda connection: connection.execute(sa.text("SELECT nothing FROM nowhere")))
            with pytest.raises(ZeroDivisionError):
                database.read(lambda connection: 1 // len(connection.execute(tally.select()).all()))
        database.write(lambda unit: note(unit, "a", "first"))
        assert noted(database) == ["first"]

    def test_cannot_write(self, database: Database) -> None:
        with pytest.raises(sa.exc.DBAPIError):
            database.read(lambda c: c.execute(tally.insert(), {"who": "a", "what": "b"}))

        database.write(lambda unit: note(unit, "a", "allowed"))
        assert noted(database) == ["allowed"]


class TestValues:
    def test_come_back_as_they_went_in(self, database: Database) -> None:
        row = {"id": 1, "at": NOON, "plate": Plate.parse("粤B·12345"), "about": {"zh": "出口", "n": [1, None]}}
        database.write(lambda unit: insert_once(unit.connection, kept, row))

        found = database.read(lambda c: c.execute(sa.select(kept)).one())
        assert found._asdict() == row

    def test_times_sort_as_time_goes(self, database: Database) -> None:
        later = NOON.replace(microsecond=1)
        database.write(
            lambda unit: [insert_once(unit.connection, kept, {"id": n, "at": at}) for n, at in ((1, later), (2, NOON))]
        )

        assert database.read(lambda c: c.scalars(sa.select(kept.c.id).order_by(kept.c.at)).all()) == [2, 1]
        assert database.read(lambda c: c.scalars(sa.select(kept.c.id).where(kept.c.at > NOON)).all()) == [1]

    @pytest.mark.parametrize("wrong", [{"at": NOON.replace(tzinfo=None)}, {"plate": "粤B12345"}])
    def test_a_naive_time_and_a_bare_plate_are_refused(self, database: Database, wrong: dict[str, object]) -> None:
        with pytest.raises(sa.exc.StatementError):
            database.write(lambda unit: insert_once(unit.connection, kept, {"id": 1} | wrong))
        assert count(database, kept) == 0

    @pytest.mark.req("PRIV-1")
    def test_an_error_does_not_repeat_what_was_to_be_stored(self, database: Database) -> None:
        row = {"plate": Plate.parse("粤B12345")}

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(kept.insert(), row)

        database.write(work)
        with pytest.raises(sa.exc.IntegrityError, match=r"[Uu]nique|UNIQUE") as error:
            database.write(work)
        assert "12345" not in "".join(traceback.format_exception(error.value))

    def test_the_same_fact_is_written_once(self, database: Database) -> None:
        answers = [database.write(lambda unit: insert_once(unit.connection, kept, {"id": 9})) for _ in range(2)]
        assert answers == [True, False]


class TestOpening:
    @pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "postgresql://host/name"])
    def test_an_address_we_do_not_know_is_refused_with_the_known_ones(self, url: str) -> None:
        with pytest.raises(ParkingError, match=r"sqlite"):
            fresh_database(url)

    def test_what_was_written_is_there_after_opening_again(self, lasting_url: str) -> None:
        first = fresh_database(lasting_url)
        first.write(lambda unit: note(unit, "a", "kept"))
        first.close()

        second = fresh_database(lasting_url)
        assert noted(second) == ["kept"]
        second.close()

    def test_nothing_is_accepted_after_closing(self, sqlite_database: Database) -> None:
        sqlite_database.close()
        with pytest.raises(ParkingError, match="closed"):
            sqlite_database.write(lambda unit: None)

    def test_sqlite_syncs_every_commit_and_keeps_foreign_keys(self, sqlite_database: Database) -> None:
        def pragmas(unit: UnitOfWork) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [unit.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        assert sqlite_database.write(pragmas) == ["wal", 2, 1]
