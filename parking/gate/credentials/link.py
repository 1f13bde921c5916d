"""A reader on a TCP line, in a thread of its own: connect, converse, and when the line fails try again, later each time, with
jitter so that forty readers do not knock together after a power cut. The lane thread only takes from the tray.
"""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parking.gate.credentials.base import CredentialReader, Presented
from parking.gate.credentials.conversation import Conversation, Turn, WireFault
from parking.gate.credentials.tray import Tray
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport, why
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId

_TICK_S = 0.1
_CHUNK = 65536
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A line whose other end lost its power is given up after half a minute, even where the device has no heart-beat of its own."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where a reader is, and how patient we are; times in seconds."""

    host: str
    port: int
    connect_s: float = 2.0
    backoff_first_s: float = 0.5
    backoff_most_s: float = 30.0
    again_s: float = 1.0

    def __post_init__(self) -> None:
        if not self.host or len(self.host) > 255:
            raise invalid("reader.host", "should be a name or an address", field="host")
        if not 1 <= self.port <= 65535:
            raise invalid("reader.port", "should be 1 to 65535", field="port")
        if not 0 < self.connect_s <= 60:
            raise invalid("reader.connect", "should be above 0 and at most 60 seconds", field="connect_s")
        if not 0 < self.backoff_first_s <= self.backoff_most_s <= 600:
            message = "should be above 0, at most backoff_most_s, and that at most 600 seconds"
            raise invalid("reader.backoff", message, field="backoff_first_s")


class Backoff:
    """How long to wait before the next try: doubling up to a bound, each wait shortened by chance to half of it at most."""

    def __init__(self, first_s: float, most_s: float, chance: random.Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._tries = 0

    def worked(self) -> None:
        self._tries = 0

    def next_s(self) -> float:
        full_s = min(self._most_s, self._first_s * (1 << min(self._tries, 20)))
        self._tries += 1
        return full_s * self._chance.uniform(0.5, 1.0)


class ReaderThread(ABC):
    """A reader's own thread: `talk` again and again, with back-off between; whatever goes wrong becomes the reader's health."""

    def __init__(self, device_id: DeviceId, settings: LinkSettings, clock: Clock, chance: random.Random) -> None:
        self.clock = clock
        self.tray = Tray(device_id, clock, again_s=settings.again_s)
        self.stopping = threading.Event()
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_most_s, chance)
        self._thread: threading.Thread | None = None
        self._name = f"reader-{device_id}"
        self._report = HealthReport(Health.UNKNOWN, None, "not asked yet")

    @abstractmethod
    def talk(self) -> None:
        """Connect and read until told to stop; raises when the line or the reader fails."""

    def start(self) -> None:
        if self._thread is None:
            self.stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self.stopping.set()
            thread.join()
            self._fails(Health.UNKNOWN, "stopped")  # what it said before is not how it is now

    def drain(self) -> list[Presented]:
        return self.tray.drain()

    def health(self) -> HealthReport:
        return self.tray.honest(self._report)

    def reads(self, trouble: str = "") -> None:
        """The reader is heard and reads; `trouble` is what it says is wrong with itself."""
        self._backoff.worked()
        self._report = HealthReport(Health.FAULTY if trouble else Health.OK, self.clock.now(), trouble)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.talk()
            except (WireFault, DeviceRefused) as fault:
                self._fails(Health.FAULTY, str(fault))
            except DeviceFault as fault:
                self._fails(Health.SILENT, str(fault))
            except OSError as error:
                self._fails(Health.SILENT, f"no connection: {why(error)}")
            except Exception as error:  # the thread must outlive our own mistakes; a type says nothing about a person
                self._fails(Health.FAULTY, f"cannot work with this reader: {type(error).__name__}")
            if self.stopping.wait(self._backoff.next_s()):
                return

    def _fails(self, health: Health, detail: str) -> None:
        self._report = HealthReport(health, self._report.seen_at, detail)


class LinkedReader(ReaderThread):
    """A reader whose protocol is a `Conversation` over TCP."""

    def __init__(
        self,
        device_id: DeviceId,
        settings: LinkSettings,
        converse: Callable[[], Conversation],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        super().__init__(device_id, settings, clock, chance)
        self._settings = settings
        self._converse = converse

    def talk(self) -> None:
        with open_line(self._settings, self.stopping) as line:
            conversation = self._converse()
            self._send(line, conversation.begin(self.clock.monotonic_s()))
            while not self.stopping.is_set():
                heard = self._receive(line, conversation)
                self._take(line, conversation.tick(self.clock.monotonic_s()))
                if conversation.ready and (heard or conversation.trouble != self._report.detail):
                    self.reads(conversation.trouble)

    def _receive(self, line: socket.socket, conversation: Conversation) -> bool:
        line.settimeout(_TICK_S)
        try:
            data = line.recv(_CHUNK)
        except TimeoutError:
            return False
        if not data:
            raise DeviceFault("the reader hung up")
        self._take(line, conversation.take(data, self.clock.monotonic_s()))
        return True

    def _take(self, line: socket.socket, turn: Turn) -> None:
        for seen in turn.seen:
            self.tray.put(seen)
        if turn.fault is not None:
            raise turn.fault
        self._send(line, turn.send)

    def _send(self, line: socket.socket, data: bytes) -> None:
        if data:
            line.settimeout(self._settings.connect_s)
            line.sendall(data)


def open_line(settings: LinkSettings, stopping: threading.Event) -> socket.socket:
    """A fresh connection; OSError when there is none to be had, DeviceFault when we are told to stop meanwhile."""
    family, kind, _, _, where = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    line = socket.socket(family, kind)
    try:
        _connect(line, where, settings.connect_s, stopping)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():  # what a system does not know keeps its own, longer time
            if hasattr(socket, option):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        line.close()
        raise
    return line


def _connect(line: socket.socket, where: Any, connect_s: float, stopping: threading.Event) -> None:
    """Connect in small waits: a box that is told to stop does not wait for a reader that is switched off."""
    line.setblocking(False)
    code = line.connect_ex(where)
    for _ in range(max(1, round(connect_s / _TICK_S))):
        if code != errno.EINPROGRESS:
            break
        if stopping.is_set():
            raise DeviceFault("stopped")
        _, writable, _ = select.select([], [line], [], _TICK_S)
        code = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if writable else code
    if code == errno.EINPROGRESS:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if code:
        raise OSError(code, os.strerror(code))


_: type[CredentialReader] = LinkedReader
