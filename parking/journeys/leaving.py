"""A car has gone out: the loops have proved it, so its stay ends, priced at the moment the lane said yes.

What was not paid by then is a debt in the ledger, never a blank.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from parking.access.service import parks_free
from parking.emergency import fee_clocks
from parking.journeys.paying import priced
from parking.journeys.ports import Cashier
from parking.kernel.events import Direction, Envelope, LaneDecided, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import LaneId
from parking.plumbing.db import UnitOfWork
from parking.sessions import service, store
from parking.sessions.model import ClosedStay, OpenStay, Stay, StayInReview

Handler = Callable[[UnitOfWork, Envelope], None]


def remember_decision(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneDecided(OUT): a yes counts until the lane takes it back."""
    event = envelope.event
    if not isinstance(event, LaneDecided) or event.direction is not Direction.OUT:
        return
    if event.allowed:
        store.remember_decision(uow.connection, event.visit_id, envelope.occurred_at)
    else:
        store.take_decision(uow.connection, event.visit_id)


def forget_decision(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles VehicleBackedAway: a yes that nobody used is over."""
    event = envelope.event
    if isinstance(event, VehicleBackedAway):
        store.take_decision(uow.connection, event.visit_id)


def close_stay(cashier: Cashier) -> Handler:
    """Handles VehiclePassed(OUT)."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehiclePassed) or event.direction is not Direction.OUT:
            return
        if event.outer_lot_id is not None:  # it is still on the site
            return
        decided_at = store.take_decision(uow.connection, event.visit_id)
        found = service.find_for_exit(uow, event.stay_id, event.plate, envelope.occurred_at)
        if not isinstance(found, OpenStay):
            found = service.explained_by_exit(uow, found, event.plate, envelope.occurred_at) or found
        if found is None or isinstance(found, ClosedStay):
            service.record_unmatched_exit(
                uow, event.visit_id, event.plate, exited_at=envelope.occurred_at, lane_id=event.lane_id
            )
            return
        fee_clocks.vehicle_left(uow, envelope, event.visit_id, found.id)
        close(
            uow,
            cashier,
            found,
            at=envelope.occurred_at,
            priced_at=decided_at or envelope.occurred_at,
            lane_id=event.lane_id,
            free=parks_free(
                uow.connection, found.id, event.plate, decided_at or envelope.occurred_at, right=event.right
            ),
        )
        if not event.authorised:
            service.open_case(
                uow, "unauthorised_exit", stay_id=found.id, visit_id=event.visit_id, lane_id=event.lane_id
            )

    return handle


def close(
    uow: UnitOfWork,
    cashier: Cashier,
    leaving: Stay,
    *,
    at: datetime,
    priced_at: datetime,
    lane_id: LaneId,
    free: str | None = None,
) -> None:
    """Close a stay and book its fee; what is in review is closed without a bill: a person prices it.

    What somebody has not paid who parks `free` (by a pass, an invitation, a list) is waived: it leaves by right, so it is no debt.
    """
    if isinstance(leaving, OpenStay):
        to_price = priced(uow.connection, leaving)
        until = leaving.billed_until(priced_at, to_price.stops)
        unpaid = cashier.post_due(uow, to_price, until, with_offers=free is None)
        if unpaid.minor > 0 and free is not None:
            cashier.waive(uow, leaving.id, unpaid, f"right:{leaving.id}")
        elif unpaid.minor > 0 and not cashier.later.has_promised(uow.connection, leaving.id):
            service.open_case(uow, "left_without_paying", stay_id=leaving.id, lane_id=lane_id)
    service.close_stay(uow, leaving, exited_at=at, lane_id=lane_id)
    if isinstance(leaving, StayInReview):
        service.open_case(uow, "review_stay_left", stay_id=leaving.id, lane_id=lane_id)
