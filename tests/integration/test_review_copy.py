"""Found in review: a poll of a gate box costs what has changed, however long the history of the copy is."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from parking.access import store
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import metadata, open_database


@pytest.mark.req("GATE-3")
def test_a_poll_goes_by_the_version_and_not_through_all_rows_of_the_site(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'copy.db'}", clock=SystemClock(), ids=RandomIds(), origin="server")
    database.create_tables(metadata)
    asked: list[tuple[str, object]] = []

    def plan(conn: sa.Connection) -> list[str]:
        sa.event.listen(conn, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        store.rows_since(conn, "demo", 7)
        query, parameters = asked[-1]
        return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)]  # type: ignore[arg-type]

    steps = database.read(plan)
    database.close()
    assert len(steps) == 1  # no sorting
    assert "version>?" in steps[0]
