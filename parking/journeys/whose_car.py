"""A car waits at an exit and no rule can say whose it is: a person who sees it does, and it leaves by the rules as that stay.

It is asked for its own fee, the boom opens when that is paid, and the exit is that stay's. On record as any other exit that a
person has matched, so it can be taken back in the same way.
"""

from __future__ import annotations

from sqlalchemy import Connection

from parking.access import store as access_store
from parking.access.snapshot import CommandAction
from parking.journeys import correcting, leaving, opening_by_hand, taking_back
from parking.journeys.ports import Cashier
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import Envelope, VehiclePassed
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.plumbing.unit_of_work import Audit
from parking.sessions import cases, service, store, visits
from parking.sessions.model import DoubtfulStay, LaneVisit, OpenStay, StayInReview

AT_THE_LANE = "named at the lane"


def waiting(conn: Connection, lane_id: LaneId, visit_id: VisitId) -> LaneVisit:
    """What an exit has said of a vehicle that stands at it; ParkingError where it stands there no more."""
    here = visits.said_of(conn, visit_id)
    if here is None or here.lane_id != lane_id or not here.leaving or here.backed_at is not None:
        raise conflict("visit.gone", "this vehicle does not wait at this exit any more")
    return here


def name(uow: UnitOfWork, audit: Audit, who: Principal, lane_id: LaneId, visit_id: VisitId, stay_id: StayId) -> str:
    """Tell the exit whose car stands at it; returns the order's id. The lane hears it within seconds, or not at all."""
    waiting(uow.connection, lane_id, visit_id)
    stay = store.get(uow.connection, stay_id)
    if stay is None:
        raise not_found("stay.unknown", "this stay is not known")
    if not isinstance(stay, OpenStay | DoubtfulStay | StayInReview):
        raise conflict("stay.over", "this stay is over already")
    access_store.drop_commands(
        uow, lane_id, CommandAction.NAME
    )  # the last word counts, where the lane hears both at once
    audit(uow, who, "lane.name", stay_id, lane_id)
    until = uow.now + opening_by_hand.VALID_FOR
    return opening_by_hand.put(uow, who.subject, lane_id, "", CommandAction.NAME, until, visit_id, stay_id)


def close_named(cashier: Cashier, otherwise: Handler) -> Handler:
    """Handles VehiclePassed(OUT): whom a person has named has left as that stay; whose every other exit was is judged `otherwise`.

    Where that stay has ended meanwhile, whose this exit was is a question once more: the rules would take it for another car's.
    """

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event, at = envelope.event, envelope.occurred_at
        if not isinstance(event, VehiclePassed) or event.named_by is None or event.outer_lot_id is not None:
            otherwise(uow, envelope)
            return
        said = visits.take(uow.connection, event.visit_id)
        kept = leaving.kept(event, said.yes_at if said is not None else None)
        row = store.row_of(uow.connection, event.stay_id) if event.stay_id is not None else None
        is_its = row is not None and row.state not in taking_back.OVER and row.entered_at <= at
        service.record_unmatched_exit(
            uow,
            event.visit_id,
            event.plate,
            exited_at=at,
            lane_id=event.lane_id,
            reason="exit_in_doubt",
            told=not is_its,
            **kept,
        )
        if row is not None and is_its:
            stay_id = StayId(row.id)
            correcting.match_exit(uow, cashier, event.visit_id, stay_id, actor=event.named_by, reason=AT_THE_LANE)
            if not event.authorised:
                cases.open_case(
                    uow, "unauthorised_exit", stay_id=stay_id, visit_id=event.visit_id, lane_id=event.lane_id
                )

    return handle
