"""Many things are done one by one: a bad one holds no other up, a database that is away stops them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import SeededIds
from parking.plumbing.db import Database, UnitOfWork, metadata, open_database
from parking.plumbing.each import each, in_pages
from tests.builders.plumbing import NOON, note, noted

PLATES = ("A-1", "B-2", "C-3")


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite://", clock=ManualClock(NOON), ids=SeededIds(1), origin="t")
    opened.create_tables(metadata)
    yield opened
    opened.close()


def failing_at(plate: str, error: Exception) -> Callable[[UnitOfWork, str], str]:
    """A work that notes what it is given, and fails at one of them when that is half done."""

    def work(uow: UnitOfWork, thing: str) -> str:
        note(uow, "work", thing)
        if thing == plate:
            raise error
        return thing.lower()

    return work


@pytest.mark.req("PRIV-1")
def test_one_that_fails_leaves_nothing_of_itself_and_holds_no_other_up(database: Database) -> None:
    with capture_logs() as lines:
        assert each(database, "trying", PLATES, failing_at("A-1", ValueError("of A-1"))) == ["b-2", "c-3"]
    assert noted(database) == ["B-2", "C-3"]
    (line,) = lines
    assert line == {"event": "one of many failed", "log_level": "error", "what": "trying", "error": "ValueError"}


def test_what_is_done_instead_may_fail_as_well(database: Database) -> None:
    def instead(uow: UnitOfWork, thing: str) -> None:
        note(uow, "instead", thing)

    worse = failing_at("B-2", KeyError("B-2"))
    assert each(database, "trying", PLATES, failing_at("B-2", ValueError()), instead) == ["a-1", "c-3"]
    assert noted(database, "instead") == ["B-2"]
    assert each(database, "trying", PLATES, failing_at("B-2", ValueError()), worse) == ["a-1", "c-3"]


@pytest.mark.parametrize("where", ["the work", "what is done instead"])
def test_a_database_that_is_away_is_raised_and_nothing_more_is_tried(database: Database, where: str) -> None:
    away = ParkingError(ErrorKind.UNAVAILABLE, "storage.away", "away")
    works = [failing_at("B-2", away)] if where == "the work" else [failing_at("B-2", ValueError())] * 2
    if where != "the work":
        works[1] = failing_at("B-2", away)
    with pytest.raises(ParkingError, match="away"):
        each(database, "trying", PLATES, *works)
    assert noted(database) == ["A-1"]


@pytest.mark.parametrize(("left", "works"), [(0, 1), (2, 1), (3, 2), (7, 3)])
def test_pages_go_on_until_one_is_not_full(database: Database, left: int, works: int) -> None:
    rest = [left]

    def page(uow: UnitOfWork, most: int) -> int:
        done = min(most, rest[0])
        rest[0] -= done
        note(uow, "page", str(done))
        return done

    assert in_pages(database, page, at_once=3) == left
    assert (rest, len(noted(database))) == ([0], works)
