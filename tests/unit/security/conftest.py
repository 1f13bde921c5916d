"""A SQLite database with this room's tables, on a clock that moves only when told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parking.kernel.clock import ManualClock
from parking.kernel.ids import SeededIds
from parking.plumbing.db import Database, metadata, open_database
from parking.security import store
from tests.builders.security import NOON


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    assert store.audit_log.metadata is metadata
    opened = open_database(f"sqlite:///{tmp_path / 'security.db'}", clock=clock, ids=SeededIds(7), origin="server")
    opened.create_tables(metadata)
    yield opened
    opened.close()
