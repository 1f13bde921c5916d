"""A car that cannot leave, and not by its driver's doing, pays nothing for the wait: its fee clock stands still until it moves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from parking.emergency import emergency_store as store
from parking.kernel.events import Envelope, LaneBlocked, VehicleBackedAway
from parking.kernel.ids import StayId, VisitId
from parking.plumbing.db import UnitOfWork


def lane_blocked(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneBlocked: stops the clock of the vehicle that is held, or lets it run again."""
    event = envelope.event
    if not isinstance(event, LaneBlocked):
        return
    if not event.blocked:
        store.end_stops(uow.connection, envelope.occurred_at, "visit_id", event.visit_id)
    elif not store.runs_stopped(uow.connection, event.visit_id):
        store.start_stop(
            uow.connection,
            envelope.id,
            cause=event.cause[:64],
            at=envelope.occurred_at,
            stay_id=event.stay_id,
            visit_id=event.visit_id,
            lane_id=event.lane_id,
        )
    if event.stay_id is not None:
        store.name_stay(uow.connection, event.visit_id, event.stay_id)


def vehicle_backed_away(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles VehicleBackedAway: whoever drives back into the garage is held no longer."""
    event = envelope.event
    if isinstance(event, VehicleBackedAway):
        store.end_stops(uow.connection, envelope.occurred_at, "visit_id", event.visit_id)


def vehicle_left(conn: Connection, at: datetime, visit_id: VisitId, stay_id: StayId) -> None:
    """The vehicle of this exit was that stay's, and was out at `at`: what held it counts for that stay, and holds it no more.

    What its lane took for another stay's stays that one's: its driver may have paid by it.
    """
    store.name_stay(conn, visit_id, stay_id)
    store.end_stops(conn, at, "stay_id", stay_id)
