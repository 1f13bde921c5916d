"""A car has come in: the loops have proved it, so a stay begins, at the tariff of this very moment."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from parking.journeys import late_exits, leaving
from parking.journeys.pairing import CostsOf, votes_of
from parking.journeys.ports import Cashier
from parking.kernel.events import Direction, Envelope, LaneDecided, LaneFaulted, VehicleBackedAway, VehiclePassed
from parking.kernel.ids import CaseId, LaneId, StayId, VisitId
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import cases, evidence, service, visit_notes, visits
from parking.sessions.desk import store as desk_store
from parking.sessions.model import is_plausible
from parking.sessions.stay_life import LeftThen

UNDER_THE_BOOM = timedelta(seconds=5)
"""Whom no loop felt go in is inside so long after leaving the first loop, at the latest: nobody pays for seconds that nobody saw."""


def open_stay(cashier: Cashier, costs_of: CostsOf) -> Handler:
    """Handles VehiclePassed(IN) from the street; a vehicle that nobody authorised gets its stay all the same, and a case."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehiclePassed) or event.direction is not Direction.IN:
            return
        if event.outer_lot_id is not None:  # it drove on within the site: its stay has begun long ago
            if not event.authorised:
                cases.open_case(
                    uow, "unauthorised_entry", stay_id=event.stay_id, visit_id=event.visit_id, lane_id=event.lane_id
                )
            return
        conn, stay_id, came = uow.connection, StayId(event.visit_id), envelope.occurred_at
        said = visits.take(conn, event.visit_id)
        votes = votes_of(event.plate, event.votes)
        texts = [one.text for one in votes.spellings] if votes is not None else []
        gone = visits.earliest_unmatched(conn, stay_id, event.plate, texts, came) if texts else None
        if gone is not None and desk_store.went_not_out(conn, CaseId(gone.case_id)):
            gone = None
        opened = service.open_stay(
            uow,
            stay_id,
            event.plate,
            entered_at=came,
            lane_id=event.lane_id,
            tariff_version=cashier.current_tariff(conn, came),
            votes=event.votes,
            lot_id=event.lot_id,
            authorised=event.authorised,
            has_left=gone is not None,
            costs=costs_of(conn),
            end=leaving.end(cashier),
        )
        if not is_plausible(came, uow.now):
            cases.open_case(
                uow, "entry_time_implausible", stay_id=stay_id, visit_id=event.visit_id, lane_id=event.lane_id
            )
        if not event.authorised:
            if event.plate is not None:
                cases.open_case(uow, "unauthorised_entry", visit_id=event.visit_id, lane_id=event.lane_id)
        elif said is not None and said.yes_at is None and _was_contradicted(conn, event.visit_id):
            cases.open_case(uow, "entry_contradicted", stay_id=stay_id, visit_id=event.visit_id, lane_id=event.lane_id)
        if gone is not None:  # its exit lane was online, its entry lane was not
            late_exits.explain(uow, VisitId(gone.visit_id), CaseId(gone.case_id), stay_id)
            priced_at = max(came, gone.yes_at or gone.exited_at)
            left = LeftThen(gone.exited_at, priced_at, LaneId(gone.lane_id), "exit_found_late", VisitId(gone.visit_id))
            leaving.end(cashier)(uow, opened, left)

    return handle


def _was_contradicted(conn: Connection, visit_id: VisitId) -> bool:
    """Whether a person let in a car whose tag or card goes with another plate than was read: a misread would cost him his right."""
    decided = [one for one in visit_notes.of_visits(conn, [visit_id]) if one.kind == LaneDecided.__name__]
    return bool(decided) and decided[-1].said.get("reason") == "credential_mismatch"


def stand_at_entry(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneDecided(IN): a plate that stands at an entry has not come in before it by one that nothing has proved."""
    event = envelope.event
    if isinstance(event, LaneDecided) and event.direction is Direction.IN and event.plate is not None:
        evidence.came_again(uow, event.plate, event.visit_id, envelope.occurred_at)


def doubt_entry(cashier: Cashier) -> Handler:
    """Handles VehicleBackedAway at an entry: if its boom was open, the vehicle may have gone in past a loop that missed it."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, VehicleBackedAway):
            return
        said = visits.mark(uow.connection, event.visit_id, backed_at=envelope.occurred_at)
        if said is None or said.leaving or said.pulsed_at is None or said.yes_at is None or said.plate is None:
            return
        version = cashier.current_tariff(uow.connection, said.yes_at)
        evidence.doubt(uow, said, tariff_version=version, entered_at=envelope.occurred_at + UNDER_THE_BOOM)

    return handle


def report_fault(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles LaneFaulted: what a technician or an attendant must look at becomes a case."""
    event = envelope.event
    if isinstance(event, LaneFaulted) and not event.cleared:
        cases.open_case(uow, f"lane_{event.fault}", lane_id=event.lane_id)
