"""Topics of the live feed, and its other door: whoever asks for less gets less, whoever has no right is refused, and server-sent events
say what the websocket says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from parking.bootstrap import live_routes
from parking.kernel.events import BaySeen
from parking.kernel.ids import BayId, DeviceId, ZoneId
from parking.kernel.principal import ANONYMOUS
from parking.plumbing.db import UnitOfWork
from tests.builders.application import HOST, Server, a_server, problem_of
from tests.builders.live import Picture, watch


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("live")) as running:
        running.enter()
        yield running


def stream(server: Server, who: str = "anonymous", query: str = "", *, messages: int = 1) -> list[dict[str, Any]]:
    """The first messages of the feed as server-sent events; with 0, all until the server ends it."""

    async def read() -> list[str]:
        enough = asyncio.Event()
        said: list[str] = []

        async def receive() -> dict[str, Any]:
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            for line in message.get("body", b"").decode().splitlines():
                if line.startswith("data: "):
                    said.append(line.removeprefix("data: "))
            if messages and len(said) >= messages:
                enough.set()

        named = {"Host": HOST.partition("//")[2], **server.as_(who)}
        headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
        path = "/api/v1/live/stream"
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": headers,
            "client": ("you", 1),
        }
        scope |= {"query_string": query.removeprefix("?").encode(), "root_path": "", "scheme": "http"}
        await asyncio.wait_for(server.app(scope, receive, send), 30)
        return said

    portal = server.client.portal
    assert portal is not None
    return [json.loads(text) for text in portal.call(read)]


def see_bay(server: Server, bay: str, zone: str = "b2") -> None:
    def work(uow: UnitOfWork) -> None:
        uow.publish(BaySeen(BayId(bay), ZoneId(zone), True, "sensor", DeviceId("sensor-1"), 1.0, uow.now, None))

    server.application.database.write(work)
    server.settle_down()


@pytest.mark.req("GUIDE-1")
def test_who_asks_for_a_level_gets_what_belongs_to_it_and_nothing_else(server: Server) -> None:
    see_bay(server, "b2-004")
    with watch(server, "attendant", "?topics=level.B2") as feed:
        picture = Picture(feed)
        assert set(picture.values) == {"zone.b2", "sign.sign-b2", "lane.ramp-1", "bay.b2-004"}
        server.enter()  # on another level
        see_bay(server, "b2-005")
        picture.until(lambda: "bay.b2-005" in picture.values)
    assert set(picture.values) == {"zone.b2", "sign.sign-b2", "lane.ramp-1", "bay.b2-004", "bay.b2-005"}
    assert picture.events == []


@pytest.mark.req("PRIV-1", "GUIDE-2")
def test_the_public_may_follow_a_level_and_sees_its_counts_and_signs(server: Server) -> None:
    see_bay(server, "b2-004")
    with watch(server, "driver", "?topics=level.B2") as feed:
        assert set(Picture(feed).values) == {"zone.b2", "sign.sign-b2"}


@pytest.mark.req("PRIV-1", "GUIDE-1")
@pytest.mark.parametrize(
    ("who", "query"), [("anonymous", ""), ("attendant", ""), ("attendant", "?topics=zone.b1,lane")]
)
def test_a_stream_says_what_the_websocket_says(server: Server, who: str, query: str) -> None:
    with watch(server, who, query) as feed:
        by_socket = feed.receive_json()
        assert by_socket["values"]
        assert stream(server, who, query) == [by_socket]
        server.enter()
        by_socket = [by_socket, feed.receive_json()]
        since = f"{query or '?'}&epoch={by_socket[0]['epoch']}&since={by_socket[0]['seq']}"
        assert stream(server, who, since)[0] == by_socket[1]


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("topics", ["lane.entry-1", "bay.b1-001", "device", "zone.b1,events"])
def test_what_operators_alone_may_see_is_refused_at_both_doors(server: Server, topics: str) -> None:
    for who, status, code in (("anonymous", 401, "auth.required"), ("driver", 403, "auth.forbidden")):
        refused = problem_of(server.ask("GET", f"/live/stream?topics={topics}", who), status)
        assert (refused["code"], refused["errors"][0]["field"]) == (code, "topics")
        with pytest.raises(WebSocketDenialResponse) as denied, watch(server, who, f"?topics={topics}"):
            pass
        assert denied.value.status_code == status


def test_a_topic_that_there_is_not_is_refused_at_both_doors(server: Server) -> None:
    refused = problem_of(server.ask("GET", "/live/stream?topics=zone.b9"), 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("live.topic_unknown", "topics")
    with pytest.raises(WebSocketDenialResponse) as denied, watch(server, query="?topics=zone.b9"):
        pass
    assert denied.value.json()["code"] == "live.topic_unknown"


@pytest.mark.req("PRIV-1")
def test_a_stream_of_an_operator_ends_with_the_log_in(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def has_ended(_: Any) -> Any:
        return ANONYMOUS

    monkeypatch.setattr(live_routes, "RIGHT_CHECKED_EVERY_S", 0.01)
    monkeypatch.setattr(live_routes, "principal_now", has_ended)
    said = stream(server, "manager", messages=0)
    assert any(key.startswith("lane.") for key in said[0]["values"])


def test_a_server_that_is_about_to_stop_lets_its_streams_go(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = server.application.hub
    added = set.add

    class Endings(set[Any]):
        def add(self, end: Any) -> None:
            added(self, end)
            server.app.state.about_to_stop()

    monkeypatch.setattr(hub, "endings", Endings())
    stream(server, messages=0)
    assert hub.clients == 0


@pytest.mark.req("GUIDE-1")
def test_behind_a_trusted_proxy_each_visitor_has_his_own_places_and_nobody_else_may_say_who_he_is(
    tmp_path: Path,
) -> None:
    with a_server(tmp_path, live_each=1) as server:

        def opens(peer: str, visitor: str, path: str = "/live") -> AbstractContextManager[object]:
            client = TestClient(server.app, base_url=HOST, client=(peer, 1))
            client.portal = server.client.portal
            return client.websocket_connect(f"/api/v1{path}", headers={"X-Forwarded-For": visitor})

        def refused(peer: str, visitor: str, path: str = "/live") -> int:
            with pytest.raises(WebSocketDenialResponse) as denied, opens(peer, visitor, path):
                pass
            return denied.value.status_code

        with opens("127.0.0.1", "198.51.100.7"), opens("127.0.0.1", "198.51.100.8"), opens("203.0.113.9", "a"):
            assert refused("127.0.0.1", "198.51.100.7") == 429
            assert refused("127.0.0.1", "198.51.100.8", "/find/live") == 429, "every websocket counts"
            assert refused("203.0.113.9", "198.51.100.99") == 429
            proxied = {"X-Forwarded-For": "198.51.100.7"}
            through = TestClient(server.app, base_url=HOST, client=("127.0.0.1", 1))
            problem_of(through.get("/api/v1/live/stream", headers=proxied), 429)
