"""What people have taught is worked out when it changes, and is always what the lessons in force say; an exit reads one row for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.kernel.clock import ManualClock
from parking.kernel.ids import SeededIds
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork, metadata
from parking.plumbing.inline_database import InlineDatabase
from parking.plumbing.prepared import DirectConnection
from parking.sessions.desk import lesson_store
from parking.sessions.desk.lessons import Teaching, differences, teaching_of
from parking.sessions.desk.model import Lesson
from parking.sessions.desk.taught import Taught
from tests.builders.desk import NINE


def lesson(name: str, read: str = "浙A123B5", true: str = "浙A12385") -> Lesson:
    return Lesson(name, f"d-{name}", Plate(read), Plate(true), NINE, "li", active=True)


@pytest.fixture
def database(memory_database: Database) -> Database:
    return memory_database


def teach(database: Database, *new: Lesson) -> None:
    def work(uow: UnitOfWork) -> None:
        for one in new:
            lesson_store.add_lesson(uow.connection, one)

    database.write(work)


def test_who_asks_again_reads_one_row_however_many_lessons_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught, said, run = Taught(), [], DirectConnection._run

    def heard(self: DirectConnection, text: str, values: Sequence[Any], *, many: bool = False) -> Any:
        said.append(text)
        return run(self, text, values, many=many)

    teach(database, *(lesson(f"l{n:03}") for n in range(700)))
    assert len(database.read(taught).lessons) == 700
    monkeypatch.setattr(DirectConnection, "_run", heard)
    assert dict(database.read(taught).misreads) == {("8", "B"): 700}
    assert [text.split("FROM")[1].strip() for text in said] == ["desk_teaching"]


def test_a_lesson_whose_decision_is_rolled_back_was_never_taught(database: Database) -> None:
    """Its own transaction has asked for it already; the next lesson is not taken for it."""
    taught = Taught()

    def fails(uow: UnitOfWork) -> None:
        lesson_store.add_lesson(uow.connection, lesson("l1", "浙A1234S", "浙A12345"))
        assert dict(taught(uow.connection).misreads) == {("5", "S"): 1}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fails)
    assert dict(database.read(taught).misreads) == {}
    teach(database, lesson("l2"))
    assert dict(database.read(taught).misreads) == {("8", "B"): 1}


CHANGES = st.lists(
    st.tuples(st.sampled_from(["teach", "switch", "blank", "ask", "fail"]), st.integers(0, 5)), max_size=25
)


@pytest.mark.req("ID-1")
@settings(deadline=None)
@given(CHANGES)
def test_whatever_is_taught_switched_and_blanked_it_is_what_the_lessons_in_force_say(
    changes: list[tuple[str, int]],
) -> None:
    clock = ManualClock(NINE)
    database = InlineDatabase(clock=clock, ids=SeededIds(1), origin="test")
    database.write(lambda uow: metadata.create_all(uow.connection))
    taught, plates = Taught(), ("浙A123B5", "浙A1Z385", "浙A1238S", "沪A12385", "A12385", "浙A1238")
    for number, (what, which) in enumerate(changes):
        clock.advance(timedelta(seconds=1))

        def work(uow: UnitOfWork, what: str = what, which: int = which, number: int = number) -> None:
            known = lesson_store.lessons(uow.connection)
            if what == "teach":
                lesson_store.add_lesson(uow.connection, lesson(f"l{number:02}", plates[which]))
            elif known and what in ("switch", "fail"):
                one = known[which % len(known)]
                lesson_store.switch_lesson(
                    uow.connection, one.id, active=not one.active, by="boss", at=uow.now, reason="glare"
                )
                taught(uow.connection)
            elif what == "blank":
                lesson_store.blank_lessons(uow.connection, sa.true())
            if what == "fail":
                raise ZeroDivisionError

        if what == "fail":
            with pytest.raises(ZeroDivisionError):
                database.write(work)
        else:
            database.write(work)
        assert database.read(taught) == database.read(_from_the_record), changes[: number + 1]


def _from_the_record(conn: sa.Connection) -> Teaching:
    return teaching_of(
        {one.id: differences(one.read, one.true) for one in lesson_store.lessons(conn, 1_000) if one.active}
    )
