from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from parking.kernel.clock import ManualClock
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.security import audit, store

LIN = Principal("operator", "op-lin", frozenset())


def note(database: Database, *subjects: str) -> None:
    for subject in subjects:
        database.write(lambda uow, subject=subject: audit.record(uow, LIN, "lane.open", subject, "lorry"))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


def tamper(database: Database, statement: sa.Executable) -> None:
    database.write(lambda uow: uow.connection.execute(statement))


@pytest.mark.req("LOG-1")
def test_an_entry_says_who_what_to_what_why_and_when(database: Database, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=5))
    note(database, "entry-1")
    [entry] = database.read(lambda conn: store.audit_before(conn, None, 10))
    assert (entry.actor_kind, entry.actor, entry.action, entry.subject, entry.reason) == (
        "operator", "op-lin", "lane.open", "entry-1", "lorry",
    )  # fmt: skip
    assert entry.at == clock.now()


@pytest.mark.req("LOG-1")
def test_an_untouched_chain_holds(database: Database) -> None:
    note(database, "a", "b", "c")
    report = database.read(audit.verify)
    assert (report.entries, report.broken_at) == (3, None)


def test_an_empty_chain_holds(database: Database) -> None:
    assert database.read(audit.verify).broken_at is None


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize(
    ("what", "statement", "where"),
    [
        ("a changed reason", sa.update(store.audit_log).where(store.audit_log.c.seq == 2).values(reason="nothing"), 2),
        ("a removed entry", sa.delete(store.audit_log).where(store.audit_log.c.seq == 2), 2),
        ("a cut-off end", sa.delete(store.audit_log).where(store.audit_log.c.seq == 3), 3),
        ("a new head", sa.update(store.audit_head).values(link="0" * 64), 4),
    ],
)
def test_tampering_shows(database: Database, what: str, statement: sa.Executable, where: int) -> None:
    note(database, "a", "b", "c")
    tamper(database, statement)
    assert database.read(audit.verify).broken_at == where, what


def test_an_entry_belongs_to_its_action_and_goes_with_it(database: Database) -> None:
    def act_and_fail(uow: UnitOfWork) -> None:
        audit.record(uow, LIN, "lane.open", "entry-1", "")
        raise RuntimeError("the action failed")

    with pytest.raises(RuntimeError):
        database.write(act_and_fail)
    assert database.read(audit.verify).entries == 0


def test_many_threads_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: note(database, f"s{n}"), range(40)))
    report = database.read(audit.verify)
    assert (report.entries, report.broken_at) == (40, None)


def test_a_long_or_strange_reason_does_not_stop_the_action(database: Database) -> None:
    database.write(lambda uow: audit.record(uow, LIN, "lane.open", "x" * 500, "\x00\x1b[2J\ud800" + "长" * 600))
    [entry] = database.read(lambda conn: store.audit_before(conn, None, 10))
    assert len(entry.subject) == 128
    assert len(entry.reason) == 512
    assert entry.reason.isprintable()
    assert database.read(audit.verify).broken_at is None
