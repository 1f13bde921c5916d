"""The audit chain on every engine: what two threads do at the same moment still makes one chain."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from parking.kernel.principal import Principal
from parking.plumbing.db import Database
from parking.security import audit, store
from tests.fixtures.databases import fresh_database

LIN = Principal("operator", "op-lin", frozenset())


@pytest.fixture
def lasting(lasting_url: str) -> Iterator[Database]:
    assert store.audit_log is not None
    opened = fresh_database(lasting_url)
    yield opened
    opened.close()


@pytest.mark.req("LOG-1")
def test_entries_written_at_once_make_one_chain(lasting: Database) -> None:
    def note(number: int) -> None:
        lasting.write(lambda uow: audit.record(uow, LIN, "lane.open", f"lane-{number}", "lorry 大货车"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(note, range(24)))
    report = lasting.read(audit.verify)
    assert (report.entries, report.broken_at) == (24, None)


@pytest.mark.req("LOG-1")
def test_an_entry_reads_back_as_it_was_chained(database: Database) -> None:
    database.write(lambda uow: audit.record(uow, LIN, "access.changed", "沪A****5", "员工"))
    [entry] = database.read(lambda conn: store.audit_before(conn, None, 10))
    assert (entry.subject, entry.reason) == ("沪A****5", "员工")
    assert database.read(audit.verify).broken_at is None
