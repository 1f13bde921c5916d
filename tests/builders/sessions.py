"""Stays on a bare database: what a proven entry leaves behind, with good defaults."""

from __future__ import annotations

from datetime import UTC, datetime

from parking.bootstrap import tables
from parking.kernel.ids import LaneId, StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database
from parking.sessions import service, store
from parking.sessions.model import OpenStay, ReviewCase, Stay

assert tables.all_tables()  # every table is registered before the fixtures create them
NOON = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
PLATE = Plate("浙A12345")
LANE = LaneId("entry-1")


def open_stay(
    database: Database,
    stay_id: str = "stay-1",
    plate: Plate | None = PLATE,
    *,
    entered_at: datetime = NOON,
    lane_id: LaneId = LANE,
) -> OpenStay:
    """A car has come in."""
    return database.write(
        lambda uow: service.open_stay(
            uow, StayId(stay_id), plate, entered_at=entered_at, lane_id=lane_id, tariff_version="t1"
        )
    )


def stay_of(database: Database, stay_id: str = "stay-1") -> Stay | None:
    return database.read(lambda conn: store.get(conn, StayId(stay_id)))


def open_cases(database: Database) -> list[ReviewCase]:
    return list(database.read(lambda conn: store.cases(conn, "open", "", 100)))
