"""Found in review: a poll of a gate box costs what has changed, and an order by hand its lane's orders, however large the copy is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from parking.access import store
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import Database, UnitOfWork, metadata, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path / 'copy.db'}", clock=SystemClock(), ids=RandomIds(), origin="server")
    made.create_tables(metadata)
    yield made
    made.close()


def plans(database: Database, work: Callable[[UnitOfWork], object]) -> list[list[str]]:
    """How SQLite looks up what each statement of a work asks for."""

    def explained(uow: UnitOfWork) -> list[list[str]]:
        conn, asked = uow.connection, list[tuple[str, object]]()
        sa.event.listen(conn, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        work(uow)
        return [
            [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)]  # type: ignore[arg-type]
            for query, parameters in tuple(asked)
        ]

    return database.write(explained)


@pytest.mark.req("GATE-3")
def test_a_poll_goes_by_the_version_and_not_through_all_rows_of_the_site(database: Database) -> None:
    ((step,),) = plans(database, lambda uow: store.rows_since(uow.connection, "demo", 7))  # no sorting
    assert "version>?" in step


@pytest.mark.req("GATE-2")
def test_an_order_by_hand_and_the_rows_of_a_kind_are_looked_up_by_their_key(database: Database) -> None:
    for work in (lambda uow: store.drop_commands(uow, "exit-1"), lambda uow: store.rows_of(uow.connection, "key")):
        ((step,),) = plans(database, work)
        assert "(site=? AND kind=?)" in step
