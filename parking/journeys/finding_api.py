"""POST /find proves, /find/way answers, /find/mark remembers, /find/live re-routes while one walks. Every look-up is on record."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, WebSocket
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from parking.journeys import finding_car
from parking.journeys.finding_car import Map, Proofs, Shown
from parking.journeys.finding_schemas import AskWay, CarView, FindCar, FindToken, MarkCar
from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError, invalid, not_found
from parking.kernel.ids import StayId
from parking.kernel.principal import Principal, Scope
from parking.kernel.signed import Signer, Verifier
from parking.plumbing.db import Database, UnitOfWork
from parking.web.deps import current_principal
from parking.web.limits import RateLimit

FIND_MOST, KIOSK_MOST, WAYS_MOST = 10, 60, 60  # a minute and caller
LOOK_AGAIN_S, LISTEN_S = 5.0, 1.0
MOST_STARTS = 5_000
NOBODY = "nobody"
POLICY_VIOLATION = 1008


class Starts:
    """Where each walker was last, in memory, so that a pillar scanned in one window moves the route in another."""

    def __init__(self) -> None:
        self._spots: OrderedDict[StayId, str] = OrderedDict()

    def put(self, stay_id: StayId, spot: str | None) -> None:
        if spot is not None:
            self._spots[stay_id] = spot
            self._spots.move_to_end(stay_id)
            while len(self._spots) > MOST_STARTS:
                self._spots.popitem(last=False)

    def get(self, stay_id: StayId) -> str | None:
        return self._spots.get(stay_id)


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything that the routes need."""

    database: Database
    there: Map
    proofs: Proofs
    signer: Signer
    verifier: Verifier
    clock: Clock
    look: Callable[[UnitOfWork, Principal, str, str], object]
    find_most: int = FIND_MOST


def router(f: Finding) -> APIRouter:
    """All routes of finding a car."""
    routes = APIRouter(tags=["find"])
    starts = Starts()
    strangers, kiosks = RateLimit(f.find_most, 60.0, f.clock), RateLimit(KIOSK_MOST, 60.0, f.clock)
    ways = RateLimit(WAYS_MOST, 60.0, f.clock)

    async def limit(connection: HTTPConnection) -> None:
        await (kiosks if current_principal(connection).may(Scope.KIOSK) else strangers)(connection)

    @routes.post("/find", status_code=201, dependencies=[Depends(limit)])
    async def prove(connection: HTTPConnection, body: FindCar | None = None) -> FindToken:
        """A token for whoever proves that the car is his; the same refusal for everybody else."""
        who, said = current_principal(connection), body or FindCar()
        shown = Shown(said.code, said.plate, said.payment_id)

        def work(uow: UnitOfWork) -> StayId | None:
            found = finding_car.stay_of_proof(uow.connection, f.proofs, who, shown, uow.now)
            f.look(uow, who, "car" if found else "car_refused", found or NOBODY)
            return found

        stay_id = await f.database.awrite(work)
        if stay_id is None:
            raise finding_car.refused(who)
        token, until = finding_car.token_for(stay_id, f.signer, f.clock.now())
        return FindToken(token=token, valid_until=until)

    @routes.post("/find/way", dependencies=[Depends(ways)])
    async def way(body: AskWay, connection: HTTPConnection) -> CarView:
        """Where the car stands, and the way to it from a pillar or an entrance."""
        stay_id = finding_car.stay_of_token(body.token, f.verifier, f.clock.now())
        start = _start(f.there, body)
        starts.put(stay_id, start)
        return await _answer(f, current_principal(connection), stay_id, start, step_free=body.step_free)

    @routes.post("/find/mark", dependencies=[Depends(ways)])
    async def mark(body: MarkCar, connection: HTTPConnection) -> CarView:
        """The driver's own mark: the bay, or the pillar that he scanned beside his car."""
        stay_id = finding_car.stay_of_token(body.token, f.verifier, f.clock.now())
        if bool(body.bay) == bool(body.pillar):
            raise invalid("find.one_of", "say either the bay or the pillar", field="bay")
        await f.database.awrite(lambda uow: finding_car.mark(uow, f.there, stay_id, bay=body.bay, pillar=body.pillar))
        return await _answer(f, current_principal(connection), stay_id, starts.get(stay_id), step_free=False)

    @routes.websocket("/find/live")
    async def live(websocket: WebSocket) -> None:
        """Say `{"token", "pillar", "step_free"}`; every answer is a CarView, sent again whenever it changes."""
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _Walk(f, starts, websocket, ways).go()

    return routes


