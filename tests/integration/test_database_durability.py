"""Acknowledged is durable: what a caller was told is there after kill -9, and a full disk costs nobody anything but time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from parking.kernel.errors import ErrorKind, ParkingError
from parking.plumbing.db import Database, UnitOfWork
from tests.builders.plumbing import eventually, note, noted
from tests.builders.plumbing_processes import kill, start, write_and_acknowledge
from tests.fixtures.databases import fresh_database
from tests.fixtures.postgres import PostgresServer


def _acknowledged(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.req("PAY-3", "GATE-3")
def test_no_acknowledged_row_is_lost_when_the_process_is_killed(lasting_url: str, tmp_path: Path) -> None:
    receipts = tmp_path / "receipts"
    fresh_database(lasting_url).close()
    told: list[str] = []
    for _ in range(3):
        writer = start(write_and_acknowledge, lasting_url, str(receipts))
        eventually(lambda: len(_acknowledged(receipts)) >= 200)
        kill(writer)
        told += _acknowledged(receipts)
        receipts.unlink()

    database = fresh_database(lasting_url, tables=False)
    kept = Counter(noted(database))
    database.close()
    assert not Counter(told) - kept
    assert sum(kept.values()) <= len(told) + 3 * 8  # at most one unanswered row per lane and kill


@pytest.mark.req("GATE-3")
def test_a_full_disk_is_said_clearly_and_loses_nothing(sqlite_database: Database) -> None:
    def cap(unit: UnitOfWork) -> None:
        pages = unit.connection.exec_driver_sql("PRAGMA page_count").scalar()
        unit.connection.exec_driver_sql(f"PRAGMA max_page_count={int(pages or 0) + 4}")

    def free(unit: UnitOfWork) -> None:
        unit.connection.exec_driver_sql("PRAGMA max_page_count=1000000")

    sqlite_database.write(cap)
    stored = 0

    def until_full() -> None:
        nonlocal stored
        while stored < 10_000:
            sqlite_database.write(lambda unit: note(unit, "a", "x" * 60))
            stored += 1

    with pytest.raises(ParkingError, match="disk") as error:
        until_full()
    assert (error.value.kind, error.value.code) == (ErrorKind.UNAVAILABLE, "storage.full")
    assert len(noted(sqlite_database)) == stored > 0

    sqlite_database.write(free)
    sqlite_database.write(lambda unit: note(unit, "a", "room again"))
    assert len(noted(sqlite_database)) == stored + 1


def test_a_server_that_is_away_is_said_clearly_and_found_again(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = fresh_database(postgres_url)
    database.write(lambda unit: note(unit, "a", "before"))
    postgres_server.stop()
    try:
        for attempt in (lambda: database.write(lambda unit: note(unit, "a", "lost")), lambda: noted(database)):
            with pytest.raises(ParkingError) as error:
                attempt()
            assert (error.value.kind, error.value.code) == (ErrorKind.UNAVAILABLE, "storage.away")
    finally:
        postgres_server.start()

    database.write(lambda unit: note(unit, "a", "after"))
    assert noted(database) == ["before", "after"]
    database.close()
