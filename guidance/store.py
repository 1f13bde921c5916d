"""The counters' tables: one row per zone, every movement that made it, every statement by a person, every lane that cannot see.

Movements and adjustments are never deleted or edited; only what follows from their order (`correction`, `*_after`) is worked out anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from guidance.counters import Count, Movement
from guidance.model import Adjustment
from parking.kernel.ids import LaneId, ZoneId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.insert_once import insert_once
from parking.plumbing.prepared import prepared
from parking.plumbing.tables import metadata

zone = sa.Table(
    "guidance_zone",
    metadata,
    sa.Column("zone_id", sa.String(64), primary_key=True),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("opens_empty", sa.Boolean, nullable=False),
    sa.Column("vehicles", sa.Integer, nullable=False),
    sa.Column("stated", sa.Boolean, nullable=False),
    sa.Column("drift", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=True),
    sa.Column("last_event", sa.String(64), nullable=True),
    sa.Column("recount_from", UtcDateTime, nullable=True),
    sa.Column("told_occupied", sa.Integer, nullable=True),
    sa.Column("told_capacity", sa.Integer, nullable=True),
    sa.Column("told_known", sa.Boolean, nullable=True),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

movement = sa.Table(
    "guidance_movement",
    metadata,
    sa.Column("zone_id", sa.String(64), sa.ForeignKey("guidance_zone.zone_id"), primary_key=True),
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("delta", sa.Integer, nullable=False),
    sa.Column("stated_vehicles", sa.Integer, nullable=True),
    sa.Column("correction", sa.Integer, nullable=False),
    sa.Column("vehicles_after", sa.Integer, nullable=False),
    sa.Column("stated_after", sa.Boolean, nullable=False),
    sa.Column("drift_after", sa.Integer, nullable=False),
)
sa.Index("guidance_movement_in_order", movement.c.zone_id, movement.c.at)

adjustment = sa.Table(
    "guidance_adjustment",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("zone_id", sa.String(64), sa.ForeignKey("guidance_zone.zone_id"), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("before", sa.Integer, nullable=False),
    sa.Column("after", sa.Integer, nullable=False),
    sa.Column("was_known", sa.Boolean, nullable=False),
)

lane_sight = sa.Table(  # the newest word on each fault that keeps a lane from counting
    "guidance_lane_sight",
    metadata,
    sa.Column("lane_id", sa.String(64), primary_key=True),
    sa.Column("fault", sa.String(64), primary_key=True),
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
_HELD = prepared(sa.select(zone).where(zone.c.zone_id == sa.bindparam("of_zone")).with_for_update())
_ZONES = prepared(sa.select(zone).order_by(zone.c.zone_id))
_SAVE = prepared(sa.update(zone).where(zone.c.zone_id == sa.bindparam("of_zone")))
_BLIND = prepared(sa.select(lane_sight.c.lane_id).where(lane_sight.c.blind))


@dataclass(slots=True)
class ZoneRow:
    """A zone's row, held for this transaction; change it and `save` it."""

    zone_id: ZoneId
    count: Count
    opens_empty: bool
    last: tuple[datetime, str] | None
    recount_from: datetime | None
    told: tuple[int, int, bool] | None  # capacity, occupied, known as last published
    changed_at: datetime

    @property
    def start(self) -> Count:
        """The count before the first movement."""
        return Count(self.count.capacity, stated=self.opens_empty)


def _row(r: sa.Row[tuple[object, ...]]) -> ZoneRow:
    m = r._mapping
    count = Count(m["capacity"], m["vehicles"], m["stated"], m["drift"])
    last = (m["last_at"], m["last_event"]) if m["last_at"] is not None else None
    told = None if m["told_known"] is None else (m["told_capacity"], m["told_occupied"], m["told_known"])
    return ZoneRow(ZoneId(m["zone_id"]), count, m["opens_empty"], last, m["recount_from"], told, m["changed_at"])


def add_zone(connection: sa.Connection, zone_id: ZoneId, start: Count, now: datetime) -> bool:
    """Begin counting a zone; False when it is counted already."""
    row = {
        "zone_id": zone_id,
        "capacity": start.capacity,
        "opens_empty": start.stated,
        "vehicles": start.vehicles,
        "stated": start.stated,
        "drift": start.drift,
        "changed_at": now,
    }
    return insert_once(connection, zone, row)


def hold_zone(connection: sa.Connection, zone_id: ZoneId) -> ZoneRow | None:
    """The zone's row, locked until the transaction ends."""
    found = connection.execute(_HELD, {"of_zone": zone_id}).first()
    return None if found is None else _row(found)


