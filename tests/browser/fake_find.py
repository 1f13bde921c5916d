"""Finding a car by script: the real answers about a real drawing, for the stays that the script knows."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, WebSocket
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from parking.journeys.finding_car import Answer, Map, goal_of
from parking.journeys.finding_schemas import AskWay, CarView, FindCar, FindToken, MarkCar
from parking.journeys.where import CarPlace, Source
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import BayId
from parking.kernel.principal import Scope
from parking.site.graph import walk_graph
from parking.site.route import route, steps
from parking.site.words import LocalName
from parking.web.deps import current_principal
from tests.builders.plans import twin_site

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer


class FakeFind:
    """Where the one car of the script stands; None: nobody knows."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        site = twin_site()
        self.there = Map(site, walk_graph(site.plan))
        self.place: CarPlace | None = None
        self.refuse = False
        self.asked: list[dict[str, Any]] = []

    def stands(self, bay: str, source: Source = Source.VIDEO) -> None:
        found = self.there.site.plan.bay(bay)
        self.place = CarPlace(source, found.zone_id, self._fake.now() - timedelta(minutes=40), BayId(bay))

    def only_zone(self, zone: str) -> None:
        known = next(z.id for z in self.there.site.zones if z.id == zone)
        self.place = CarPlace(Source.ZONE, known, self._fake.now() - timedelta(minutes=40))

    def answer(self, pillar: str, *, step_free: bool) -> CarView:
        place = self.place
        if place is None:
            return CarView.of(Answer(gone=False), self.there, step_free=step_free)
        zone = self.there.zone(place.zone_id)
        start = f"pillar:{pillar}"
        way = route(self.there.walk, start, goal_of(self.there, place), step_free=step_free) if pillar else None
        found = Answer(
            gone=False,
            place=place,
            zone=zone,
            level=self.there.level(zone.level),
            way=way,
            steps=steps(way) if way else (),
            start=LocalName(pillar, pillar) if pillar else None,
        )
        return CarView.of(found, self.there, step_free=step_free)


def install(routes: APIRouter, fake: FakeServer) -> None:
    """The routes of finding."""

    @routes.post("/find", status_code=201)
    async def prove(connection: HTTPConnection, body: FindCar | None = None) -> FindToken:
        who, code = current_principal(connection), body.code if body is not None else ""
        if fake.find.refuse or not (who.may(Scope.OWN_STAY) or (who.may(Scope.KIOSK) and code == "stay-token.1")):
            raise ParkingError(ErrorKind.FORBIDDEN, "find.no_proof", "show the code of your ticket")
        return FindToken(token="find.a.b", valid_until=fake.now() + timedelta(minutes=10))

    @routes.post("/find/way")
    async def way(body: AskWay) -> CarView:
        assert body.token == "find.a.b"
        return fake.find.answer(body.pillar, step_free=body.step_free)

    @routes.post("/find/mark")
    async def mark(body: MarkCar) -> CarView:
        fake.find.stands(body.bay, Source.DRIVER)
        return fake.find.answer("", step_free=False)

    @routes.websocket("/find/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        said: dict[str, Any] = {}
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                said |= await websocket.receive_json()
                fake.find.asked.append(dict(said))
                view = fake.find.answer(said.get("pillar", ""), step_free=bool(said.get("step_free")))
                await websocket.send_json({"type": "car", **view.model_dump(mode="json")})
