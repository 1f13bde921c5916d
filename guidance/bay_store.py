"""The bays' table: one row for each bay that was ever heard of or coned off, and the disagreements that go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from guidance.bays import BayState
from guidance.fusion import Disagreement
from guidance.store import adjustment, movement
from parking.kernel.ids import BayId, ZoneId
from parking.plumbing.column_types import Json, UtcDateTime
from parking.plumbing.prepared import prepared
from parking.plumbing.tables import metadata

bay = sa.Table(
    "guidance_bay",
    metadata,
    sa.Column("bay_id", sa.String(64), primary_key=True),
    sa.Column("zone_id", sa.String(64), nullable=False, index=True),
    sa.Column("occupied", sa.Boolean, nullable=True),
    sa.Column("since", UtcDateTime, nullable=True),
    sa.Column("heard_at", UtcDateTime, nullable=True),
    sa.Column("changes", Json, nullable=False),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("clock_off", sa.Boolean, nullable=False),
    sa.Column("told", sa.String(8), nullable=False),  # taken, free, unknown: as last published
    sa.Column("coned_off", sa.Boolean, nullable=False),
)

doubt = sa.Table(
    "guidance_doubt",
    metadata,
    sa.Column("zone_id", sa.String(64), primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("bays", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A bay's row."""

    state: BayState
    zone_id: ZoneId
    told: str = "unknown"
    coned_off: bool = False


_ALL = prepared(sa.select(bay))


def _kept(row: Row[Any]) -> Kept:
    changes = tuple(datetime.fromisoformat(at) for at in row.changes)
    state = BayState(BayId(row.bay_id), row.occupied, row.since, row.heard_at, changes, row.source, row.clock_off)
    return Kept(state, ZoneId(row.zone_id), row.told, row.coned_off)


def of(connection: Connection, bays: Iterable[BayId] | None = None) -> dict[BayId, Kept]:
    """The rows of these bays, or of all."""
    query = _ALL if bays is None else sa.select(bay).where(bay.c.bay_id.in_(list(bays)))
    return {BayId(row.bay_id): _kept(row) for row in connection.execute(query)}


def put(connection: Connection, kept: Kept) -> None:
    s = kept.state
    row = {
        "zone_id": kept.zone_id,
        "occupied": s.occupied,
        "since": s.since,
        "heard_at": s.heard_at,
        "changes": [at.isoformat() for at in s.changes],
        "source": s.source,
        "clock_off": s.clock_off,
        "told": kept.told,
        "coned_off": kept.coned_off,
    }
    if connection.execute(sa.update(bay).where(bay.c.bay_id == s.bay_id).values(**row)).rowcount == 0:
        connection.execute(sa.insert(bay).values(bay_id=s.bay_id, **row))


def doubt_of(connection: Connection, zone_id: ZoneId) -> Disagreement | None:
    row = connection.execute(sa.select(doubt).where(doubt.c.zone_id == zone_id)).one_or_none()
    return None if row is None else Disagreement(row.since, row.bays)


def set_doubt(connection: Connection, zone_id: ZoneId, found: Disagreement | None) -> None:
    connection.execute(sa.delete(doubt).where(doubt.c.zone_id == zone_id))
    if found is not None:
        connection.execute(sa.insert(doubt).values(zone_id=zone_id, since=found.since, bays=found.bays))


@dataclass(frozen=True, slots=True)
class SinceStated:
    """Passages that a zone has counted since somebody last said what is there (`actor`; None: nobody ever did), and the `lately` of them.

    Where the bays said so (`actor` is the healer), cars on the move were counted in: then the late ones before that moment count too.
    """

    passages: int
    lately: int
    actor: str | None


def since_stated(connection: Connection, zone_id: ZoneId, late_from: datetime, healer: str) -> SinceStated:
    """What a zone has counted since it was last put right."""
    c, said = movement.c, adjustment.c
    newest = sa.select(said.at, said.actor).where(said.zone_id == zone_id).order_by(said.at.desc(), said.id.desc())
    last = connection.execute(newest.limit(1)).one_or_none()
    passed = sa.select(sa.func.count()).where(c.zone_id == zone_id, c.stated_vehicles.is_(None))
    since = passed if last is None else passed.where(c.at > last.at)
    late = (passed if last is None or last.actor == healer else since).where(c.at > late_from)
    row = connection.execute(sa.select(since.scalar_subquery(), late.scalar_subquery())).one()
    return SinceStated(int(row[0]), int(row[1]), None if last is None else str(last.actor))