def zones(connection: sa.Connection) -> list[ZoneRow]:
    """All zones' rows, without locks."""
    return [_row(r) for r in connection.execute(_ZONES)]


def save_zone(connection: sa.Connection, row: ZoneRow) -> None:
    told = row.told or (None, None, None)
    values = {
        "capacity": row.count.capacity,
        "opens_empty": row.opens_empty,
        "vehicles": row.count.vehicles,
        "stated": row.count.stated,
        "drift": row.count.drift,
        "last_at": row.last[0] if row.last else None,
        "last_event": row.last[1] if row.last else None,
        "recount_from": row.recount_from,
        "told_capacity": told[0],
        "told_occupied": told[1],
        "told_known": told[2],
        "changed_at": row.changed_at,
    }
    connection.execute(_SAVE, values | {"of_zone": row.zone_id})


def add_movement(connection: sa.Connection, zone_id: ZoneId, m: Movement, after: Count, correction: int) -> bool:
    """Write a movement with what it led to; False when this event is counted in this zone already."""
    row = {
        "zone_id": zone_id,
        "event_id": m.event_id,
        "at": m.at,
        "delta": m.delta,
        "stated_vehicles": m.stated,
        "correction": correction,
        "vehicles_after": after.vehicles,
        "stated_after": after.stated,
        "drift_after": after.drift,
    }
    return insert_once(connection, movement, row)


def movements_from(
    connection: sa.Connection, zone_id: ZoneId, since: datetime, most: int | None = None
) -> list[Movement]:
    """The movements at or after `since` in the order of their places; at most `most`."""
    c = movement.c
    query = sa.select(c.at, c.event_id, c.delta, c.stated_vehicles).where(c.zone_id == zone_id, c.at >= since)
    found = connection.execute(query.order_by(c.at).limit(most))
    return sorted((Movement(*r) for r in found), key=lambda m: m.place)  # ids are ordered here: collations differ


def count_before(connection: sa.Connection, row: ZoneRow, since: datetime) -> Count:
    """The zone's count just before `since`."""
    c = movement.c
    here = c.zone_id == row.zone_id
    latest = sa.select(sa.func.max(c.at)).where(here, c.at < since).scalar_subquery()
    query = sa.select(c.event_id, c.vehicles_after, c.stated_after, c.drift_after).where(here, c.at == latest)
    found = sorted(connection.execute(query), key=lambda r: str(r.event_id))
    if not found:
        return row.start
    return Count(row.count.capacity, found[-1].vehicles_after, found[-1].stated_after, found[-1].drift_after)


def set_results(connection: sa.Connection, zone_id: ZoneId, results: Iterable[tuple[str, Count, int]]) -> None:
    """Renew what followed from each movement: (event id, count after it, correction)."""
    rows = [
        {"b_event": e, "correction": k, "vehicles_after": n.vehicles, "stated_after": n.stated, "drift_after": n.drift}
        for e, n, k in results
    ]
    if rows:
        where = (movement.c.zone_id == zone_id) & (movement.c.event_id == sa.bindparam("b_event"))
        names = ("correction", "vehicles_after", "stated_after", "drift_after")
        connection.execute(sa.update(movement).where(where).values({n: sa.bindparam(n) for n in names}), rows)


def add_adjustment(connection: sa.Connection, made: Adjustment) -> None:
    values = {f: getattr(made, f) for f in ("id", "zone_id", "at", "actor", "reason", "before", "after", "was_known")}
    connection.execute(sa.insert(adjustment).values(values))


def adjustments(connection: sa.Connection, zone_id: ZoneId) -> Sequence[Adjustment]:
    """Every statement on a zone, oldest first."""
    query = sa.select(adjustment).where(adjustment.c.zone_id == zone_id).order_by(adjustment.c.at, adjustment.c.id)
    return [Adjustment(**dict(r._mapping)) for r in connection.execute(query)]


def note_sight(connection: sa.Connection, lane_id: LaneId, fault: str, *, blind: bool, at: datetime) -> bool:
    """Keep the newest word on a lane's fault; False when a newer one is there already."""
    row = {"lane_id": lane_id, "fault": fault, "blind": blind, "at": at}
    if insert_once(connection, lane_sight, row):
        return True
    c = lane_sight.c
    where = (c.lane_id == lane_id) & (c.fault == fault) & (c.at <= at)
    return connection.execute(sa.update(lane_sight).where(where).values(blind=blind, at=at)).rowcount == 1


def blind_lanes(connection: sa.Connection) -> frozenset[LaneId]:
    """The lanes that cannot vouch for their counting now."""
    return frozenset(LaneId(lane_id) for lane_id in connection.scalars(_BLIND))
