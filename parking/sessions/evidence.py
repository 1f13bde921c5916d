"""What is seen besides passages: a vehicle that a lane let in or out and saw no more, a car in a bay, a patrol that did not find one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from parking.kernel.codec import parse_time
from parking.kernel.ids import BayId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import cases, corrections, finding, places, service, store, visits
from parking.sessions.model import DoubtfulStay, GhostStay, LaneVisit, LeavingStay, OpenStay, ParkedStay, StayInReview
from parking.sessions.stay_life import GoneUnseen, LeftThen, on_patrol

NOT_SEEN_SINCE = "missed_exit_not_seen_since"
UNSEEN_FOR = timedelta(hours=24)
"""Who was let out and turned back into the car park is seen within that time, in a bay, at an exit or by a patrol."""
_AT_ONCE = 200
DOUBT_LASTS = timedelta(days=7)
"""Who came in unseen has left by then, or was seen in a bay."""


def doubt(uow: UnitOfWork, said: LaneVisit, *, tariff_version: str, entered_at: datetime) -> None:
    """An entry let a vehicle in and saw it no more: a stay that waits for evidence."""
    if store.get(uow.connection, StayId(said.visit_id)) is not None:
        return
    new = OpenStay(StayId(said.visit_id), said.plate, entered_at, said.lane_id, tariff_version, votes=said.votes)
    store.insert(uow.connection, new, state="doubtful")
    corrections.record(uow, new.id, "entry_in_doubt", None, {"backed_at": said.backed_at})


def give_up_doubts(uow: UnitOfWork) -> None:
    """What nothing has proved for `DOUBT_LASTS` is over: its car went back, or left as unseen as it came.

    Seen in a bay it lives again; whether an exit was its, a person says.
    """
    for stay_id in finding.doubtful_before(uow.connection, uow.now - DOUBT_LASTS):
        before = corrections.snapshot(uow.connection, stay_id)
        store.set_state(uow.connection, stay_id, state="ghost")
        corrections.record(uow, stay_id, "entry_never_proved", before, {})


def let_out_by(conn: Connection, told_until: datetime) -> list[StayId]:
    """Whom an exit let out `UNSEEN_FOR` before the moment up to which all gates have told everything; nothing was seen of them since."""
    return finding.let_out_before(conn, told_until - UNSEEN_FOR, told_until, _AT_ONCE)


def _is_over(stay: OpenStay, told_until: datetime) -> bool:
    if not isinstance(stay, LeavingStay) or stay.yes_at > told_until - UNSEEN_FOR:
        return False
    pays_still = stay.priced_at is not None and stay.priced_at > stay.yes_at
    return not pays_still and (stay.leave_by is None or stay.leave_by < told_until)


def end_let_out(uow: UnitOfWork, stay_id: StayId, told_until: datetime, end: service.End | None) -> bool:
    """Such a stay's car drove through past a loop that missed it: it left at the lane's yes; False where something was seen meanwhile."""
    stay = store.get(uow.connection, stay_id)
    if not isinstance(stay, LeavingStay) or not _is_over(stay, told_until):
        return False
    left = LeftThen(stay.yes_at, stay.yes_at, stay.exit_lane_id, NOT_SEEN_SINCE, stay.exit_visit_id)
    service.apply(uow, stay, left, {"at": uow.now}, end)
    return True


def seen_again(uow: UnitOfWork, stay: LeavingStay, visit_id: VisitId, at: datetime) -> None:
    """Its car stands at a lane once more: it had not driven out when it was let out before, and that yes says nothing any more."""
    if stay.exit_visit_id != visit_id and at > stay.yes_at:
        visits.take(uow.connection, stay.exit_visit_id)
        store.set_state(uow.connection, stay.id, leaving_at=None)


def came_again(uow: UnitOfWork, plate: Plate, visit_id: VisitId, at: datetime) -> None:
    """A plate stands at an entry at `at`: whatever entry of it was in doubt until then has not happened; a box may tell of it late."""
    for stay_id in finding.doubtful_of(uow.connection, plate):
        before = corrections.snapshot(uow.connection, stay_id)
        if stay_id != StayId(visit_id) and before is not None and parse_time(before["entered_at"]) <= at:
            store.set_state(uow.connection, stay_id, state="merged", into_ids=visit_id)
            corrections.record(uow, stay_id, "backed_out_and_came_again", before, {"visit": visit_id})


def see_parked(uow: UnitOfWork, stay_id: StayId, bay_id: BayId, at: datetime) -> None:
    """A bay sensor or a patrol saw the car of a stay standing in a bay: a doubtful stay is true, a ghost lives."""
    found = store.get(uow.connection, stay_id)
    if isinstance(found, DoubtfulStay | GhostStay):
        service.confirm(uow, found, "seen_parked", {"bay": bay_id, "at": at}, passages=1)
        if isinstance(store.get(uow.connection, stay_id), StayInReview):
            cases.open_case(uow, "cloned_plate", stay_id=stay_id)
    elif (
        not isinstance(found, OpenStay)
        or found.entered_at > at
        or (isinstance(found, ParkedStay) and found.seen_at > at)
    ):
        return
    store.set_state(uow.connection, stay_id, bay_id=bay_id, seen_at=at, leaving_at=None)
    places.stands_in(uow.connection, stay_id, at, bay_id)


def expire_unfound(
    uow: UnitOfWork, began: datetime, ended: datetime, seen: Collection[StayId], end: service.End | None
) -> list[StayId]:
    """A patrol has looked into every bay: stays whose cars it did not see end, each on record; returns which."""
    gone = []
    for stay in finding.opened_before(uow.connection, began):
        verdict = on_patrol(stay, began, ended) if stay.id not in seen else None
        if isinstance(verdict, LeftThen | GoneUnseen):
            service.apply(uow, stay, verdict, {"patrol_began": began, "patrol_ended": ended}, end)
            gone.append(stay.id)
    return gone
