"""A reader on a TCP line, in a thread of its own: connect, converse, and when the line fails try again, later each time, with
jitter so that forty readers do not knock together after a power cut. The lane thread only takes from the tray.
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from parking.gate.credentials.base import CredentialReader, Presented
from parking.gate.credentials.conversation import Conversation, Turn, WireFault
from parking.gate.credentials.tray import Tray
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId

_TICK_S = 0.1
_CHUNK = 65536


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


class LinkedReader:
    """A reader whose protocol is a `Conversation` over TCP."""

    def __init__(
        self,
        device_id: DeviceId,
        settings: LinkSettings,
        converse: Callable[[], Conversation],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._settings = settings
        self._converse = converse
        self._clock = clock
        self._tray = Tray(device_id, clock, again_s=settings.again_s)
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_most_s, chance)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._name = f"reader-{device_id}"
        self._report = HealthReport(Health.UNKNOWN, None, "not asked yet")

    def start(self) -> None:
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def drain(self) -> list[Presented]:
        return self._tray.drain()

    def health(self) -> HealthReport:
        report, lost = self._report, self._tray.lost
        if not lost:
            return report
        detail = f"{lost} presentations lost: nobody fetched them; {report.detail}".rstrip("; ")
        return HealthReport(Health.FAULTY if report.health is Health.OK else report.health, report.seen_at, detail)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._talk()
            except WireFault as fault:
                self._tell(Health.FAULTY, str(fault))
            except DeviceRefused as refusal:
                self._tell(Health.FAULTY, str(refusal))
            except DeviceFault as fault:
                self._tell(Health.SILENT, str(fault))
            except OSError as error:
                self._tell(Health.SILENT, f"no connection: {error.strerror or type(error).__name__}")
            except Exception as error:  # the thread must outlive our own mistakes; a type says nothing about a person
                self._tell(Health.FAULTY, f"cannot work with this reader: {type(error).__name__}")
            if self._stopping.wait(self._backoff.next_s()):
                return

    def _talk(self) -> None:
        where = (self._settings.host, self._settings.port)
        with socket.create_connection(where, timeout=self._settings.connect_s) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conversation = self._converse()
            self._send(line, conversation.begin(self._clock.monotonic_s()))
            while not self._stopping.is_set():
                self._take(line, self._receive(line, conversation))
                self._take(line, conversation.tick(self._clock.monotonic_s()))
                self._watch(conversation)

    def _take(self, line: socket.socket, turn: Turn) -> None:
        for seen in turn.seen:
            self._tray.put(seen)
        if turn.fault is not None:
            raise turn.fault
        self._send(line, turn.send)

    def _receive(self, line: socket.socket, conversation: Conversation) -> Turn:
        line.settimeout(_TICK_S)
        try:
            data = line.recv(_CHUNK)
        except TimeoutError:
            return Turn()
        if not data:
            raise DeviceFault("the reader hung up")
        self._heard()
        return conversation.take(data, self._clock.monotonic_s())

    def _send(self, line: socket.socket, data: bytes) -> None:
        if data:
            line.settimeout(self._settings.connect_s)
            line.sendall(data)

    def _heard(self) -> None:
        self._report = HealthReport(self._report.health, self._clock.now(), self._report.detail)

    def _watch(self, conversation: Conversation) -> None:
        if not conversation.ready:
            return
        self._backoff.worked()
        trouble = conversation.trouble
        health = Health.FAULTY if trouble else Health.OK
        if (self._report.health, self._report.detail) != (health, trouble):
            self._tell(health, trouble)

    def _tell(self, health: Health, detail: str) -> None:
        seen_at: datetime | None = self._clock.now() if health is Health.OK else self._report.seen_at
        self._report = HealthReport(health, seen_at, detail)


_: type[CredentialReader] = LinkedReader
