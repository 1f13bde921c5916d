"""A car has come in: the loops have proved it, so a stay begins, at the tariff of this very moment."""

from __future__ import annotations

from collections.abc import Callable

from parking.journeys import leaving
from parking.journeys.ports import Cashier
from parking.kernel.events import Direction, Envelope, LaneFaulted, VehiclePassed
from parking.kernel.ids import LaneId, StayId
from parking.plumbing.db import UnitOfWork
from parking.sessions import service, store
from parking.sessions.model import is_plausible

Handler = Callable[[UnitOfWork, Envelope], None]


def open_stay(cashier: Cashier) -> Handler:
    """Handles VehiclePassed(IN) from the street; a vehicle that nobody authorised gets its stay all the same, and a case."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehiclePassed) or event.direction is not Direction.IN:
            return
        if event.outer_lot_id is not None:  # it drove on within the site: its stay has begun long ago
            if not event.authorised:
                service.open_case(
                    uow, "unauthorised_entry", stay_id=event.stay_id, visit_id=event.visit_id, lane_id=event.lane_id
                )
            return
        stay_id, came = StayId(event.visit_id), envelope.occurred_at
        gone = store.earliest_unmatched_exit(uow.connection, event.plate, came) if event.plate else None
        opened = service.open_stay(
            uow,
            stay_id,
            event.plate,
            entered_at=came,
            lane_id=event.lane_id,
            tariff_version=cashier.current_tariff(),
            has_left=gone is not None,
        )
        if not is_plausible(came, uow.now):
            service.open_case(
                uow, "entry_time_implausible", stay_id=stay_id, visit_id=event.visit_id, lane_id=event.lane_id
            )
        if not event.authorised:
            service.open_case(uow, "unauthorised_entry", visit_id=event.visit_id, lane_id=event.lane_id)
        if gone is not None:  # its exit lane was online, its entry lane was not
            uow.connection.execute(
                store.unmatched_exit.update()
                .where(store.unmatched_exit.c.visit_id == gone.visit_id)
                .values(stay_id=stay_id)
            )
            store.close_case(uow.connection, gone.case_id, by="system", note="its entry arrived later", at=uow.now)
            leaving.close(
                uow, cashier, opened, at=gone.exited_at, priced_at=gone.exited_at, lane_id=LaneId(gone.lane_id)
            )

    return handle


def report_fault(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneFaulted: what a technician or an attendant must look at becomes a case."""
    event = envelope.event
    if isinstance(event, LaneFaulted) and not event.cleared:
        service.open_case(uow, f"lane_{event.fault}", lane_id=event.lane_id)
