"""What the server keeps of gate boxes: every event word for word, how far each disk is, and what waits for others."""

from __future__ import annotations

import sqlalchemy as sa

from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.db import metadata

edge_event = sa.Table(
    "edge_event",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("raw", Json, nullable=False),
)
sa.Index("edge_event_by_time", edge_event.c.received_at)

edge_watermark = sa.Table(  # all numbers of a disk up to this one are stored
    "edge_watermark",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("acked", sa.BigInteger, nullable=False),
)

edge_frontier = sa.Table(  # up to this moment a disk has told everything it knew
    "edge_frontier",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("heard_at", UtcDateTime, nullable=False),
)

edge_held = sa.Table(  # stored and acknowledged, but not passed on yet
    "edge_held",
    metadata,
    sa.Column("device_id", sa.String(64), primary_key=True),
    sa.Column("epoch", sa.String(36), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("due", UtcDateTime, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)
sa.Index("edge_held_by_time", edge_held.c.due)
sa.Index("edge_held_by_arrival", edge_held.c.since)
