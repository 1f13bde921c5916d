"""Viewers of the live benchmarks: raw websockets that count changes and how old each is when it comes."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks.live_servers import SITE

ROOT = Path(__file__).resolve().parents[1]
LEVELS = sorted({zone.level for zone in SITE.zones})
OPERATORS = (
    10  # one viewer in so many is an operator, who sees all zones, signs and lanes; the others are drivers of one level
)
TOGETHER = 50
KEYS = b'"zone.', b'"sign.', b'"lane.'


class Viewer(asyncio.Protocol):
    """One websocket of one side."""

    def __init__(self, side: Side, head: str) -> None:
        self._side = side
        self._head = head
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._head.encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open, self._buffer = True, rest
            self._side.opened += 1
        while len(self._buffer) >= 4:
            size, start = self._buffer[1], 2
            if size == 126:
                size, start = struct.unpack_from("!H", self._buffer, 2)[0], 4
            if len(self._buffer) < start + size:
                return
            if self._buffer[0] == 0x81:
                self._side.take(self._buffer[start : start + size], now)
            self._buffer = self._buffer[start + size :]


class Side:
    """One server with its viewers: what came, and how old (seconds) each change was then."""

    def __init__(self, name: str, viewers: int) -> None:
        self.name = name
        self.viewers = viewers
        self.operators = viewers // OPERATORS
        self.opened = 0
        self.changes = 0
        self.ages: list[float] = []

    def take(self, message: bytes, now: float) -> None:
        if message.startswith(b'{"type":"snapshot"'):
            return
        assert message.startswith(b'{"type":"delta"'), message[:80]
        self.changes += sum(message.count(key) for key in KEYS)
        place = message.find(b'"made":')
        while place >= 0:
            end = message.index(b"}", place)
            self.ages.append(now - float(message[place + 7 : end]))
            place = message.find(b'"made":', end)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, str(ROOT / "benchmarks" / "live_servers.py"), self.name]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            self._door = json.loads(await self._line())
            loop = asyncio.get_running_loop()
            made = []
            for first in range(0, self.viewers, TOGETHER):
                some = range(first, min(first + TOGETHER, self.viewers))
                made += await asyncio.gather(*(self._connect(loop, number) for number in some))
            await self._until(lambda: self.opened == self.viewers)
            await asyncio.sleep(0.5)
            yield
            for transport, _ in made:
                transport.abort()
        finally:
            self._child.kill()
            self._child.communicate()

    async def _connect(self, loop: asyncio.AbstractEventLoop, number: int) -> tuple[asyncio.Transport, Viewer]:
        is_operator = number < self.operators
        topics = "zone,sign,lane" if is_operator else f"level.{LEVELS[number % len(LEVELS)]}"
        head = self._head(topics, is_operator=is_operator)
        return await loop.create_connection(lambda: Viewer(self, head), "127.0.0.1", self._port)

    @property
    def _port(self) -> int:
        return int(self._door["port"])

    def _head(self, topics: str, *, is_operator: bool) -> str:
        shown = f"Authorization: Bearer {self._door['stay']}"
        if is_operator:
            shown = f"Cookie: parking_session={self._door['log_in']}\r\nOrigin: http://localhost"
        head = f"GET /live?topics={topics} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{shown}"
        return f"{head}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

    async def events(self, count: int, gap_s: float, *, wide: bool = False) -> float:
        """Let the server make events; CPU seconds until every viewer has every change."""
        drivers = (self.viewers - self.operators) / len(LEVELS)
        expected = self.changes + count * (3 * self.operators + 2 * drivers if wide else self.operators + drivers)
        self._tell(f"go {count} {gap_s} {int(wide)}")
        await self._until(lambda: self.changes >= expected)
        self._tell("cpu")
        used = float(await self._line())
        assert self.changes == expected, f"{self.name}: {self.changes} changes instead of {expected}"
        return used

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Somebody who is let in, is sent more than his line holds, and reads nothing of it."""
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", self._port))
        deaf.sendall(self._head("site", is_operator=True).encode())
        assert deaf.recv(12) == b"HTTP/1.1 101"
        self._tell("fill")
        assert self._child.stdout is not None
        assert self._child.stdout.readline() == "filled\n"
        with deaf:
            yield

    async def _until(self, condition: object) -> None:
        deadline = time.monotonic() + 40
        while not condition():  # type: ignore[operator] # a callable
            assert time.monotonic() < deadline, f"{self.name}: {self.opened} open, {self.changes} changes"
            await asyncio.sleep(0.005)

    async def _line(self) -> str:
        assert self._child.stdout is not None
        return await asyncio.to_thread(self._child.stdout.readline)

    def _tell(self, command: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(f"{command}\n")
        self._child.stdin.flush()
