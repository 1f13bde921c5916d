"""The live feed: snapshot, then deltas by key; topics; resuming; views; slow viewers. By websocket under our own frames and under a plain
server, and as server-sent events: one content, one suite.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol, Self

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from starlette.requests import HTTPConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.sync.client import connect

from parking.web import live_viewers
from parking.web.frames import FrameProtocol, StreamProtocol, text_frame
from parking.web.live import DELTAS_KEPT, EVENTS_KEPT, IDLE_CHANNELS, SITE, LiveHub, View
from parking.web.live_viewers import EventStream, serve_socket
from tests.builders.plumbing import eventually


def everything(_: str) -> bool:
    return True


def public(key: str) -> bool:
    return key.startswith(("zone.", "sign."))


def topics_of(key: str) -> tuple[str, ...]:
    """Every key is a topic, and the first two letters of its name are another."""
    return (SITE, key, f"near.{key.partition('.')[2][:2]}")


class Viewer(Protocol):
    """Whoever reads messages, one after the other."""

    def recv(self, timeout: float) -> str | bytes: ...


class Stream:
    """Reads server-sent events; `ids` are those of the messages so far."""

    def __init__(self, port: int, path: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connection.request("GET", path, headers=headers)
        self._reply = self._connection.getresponse()
        assert self._reply.headers["content-type"].startswith("text/event-stream")
        self.ids: list[str] = []
        self.beats = 0

    def recv(self, timeout: float = 20) -> str:
        data = ""
        while line := self._reply.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.ids.append(value)
            elif name == "data":
                data = value
            elif data:
                return data
            elif name == ":":
                self.beats += 1
                return "{}"
        raise ConnectionClosedOK(None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


class Feed:
    """A hub behind a real server, and viewers of it, by websocket or by `stream`."""

    def __init__(self, ws: Any = FrameProtocol, *, stream: bool = False) -> None:
        self.hub = LiveHub(topics_of, coalesce_s=0.005, patience_s=0.5)
        self._stream = stream
        app = FastAPI()

        def view(connection: HTTPConnection) -> View:
            topics = frozenset(connection.query_params.getlist("topics"))
            if connection.url.path.startswith("/public"):
                return View(public, topics or frozenset({SITE}))
            return View(everything, topics or frozenset({SITE}), events=True)

        @app.websocket("/live")
        @app.websocket("/public")
        async def live(websocket: WebSocket) -> None:
            await serve_socket(self.hub, websocket, view(websocket))

        @app.get("/live/stream")
        @app.get("/public/stream")
        async def stream_of(request: Request) -> EventStream:
            return EventStream(self.hub, request, view(request))

        config = uvicorn.Config(
            app, port=0, ws=ws, http=StreamProtocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    def watch(self, path: str = "/live") -> AbstractContextManager[Viewer]:
        if self._stream:
            return self.read(path)
        return connect(f"ws://127.0.0.1:{self.port}{path}", compression="deflate")

    def read(self, path: str = "/live", **headers: str) -> Stream:
        place, mark, query = path.partition("?")
        return Stream(self.port, f"{place}/stream{mark}{query}", **headers)

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def stop(self) -> None:
        self.hub.close()
        self._server.should_exit = True
        self._thread.join(30)


WAYS: dict[str, Callable[[], Feed]] = {
    "shared frames": Feed,
    "plain server": lambda: Feed("websockets-sansio"),
    "server-sent events": lambda: Feed(stream=True),
}


@pytest.fixture(params=WAYS)
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    made = WAYS[request.param]()
    yield made
    made.stop()


@pytest.fixture
def plain() -> Iterator[Feed]:
    made = Feed()
    yield made
    made.stop()


def next_message(viewer: Viewer) -> dict[str, Any]:
    return dict(json.loads(viewer.recv(timeout=20)))


class Mirror:
    """What a page does with the feed: keep the state that the messages describe."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.seq, self.epoch = -1, ""
        self.values: dict[str, Any] = {}
        self.events: list[Any] = []

    def take(self) -> dict[str, Any]:
        message = next_message(self._viewer)
        if message["type"] == "snapshot":
            self.epoch, self.values, self.events = message["epoch"], {}, []
        else:
            assert message["seq"] > self.seq
        self.seq = message["seq"]
        for key, value in message["values"].items():
            self.values.pop(key, None) if value is None else self.values.update({key: value})
        self.events += message["events"]
        return message

    def until(self, key: str, value: Any) -> None:
        while self.values.get(key) != value:
            self.take()