async def _answer(f: Finding, who: Principal, stay_id: StayId, start: str | None, *, step_free: bool) -> CarView:
    def work(uow: UnitOfWork) -> finding_car.Answer:
        f.look(uow, who, "car", stay_id)
        return finding_car.answer(uow.connection, f.there, stay_id, start, step_free=step_free)

    return CarView.of(await f.database.awrite(work), f.there, step_free=step_free)


def _start(there: Map, body: AskWay) -> str | None:
    spot = finding_car.starts(body.pillar, body.entrance)
    if spot is not None and spot not in there.walk.spots:
        raise not_found("find.spot_unknown", "there is no such pillar or entrance here")
    return spot


class _Walk:
    """One walker's websocket."""

    def __init__(self, f: Finding, starts: Starts, websocket: WebSocket, limit: RateLimit) -> None:
        self._f, self._starts, self._websocket, self._limit = f, starts, websocket, limit
        self._said: AskWay | None = None
        self._stay_id = StayId("")
        self._sent: dict[str, Any] | None = None
        self._start: str | None = None
        self._looked_s = float("-inf")

    async def go(self) -> None:
        while True:
            try:
                text = await asyncio.wait_for(self._websocket.receive_text(), LISTEN_S)
            except TimeoutError:
                text = None
            except KeyError:  # it came in bytes
                text = ""
            try:
                await self._limit(self._websocket) if text is not None else None
                if text is not None:
                    self._take(text)
                if self._said is None:
                    continue
                moved = self._starts.get(self._stay_id) != self._start
                now = self._f.clock.monotonic_s()
                if text is not None or moved or now - self._looked_s >= LOOK_AGAIN_S:
                    self._looked_s = now
                    await self._tell()
            except ParkingError as error:
                await self._websocket.send_json({"type": "error", "code": error.code, "detail": error.message})
                if text is None or self._said is None:
                    await self._websocket.close(POLICY_VIOLATION)
                    return

    def _take(self, text: str) -> None:
        said = _changed(self._said, text)
        self._stay_id = finding_car.stay_of_token(said.token, self._f.verifier, self._f.clock.now())
        self._starts.put(self._stay_id, _start(self._f.there, said))
        self._said = said

    async def _tell(self) -> None:
        assert self._said is not None
        f, said = self._f, self._said
        finding_car.stay_of_token(said.token, f.verifier, f.clock.now())  # it may have run out by now
        self._start = self._starts.get(self._stay_id)
        view = await _answer(
            f, current_principal(self._websocket), self._stay_id, self._start, step_free=said.step_free
        )
        plain = await run_in_threadpool(view.model_dump, mode="json")
        if plain != self._sent:
            self._sent = plain
            await self._websocket.send_json({"type": "car", **plain})


def _changed(before: AskWay | None, text: str) -> AskWay:
    """A later message names only what changes; a pillar takes the place of an entrance and the other way round."""
    try:
        said = json.loads(text)
        if not isinstance(said, dict):
            raise ValueError("should be an object")
        kept = before.model_dump() if before is not None else {}
        if "pillar" in said or "entrance" in said:
            kept |= {"pillar": "", "entrance": ""}
        return AskWay.model_validate({**kept, **said})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise invalid("request.invalid", str(wrong["msg"]), field=str(wrong["loc"][0])) from None
    except (ValueError, RecursionError):
        raise invalid("request.invalid", "should be one JSON object", field="message") from None
