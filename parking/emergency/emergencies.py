"""Fire at one lane opens every exit of the site, at once and for as long as a person lets it stand; no fee clock runs meanwhile.

A lane that is cut off hears of it when it is back, if it still stands then. Only a person ends it, and by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from parking.emergency import emergency_store as store
from parking.emergency.model import Emergency, HeldLane
from parking.emergency.reach import Reach
from parking.kernel.errors import conflict
from parking.kernel.events import CaseOpened, EmergencyChanged, Envelope, LaneFaulted
from parking.kernel.ids import CaseId, LaneId
from parking.kernel.principal import Principal
from parking.plumbing import jobs
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import Handler

FIRE = "fire"
ORDERED = "ordered"
"""What a lane gives as the detail of its fire fault when it stands open because the server said so."""
CHECK_JOB = "emergency.check"
RELEASED_WITHIN = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Standing:
    """An emergency with its lanes."""

    emergency: Emergency
    lanes: tuple[HeldLane, ...]


def fire_reported(reach: Reach) -> Handler:
    """Handles LaneFaulted(fire): the first one opens every exit; when all that stood open are closed by hand, it is over."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, LaneFaulted) or event.fault != FIRE:
            return
        if event.cleared:
            _lane_released(uow, reach, event.lane_id, envelope.occurred_at)
        else:
            _lane_opened(uow, reach, event, envelope.occurred_at)

    return handle


def _lane_opened(uow: UnitOfWork, reach: Reach, event: LaneFaulted, at: datetime) -> None:
    conn = uow.connection
    now_standing = store.standing(conn)
    if now_standing is None and event.detail == ORDERED:
        over = store.last(
            conn
        )  # it heard of the order when the emergency was over; it shows as a lane that stands open
        if over is not None:
            store.note_lane(conn, over.id, event.lane_id, opened_at=at, cleared_at=None)
        return
    if now_standing is None:
        here = Principal("lane", event.lane_id, frozenset())
        now_standing = _begin(uow, reach, here, FIRE, event.lane_id, at, "fire input")
    elif at < now_standing.started_at and event.detail != ORDERED:
        store.earlier(conn, now_standing.id, at)  # its box was slower to tell
    store.note_lane(conn, now_standing.id, event.lane_id, opened_at=at, cleared_at=None)


def _lane_released(uow: UnitOfWork, reach: Reach, lane_id: LaneId, at: datetime) -> None:
    conn = uow.connection
    found = store.standing(conn) or store.last(conn)
    if found is None:
        return
    store.note_lane(conn, found.id, lane_id, cleared_at=at)
    lanes = store.lanes_of(conn, found.id)
    if found.ended_at is None and all(lane.cleared_at is not None for lane in lanes):
        here = Principal("lane", lane_id, frozenset())
        _finish(uow, reach, here, found, lanes, "every lane was closed by hand", at=max(at, found.started_at))


def begin(uow: UnitOfWork, reach: Reach, who: Principal, reason: str) -> Standing:
    """A person opens every exit; one that stands already is a conflict."""
    if store.standing(uow.connection) is not None:
        raise conflict("emergency.stands", "an emergency stands already")
    begun = _begin(uow, reach, who, "ordered", None, uow.now, reason)
    return Standing(begun, tuple(store.lanes_of(uow.connection, begun.id)))


def _begin(
    uow: UnitOfWork, reach: Reach, who: Principal, cause: str, lane_id: LaneId | None, at: datetime, reason: str
) -> Emergency:
    new = Emergency(uow.ids.new(uow.now), cause, lane_id, at, who.subject, reason[:200], None, "", "")
    if not store.begin(uow.connection, new):
        raise conflict("emergency.stands", "an emergency stands already")
    store.start_stop(uow.connection, new.id, cause=cause, at=at, everyone=True)
    reach.audit(uow, who, "emergency.begin", new.id, reason)
    for exit_id in reach.exits:
        if exit_id != lane_id:  # that one stands open already
            command_id = reach.orders.hold_open(uow, who, exit_id, reason)
            store.note_lane(uow.connection, new.id, exit_id, command_id=command_id, ordered_at=uow.now)
    uow.publish(EmergencyChanged(new.id, True, at, cause))
    return new


def end(uow: UnitOfWork, reach: Reach, who: Principal, reason: str) -> Standing:
    """A person's word that it is over: every lane is released, the fee clocks run again from now on."""
    found = store.standing(uow.connection)
    if found is None:
        raise conflict("emergency.none", "no emergency stands")
    lanes = store.lanes_of(uow.connection, found.id)
    _finish(uow, reach, who, found, lanes, reason, at=uow.now)
    late = {"emergency_id": found.id}
    jobs.enqueue(uow, CHECK_JOB, f"emergency:{found.id}", late, uow.now + RELEASED_WITHIN)
    return Standing(replace(found, ended_at=uow.now, ended_by=who.subject, end_reason=reason), tuple(lanes))


def _finish(
    uow: UnitOfWork,
    reach: Reach,
    who: Principal,
    found: Emergency,
    lanes: Sequence[HeldLane],
    reason: str,
    *,
    at: datetime,
) -> None:
    store.end(uow.connection, found.id, at=at, by=who.subject, reason=reason[:200])
    store.end_stops(uow.connection, at, "id", found.id)
    reach.audit(uow, who, "emergency.end", found.id, reason)
    for lane in lanes:
        if lane.cleared_at is None:
            reach.orders.release(uow, who, lane.lane_id, reason, lane.command_id)
        elif lane.command_id is not None:
            reach.orders.withdraw(uow, lane.command_id)
    uow.publish(EmergencyChanged(found.id, False, at, found.cause))


def check_jobs() -> dict[str, Callable[[Database, dict[str, Any]], None]]:
    """The durable job that looks, some time after the end, which lanes still stand open; each is a case for a person."""

    def check(database: Database, payload: dict[str, Any]) -> None:
        def work(uow: UnitOfWork) -> None:
            for lane in store.lanes_of(uow.connection, str(payload["emergency_id"])):
                if lane.opened_at is not None and lane.cleared_at is None:
                    case_id = CaseId(uow.ids.new(uow.now))
                    uow.publish(CaseOpened(case_id, "lane_still_held_open", None, None, lane.lane_id))

        database.write(work)

    return {CHECK_JOB: check}