@pytest.mark.req("GUIDE-1")
def test_a_viewer_gets_one_snapshot_and_then_what_changes(feed: Feed) -> None:
    feed.hub.put("zone.b1", {"free": 3, "name": {"zh": "地下一层"}})
    feed.hub.append({"id": "e1"})
    with feed.watch() as viewer:
        first = next_message(viewer)
        assert (first["type"], first["values"]) == ("snapshot", {"zone.b1": {"free": 3, "name": {"zh": "地下一层"}}})
        assert first["events"] == [{"id": "e1"}]

        feed.hub.put("zone.b1", {"free": 2})
        feed.hub.append({"id": "e2"})
        mirror = {"seq": first["seq"], "values": {}, "events": []}
        while mirror["events"] != [{"id": "e2"}] or mirror["values"] != {"zone.b1": {"free": 2}}:
            delta = next_message(viewer)
            assert (delta["type"], delta["seq"]) == ("delta", mirror["seq"] + 1)
            mirror = {
                "seq": delta["seq"],
                "values": mirror["values"] | delta["values"],
                "events": mirror["events"] + delta["events"],
            }


def test_a_key_that_is_gone_becomes_null(feed: Feed) -> None:
    feed.hub.put("device.cam", {"health": "ok"})
    with feed.watch() as viewer:
        next_message(viewer)
        feed.hub.remove("device.cam")
        assert next_message(viewer)["values"] == {"device.cam": None}
        feed.hub.remove("device.cam")
        feed.hub.put("device.cam", 1)
        assert next_message(viewer)["values"] == {"device.cam": 1}


def test_the_same_value_again_is_no_news(feed: Feed) -> None:
    feed.hub.put("zone.b1", {"free": 3})
    with feed.watch() as viewer:
        next_message(viewer)
        feed.hub.put("zone.b1", {"free": 3})
        feed.hub.put("zone.b2", {"free": 9})
        assert next_message(viewer)["values"] == {"zone.b2": {"free": 9}}


@pytest.mark.req("PRIV-1")
def test_the_public_sees_its_keys_only_and_no_events(feed: Feed) -> None:
    feed.hub.put("lane.entry-1", {"plate": "粤B***45"})
    feed.hub.put("zone.b1", 1)
    feed.hub.append({"id": "e1"})
    with feed.watch("/public") as viewer:
        first = next_message(viewer)
        assert (first["values"], first["events"]) == ({"zone.b1": 1}, [])

        feed.hub.put("lane.entry-1", {"plate": None})
        feed.hub.append({"id": "e2"})
        feed.hub.put("zone.b1", 2)
        assert next_message(viewer) == {
            "type": "delta",
            "seq": first["seq"] + 1,
            "values": {"zone.b1": 2},
            "events": [],
        }


class TestTopics:
    def test_a_viewer_gets_what_belongs_to_its_topics_numbered_without_a_gap(self, feed: Feed) -> None:
        feed.hub.put("zone.b1", 1)
        feed.hub.put("zone.b2", 1)
        with feed.watch("/live?topics=near.b1&topics=sign.s9") as viewer:
            first = next_message(viewer)
            assert first["values"] == {"zone.b1": 1}
            for number, (key, value) in enumerate([("bay.b1-07", "taken"), ("zone.b1", 2), ("sign.s9", "12")], 1):
                feed.hub.put("zone.b2", number + 1)
                feed.hub.put(key, value)
                message = next_message(viewer)
                assert (message["seq"], message["values"]) == (first["seq"] + number, {key: value})

    @pytest.mark.req("PRIV-1")
    def test_a_topic_shows_nobody_more_than_he_may_see(self, feed: Feed) -> None:
        feed.hub.put("bay.b1-07", "taken")
        with feed.watch("/public?topics=near.b1&topics=bay.b1-07") as viewer:
            assert next_message(viewer)["values"] == {}
            feed.hub.put("bay.b1-07", "free")
            feed.hub.put("zone.b1", 4)
            message = next_message(viewer)
            assert (message["seq"], message["values"]) == (1, {"zone.b1": 4})

    def test_who_comes_back_with_other_topics_gets_a_snapshot(self, feed: Feed) -> None:
        with feed.watch("/live?topics=near.b1") as viewer:
            seen = next_message(viewer)
        with feed.watch(f"/live?topics=near.b2&epoch={seen['epoch']}&since={seen['seq']}") as viewer:
            assert next_message(viewer)["type"] == "snapshot"

    def test_views_that_nobody_watches_any_more_are_forgotten(self, plain: Feed) -> None:
        with plain.watch() as kept:
            next_message(kept)
            for number in range(IDLE_CHANNELS + 5):
                with plain.watch(f"/live?topics=zone.{number}") as viewer:
                    next_message(viewer)
                eventually(lambda: plain.hub.clients == 1)
            assert len(plain.hub._channels) == len(plain.hub._by_topic) <= IDLE_CHANNELS + 2
            plain.hub.put("zone.3", 1)
            assert next_message(kept)["values"] == {"zone.3": 1}


