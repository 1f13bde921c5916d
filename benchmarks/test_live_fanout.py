"""Live fan-out: CPU of the server per delivery, our feed under uvicorn and FastAPI against bare `websockets.broadcast`.

Both servers are children of this process on the same event loop (uvloop, as uvicorn picks it), each broadcasts the same JSON of about
200 bytes to 500 clients; rounds alternate in random order. Deliveries are counted frame by frame at the clients.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI, WebSocket
from websockets.asyncio.server import ServerConnection, broadcast, serve

from parking.web.frames import FrameProtocol
from parking.web.live import LiveHub

CLIENTS = int(os.environ.get("FANOUT_CLIENTS", "500"))
BROADCASTS = 40
ROUNDS = 9
GOAL = 0.90
GAP_S = 0.01
ROOT = Path(__file__).resolve().parents[1]


def value(number: int) -> dict[str, Any]:
    """A zone's live value, as long as real ones are."""
    name = {"zh": "地下一层甲区", "en": "Level B1, zone A"}
    return {
        "name": name,
        "capacity": 240,
        "occupied": number,
        "free": 240 - number,
        "known": True,
        "at": "2026-05-01T12:00:00Z",
    }


# --- the two servers, each a child process -----------------------------------------------------------------------------


async def broadcast_on_command(send: Callable[[int], None]) -> None:
    """`go` broadcasts, `stop` prints the CPU seconds since; ends with the standard input."""
    loop = asyncio.get_running_loop()
    commands: asyncio.Queue[str] = asyncio.Queue()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(commands.put_nowait, line.strip())
        loop.call_soon_threadsafe(commands.put_nowait, "end")

    threading.Thread(target=listen, daemon=True).start()
    started, number = 0.0, 0
    while (command := await commands.get()) != "end":
        if command == "go":
            started = time.process_time()
            for _ in range(BROADCASTS):
                number = (number + 1) % 100
                send(number)
                await asyncio.sleep(GAP_S)
        else:
            print(time.process_time() - started, flush=True)


async def ours() -> None:
    hub = LiveHub(coalesce_s=0)
    app = FastAPI()

    def public(key: str) -> bool:
        return key.startswith("zone.")

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await hub.serve(websocket, public, with_events=False)

    config = uvicorn.Config(app, port=0, ws=FrameProtocol, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await broadcast_on_command(lambda number: hub.put("zone.b1", value(number)))
    server.should_exit = True
    await serving


async def bare() -> None:
    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)

        def send(number: int) -> None:
            head = '{"type":"delta","seq":1,"values":{"zone.b1":'
            text = json.dumps(value(number), ensure_ascii=False, separators=(",", ":"))
            broadcast(server.connections, f'{head}{text}}},"events":[]}}')

        await broadcast_on_command(send)


# --- the clients and the comparison -------------------------------------------------------------------------------------


class Viewer(asyncio.Protocol):
    """A websocket client that does nothing but count text frames."""

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        head = "GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        transport.write((head + key).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open, self._buffer = True, rest
        while len(self._buffer) >= 4:
            size, start = self._buffer[1], 2
            if size == 126:
                size, start = struct.unpack_from("!H", self._buffer, 2)[0], 4
            if len(self._buffer) < start + size:
                return
            if self._buffer[0] == 0x81:
                assert self._buffer[start : start + 8] == b'{"type":'
                self._count()
            self._buffer = self._buffer[start + size :]


class Side:
    """One server with its viewers."""

    def __init__(self, name: str, first_frames: int) -> None:
        self.name, self._first_frames = name, first_frames
        self.received = 0
        self.cpu_us: list[float] = []

    def _count(self) -> None:
        self.received += 1

    async def expect(self, frames: int) -> None:
        deadline = time.monotonic() + 20
        while self.received < frames:
            assert time.monotonic() < deadline, f"{self.name}: {self.received} of {frames} frames came"
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, __file__, self.name]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            port = int(await self._line())
            loop = asyncio.get_running_loop()
            viewers = [
                await loop.create_connection(lambda: Viewer(self._count), "127.0.0.1", port) for _ in range(CLIENTS)
            ]
            await self.expect(CLIENTS * self._first_frames)
            yield
            for transport, _ in viewers:
                transport.abort()
        finally:
            self._child.kill()
            self._child.communicate()

    async def _line(self) -> str:
        assert self._child.stdout is not None
        return await asyncio.to_thread(self._child.stdout.readline)

    def _tell(self, command: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(f"{command}\n")
        self._child.stdin.flush()

    async def round(self) -> float:
        """CPU microseconds per delivery."""
        before = self.received
        self._tell("go")
        await self.expect(before + CLIENTS * BROADCASTS)
        await asyncio.sleep(2 * GAP_S)
        assert self.received == before + CLIENTS * BROADCASTS, f"{self.name}: too many frames"
        self._tell("stop")
        return float(await self._line()) / (CLIENTS * BROADCASTS) * 1e6


async def compare() -> float:
    """The median over rounds of (bare CPU per delivery / our CPU per delivery)."""
    mine, plain = Side("ours", 1), Side("bare", 0)
    async with mine.running(), plain.running():
        for side in (mine, plain):
            await side.round()  # warm
        for _ in range(ROUNDS):
            for side in random.sample((mine, plain), 2):
                side.cpu_us.append(await side.round())
    ratios = [b / m for m, b in zip(mine.cpu_us, plain.cpu_us, strict=True)]
    ratio = statistics.median(ratios)
    print(
        f"\nlive fan-out, {CLIENTS} clients: {ratio:.2f} of bare websockets.broadcast "
        f"(rounds {min(ratios):.2f} to {max(ratios):.2f}; CPU per delivery {statistics.median(mine.cpu_us):.1f} us "
        f"against {statistics.median(plain.cpu_us):.1f} us), goal {GOAL:.2f}, {'holds' if ratio >= GOAL else 'falls short'}"
    )
    return ratio


def test_live_fanout() -> None:
    """Every client gets every frame exactly once; the ratio is printed."""
    assert asyncio.run(compare()) > 0


if __name__ == "__main__":
    sides = {"ours": ours, "bare": bare}
    loop_factory = asyncio.new_event_loop if os.environ.get("FANOUT_LOOP") == "asyncio" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(sides[sys.argv[1]]())
