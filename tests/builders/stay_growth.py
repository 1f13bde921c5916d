"""A mall's store with a long past: so many stays that have ended, with the bills, bookings, counts and events that they left behind."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from parking.bootstrap.tables import all_tables
from parking.kernel.clock import ManualClock
from parking.kernel.ids import SeededIds
from parking.plumbing.db import UnitOfWork, open_database
from tests.builders.journeys import MORNING, SiteStory
from tests.builders.plumbing import PLATES_KEY

_AT = "'2025-' || printf('%02d', 1 + n % 12) || '-' || printf('%02d', 1 + n % 28) || 'T10:00:00.000000Z'"
_PLATE = "'皖' || char(65 + n % 8) || printf('%05d', n % 100000)"
_PAST: Mapping[str, Mapping[str, str]] = {
    "stay": {
        "id": "printf('0000%032d', n)", "plate": _PLATE, "state": "'closed'", "entered_at": _AT, "lane_id": "'entry-1'",
        "tariff_version": "'past'", "exited_at": _AT, "exit_lane_id": "'exit-1'", "folded": "n % 99991",
    },
    "bill": {
        "stay_id": "printf('0000%032d', n)", "entered_at": _AT, "until": _AT, "tariff_version": "'past'", "total": "0",
        "currency": "'CNY'",
    },
    "guidance_movement": {
        "zone_id": "'b1'", "event_id": "'past-' || n", "at": _AT, "delta": "0", "correction": "0", "vehicles_after": "0",
        "stated_after": "1", "drift_after": "0",
    },
    "outbox": {
        "event_id": "'past-' || n", "occurred_at": _AT, "origin": "'edge-1'", "type": "'VehiclePassed'", "data": "'{}'",
        "relayed_at": _AT,
    },
    "inbox": {'"group"': "'stays'", "event_id": "'past-' || n", "handled_at": _AT},
    "edge_event": {
        "device_id": "'edge-1'", "epoch": "'past'", "seq": "n", "event_id": "'past-' || n", "received_at": _AT, "raw": "'{}'",
    },
    "copy_row": {  # what lanes were told of them and have long forgotten
        "site": "''", "kind": "CASE n % 2 WHEN 0 THEN 'stay' ELSE 'inside' END", '"key"': "printf('0000%032d', n)", "version": "-n",
    },
    "visit_note": {
        "event_id": "'past-' || n", "visit_id": "'past-' || n", "at": _AT, "kind": "'VehiclePassed'", "lane_id": "'entry-1'",
        "said": "'{}'",
    },
    "review_case": {
        "id": "printf('0000%032d', n)", "reason": "'exit_without_stay'", "opened_at": _AT, "state": "'resolved'", "note": "''",
        "resolved_by": "'system'",
    },
}  # fmt: skip


def mall_with(past: int, inside: int, url: str = "sqlite://") -> SiteStory:
    """The whole server on a store with `past` stays that have ended and `inside` cars that are there."""
    clock = ManualClock(MORNING)
    database = open_database(url, clock=clock, ids=SeededIds(7), origin="server")
    database.pseudonyms.open([PLATES_KEY])
    database.create_tables(all_tables())
    story = SiteStory(database)

    def fill(unit: UnitOfWork) -> None:
        for table, values in _PAST.items():
            count = "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < :past)"
            columns, said = ", ".join(values), ", ".join(values.values())
            unit.connection.execute(
                sa.text(f"{count} INSERT INTO {table} ({columns}) SELECT {said} FROM count".replace("':", "'\\:")),
                {"past": past},
            )

    database.write(fill)
    for number in range(inside):
        story.enter(f"苏B{number:05d}")
    return story


def arrive_and_leave(story: SiteStory, number: int) -> None:
    """One car comes in, and goes out again within the free minutes."""
    plate = f"浙C{number:05d}"
    stay = story.enter(plate)
    story.park(minutes=5)
    story.leave(plate, stay=stay)
