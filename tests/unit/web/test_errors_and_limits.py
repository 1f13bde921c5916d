"""Every failure is a problem of one shape, nothing leaks, nobody sends too much."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Query, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from parking.kernel import principal as principals
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import Principal
from parking.web import errors
from parking.web.deps import current_principal, require
from parking.web.limits import BodyLimit, RateExceeded, RateLimit
from parking.web.schemas import MoneySchema, Strict
from tests.builders.plumbing import NOON

OPERATOR = Principal("operator", "op-1", frozenset({principals.Scope.LANES_READ}))


class Recognise:
    """What the security middleware does, for one known token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if headers.get(b"authorization") == b"Bearer op":
            scope.setdefault("state", {})["principal"] = OPERATOR
        await self._app(scope, receive, send)


class Lines(Strict):
    lines: list[MoneySchema]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def client(clock: ManualClock) -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    limit = RateLimit(3, 60, clock)

    @app.get("/fail/{kind}")
    async def fail(kind: str) -> None:
        raise ParkingError(ErrorKind(kind), "lane.odd", "the lane is odd", field="lane")

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("粤B12345")

    @app.post("/bill")
    async def bill(body: Lines, n: Annotated[int, Query()] = 1) -> dict[str, int]:
        return {"lines": len(body.lines), "n": n}

    @app.get("/lanes")
    async def lanes(who: Annotated[Principal, Depends(require(principals.Scope.LANES_READ))]) -> str:
        return who.subject

    @app.get("/open")
    async def open_lane(who: Annotated[Principal, Depends(require(principals.Scope.LANES_OPEN))]) -> str:
        return who.subject

    @app.get("/whoever", dependencies=[Depends(limit)])
    async def whoever(who: Annotated[Principal, Depends(current_principal)]) -> str:
        return who.kind

    @app.websocket("/feed")
    async def feed(
        websocket: WebSocket, who: Annotated[Principal, Depends(require(principals.Scope.LANES_READ))]
    ) -> None:
        await websocket.accept()
        await websocket.send_text(who.subject)
        raise ParkingError(ErrorKind.CONFLICT, "feed.odd", "no more")

    app.add_middleware(Recognise)
    app.add_middleware(BodyLimit, most=1000)
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_kind_has_a_status_and_the_same_shape(client: TestClient, kind: ErrorKind) -> None:
    reply = client.get(f"/fail/{kind}")

    assert reply.status_code == errors.STATUS[kind]
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "code", "errors", "trace_id"}
    assert (problem["type"], problem["status"], problem["code"]) == (
        "/problems/lane.odd",
        reply.status_code,
        "lane.odd",
    )
    assert problem["errors"] == [{"field": "lane", "code": "lane.odd", "detail": "the lane is odd"}]


@pytest.mark.req("PRIV-1")
def test_an_unknown_failure_says_nothing_of_itself(client: TestClient) -> None:
    reply = client.get("/crash")

    assert (reply.status_code, reply.json()["code"]) == (500, "server.failed")
    assert "12345" not in reply.text
    assert "RuntimeError" not in reply.text


@pytest.mark.req("PRIV-1")
def test_a_body_that_does_not_fit_names_its_fields_and_repeats_nothing(client: TestClient) -> None:
    reply = client.post("/bill?n=x", json={"lines": [{"amount": "粤B12345", "currency": "CNY"}], "more": 1})

    assert reply.status_code == 422
    assert {e["field"] for e in reply.json()["errors"]} == {"lines[0].amount", "more", "n"}
    assert "12345" not in reply.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 500])
def test_a_body_that_is_no_json_is_a_problem_too(client: TestClient, body: bytes) -> None:
    reply = client.post("/bill", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/lanes", 405)])
def test_routes_that_are_not_there_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    reply = client.request(method, path)
    assert (reply.status_code, reply.json()["status"]) == (status, status)


def test_the_callers_trace_goes_on(client: TestClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    known = client.get("/fail/conflict", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}).json()
    fresh = client.get("/fail/conflict", headers={"traceparent": "nonsense"}).json()

    assert known["trace_id"] == trace
    assert known["instance"] == f"urn:trace:{trace}"
    assert len(fresh["trace_id"]) == 32


class TestWhoMay:
    def test_nobody_is_asked_to_sign_in(self, client: TestClient) -> None:
        reply = client.get("/lanes")
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")

    def test_somebody_without_the_right_is_refused_and_told_which(self, client: TestClient) -> None:
        reply = client.get("/open", headers={"authorization": "Bearer op"})
        assert (reply.status_code, reply.json()["detail"]) == (403, "this needs the right lanes:open")

    def test_somebody_with_the_right_goes_on(self, client: TestClient) -> None:
        assert client.get("/lanes", headers={"authorization": "Bearer op"}).json() == "op-1"

    def test_a_websocket_is_denied_with_the_same_problem(self, client: TestClient) -> None:
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/feed"):
            pass
        assert (denied.value.status_code, denied.value.json()["code"]) == (401, "auth.required")

    def test_a_websocket_that_fails_later_is_closed(self, client: TestClient) -> None:
        with client.websocket_connect("/feed", headers={"authorization": "Bearer op"}) as feed:
            assert feed.receive_text() == "op-1"
            with pytest.raises(WebSocketDisconnect) as closed:
                feed.receive_text()
        assert closed.value.code == 1008


class TestBodyLimit:
    def body(self, size: int) -> bytes:
        return json.dumps({"lines": [], "pad": "x" * size}).encode()

    def test_a_declared_length_over_the_limit_is_refused_unread(self, client: TestClient) -> None:
        reply = client.post("/bill", content=self.body(2000))
        assert (reply.status_code, reply.json()["code"]) == (413, "body.too_large")

    def test_a_chunked_body_is_refused_when_it_grows_over_the_limit(self, client: TestClient) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(20):
                yield b"x" * 100

        reply = client.post("/bill", content=chunks(), headers={"content-type": "application/json"})
        assert (reply.status_code, reply.json()["code"]) == (413, "body.too_large")

    def test_a_body_within_the_limit_goes_through(self, client: TestClient) -> None:
        assert client.post("/bill", json={"lines": []}).json() == {"lines": 0, "n": 1}


class TestRateLimit:
    def test_one_call_too_many_waits_for_the_window_to_move(self, client: TestClient, clock: ManualClock) -> None:
        answers = []
        for _ in range(4):
            answers.append(client.get("/whoever"))
            clock.advance(timedelta(seconds=10))
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["retry-after"] == "30"
        assert answers[-1].json()["code"] == "rate.limited"

        clock.advance(timedelta(seconds=20))
        assert client.get("/whoever").status_code == 200
        assert client.get("/whoever").status_code == 429

    def test_callers_do_not_use_up_each_others_share(self, client: TestClient) -> None:
        for _ in range(4):
            client.get("/whoever")
        assert client.get("/whoever", headers={"authorization": "Bearer op"}).status_code == 200

    def test_the_memory_of_callers_is_bounded(self, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("parking.web.limits.MOST_CALLERS", 3)
        limit = RateLimit(1, 60, clock)
        for number in range(10):
            limit.check(str(number))
        with pytest.raises(RateExceeded):
            limit.check("9")
        limit.check("0")  # heard from too long ago to be remembered
