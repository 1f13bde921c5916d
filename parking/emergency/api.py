"""Calls and emergencies over HTTP: operators list, take, open with a reason, end; drivers and kiosks press for help.

Whoever presses learns whether somebody has answered and nothing else. What moves a boom takes an Idempotency-Key and a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from parking.emergency import emergencies, emergency_store, saying, service, store
from parking.emergency.model import CallSource, CallState, HelpCall
from parking.emergency.reach import Reach
from parking.emergency.schemas import (
    CallPage,
    CallView,
    CallWithLog,
    EmergencyState,
    EmergencyView,
    MyCall,
    OpeningPage,
    OpeningView,
    OrderedOpen,
    Press,
    SayToCaller,
    StepView,
    WithNote,
    WithReason,
)
from parking.kernel.clock import Clock
from parking.kernel.errors import not_found
from parking.kernel.ids import LaneId, StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.limits import RateLimit

OPEN_CALLS_MOST = 200
PRESSES_MOST = 12  # a minute and caller: a thumb that presses again and again, not a machine
Watcher = Annotated[Principal, Depends(require(Scope.LANES_READ))]
Opener = Annotated[Principal, Depends(require(Scope.LANES_OPEN))]
Auditor = Annotated[Principal, Depends(require(Scope.AUDIT_READ))]
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Kiosk = Annotated[Principal, Depends(require(Scope.KIOSK))]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes below need; `name_of` says what people call an operator with this id, `plate_of` a stay's plate, masked."""

    database: Database
    reach: Reach
    clock: Clock
    name_of: Callable[[Connection, str], str]
    plate_of: Callable[[Connection, StayId], str | None]


def router(desk: Desk) -> APIRouter:
    """All routes of this room."""
    routes = APIRouter()
    _call_routes(routes, desk)
    _deed_routes(routes, desk)
    _caller_routes(routes, desk)
    _emergency_routes(routes, desk)
    return routes


def _shown(desk: Desk, conn: Connection, call: HelpCall, who: Principal) -> CallView:
    name = desk.name_of(conn, call.taken_by) if call.taken_by else ""
    plate = desk.plate_of(conn, call.stay_id) if call.stay_id and call.state is not CallState.ENDED else None
    said = saying.of_call(conn, call)
    return CallView.of(call, desk.reach.ladder, asker=who.subject, name=name, said=said, plate=plate)


