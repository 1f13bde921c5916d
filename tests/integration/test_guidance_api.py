"""Everybody may read the counts; only operators who work cases may correct them, once per key, and each correction has a name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

import guidance.api
import parking.site.api
from guidance import store
from guidance.service import Occupancy
from parking.kernel.ids import ZoneId
from parking.kernel.principal import ANONYMOUS, Principal, Scope
from parking.plumbing.db import Database
from parking.web import errors
from tests.builders.guidance import entered
from tests.builders.site import B1, site

LI = Principal("operator", "li", frozenset({Scope.CASES_WORK}))
WANG = Principal("operator", "wang", frozenset({Scope.STAYS_READ}))
SITE = site()


class Desk:
    """The two routers in a bare application, asked by whoever sits at the desk."""

    def __init__(self, database: Database) -> None:
        self.who = ANONYMOUS
        self.ages: dict[ZoneId, float] = {}
        self.occupancy = Occupancy(SITE)
        database.write(self.occupancy.open_zones)
        app = FastAPI()
        errors.install(app)
        app.include_router(parking.site.api.router(SITE))
        app.include_router(guidance.api.router(database, self.occupancy, lambda zone_id: self.ages.get(zone_id, 0.0)))

        @app.middleware("http")
        async def seat(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            request.state.principal = self.who
            return await call_next(request)

        self.client = TestClient(app)

    def state(self, key: str | None = "k1", zone: str = "b1", **body: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(f"/zones/{zone}/adjustments", json={"reason": "walked", **body}, headers=headers)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_the_site_is_read_by_anybody(desk: Desk) -> None:
    reply = desk.client.get("/site")
    assert reply.status_code == 200
    assert reply.json() == {
        "site_id": "mall",
        "name": {"zh": "mall号", "en": "mall"},
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "zones": [
            {"id": "b1", "name": {"zh": "b1号", "en": "b1"}, "capacity": 30},
            {"id": "b2", "name": {"zh": "b2号", "en": "b2"}, "capacity": 30},
        ],
    }


@pytest.mark.req("GUIDE-1")
def test_the_counts_are_read_by_anybody(desk: Desk, database: Database) -> None:
    database.write(lambda uow: desk.occupancy.vehicle_passed(uow, entered()))
    reply = desk.client.get("/occupancy").json()
    assert reply["at"].endswith(("Z", "+00:00"))
    assert reply["zones"][0] == {
        "id": "b1",
        "name": {"zh": "b1号", "en": "b1"},
        "capacity": 30,
        "occupied": 1,
        "free": 29,
        "known": True,
    }


@pytest.mark.req("GUIDE-1")
def test_a_zone_whose_gate_has_been_silent_too_long_is_not_known(desk: Desk) -> None:
    desk.ages[B1] = 90.5
    known = {z["id"]: z["known"] for z in desk.client.get("/occupancy").json()["zones"]}
    assert known == {"b1": False, "b2": True}


@pytest.mark.req("GUIDE-1")
def test_an_operator_states_what_is_there_and_it_is_written_down_with_name_and_reason(
    desk: Desk, database: Database
) -> None:
    desk.who = LI
    reply = desk.state(free=12)
    assert reply.status_code == 200
    assert (reply.json()["free"], reply.json()["occupied"], reply.json()["known"]) == (12, 18, True)
    (made,) = database.read(lambda c: store.adjustments(c, B1))
    assert (made.actor, made.reason, made.after) == ("operator:li", "walked", 18)


def test_the_same_key_corrects_once_and_not_something_else(desk: Desk, database: Database) -> None:
    desk.who = LI
    first = desk.state(occupied=3)
    assert desk.state(occupied=3).json() == first.json()
    assert desk.state(occupied=4).status_code == 409
    assert len(database.read(lambda c: store.adjustments(c, B1))) == 1


def test_nobody_and_the_wrong_operator_are_turned_away(desk: Desk, database: Database) -> None:
    assert desk.state(free=1).status_code == 401
    desk.who = WANG
    assert desk.state(free=1).status_code == 403
    assert database.read(lambda c: store.adjustments(c, B1)) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"free": 1, "occupied": 29}, 422),
        ({"free": 31}, 422),
        ({"free": -1}, 422),
        ({"free": "12"}, 422),
        ({"free": True}, 422),
        ({"free": 1, "reason": ""}, 422),
        ({"free": 1, "colour": "red"}, 422),
    ],
)
def test_a_wrong_statement_is_refused_and_nothing_is_kept(
    desk: Desk, database: Database, body: dict[str, Any], status: int
) -> None:
    desk.who = LI
    reply = desk.state(**body)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert database.read(lambda c: store.adjustments(c, B1)) == []
    assert desk.state(free=5).status_code == 200


def test_a_zone_that_is_not_there_and_a_missing_key_are_said_clearly(desk: Desk) -> None:
    desk.who = LI
    assert desk.state(zone="b9", free=1).status_code == 404
    missing = desk.state(key=None, free=1)
    assert (missing.status_code, missing.json()["code"]) == (422, "idempotency.missing")
