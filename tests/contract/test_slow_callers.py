"""Connections that send nothing, too little or without end, on real sockets: they are let go, and whoever waits for an answer is not."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI, Request

from parking.web import frames
from parking.web.frames import FrameProtocol, StreamProtocol
from tests.builders.plumbing import eventually

pytestmark = pytest.mark.req("PRIV-1")
ASK = b"GET /soon HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(frames, "HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr(frames, "BODY_WITHIN_S", 0.3)
    app = FastAPI()

    @app.get("/soon")
    async def soon() -> str:
        await asyncio.sleep(1.0)  # longer than anybody may take to ask
        return "answered"

    @app.post("/taken")
    async def taken(request: Request) -> int:
        return len(await request.body())

    config = uvicorn.Config(
        app, port=0, http=StreamProtocol, ws=FrameProtocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)


def answer(port: int, *said: bytes) -> bytes:
    """All that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        found = b""
        try:
            for one in said:
                line.sendall(one)
            while more := line.recv(65_536):
                found += more
        except ConnectionError:  # cut off
            pass
        return found


@pytest.mark.parametrize(
    "said", [b"", b"GET /soon HT", ASK, b"\r\n", b"POST /taken HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_whoever_does_not_finish_asking_is_let_go(port: int, said: bytes) -> None:
    assert b"200 OK" not in answer(port, said)


@pytest.mark.parametrize("endless", [b"X-%d: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
def test_a_head_without_end_is_cut_off(port: int, endless: bytes) -> None:
    assert b"200 OK" not in answer(port, ASK, *(endless.replace(b"%d", b"%d" % n) for n in range(2000)))


def test_whoever_waits_for_an_answer_has_the_time_of_the_answer_again_and_again(port: int) -> None:
    last = ASK + b"Connection: close\r\n\r\n"
    assert answer(port, ASK + b"\r\n", last).count(b"answered") == 2


def test_a_body_that_comes_in_parts_is_taken(port: int) -> None:
    head = b"POST /taken HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n"
    assert answer(port, head, b"a" * 100_000, b"a" * 100_000).endswith(b"200000")
