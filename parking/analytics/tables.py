"""The read tables: one row for an hour of a day at a lane, a zone, a class; and what each stay has put into them, to take it out again.

A stay's row holds its id and no more about it than the sums do: no plate, no spelling, no member.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import metadata
from parking.plumbing.prepared import prepared


def _key(name: str, length: int = 64) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), primary_key=True)


def _slot() -> tuple[sa.Column[Any], ...]:
    return (_key("day", 10), sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False))


def _sum(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, default=0)


FLOW = ("entered", "gone", "found")
flow = sa.Table(  # `found`: exits that no loop had proven and that came to light afterwards
    "figure_flow",
    metadata,
    *_slot(),
    _key("lane_id"),
    _key("lot_id"),
    _key("class", 24),
    *(_sum(name) for name in FLOW),
)
dwell = sa.Table(  # stays by their length in minutes, under the hour and the lane of their end
    "figure_dwell",
    metadata,
    *_slot(),
    _key("lane_id"),
    _key("lot_id"),
    _key("class", 24),
    sa.Column("minutes", sa.Integer, primary_key=True, autoincrement=False),
    _sum("stays"),
)
occupancy = sa.Table(  # seconds of bays taken, over the seconds in which the count was known
    "figure_occupancy",
    metadata,
    *_slot(),
    _key("zone_id"),
    _sum("occupied_s"),
    _sum("known_s"),
    _sum("unknown_s"),
    _sum("capacity_s"),
    _sum("peak"),
)
zone_now = sa.Table(  # the last word about a zone, until the next one
    "figure_zone",
    metadata,
    _key("zone_id"),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("occupied", sa.Integer, nullable=False),
    sa.Column("known", sa.Boolean, nullable=False),
)
MONEY = ("due", "captured", "refunded", "coupon", "waived", "debt", "overpaid", "prepaid")
money = sa.Table(  # minor units, by the hour of booking and the stay that it is about
    "figure_money",
    metadata,
    *_slot(),
    _key("lane_id"),
    _key("lot_id"),
    _key("class", 24),
    _key("channel", 64),
    _key("unit", 3),
    *(_sum(name) for name in MONEY),
)
of_stay = sa.Table(  # what a stay has put into the sums
    "figure_stay",
    metadata,
    _key("stay_id", 36),
    sa.Column("lane_id", sa.String(64), nullable=False),
    sa.Column("lot_id", sa.String(64), nullable=False),
    sa.Column("class", sa.String(24), nullable=False),
    sa.Column("day", sa.String(10), nullable=True),
    sa.Column("hour", sa.Integer, nullable=True),
    sa.Column("minutes", sa.Integer, nullable=True),
    sa.Column("found", sa.Integer, nullable=False),
)
head = sa.Table(  # how far the ledger has been read
    "figure_head",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ledger_seq", sa.BigInteger, nullable=False),
    sa.Column("fed_at", UtcDateTime, nullable=True),
)


def add(conn: Connection, table: sa.Table, key: Mapping[str, Any], more: Mapping[str, int]) -> None:
    """Add to the sums of one row, which begins with these where it is not there yet."""
    conn.execute(_adding(conn.dialect.name, table, tuple(more)), {**key, **more})


@cache
def _adding(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Any:
    """Built once: building a statement takes ten times as long as running it."""
    insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = list(table.primary_key.columns)
    rest = {c.name: 0 for c in table.columns if not c.primary_key and c.name not in names}
    changed = {name: table.c[name] + insert.excluded[name] for name in names}
    values = {c.name: sa.bindparam(c.name, type_=c.type) for c in table.columns if c.name not in rest}
    return prepared(insert.values(**values, **rest).on_conflict_do_update(index_elements=keys, set_=changed))