class TestServerSentEvents:
    def test_a_browser_that_lost_its_line_goes_on_after_the_last_event_it_had(self, plain: Feed) -> None:
        plain.hub.put("zone.b1", 1)
        with plain.read() as viewer:
            first = next_message(viewer)
            plain.hub.put("zone.b1", 2)
            next_message(viewer)
            assert viewer.ids == [f"{first['epoch']}.{first['seq'] + n}" for n in (0, 1)]
        with plain.read(**{"Last-Event-ID": viewer.ids[0]}) as viewer:
            missed = next_message(viewer)
        assert (missed["type"], missed["values"], viewer.ids) == ("delta", {"zone.b1": 2}, [f"{first['epoch']}.1"])

    @pytest.mark.parametrize("last", ["", "nonsense", ".5", "0123456789abcdef.-1", "0123456789abcdef.x"])
    def test_an_id_that_is_none_brings_a_snapshot(self, plain: Feed, last: str) -> None:
        with plain.read(**{"Last-Event-ID": last}) as viewer:
            assert next_message(viewer)["type"] == "snapshot"

    def test_a_quiet_line_beats(self, plain: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live_viewers, "BEAT_S", 0.01)
        with plain.read() as viewer:
            assert next_message(viewer)["type"] == "snapshot"
            assert (next_message(viewer), viewer.beats) == ({}, 1)

    def test_a_reader_that_goes_is_forgotten(self, plain: Feed) -> None:
        with plain.read() as viewer:
            next_message(viewer)
        eventually(lambda: plain.hub.clients == 0)
        assert not plain.hub.endings


