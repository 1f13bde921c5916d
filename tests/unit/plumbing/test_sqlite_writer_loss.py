"""When the database cannot be opened again, callers hear of it; nobody waits for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from parking.kernel.clock import SystemClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import RandomIds
from parking.plumbing.db import UnitOfWork, open_database


def test_a_writer_that_cannot_reconnect_refuses_every_later_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(f"sqlite:///{tmp_path}/parking.db", clock=SystemClock(), ids=RandomIds(), origin="test")

    def away() -> None:
        raise OSError("the disk is gone")

    def fails(_: UnitOfWork) -> None:
        raise ValueError("one bad work")

    monkeypatch.setattr("sqlalchemy.Engine.connect", lambda _: away())
    with pytest.raises(ValueError, match="one bad work"):
        database.write(fails)
    with pytest.raises(ParkingError) as refused:
        database.write(lambda _: None)
    assert refused.value.code == "storage.closed"

    monkeypatch.undo()
    database.close()
