"""Found in review: a poll of a gate box costs what has changed, and an order by hand its lane's orders, however large the copy is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parking.access import store
from parking.emergency import store as calls
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from parking.plumbing.db import Database, metadata, open_database
from tests.builders.plumbing import plans


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path / 'copy.db'}", clock=SystemClock(), ids=RandomIds(), origin="server")
    made.create_tables(metadata)
    yield made
    made.close()


@pytest.mark.req("GATE-3")
def test_a_poll_goes_by_the_version_and_not_through_all_rows_of_the_site(database: Database) -> None:
    ((step,),) = plans(database, lambda uow: store.rows_since(uow.connection, "demo", 7))  # no sorting
    assert "version>?" in step


@pytest.mark.req("GATE-2")
def test_an_order_by_hand_and_the_rows_of_a_kind_are_looked_up_by_their_key(database: Database) -> None:
    for work in (lambda uow: store.drop_commands(uow, "exit-1"), lambda uow: store.rows_of(uow.connection, "key")):
        ((step,),) = plans(database, work)
        assert "(site=? AND kind=?)" in step


@pytest.mark.req("SOS-1")
def test_calls_that_have_not_ended_are_found_among_themselves(database: Database) -> None:
    for work in (lambda uow: calls.open_calls(uow.connection, 9), lambda uow: calls.open_call_of(uow.connection, "me")):
        steps = plans(database, work)[0]
        assert "one_open_call_per_caller" in steps[0]
