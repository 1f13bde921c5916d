"""A car has gone out: the loops have proved it, so its stay ends, priced at the moment the lane said yes.

What was not paid by then is a debt in the ledger, never a blank.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from parking.journeys.ports import Cashier, PricedStay
from parking.kernel.events import Direction, Envelope, LaneDecided, VehiclePassed
from parking.kernel.ids import LaneId
from parking.plumbing.db import UnitOfWork
from parking.sessions import service, store
from parking.sessions.model import ClosedStay, OpenStay, Stay, StayInReview

Handler = Callable[[UnitOfWork, Envelope], None]


def remember_decision(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneDecided(OUT, allowed)."""
    event = envelope.event
    if isinstance(event, LaneDecided) and event.direction is Direction.OUT and event.allowed:
        store.remember_decision(uow.connection, event.visit_id, envelope.occurred_at)


def close_stay(cashier: Cashier) -> Handler:
    """Handles VehiclePassed(OUT)."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehiclePassed) or event.direction is not Direction.OUT:
            return
        decided_at = store.take_decision(uow.connection, event.visit_id)
        found = service.find_for_exit(uow, event.stay_id, event.plate)
        if found is None or isinstance(found, ClosedStay):
            service.record_unmatched_exit(
                uow, event.visit_id, event.plate, exited_at=envelope.occurred_at, lane_id=event.lane_id
            )
            return
        close(
            uow,
            cashier,
            found,
            at=envelope.occurred_at,
            priced_at=decided_at or envelope.occurred_at,
            lane_id=event.lane_id,
        )
        if not event.authorised:
            service.open_case(
                uow, "unauthorised_exit", stay_id=found.id, visit_id=event.visit_id, lane_id=event.lane_id
            )

    return handle


def close(
    uow: UnitOfWork, cashier: Cashier, leaving: Stay, *, at: datetime, priced_at: datetime, lane_id: LaneId
) -> None:
    """Close a stay and book its fee; what is in review is closed without a bill: a person prices it."""
    if isinstance(leaving, OpenStay):
        priced = PricedStay(leaving.id, leaving.entered_at, leaving.tariff_version)
        unpaid = cashier.post_due(uow, priced, leaving.billed_until(priced_at))
        if unpaid.minor > 0:
            service.open_case(uow, "left_without_paying", stay_id=leaving.id, lane_id=lane_id)
    service.close_stay(uow, leaving, exited_at=at, lane_id=lane_id)
    if isinstance(leaving, StayInReview):
        service.open_case(uow, "review_stay_left", stay_id=leaving.id, lane_id=lane_id)
