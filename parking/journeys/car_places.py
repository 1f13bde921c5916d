"""The table of where cars stand: a row for each kind of evidence about a stay, gone when the stay ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from parking.journeys.where import LATEST, Arrival, CarPlace, Source
from parking.kernel.ids import BayId, PillarId, StayId, ZoneId
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import UnitOfWork, metadata
from parking.plumbing.prepared import prepared
from parking.sessions import store
from parking.sessions.model import Stay, SupersededStay

car_place = sa.Table(
    "car_place",
    metadata,
    sa.Column("stay_id", sa.String(36), primary_key=True),
    sa.Column("source", sa.String(12), primary_key=True),
    sa.Column("zone_id", sa.String(64), nullable=False),  # empty: it might be anywhere
    sa.Column("bay_id", sa.String(64), nullable=True, index=True),
    sa.Column("pillar_id", sa.String(64), nullable=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
NOWHERE = ""


def _to_place(row: Row[Any]) -> CarPlace:
    bay = BayId(row.bay_id) if row.bay_id else None
    pillar = PillarId(row.pillar_id) if row.pillar_id else None
    return CarPlace(Source(row.source), ZoneId(row.zone_id), row.at, bay, pillar)


_FORGET = prepared(car_place.delete().where(car_place.c.stay_id == sa.bindparam("of_stay")))


def of_stay(conn: Connection, stay_id: StayId) -> list[CarPlace]:
    """All evidence about a stay."""
    query = sa.select(car_place).where(car_place.c.stay_id == stay_id, car_place.c.zone_id != NOWHERE)
    return [_to_place(row) for row in conn.execute(query)]


def put(uow: UnitOfWork, stay_id: StayId, place: CarPlace) -> None:
    """Keep what is newest of each kind."""
    c = car_place.c
    where = (c.stay_id == stay_id) & (c.source == place.source.value)
    row = {"zone_id": place.zone_id, "bay_id": place.bay_id, "pillar_id": place.pillar_id, "at": place.at}
    there = uow.connection.execute(sa.select(c.at).where(where)).scalar_one_or_none()
    if there is None:
        uow.connection.execute(car_place.insert().values(stay_id=stay_id, source=place.source.value, **row))
    elif place.at >= there:
        uow.connection.execute(car_place.update().where(where).values(**row))


def put_nowhere(uow: UnitOfWork, stay_id: StayId, at: datetime) -> None:
    """Nothing follows from times any more about this stay."""
    put(uow, stay_id, CarPlace(Source.ZONE, ZoneId(NOWHERE), at))


def take_out_of_bay(uow: UnitOfWork, bay_id: BayId, at: datetime, but: StayId | None = None) -> None:
    """A bay is free, or has another car in it (`but`): what machines said of a car in it before is over; a driver's own mark stays."""
    c = car_place.c
    gone = (c.bay_id == bay_id) & (c.at < at) & (c.source != Source.DRIVER.value) & (c.stay_id != (but or ""))
    uow.connection.execute(car_place.delete().where(gone))


def forget(uow: UnitOfWork, stay_id: StayId) -> None:
    uow.connection.execute(_FORGET, {"of_stay": stay_id})


def standing(conn: Connection, stay_id: StayId) -> Stay | None:
    """The stay that holds now in the place of this one: that into which it was merged; of a split one the first, whose paper it was."""
    found = store.get(conn, stay_id)
    while isinstance(found, SupersededStay):
        found = store.get(conn, found.into[0])
    return found


def waiting(conn: Connection, taken_at: datetime) -> list[Arrival]:
    """The stays that began shortly before this moment, or may have, and have no bay yet, with the zone known so far."""
    s, c = store.stay.c, car_place.c
    zone = sa.select(c.zone_id).where(c.stay_id == s.id, c.source == Source.ZONE.value).scalar_subquery()
    placed = sa.exists().where(c.stay_id == s.id, c.source != Source.ZONE.value)
    recent = s.entered_at.between(taken_at - LATEST, taken_at)
    query = sa.select(s.id, s.entered_at, zone.label("zone")).where(s.state.in_(("open", "doubtful")), recent, ~placed)
    return [
        Arrival(StayId(r.id), r.entered_at, None if r.zone is None else ZoneId(r.zone))
        for r in conn.execute(query.order_by(s.id))
    ]