def _call_routes(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/calls", tags=["calls"])
    async def list_calls(
        who: Watcher,
        state: Annotated[str, Query(pattern="^(open|ended)$")] = "open",
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> CallPage:
        def read(conn: Connection) -> tuple[list[CallView], str | None]:
            if state == "open":
                return [_shown(desk, conn, one, who) for one in store.open_calls(conn, OPEN_CALLS_MOST)], None
            found = store.ended_calls(conn, cursor, limit)
            return [_shown(desk, conn, one, who) for one in found], found[-1].id if len(found) == limit else None

        items, following = await desk.database.aread(read)
        return CallPage(items=items, now=desk.clock.now(), next=following)

    @routes.get("/calls/{call_id}", tags=["calls"])
    async def one_call(call_id: str, who: Watcher) -> CallWithLog:
        def read(conn: Connection) -> CallWithLog:
            call = store.call(conn, call_id)
            if call is None:
                raise not_found("call.unknown", "there is no such call")
            log = [
                StepView.of(step, desk.name_of(conn, step.who) if step.who else "")
                for step in store.steps_of(conn, call_id)
            ]
            return CallWithLog(**_shown(desk, conn, call, who).model_dump(), log=log)

        return await desk.database.aread(read)

    @routes.get("/openings", tags=["calls"])
    async def list_openings(
        _: Auditor,
        cursor: Annotated[str, Query(max_length=36)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> OpeningPage:
        def read(conn: Connection) -> list[OpeningView]:
            return [
                OpeningView.of(one, desk.name_of(conn, one.actor))
                for one in emergency_store.openings(conn, cursor, limit)
            ]

        items = await desk.database.aread(read)
        return OpeningPage(items=items, next=items[-1].command_id if len(items) == limit else None)


def _deed_routes(routes: APIRouter, desk: Desk) -> None:
    reach = desk.reach

    async def do(who: Principal, deed: Callable[[UnitOfWork], HelpCall]) -> CallView:
        return await desk.database.awrite(lambda uow: _shown(desk, uow.connection, deed(uow), who))

    @routes.post("/calls/{call_id}/take", tags=["calls"])
    async def take(call_id: str, who: Opener) -> CallView:
        return await do(who, lambda uow: service.take(uow, reach, call_id, who))

    @routes.post("/calls/{call_id}/hand-back", tags=["calls"])
    async def hand_back(call_id: str, who: Opener) -> CallView:
        return await do(who, lambda uow: service.hand_back(uow, reach, call_id, who))

    @routes.post("/calls/{call_id}/end", tags=["calls"])
    async def end(call_id: str, who: Opener, body: WithNote) -> CallView:
        return await do(who, lambda uow: service.end(uow, reach, call_id, who, body.note))

    @routes.post("/calls/{call_id}/say", tags=["calls"])
    async def say(call_id: str, who: Opener, body: SayToCaller) -> CallView:
        return await do(who, lambda uow: saying.say(uow, reach, call_id, who, body.phrase, body.text))

    @routes.post("/calls/{call_id}/open", tags=["calls"], status_code=202)
    async def open_lane(call_id: str, who: Opener, body: WithReason, idempotency_key: IdempotencyKey) -> OrderedOpen:
        def deed(uow: UnitOfWork) -> Reply:
            _, command_id = service.open_lane(uow, reach, call_id, who, body.reason)
            return Reply(202, {"command_id": command_id})

        once = Once.of(who, idempotency_key, "call.open", {"call_id": call_id, "reason": body.reason})
        return OrderedOpen(**(await desk.database.awrite(lambda uow: once.inside(uow, deed))).body)


def _caller_routes(routes: APIRouter, desk: Desk) -> None:
    limit = RateLimit(PRESSES_MOST, 60.0, desk.clock)

    async def press(source: CallSource, who: Principal, body: Press, stay_id: StayId | None) -> MyCall:
        lane_id = LaneId(body.lane_id) if body.lane_id is not None else None

        def pressed(uow: UnitOfWork) -> MyCall:
            call = service.press(uow, desk.reach, source, who.subject, lane_id, stay_id)
            return MyCall.of(call, saying.of_call(uow.connection, call))

        return await desk.database.awrite(pressed)

    async def own(source: CallSource, who: Principal, call_id: str) -> MyCall:
        def read(conn: Connection) -> MyCall:
            call = store.call(conn, call_id)
            if call is None or call.callers_ref != service.caller_ref(source, who.subject):
                raise not_found("call.unknown", "there is no such call")
            return MyCall.of(call, saying.of_call(conn, call))

        return await desk.database.aread(read)

    @routes.post("/my/calls", tags=["driver"], status_code=201, dependencies=[Depends(limit)])
    async def driver_calls(who: Driver, body: Press) -> MyCall:
        return await press(CallSource.DRIVER, who, body, StayId(who.subject))

    @routes.get("/my/calls/{call_id}", tags=["driver"])
    async def driver_asks(who: Driver, call_id: str) -> MyCall:
        return await own(CallSource.DRIVER, who, call_id)

    @routes.post("/my/calls/{call_id}/end", tags=["driver"])
    async def driver_hangs_up(who: Driver, call_id: str) -> MyCall:
        await own(CallSource.DRIVER, who, call_id)
        await desk.database.awrite(lambda uow: service.hang_up(uow, desk.reach, CallSource.DRIVER, who.subject))
        return await own(CallSource.DRIVER, who, call_id)

    @routes.post("/kiosk/calls", tags=["kiosk"], status_code=201, dependencies=[Depends(limit)])
    async def kiosk_calls(who: Kiosk, body: Press) -> MyCall:
        return await press(CallSource.KIOSK, who, body, None)

    @routes.get("/kiosk/calls/{call_id}", tags=["kiosk"])
    async def kiosk_asks(who: Kiosk, call_id: str) -> MyCall:
        return await own(CallSource.KIOSK, who, call_id)

    @routes.post("/kiosk/calls/{call_id}/end", tags=["kiosk"])
    async def kiosk_hangs_up(who: Kiosk, call_id: str) -> MyCall:
        await own(CallSource.KIOSK, who, call_id)
        await desk.database.awrite(lambda uow: service.hang_up(uow, desk.reach, CallSource.KIOSK, who.subject))
        return await own(CallSource.KIOSK, who, call_id)


def _emergency_routes(routes: APIRouter, desk: Desk) -> None:
    def shown(conn: Connection) -> EmergencyState:
        found = emergency_store.standing(conn) or emergency_store.last(conn)
        if found is None:
            return EmergencyState(standing=False, latest=None)
        lanes = emergency_store.lanes_of(conn, found.id)
        names = [desk.name_of(conn, who) if who else "" for who in (found.begun_by, found.ended_by)]
        return EmergencyState(standing=found.ended_at is None, latest=EmergencyView.of(found, lanes, *names))

    @routes.get("/emergency", tags=["emergency"])
    async def look(_: Watcher) -> EmergencyState:
        return await desk.database.aread(shown)

    async def once(who: Principal, key: str, word: str, reason: str, deed: Callable[[UnitOfWork], object]) -> None:
        def work(uow: UnitOfWork) -> Reply:
            deed(uow)
            return Reply(200, {})

        kept = Once.of(who, key, f"emergency.{word}", {"reason": reason})
        await desk.database.awrite(lambda uow: kept.inside(uow, work))

    @routes.post("/emergency/begin", tags=["emergency"])
    async def begin(who: Opener, body: WithReason, idempotency_key: IdempotencyKey) -> EmergencyState:
        await once(
            who, idempotency_key, "begin", body.reason, lambda uow: emergencies.begin(uow, desk.reach, who, body.reason)
        )
        return await desk.database.aread(shown)

    @routes.post("/emergency/end", tags=["emergency"])
    async def end(who: Opener, body: WithReason, idempotency_key: IdempotencyKey) -> EmergencyState:
        await once(
            who, idempotency_key, "end", body.reason, lambda uow: emergencies.end(uow, desk.reach, who, body.reason)
        )
        return await desk.database.aread(shown)
