"""Calls for help: one person takes a call, nobody else; what nobody takes climbs the ladder; what is forgotten goes back.

The lane itself opens by its own policy when nobody comes. The server calls people, shows, and writes everything down.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from parking.emergency import emergency_store, ringing, store
from parking.emergency.model import CallSource, CallState, Ending, HelpCall
from parking.emergency.reach import Reach
from parking.kernel.errors import conflict, not_found
from parking.kernel.events import (
    BarrierPulsed,
    Envelope,
    LaneCalled,
    LaneCallEnded,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, StayId
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler

WITHIN = timedelta(minutes=5)
"""An opening is confirmed this long after its order at most; what a box tells later is about another one."""
_BY_OPERATOR = "operator:"


# --- what lanes say --------------------------------------------------------------------------------------------------


def lane_called(reach: Reach) -> Handler:
    """Handles LaneCalled: the call goes on the list; an older one of that lane's earlier vehicle is over."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        if not isinstance(event, LaneCalled):
            return
        for older in store.open_calls_at(uow.connection, event.lane_id):
            if (
                older.source is CallSource.LANE
                and older.id != event.call_id
                and older.called_at <= envelope.occurred_at
            ):
                ringing.end(uow, reach, older, Ending.GONE, at=envelope.occurred_at)
        new = ringing.new(
            event.call_id,
            CallSource.LANE,
            caller_ref(CallSource.LANE, event.call_id),
            event.cause,
            envelope.occurred_at,
            event.lane_id,
        )
        ringing.add(uow, reach, replace(new, visit_id=event.visit_id, picture_ref=event.picture_ref))

    return handle


