"""What watches the server: alive, ready, measured; and what a silent gate box does to the counts."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
import structlog
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from guidance.advise import STALE_AFTER_S
from parking.bootstrap.rounds import look_at_contacts
from parking.gate.contacts import SILENT_AFTER_S, Contacts
from parking.kernel.clock import ManualClock
from parking.kernel.ids import DeviceId
from parking.plumbing import logs
from parking.plumbing.db import metadata
from parking.web.frames import FrameProtocol, StreamProtocol
from tests.builders.application import Server, a_server, problem_of
from tests.builders.journeys import MORNING
from tests.builders.plumbing import eventually


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a server at its most talkative would have logged; the logging of the test run itself is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(json=True, level="DEBUG", stream=stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with a_server(tmp_path) as running:
        yield running


def metrics(server: Server) -> dict[str, float]:
    lines = [line for line in server.client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_the_server_is_alive_and_ready(server: Server) -> None:
    assert server.client.get("/healthz").json() == {"status": "ok"}
    ready = server.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")


def test_without_its_tables_the_server_is_alive_and_not_ready(server: Server) -> None:
    server.settle_down()
    server.application.relay.stop()
    server.application.database.write(lambda uow: uow.connection.execute(sa.text("ALTER TABLE outbox RENAME TO gone")))
    assert server.client.get("/healthz").status_code == 200
    assert server.client.get("/readyz").status_code == 503
    server.application.database.write(lambda uow: uow.connection.execute(sa.text("ALTER TABLE gone RENAME TO outbox")))
    assert server.client.get("/readyz").status_code == 200


def test_the_numbers_that_are_watched_follow_what_happens(server: Server) -> None:
    assert metrics(server)['parking_free_bays{zone="b1"}'] == 30
    server.enter()
    server.park(seconds=30)
    after = metrics(server)
    assert after['parking_free_bays{zone="b1"}'] == 29
    assert after["parking_outbox_pending"] == 0
    assert after['parking_edge_silence_seconds{device="edge-1"}'] == 30
    with server.client.websocket_connect("/api/v1/live") as feed:
        feed.receive_json()
        assert metrics(server)["parking_live_clients"] == 1


@contextmanager
def on_a_socket(server: Server) -> Iterator[str]:
    """The server as `parking serve` runs it; its host and port."""
    config = uvicorn.Config(
        server.app,
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=StreamProtocol,
        ws=FrameProtocol,
        timeout_graceful_shutdown=1,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    eventually(lambda: running.started)
    host, port = running.servers[0].sockets[0].getsockname()
    yield f"{host}:{port}"
    running.should_exit = True
    thread.join()


@pytest.mark.req("PRIV-1")
def test_whoever_is_refused_a_websocket_fills_no_log_is_counted_and_leaves_neither_plate_nor_token_there(
    log: io.StringIO, server: Server
) -> None:
    plate, secret = quote("沪A52T86"), "eyJzdGF5IjoiMDE5N2YwMDAi.c2lnbmVk"
    session = server.as_("manager")["Cookie"]
    knocks: list[tuple[str, dict[str, str], str]] = [
        (f"/live?topics=events&token={secret}&plate={plate}", {"Authorization": f"Bearer {secret}"}, ""),
        ("/live?topics=events", {"Cookie": session, "Origin": "https://elsewhere.example"}, ""),
        (f"/my/payments/{plate}/live", {}, secret),
        (f"/nowhere/{plate}?code={secret}", {}, ""),
    ]
    with on_a_socket(server) as where:
        for path, headers, says in knocks * 3:
            address = f"ws://{where}/api/v1{path}"
            with suppress(InvalidStatus, ConnectionClosed), connect(address, additional_headers=headers) as opened:
                opened.send(json.dumps({"token": says}))
                opened.recv(timeout=20)
        httpx.get(f"http://{where}/api/v1/bays/{plate}?token={secret}")
    counted = {name: count for name, count in metrics(server).items() if name.startswith("parking_websockets")}
    assert counted == {
        'parking_websockets_refused_total{answer="401"}': 6,
        'parking_websockets_refused_total{answer="403"}': 3,
        'parking_websockets_refused_total{answer="1008"}': 3,
    }
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert sum(line["event"] == "websockets refused" for line in lines) == 1
    assert not [line for line in lines if "uvicorn" in line["logger"] and "WebSocket" in line["event"]]
    for private in (plate, "沪A52T86", "52T86", secret, session.partition("=")[2]):
        assert private not in log.getvalue()


def look(server: Server) -> None:
    """What the server does every few seconds."""
    a = server.application
    look_at_contacts(a.database, a.contacts, a.live, a.bays)
    server.settle_down()


@pytest.mark.req("GUIDE-1")
def test_a_box_that_is_silent_makes_the_counts_unknown_and_its_return_makes_them_known(server: Server) -> None:
    def known() -> set[bool]:
        return {zone["known"] for zone in server.ask("GET", "/occupancy").json()["zones"]}

    def health() -> Any:
        with server.client.websocket_connect("/api/v1/live", headers=server.as_("attendant")) as feed:
            values = feed.receive_json()["values"]
            return values.get("device.edge-1", {}).get("health"), values["zone.b1"]["known"]

    server.enter()
    look(server)
    assert (known(), health()) == ({True}, ("ok", True))
    server.park(seconds=max(STALE_AFTER_S, SILENT_AFTER_S) + 1)
    look(server)
    assert (known(), health()) == ({False}, ("silent", False))
    server.enter("浙A55555")
    look(server)
    assert (known(), health()) == ({True}, ("ok", True))


def test_contacts_tell_a_silence_once_and_a_return_once() -> None:
    clock = ManualClock(MORNING)
    contacts, box = Contacts(clock), DeviceId("edge-1")
    assert (contacts.oldest_s(), contacts.changes()) == (0.0, [])
    contacts.expect(box)
    assert [c.health for c in contacts.changes()] == ["ok"]
    clock.advance(timedelta(seconds=SILENT_AFTER_S + 1))
    (told,) = contacts.changes()
    assert (told.health, told.detail) == (
        "silent",
        f"silent since {MORNING:%Y-%m-%dT%H:%M:%SZ}",
    )  # true for as long as it is
    assert contacts.changes() == []
    contacts.expect(box)  # an expectation is no contact
    assert contacts.changes() == []
    contacts.heard(box)
    assert [c.health for c in contacts.changes()] == ["ok"]


def test_every_answer_has_a_trace_and_a_crash_says_nothing_of_its_cause(server: Server) -> None:
    stay = metadata.tables["stay"]
    server.settle_down()
    server.application.database.write(
        lambda uow: uow.connection.execute(sa.text(f"ALTER TABLE {stay.name} RENAME TO s2"))
    )
    crashed = problem_of(server.ask("GET", "/stays", "manager"), 500)
    assert crashed["trace_id"] == "a" * 32
    assert "stay" not in crashed["detail"]
