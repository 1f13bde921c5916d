"""Passages within the site and bays that see a car: what a price depends on is noted when it happens, never asked of the driver.

The server works out by itself in which lot a vehicle stands from when on, by which pass, in which bay; the lanes' copies get the price
that follows.
"""

from __future__ import annotations

from sqlalchemy import Connection

from parking.access import following
from parking.journeys.ports import Cashier
from parking.journeys.refreshing_access import put_stay
from parking.kernel.events import BaySeen, Direction, Envelope, VehiclePassed
from parking.kernel.ids import LotId, StayId
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import evidence, places, store
from parking.sessions.model import LeavingStay, OpenStay, ParkedStay


def follow(cashier: Cashier) -> Handler:
    """Handles VehiclePassed, after the rights have followed it: in which lot its stay goes on, and by which right."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehiclePassed):
            return
        within = event.outer_lot_id is not None
        if event.direction is Direction.OUT and not within:
            return  # it has left the site
        stay_id = _stay_within(uow.connection, event) if within else StayId(event.visit_id)
        if stay_id is None:
            return
        known = store.get(uow.connection, stay_id) if within else None
        if isinstance(known, LeavingStay):
            evidence.seen_again(uow, known, event.visit_id, envelope.occurred_at)
        lot_id: LotId | None = event.lot_id if event.direction is Direction.IN else event.outer_lot_id
        row = following.inside_by(uow.connection, stay_id)
        right = row.right if row is not None else None
        if lot_id is None and right is None:
            return  # a visitor on a site without lots: there is nothing to tell
        if places.came_into(uow.connection, stay_id, envelope.occurred_at, lot_id, right) and within:
            put_stay(uow, cashier, stay_id)

    return handle


def _stay_within(conn: Connection, event: VehiclePassed) -> StayId | None:
    """The open stay of a vehicle that passes between two lots: as the lane knows it, else by its plate."""
    if event.stay_id is not None and isinstance(store.get(conn, event.stay_id), OpenStay):
        return event.stay_id
    inside = store.open_by_plate(conn, event.plate) if event.plate is not None else None
    return inside.id if inside is not None else None


def bay_seen(cashier: Cashier) -> Handler:
    """Handles BaySeen, after its car is known: the kind of the bay counts from then on, in the lanes' copies as well."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, BaySeen) or not event.occupied or event.plate is None:
            return
        inside = store.open_by_plate(uow.connection, event.plate)
        if isinstance(inside, ParkedStay) and inside.bay_id == event.bay_id and inside.seen_at == event.at:
            put_stay(uow, cashier, inside.id)

    return handle
