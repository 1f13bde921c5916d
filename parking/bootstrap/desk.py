"""The exception desk, the stays' stories and the lanes' panels, with everybody whom they concern."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.bootstrap.application import Application
from parking.bootstrap.costs_in_force import CostsInForce
from parking.journeys import lane_visits_api, story_api, whose_car_api
from parking.journeys.deciding import StayDeeds
from parking.journeys.ranking import finder, ranker, ranker_at_lane
from parking.journeys.story import Booking, corrected
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.security import audit, looks
from parking.sessions.desk import api as desk_api
from parking.sessions.desk.service import Desk
from payments import ledger_store


def routers(application: Application, clock: Clock, name_of: Callable[[Connection, str], str]) -> tuple[APIRouter, ...]:
    """The routes of them all; `name_of` says what people call an operator with this id."""
    database, desk = application.database, desk_of(application, name_of)
    stories = story_api.Stories(application.cashier, audit.record, _bookings, corrected, name_of)
    lanes = frozenset(lane.id for lane in application.site.lanes)
    naming = whose_car_api.Naming(database, audit.record, ranker_at_lane(CostsInForce()))
    return (
        desk_api.router(database, desk, clock),
        story_api.router(database, stories),
        lane_visits_api.router(database, lanes, clock, audit.record, name_of),
        whose_car_api.router(naming),
    )


def desk_of(application: Application, name_of: Callable[[Connection, str], str] = lambda _, who: who) -> Desk:
    """The desk without its routes."""
    costs, deeds = CostsInForce(), StayDeeds(application.cashier)
    return Desk(deeds, ranker(costs), finder(costs), costs.taught, audit.record, looks.note, name_of)


def _bookings(conn: Connection, stay_id: StayId) -> list[Booking]:
    """The ledger's movements about a stay, each by what it moves in all."""
    return [
        Booking(at, one.reference, Money(sum(p.amount for p in one.postings if p.amount > 0), one.unit))
        for at, one in ledger_store.movements_of(conn, stay_id)
    ]