class TestResuming:
    def leave_and_change(self, feed: Feed, changes: int) -> dict[str, Any]:
        feed.hub.put("zone.b1", 0)
        with feed.watch() as viewer:
            seen = next_message(viewer)
        for number in range(1, changes + 1):
            with feed.watch() as other:
                next_message(other)
                feed.hub.put("zone.b1", number)
                next_message(other)
        return seen

    def test_a_viewer_that_comes_back_gets_what_it_missed(self, feed: Feed) -> None:
        seen = self.leave_and_change(feed, 3)
        with feed.watch(f"/live?epoch={seen['epoch']}&since={seen['seq']}") as viewer:
            missed = [next_message(viewer) for _ in range(3)]
        assert [m["type"] for m in missed] == ["delta"] * 3
        assert [m["seq"] for m in missed] == [seen["seq"] + n for n in (1, 2, 3)]
        assert missed[-1]["values"] == {"zone.b1": 3}

    @pytest.mark.parametrize(
        "query",
        [
            *("epoch=other&since=0", "epoch={epoch}&since=999", "epoch={epoch}&since=x", "since=0", "epoch={epoch}"),
            f"epoch={{epoch}}&since={'9' * 5000}",
        ],
    )
    def test_whoever_cannot_be_helped_by_deltas_gets_a_snapshot(self, feed: Feed, query: str) -> None:
        seen = self.leave_and_change(feed, 1)
        with feed.watch(f"/live?{query.format(epoch=seen['epoch'])}") as viewer:
            assert next_message(viewer)["type"] == "snapshot"

    def test_whoever_was_away_too_long_gets_a_snapshot(self, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        assert DELTAS_KEPT >= 100
        seen = self.leave_and_change(feed, 17)
        with feed.watch(f"/live?epoch={seen['epoch']}&since={seen['seq']}") as viewer:
            again = next_message(viewer)
        assert (again["type"], again["values"]) == ("snapshot", {"zone.b1": 17})


def test_events_are_the_last_fifty(feed: Feed) -> None:
    for number in range(EVENTS_KEPT + 10):
        feed.hub.append({"n": number})
    with feed.watch() as viewer:
        assert [e["n"] for e in next_message(viewer)["events"]] == list(range(10, EVENTS_KEPT + 10))


def test_all_viewers_end_with_the_same_state_whatever_the_pace(feed: Feed) -> None:
    with ExitStack() as stack:
        _drive_and_compare(feed, [stack.enter_context(feed.watch()) for _ in range(5)])


def _drive_and_compare(feed: Feed, viewers: list[Viewer]) -> None:
    mirrors = [Mirror(viewer) for viewer in viewers]

    def drive(lane: str) -> None:
        for number in range(200):
            feed.hub.put(f"lane.{lane}", number)
            feed.hub.put(f"gone.{lane}.{number % 7}", number)
            feed.hub.remove(f"gone.{lane}.{(number + 3) % 7}")

    lanes = [threading.Thread(target=drive, args=(name,)) for name in "abc"]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    feed.hub.put("end", True)
    for mirror in mirrors:
        mirror.until("end", True)
    truth = {key: json.loads(value) for key, value in feed.hub.values.items()}
    assert [mirror.values for mirror in mirrors] == [truth] * 5


def _deaf_viewer(port: int, kind: str) -> socket.socket:
    """A viewer that is let in and then never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    if kind == "websocket":
        head = "GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    else:
        head = "GET /live/stream HTTP/1.1\r\nHost: x\r\n\r\n"
    deaf.sendall(head.encode())
    assert deaf.recv(12) == (b"HTTP/1.1 101" if kind == "websocket" else b"HTTP/1.1 200")
    return deaf


@pytest.mark.parametrize("kind", ["websocket", "stream"])
def test_a_viewer_that_takes_nothing_is_let_go_and_holds_nobody_up(plain: Feed, kind: str) -> None:
    deaf = _deaf_viewer(plain.port, kind)
    with plain.watch() as viewer:
        mirror = Mirror(viewer)
        mirror.take()
        eventually(lambda: plain.hub.clients == 2)
        number = 0

        def the_deaf_one_is_gone() -> bool:
            nonlocal number
            number += 1
            plain.hub.put("zone.b1", {"n": number, "pad": "x" * 400_000})
            mirror.until("zone.b1", {"n": number, "pad": "x" * 400_000})
            return plain.hub.clients == 1

        eventually(the_deaf_one_is_gone)
    eventually(lambda: plain.connections == 0)  # cut off, and not left hanging with what it never took
    deaf.close()


def test_a_viewer_that_was_slow_gets_the_newest_of_each_key_and_not_all_that_it_missed(plain: Feed) -> None:
    feed = plain
    feed.hub.patience_s = 60
    total = 400
    with connect(f"ws://127.0.0.1:{feed.port}/live", compression=None, max_queue=1) as slow, feed.watch() as pace:
        mirror, other = Mirror(slow), Mirror(pace)
        mirror.take(), other.take()
        for number in range(total):
            feed.hub.put(f"zone.{number % 5}", {"n": number, "pad": "x" * 60_000})
            other.until(f"zone.{number % 5}", {"n": number, "pad": "x" * 60_000})
        messages = 0
        while mirror.values.get("zone.4", {}).get("n") != total - 1:
            mirror.take()
            messages += 1
    assert messages < total
    assert {key: value["n"] for key, value in mirror.values.items()} == {f"zone.{n}": total - 5 + n for n in range(5)}


def test_when_the_server_stops_viewers_are_told(feed: Feed) -> None:
    with feed.watch() as viewer:
        next_message(viewer)
        feed.stop()
        with pytest.raises(ConnectionClosed):
            viewer.recv(timeout=20)


@pytest.mark.parametrize(
    ("text", "head"),
    [("hi", "8102"), ("x" * 125, "817d"), ("x" * 126, "817e007e"), ("x" * 65_536, "817f0000000000010000")],
)
def test_frames_are_as_the_standard_says(text: str, head: str) -> None:
    frame = text_frame(text)
    assert frame.hex().startswith(head)
    assert frame[len(head) // 2 :] == text.encode()
