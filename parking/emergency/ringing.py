"""How a call moves: it rings, climbs the ladder, goes back when it is forgotten, and ends. Each move is logged and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from parking.emergency import escalation, store
from parking.emergency.model import CallSource, CallState, Ending, HelpCall
from parking.emergency.reach import Reach
from parking.kernel.events import CallChanged, CaseOpened
from parking.kernel.ids import CaseId, LaneId
from parking.plumbing import jobs
from parking.plumbing.db import Database, UnitOfWork

LOOK_JOB = "emergency.look"
AT_ONCE = timedelta(seconds=20)
"""What a lane tells within this time is news; anything older comes out of an outage."""


def look_jobs(reach: Reach) -> dict[str, Callable[[Database, dict[str, Any]], None]]:
    """The durable job that looks at a call when something falls due for it."""

    def look(database: Database, payload: dict[str, Any]) -> None:
        database.write(lambda uow: look_at(uow, reach, str(payload["call_id"])))

    return {LOOK_JOB: look}


def look_at(uow: UnitOfWork, reach: Reach, call_id: str) -> None:
    """Call the next people, or give a forgotten call back; then plan the next look. Looking again changes nothing."""
    call, ladder = store.call(uow.connection, call_id), reach.ladder
    if call is None or call.state is CallState.ENDED:
        return
    if call.taken_at is not None and escalation.is_forgotten(ladder, call.taken_at, uow.now):
        call = give_back(uow, call, "forgotten", who="")
    level = escalation.level_at(ladder, (uow.now - call.called_at).total_seconds())
    if call.state is CallState.WAITING and level > call.level:
        store.change_call(uow.connection, call.id, CallState.WAITING, level=level)
        newly = ", ".join(escalation.called(ladder, level)[call.level :])
        tell(uow, call, CallState.WAITING, "escalated", detail=newly)
        call = replace(call, level=level)
    if call.state is CallState.WAITING and escalation.is_unanswered(ladder, call.called_at, uow.now):
        unanswered(uow, call)
    plan(uow, reach, call)


def plan(uow: UnitOfWork, reach: Reach, call: HelpCall) -> None:
    """Have somebody look when the next thing falls due for this call."""
    due = escalation.next_look(reach.ladder, call.called_at, call.taken_at, uow.now)
    if due is not None:
        jobs.enqueue(uow, LOOK_JOB, f"look:{call.id}:{due.timestamp():.3f}", {"call_id": call.id}, due)


def new(
    call_id: str, source: CallSource, callers_ref: str, cause: str, at: datetime, lane_id: LaneId | None
) -> HelpCall:
    """A call that nobody has heard yet."""
    return HelpCall(
        id=call_id,
        source=source,
        lane_id=lane_id,
        visit_id=None,
        stay_id=None,
        callers_ref=callers_ref,
        cause=cause[:64],
        picture_ref=None,
        called_at=at,
        state=CallState.WAITING,
        level=1,
        taken_by="",
        taken_at=None,
        ended_at=None,
        how="",
        note="",
    )


def add(uow: UnitOfWork, reach: Reach, new: HelpCall) -> None:
    """A new call rings; the same one again changes nothing."""
    if not store.add_call(uow.connection, new):
        return
    tell(uow, new, CallState.WAITING, "called", detail=new.cause)
    if uow.now - new.called_at <= AT_ONCE:
        look_at(uow, reach, new.id)
    else:  # told late: its end may follow in the same breath, and then nobody is called
        due = uow.now + AT_ONCE
        jobs.enqueue(uow, LOOK_JOB, f"look:{new.id}:{due.timestamp():.3f}", {"call_id": new.id}, due)


def end(
    uow: UnitOfWork, reach: Reach, call: HelpCall, how: Ending, *, at: datetime, who: str = "", note: str = ""
) -> None:
    """A call is over, at the time of whatever ended it; one that nobody answered in time is a case."""
    ended_at = max(at, call.called_at)
    change = {"state": CallState.ENDED.value, "ended_at": ended_at, "how": how.value, "note": note[:500]}
    if not store.change_call(uow.connection, call.id, call.state, **change):
        return
    tell(uow, call, CallState.ENDED, how.value, who=who, detail=note)
    waited_in_vain = call.state is CallState.WAITING and escalation.is_unanswered(
        reach.ladder, call.called_at, ended_at
    )
    if waited_in_vain or how is Ending.OPENED_BY_POLICY:
        unanswered(uow, call)


def give_back(uow: UnitOfWork, call: HelpCall, what: str, *, who: str) -> HelpCall:
    """A taken call waits for everybody again."""
    store.change_call(
        uow.connection, call.id, CallState.TAKEN, state=CallState.WAITING.value, taken_by="", taken_at=None
    )
    tell(uow, call, CallState.WAITING, what, who=who or call.taken_by)
    return replace(call, state=CallState.WAITING, taken_by="", taken_at=None)


def tell(uow: UnitOfWork, call: HelpCall, state: CallState, what: str, *, who: str = "", detail: str = "") -> None:
    """One line in the call's log, and the word for the operators' pages."""
    store.add_step(uow.connection, call.id, uow.now, what, who, detail)
    uow.publish(CallChanged(call.id, call.lane_id, state.value, what))


def unanswered(uow: UnitOfWork, call: HelpCall) -> None:
    """Nobody came in time: somebody must look at it afterwards, once."""
    if all(step.what != "unanswered" for step in store.steps_of(uow.connection, call.id)):
        store.add_step(uow.connection, call.id, uow.now, "unanswered")
        case_id = CaseId(uow.ids.new(uow.now))
        uow.publish(CaseOpened(case_id, "call_unanswered", call.stay_id, call.visit_id, call.lane_id))
