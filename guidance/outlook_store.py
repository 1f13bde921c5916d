"""What was learned of each zone's days, kept so that a restart does not begin a week anew: one row for each zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.ids import ZoneId
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.insert_once import upsert
from parking.plumbing.tables import metadata

learned = sa.Table(
    "guidance_outlook",
    metadata,
    sa.Column("zone_id", sa.String(64), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("said", Json, nullable=False),  # as `Trend.learned` says it
)


def all_of(connection: Connection) -> dict[ZoneId, Any]:
    """What was learned of each zone."""
    return {ZoneId(row.zone_id): row.said for row in connection.execute(sa.select(learned))}


def put(connection: Connection, zones: Mapping[ZoneId, Any], at: datetime) -> None:
    """Keep it in the place of what was kept before."""
    for zone_id, said in zones.items():
        upsert(connection, learned, {"zone_id": zone_id, "at": at, "said": said})
