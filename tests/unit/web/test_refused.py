"""Websockets that are turned away are counted by their answer, and a thousand of them are one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.responses import JSONResponse
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from parking.kernel.clock import ManualClock
from parking.web.refused import CountRefused, RefusedSockets
from tests.builders.guidance import NOON

CLOCK = ManualClock(NOON)


@pytest.fixture
def refused() -> RefusedSockets:
    return RefusedSockets(CLOCK)


@pytest.fixture
def client(refused: RefusedSockets) -> Iterator[TestClient]:
    app = FastAPI()

    @app.websocket("/denied")
    async def denied(websocket: WebSocket) -> None:
        await websocket.send_denial_response(JSONResponse({}, 401))

    @app.websocket("/accepted/{code}")
    async def accepted(websocket: WebSocket, code: int) -> None:
        await websocket.accept()
        await websocket.close(code)

    app.add_middleware(CountRefused, refused=refused)
    with TestClient(app) as client:
        yield client


def knock(client: TestClient, path: str) -> None:
    with pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)), client.websocket_connect(path) as opened:
        opened.receive_text()


def test_whoever_is_answered_instead_and_whoever_is_closed_for_cause_is_counted_and_whoever_ends_well_is_not(
    client: TestClient, refused: RefusedSockets
) -> None:
    for path in ("/denied", "/denied", "/nowhere", "/accepted/1008", "/accepted/1013", "/accepted/1000"):
        knock(client, path)
    assert refused.counts == {"401": 2, "403": 1, "1008": 1, "1013": 1}


def test_what_was_refused_meanwhile_is_in_the_next_line_and_that_is_a_minute_later(refused: RefusedSockets) -> None:
    with capture_logs() as lines:
        for answer in (401, 429, 429, 401):
            refused.note(answer)
        CLOCK.advance(timedelta(seconds=60))
        refused.note(401)
    assert [line["by_answer"] for line in lines] == [{"401": 1}, {"429": 2, "401": 2}]
