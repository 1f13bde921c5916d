"""Found in review: an event that nobody here can place is told and set aside; it holds up no other."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from parking.kernel.events import Direction, LaneFaulted, RampPassed
from parking.kernel.ids import LaneId, ZoneId
from parking.plumbing.db import Database
from parking.plumbing.tables import dead_letter, delivery
from tests.builders.journeys import SiteStory, passage

NOWHERE = LaneId("lane-of-another-map")


@pytest.mark.req("GUIDE-1")
def test_a_lane_or_a_zone_that_is_not_on_the_map_does_not_stop_the_counting(database: Database) -> None:
    site = SiteStory(database)
    before = site.occupied()["b1"]
    site.hear(
        passage(Direction.IN, site.visit(), "浙A00001", lane=NOWHERE),
        RampPassed(LaneId("ramp-1"), ZoneId("b1"), ZoneId("b9")),
        LaneFaulted(NOWHERE, "inputs_lost", "", False),
        passage(Direction.IN, site.visit(), "浙A00002"),
    )
    assert site.occupied()["b1"] == before + 1  # at once: the clock has not moved
    assert len(site.stays("open")) == 2  # the stay of the lane that is not on the map is kept all the same

    def left(conn: sa.Connection) -> tuple[int, list[str]]:
        waiting = conn.scalar(sa.select(sa.func.count()).select_from(delivery)) or 0
        return waiting, sorted(conn.execute(sa.select(dead_letter.c.error)).scalars())

    waiting, errors = database.read(left)
    assert waiting == 0
    assert [error.partition(" ")[0] for error in errors] == ["ParkingError"] * 3  # on record, for whoever mends the map
