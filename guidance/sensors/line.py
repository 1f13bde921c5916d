"""A TCP line that is kept up: connected, served, lost, waited for, connected again, until it is stopped."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from guidance.sensors.own_thread import OwnThread
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport, why
from parking.kernel.errors import invalid

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
Serve = Callable[[socket.socket, threading.Event], None]
"""Talks on a fresh connection until it ends (returns or raises OSError, ValueError) or the event is set."""


class Line:
    """One line in a thread of its own; `heard` is called by whoever serves it, whenever the other side has proved that it lives."""

    def __init__(self, name: str, address: str, timeout_s: float, clock: Clock, serve: Serve) -> None:
        host, colon, port = address.rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise invalid("sensor.address", f"{address!r} is not host:port", field="address")
        self._where = (host.strip("[]"), int(port))
        self._timeout_s, self._clock, self._serve = timeout_s, clock, serve
        self._thread = OwnThread(name, self._run)
        self._report = HealthReport(Health.UNKNOWN, None, "not connected yet")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def health(self) -> HealthReport:
        return self._report

    def heard(self) -> None:
        self._report = HealthReport(Health.OK, self._clock.now(), "")

    def _run(self, stopping: threading.Event) -> None:
        pause_s = FIRST_PAUSE_S
        while not stopping.is_set():
            before = self._report.seen_at
            try:
                with socket.create_connection(self._where, timeout=self._timeout_s) as connection:
                    connection.settimeout(self._timeout_s)
                    self._serve(connection, stopping)
            except (OSError, ValueError) as error:
                self._report = HealthReport(Health.SILENT, self._report.seen_at, why(error))
            pause_s = FIRST_PAUSE_S if self._report.seen_at != before else min(LONGEST_PAUSE_S, pause_s * 2)
            stopping.wait(pause_s)


def receive(connection: socket.socket, buffer: bytearray) -> None:
    """More bytes into the buffer; ConnectionError when the other side hung up, TimeoutError when it says nothing."""
    piece = connection.recv(4096)
    if not piece:
        raise ConnectionResetError("the other side hung up")
    buffer += piece


def quiet(connection: socket.socket, stopping: threading.Event, seconds: float) -> None:
    """Wait for the next round."""
    with contextlib.suppress(OSError):
        stopping.wait(seconds)
    del connection
