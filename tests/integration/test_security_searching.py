"""The record searched: one sequence of deeds and looks, narrowed by who, what, when and whom, whole whatever the pages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

import parking
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, devices, looks, service
from parking.security.searching import Area, Entry, Wanted, area_of, search
from parking.web import paging
from tests.builders.security import NOON, an_operator
from tests.fixtures.databases import fresh_database


def people(database: Database) -> tuple[Principal, Principal]:
    made = [an_operator(database, username=name, roles=("manager",)) for name in ("lin", "wang")]
    return tuple(Principal("operator", one.id, frozenset()) for one in made)  # type: ignore[return-value]  # two of them


def busy(database: Database) -> tuple[Principal, Principal]:
    """Some deeds and looks, several of them in one moment."""
    lin, wang = people(database)

    def deeds(uow: object) -> None:
        audit.record(uow, lin, "lane.open", "exit-1", "barrier broken")  # type: ignore[arg-type]  # a UnitOfWork
        audit.record(uow, wang, "access.listed", "mall:苏A***45", "block: 100% owed")  # type: ignore[arg-type]
        audit.record(uow, wang, "case.undo", "case-7", "wrong car")  # type: ignore[arg-type]
        for stay in ("s1", "s2", "s3"):
            looks.note(uow, lin, "stay", stay)  # type: ignore[arg-type]

    database.write(deeds)
    return lin, wang


def found(database: Database, wanted: Wanted = Wanted(), *, limit: int = 200) -> list[Entry]:  # noqa: B008 - frozen
    return list(database.read(lambda conn: search(conn, wanted, "", limit)))


def page_at(database: Database, cursor: str, size: int) -> list[Entry]:
    return list(database.read(lambda conn: search(conn, Wanted(), cursor, size)))


def opened(database: Database, who: Principal, lane: str) -> None:
    database.write(lambda uow: audit.record(uow, who, "lane.open", lane, ""))


def actions(entries: list[Entry]) -> list[str]:
    return [entry.action for entry in entries]


@pytest.mark.req("PRIV-1")
def test_pages_of_any_size_hold_every_row_once_and_in_order(database: Database) -> None:
    busy(database)
    whole = found(database)
    assert [entry.seq for entry in whole] == [5, 4, 3, None, None, None, 2, 1], "of one moment: deeds, then looks"
    for size in (1, 2, 3, 5):
        pages: list[Entry] = []
        cursor = ""
        while True:
            rows = page_at(database, cursor, size)
            pages += rows
            if len(rows) < size:
                break
            cursor = paging.encode(*rows[-1].place)
        assert pages == whole, size


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(area=Area.OPENINGS), ["lane.open"]),
        (Wanted(area=Area.CORRECTIONS), ["case.undo"]),
        (Wanted(area=Area.RIGHTS), ["access.listed"]),
        (Wanted(area=Area.LOOKS), ["stay", "stay", "stay"]),
        (Wanted(text="苏A·12345"), ["access.listed"]),
        (Wanted(text="100% o"), ["access.listed"]),
        (Wanted(text="0%_o"), []),
        (Wanted(text="S2"), ["stay"]),
        (Wanted(text="exit-1"), ["lane.open"]),
        (Wanted(actor="WANG"), ["case.undo", "access.listed"]),
        (Wanted(actor="nobody"), []),
        (Wanted(actor="set-up"), ["operator.created", "operator.created"]),
    ],
)
def test_a_search_narrows_by_who_what_and_whom(memory_database: Database, wanted: Wanted, expected: list[str]) -> None:
    busy(memory_database)
    assert actions(found(memory_database, wanted)) == expected


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    clock = ManualClock(NOON)
    database = fresh_database("sqlite://", clock)
    lin, _ = people(database)
    for n in range(3):
        opened(database, lin, f"exit-{n}")
        clock.advance(timedelta(minutes=1))
    span = Wanted(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=2), area=Area.OPENINGS)
    assert [entry.subject for entry in found(database, span)] == ["exit-1"]


def test_who_did_it_is_shown_by_the_name_that_people_use(memory_database: Database) -> None:
    busy(memory_database)
    assert {entry.name for entry in found(memory_database, Wanted(actor="wang"))} == {"Lin Wei"}
    assert found(memory_database, Wanted(actor="set-up"))[0].name == "set-up"


@pytest.mark.parametrize(
    "position",
    [
        *(("2026-01-01", 0, "1"), ("x", 0, "1"), ("2026-01-01T00:00:00+00:00", 0, "a")),
        *(("0001-01-01T00:00:00+14:00", 0, "1"), ("2026-01-01T00:00:00+00:00", 0, "9" * 30)),
    ],
)
def test_a_cursor_that_we_did_not_make_is_refused(memory_database: Database, position: tuple[str, int, str]) -> None:
    with pytest.raises(ParkingError, match="earlier page"):
        memory_database.read(lambda conn: search(conn, Wanted(), paging.encode(*position), 5))


def test_every_deed_that_the_code_writes_down_has_an_area() -> None:
    """The stable words stand as literals beside the call that records them."""
    root = Path(parking.__file__).parent.parent
    called = re.compile(r"(?:audit|record|change)\((?:\s*uow,)?\s*(?:\w+(?:\(\w+\))?,\s*)?\s*f?\"([a-z_]+\.[a-z_.]*)")
    files = [file for room in ("parking", "payments", "guidance") for file in (root / room).rglob("*.py")]
    words = {word for file in files for word in called.findall(file.read_text(encoding="utf-8"))}
    assert len(words) > 40
    assert {word for word in words if area_of(word) is None} == set()


def test_a_machine_is_told_with_its_kind_and_an_operator_by_name_after_being_shut_out_too(database: Database) -> None:
    lin, _ = people(database)
    setup = Principal("system", "console", frozenset())

    def work(uow: UnitOfWork) -> None:
        devices.enrol_kiosk(uow, setup, device_id="kiosk-7")
        service.disable_operator(uow, setup, username="lin", reason="has left")
        audit.record(uow, Principal("device", "kiosk-7", frozenset()), "invoice.asked", "i-1", "1 stays")
        audit.record(uow, lin, "logout", lin.subject, "")

    database.write(work)
    by_action = {entry.action: entry for entry in found(database)}
    assert by_action["invoice.asked"].device_kind == "kiosk"
    assert by_action["device.enrolled"].device_kind == ""
    assert by_action["logout"].name == by_action["operator.disabled"].subject_name != lin.subject
