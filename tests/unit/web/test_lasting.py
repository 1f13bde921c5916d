"""Websockets and event streams that stay open are few for each address and for the public in all; who is refused is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.types import Message

from parking.kernel.principal import Principal
from parking.web.lasting import LastingLimit
from parking.web.limits import network_of

HERE, THERE = ("198.51.100.7", 1), ("203.0.113.9", 1)


class Recognise:
    """Stands in for the security middleware: whoever says a name is that operator."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = dict(scope.get("headers", ())).get(b"name")
        if name:
            scope.setdefault("state", {})["principal"] = Principal("operator", name.decode(), frozenset())
        await self._app(scope, receive, send)


@pytest.fixture
def app() -> FastAPI:
    """Two at once for each caller, three for the public in all."""
    app = FastAPI()

    @app.websocket("/feed")
    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def beats() -> AsyncIterator[bytes]:
            yield b":\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(beats())

    @app.get("/short")
    async def short() -> str:
        return "done"

    app.add_middleware(LastingLimit, each=2, most=3, lasts=lambda path: path == "/stream")
    app.add_middleware(Recognise)
    return app


@pytest.fixture
def here(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, client=HERE) as client:
        yield client


def refusal(client: TestClient, **headers: str) -> tuple[int, str, str]:
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/feed", headers=headers):
        pass
    reply = denied.value
    return reply.status_code, reply.json()["code"], reply.headers["retry-after"]


@pytest.mark.req("GUIDE-1")
def test_an_address_opens_so_many_and_one_more_when_one_has_gone(here: TestClient) -> None:
    with here.websocket_connect("/feed"):
        with here.websocket_connect("/feed"):
            assert refusal(here) == (429, "live.too_many", "30")
            assert here.get("/short").status_code == 200, "what ends at once is not counted"
        with here.websocket_connect("/feed"):
            assert refusal(here)[0] == 429


@pytest.mark.req("GUIDE-1")
def test_when_the_public_has_taken_all_places_an_operator_still_gets_in(app: FastAPI, here: TestClient) -> None:
    there = TestClient(app, client=THERE)
    with ExitStack() as open_:
        for client in (here, here, there):
            open_.enter_context(client.websocket_connect("/feed"))
        assert refusal(there)[:2] == (429, "live.full")
        for _ in range(2):
            open_.enter_context(there.websocket_connect("/feed", headers={"name": "op"}))
        assert refusal(there, name="op")[:2] == (429, "live.too_many")
        open_.enter_context(there.websocket_connect("/feed", headers={"name": "another"}))


async def _ask(app: FastAPI, kind: str, path: str, extensions: dict[str, Any]) -> list[Message]:
    """What is sent to one who asks and leaves as soon as there was an answer."""
    sent: list[Message] = []
    answered = asyncio.Event()

    async def receive() -> Message:
        if kind == "websocket":
            return {"type": "websocket.connect"}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] != "http.response.start":
            answered.set()

    scope = {"type": kind, "method": "GET", "path": path, "headers": [], "query_string": b"", "client": HERE}
    await app({**scope, "extensions": extensions, "state": {}}, receive, send)
    return sent


@pytest.mark.req("GUIDE-1")
def test_event_streams_are_counted_with_the_websockets_and_refused_as_a_problem(app: FastAPI, here: TestClient) -> None:
    with here.websocket_connect("/feed"):
        first = asyncio.run(_ask(app, "http", "/stream", {}))
        assert first[0]["status"] == 200
        again = asyncio.run(_ask(app, "http", "/stream", {}))
        assert again[0]["status"] == 200, "the stream that ended has given its place back"
        with here.websocket_connect("/feed"):
            head, body = asyncio.run(_ask(app, "http", "/stream", {}))[:2]
    assert (head["status"], dict(head["headers"])[b"retry-after"]) == (429, b"30")
    assert b'"live.too_many"' in body["body"]


def test_under_a_server_that_cannot_answer_a_websocket_it_is_closed_as_full(app: FastAPI, here: TestClient) -> None:
    with here.websocket_connect("/feed"), here.websocket_connect("/feed"):
        assert asyncio.run(_ask(app, "websocket", "/feed", {})) == [
            {"type": "websocket.close", "code": 1013, "reason": ""}
        ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("198.51.100.7", "::ffff:198.51.100.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::1", "::2", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("you", "me", False),
    ],
)
def test_a_subscriber_is_one_address_or_one_network_of_ipv6(one: str, other: str, *, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@pytest.mark.req("GUIDE-1")
def test_an_address_of_the_same_network_finds_its_places_taken(app: FastAPI) -> None:
    with ExitStack() as open_:
        one, other, stranger = (
            open_.enter_context(TestClient(app, client=(host, 1)))
            for host in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
        )
        open_.enter_context(one.websocket_connect("/feed"))
        open_.enter_context(other.websocket_connect("/feed"))
        assert refusal(other)[:2] == (429, "live.too_many")
        open_.enter_context(stranger.websocket_connect("/feed"))
