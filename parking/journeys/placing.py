"""A bay was seen: whose car stands there? A plate that was read proves a stay; a bay that was merely taken may tell of an arrival."""

from __future__ import annotations

from parking.journeys import car_places, pairing
from parking.journeys.where import CarPlace, Source, conclude, may_have_taken
from parking.kernel.events import BaySeen, Envelope, StayClosed, StayCorrected
from parking.kernel.ids import StayId
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import evidence, finding, store
from parking.sessions.model import DoubtfulStay, OpenStay, StayInReview

INSIDE = (OpenStay, StayInReview, DoubtfulStay)
"""Whoever proves to possess one of these is not told that his car has left: that a person looks at it is another matter."""
SURE_ENOUGH = 0.9
"""A plate read with less is not believed alone."""


def bay_seen(costs_of: pairing.CostsOf) -> Handler:
    """Handles BaySeen."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, BaySeen) or event.occupied is None:
            return
        if not event.occupied:
            car_places.take_out_of_bay(uow, event.bay_id, event.at)
        elif event.plate is not None:
            if event.sure >= SURE_ENOUGH:
                _read_in_bay(uow, costs_of, event)
        else:
            _taken(uow, event)

    return handle


def _read_in_bay(uow: UnitOfWork, costs_of: pairing.CostsOf, event: BaySeen) -> None:
    assert event.plate is not None
    conn = uow.connection
    doubtful = finding.doubtful_of(conn, event.plate)
    exact = store.open_by_plate(conn, event.plate)
    stay_id = exact.id if exact is not None else pairing.stay_of_plate(conn, event.plate, costs_of(conn), event.at)
    for one in (stay_id, *doubtful):
        if one is not None:
            evidence.see_parked(uow, one, event.bay_id, event.at)
    if stay_id is None and doubtful:
        stay_id = doubtful[-1]
    if stay_id is not None and isinstance(store.get(conn, stay_id), OpenStay):
        source = Source.PATROL if event.source == "patrol" else Source.VIDEO
        car_places.put(uow, stay_id, CarPlace(source, event.zone_id, event.at, event.bay_id))
        car_places.take_out_of_bay(uow, event.bay_id, event.at, but=stay_id)


def _taken(uow: UnitOfWork, event: BaySeen) -> None:
    candidates = may_have_taken(car_places.waiting(uow.connection, event.at), event.at)
    for stay_id, place in conclude(candidates, event.bay_id, event.zone_id, event.at):
        if place is None:
            car_places.put_nowhere(uow, stay_id, event.at)
        else:
            car_places.put(uow, stay_id, place)


def stay_closed(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles StayClosed: where a car stood is nobody's business once it has left."""
    event = envelope.event
    if isinstance(event, StayClosed):
        car_places.forget(uow, StayId(event.stay_id))


def stay_corrected(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles StayCorrected: of one that is over by that nothing is kept; what holds in its place knows where the car stands."""
    event = envelope.event
    if not isinstance(event, StayCorrected):
        return
    stay_id, holds = event.stay_id, car_places.standing(uow.connection, event.stay_id)
    if isinstance(holds, INSIDE):
        if holds.id == stay_id:
            return
        for place in car_places.of_stay(uow.connection, stay_id):
            car_places.put(uow, holds.id, place)
    car_places.forget(uow, stay_id)