def lane_call_ended(reach: Reach) -> Handler:
    """Handles LaneCallEnded; a call that an operator holds ends when the vehicle is helped, not when the lane stops ringing."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event = envelope.event
        call = store.call(uow.connection, event.call_id) if isinstance(event, LaneCallEnded) else None
        if not isinstance(event, LaneCallEnded) or call is None or call.state is CallState.ENDED:
            return
        how = Ending(event.how) if event.how in tuple(Ending) else Ending.ANSWERED
        if how is Ending.ANSWERED and call.state is CallState.TAKEN:
            store.add_step(uow.connection, call.id, envelope.occurred_at, "lane_heard")
            return
        ringing.end(uow, reach, call, how, at=envelope.occurred_at)

    return handle


def lane_moved(reach: Reach) -> Handler:
    """Handles BarrierPulsed, VehiclePassed and VehicleBackedAway: a vehicle that was helped, or is gone, calls no longer."""

    def handle(uow: UnitOfWork, envelope: Envelope) -> None:
        event, at = envelope.event, envelope.occurred_at
        if isinstance(event, BarrierPulsed) and event.by.startswith(_BY_OPERATOR):
            _opened_by_hand(uow, reach, event, at)
        elif isinstance(event, (VehiclePassed, VehicleBackedAway)):
            how = Ending.PASSED if isinstance(event, VehiclePassed) else Ending.GONE
            for call in store.open_calls_at(uow.connection, event.lane_id, event.visit_id):
                ringing.end(uow, reach, call, how, at=at)

    return handle


def _opened_by_hand(uow: UnitOfWork, reach: Reach, event: BarrierPulsed, at: datetime) -> None:
    opening = emergency_store.latest_opening(uow.connection, event.lane_id, at - WITHIN)
    if opening is not None:
        seen = {"pulsed_at": at, "read_back": event.read_back, "visit_id": event.visit_id}
        picture = event.picture_ref or opening.picture_ref
        emergency_store.change_opening(uow.connection, opening.command_id, **seen, picture_ref=picture)
    if event.read_back:
        for call in store.open_calls_at(uow.connection, event.lane_id):
            if call.called_at <= at:
                ringing.end(uow, reach, call, Ending.OPENED, at=at, who=event.by.removeprefix(_BY_OPERATOR))


# --- what operators do -----------------------------------------------------------------------------------------------


def take(uow: UnitOfWork, reach: Reach, call_id: str, who: Principal) -> HelpCall:
    """The call is this operator's from now on; taking it again changes nothing, another's is a conflict that names whose."""
    call = _known(uow, call_id)
    if call.state is CallState.TAKEN and call.taken_by == who.subject:
        return call
    change = {"state": CallState.TAKEN.value, "taken_by": who.subject, "taken_at": uow.now}
    if not store.change_call(uow.connection, call_id, CallState.WAITING, **change):
        raise _not_yours(_known(uow, call_id))
    taken = _known(uow, call_id)
    reach.audit(uow, who, "call.take", call_id, f"{call.cause} at {call.lane_id or call.source.value}")
    ringing.tell(uow, taken, CallState.TAKEN, "taken", who=who.subject)
    if call.source is CallSource.LANE and call.lane_id is not None:
        reach.orders.answer(uow, who, call.lane_id, call.id)
    ringing.plan(uow, reach, taken)
    return taken


def hand_back(uow: UnitOfWork, reach: Reach, call_id: str, who: Principal) -> HelpCall:
    """The operator cannot help after all: the call waits again, as long as it has waited already."""
    call = held(uow, call_id, who)
    reach.audit(uow, who, "call.hand_back", call_id, call.cause)
    given = ringing.give_back(uow, call, "handed_back", who=who.subject)
    ringing.look_at(uow, reach, call_id)
    return _known(uow, given.id)


def open_lane(uow: UnitOfWork, reach: Reach, call_id: str, who: Principal, reason: str) -> tuple[HelpCall, str]:
    """Open the lane that calls, taking the call if nobody has; it ends when the lane says that its boom moved."""
    call = take(uow, reach, call_id, who)
    if call.lane_id is None:
        raise conflict("call.no_lane", "this call comes from no lane: open the lane itself")
    command_id = reach.orders.open(uow, who, call.lane_id, reason, call_id=call.id)
    store.add_step(uow.connection, call.id, uow.now, "opening", who.subject, reason)
    return call, command_id


def end(uow: UnitOfWork, reach: Reach, call_id: str, who: Principal, note: str) -> HelpCall:
    """The caller is helped without opening, or nobody was there; only who has taken the call may say so."""
    call = held(uow, call_id, who)
    reach.audit(uow, who, "call.end", call_id, note)
    ringing.end(uow, reach, call, Ending.HELPED, at=uow.now, who=who.subject, note=note)
    return _known(uow, call_id)


# --- what people at a lane do ----------------------------------------------------------------------------------------


def press(
    uow: UnitOfWork, reach: Reach, source: CallSource, caller: str, lane_id: LaneId | None, stay_id: StayId | None
) -> HelpCall:
    """A driver's phone or a kiosk calls; pressing again while the call is open is the same call."""
    if lane_id is not None and lane_id not in reach.lanes:
        raise not_found("lane.unknown", "there is no such lane with a barrier")
    callers_ref = caller_ref(source, caller)
    known = store.open_call_of(uow.connection, callers_ref)
    if known is None:
        new = ringing.new(uow.ids.new(uow.now), source, callers_ref, "help_wanted", uow.now, lane_id)
        ringing.add(uow, reach, replace(new, stay_id=stay_id))
        known = store.open_call_of(uow.connection, callers_ref)
        assert known is not None, "it was stored in this transaction"
    return known


def hang_up(uow: UnitOfWork, reach: Reach, source: CallSource, caller: str) -> None:
    """The caller needs nobody any more."""
    call = store.open_call_of(uow.connection, caller_ref(source, caller))
    if call is not None:
        ringing.end(uow, reach, call, Ending.GONE, at=uow.now)


def caller_ref(source: CallSource, caller: str) -> str:
    """Who calls, for the rule that each caller has one open call."""
    return f"{source.value}:{caller}"[:96]


# --- inside ----------------------------------------------------------------------------------------------------------


def _known(uow: UnitOfWork, call_id: str) -> HelpCall:
    call = store.call(uow.connection, call_id)
    if call is None:
        raise not_found("call.unknown", "there is no such call")
    return call


def held(uow: UnitOfWork, call_id: str, who: Principal) -> HelpCall:
    call = _known(uow, call_id)
    if call.state is not CallState.TAKEN or call.taken_by != who.subject:
        raise _not_yours(call)
    return call


def _not_yours(call: HelpCall) -> Exception:
    if call.state is CallState.ENDED:
        return conflict("call.ended", "this call has ended")
    if call.state is CallState.TAKEN:
        return conflict("call.taken", f"{call.taken_by} has taken this call")
    return conflict("call.not_taken", "take this call first")
