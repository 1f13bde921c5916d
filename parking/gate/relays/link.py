"""One connection to a board. A call never takes longer than its time, whatever the board does: refuse, hang, drip, or vanish.

An order is sent once: no silent retry. After any doubt the connection is reset, not closed: what the kernel still holds back is thrown
away, so that no order arrives when the cable is plugged in again, and no late answer is taken for the answer to something else.
"""

from __future__ import annotations

import ipaddress
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol, TypeVar

from parking.gate.relays.backoff import Backoff
from parking.gate.relays.base import ALWAYS, check_deadline
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport, why

FRESH_S = 2.0
ANSWER_MOST = 1 << 20
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time at all
T = TypeVar("T")


class Connector(Protocol):
    """How a board is reached; times are those of `time.monotonic`."""

    def connect(self, ends_s: float) -> socket.socket:
        """A fresh connection before `ends_s`; OSError or DeviceFault when there is none."""
        ...

    def forget(self) -> None:
        """The board did not answer there: look again."""
        ...


class Link:
    """The connection, shared by threads one call at a time; `turn` gives a call its time on it."""

    def __init__(
        self,
        settings: BoardSettings,
        connector: Connector,
        clock: Clock,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._connector = connector
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_most_s, jitter)
        self._socket: socket.socket | None = None
        self._answered_at: datetime | None = None
        self._answered_s = float("-inf")
        self._trouble = ""

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Time on the connection, `timeout_s` from now on, the wait for other calls included; DeviceFault when there is none."""
        timeout_s = self._settings.timeout_s
        ends_s = time.monotonic() + timeout_s
        if not self._lock.acquire(timeout=timeout_s):
            raise DeviceFault("the board is busy with another call")
        try:
            yield Turn(self, ends_s)
        finally:
            self._lock.release()

    def health(self) -> HealthReport:
        """OK while it answers; SILENT with the last trouble; UNKNOWN before anybody asked."""
        if self._answered_at is None and not self._trouble:
            return HealthReport(Health.UNKNOWN, None, "not asked yet")
        fresh = self._clock.monotonic_s() - self._answered_s <= FRESH_S
        return HealthReport(Health.OK if fresh else Health.SILENT, self._answered_at, self._trouble)

    def close(self) -> None:
        """Hang up; the next call connects again."""
        with self._lock:
            self._hang_up(reset=False)

    # --- what a turn does --------------------------------------------------------------------------------------------

    def _exchange(self, question: bytes, answer: Callable[[bytes], T | None], ends_s: float, not_after_s: float) -> T:
        if self._backoff.waits(self._clock.monotonic_s()):
            raise DeviceFault(f"the board did not answer: {self._trouble}")
        try:
            connection = self._connected(ends_s)
            check_deadline(self._clock.monotonic_s(), not_after_s)
            _send(connection, question, ends_s)
            reply = _receive(connection, answer, ends_s)
        except (OSError, ValueError) as error:
            self._doubt(why(error))
            raise DeviceFault(f"the board did not answer: {why(error)}") from None
        except DeviceFault as fault:
            self._doubt(str(fault))
            raise
        except DeviceRefused:  # too late: nothing was sent, the connection is as good as before
            raise
        self._backoff.answered()
        self._trouble = ""
        self._answered_at, self._answered_s = self._clock.now(), self._clock.monotonic_s()
        return reply

    def _connected(self, ends_s: float) -> socket.socket:
        if self._socket is not None and _has_news(self._socket):
            self._hang_up(reset=True)  # it hung up, or talks without having been asked: start afresh
        if self._socket is None:
            self._socket = self._connector.connect(ends_s)
            self._socket.setblocking(False)
        return self._socket

    def _doubt(self, trouble: str) -> None:
        self._hang_up(reset=True)
        self._connector.forget()
        self._backoff.failed(self._clock.monotonic_s())
        self._trouble = trouble

    def _hang_up(self, *, reset: bool) -> None:
        connection, self._socket = self._socket, None
        if connection is None:
            return
        if reset:
            with suppress(OSError):  # it may be gone already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.close()


class Turn:
    """One call's time on the connection."""

    def __init__(self, link: Link, ends_s: float) -> None:
        self._link = link
        self._ends_s = ends_s

    def exchange(self, question: bytes, answer: Callable[[bytes], T | None], *, not_after_s: float = ALWAYS) -> T:
        """Send and wait; `answer` gives None while bytes are missing and raises ValueError for what is no answer to this question."""
        return self._link._exchange(question, answer, self._ends_s, not_after_s)

    def hang_up(self) -> None:
        """End the connection in good order, as an answer may ask for."""
        self._link._hang_up(reset=False)

    def doubt(self, trouble: str) -> DeviceFault:
        """Never trust this connection again; the fault to raise."""
        self._link._doubt(trouble)
        return DeviceFault(f"the board did not answer: {trouble}")


class Tcp:
    """A board on the network. A name is looked up beside the lane, never by it: a dead name server may take half a minute."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._found: tuple[socket.AddressFamily, tuple[str, int]] | None = None
        self._looking: threading.Thread | None = None
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            self._literal = False
        else:
            self._literal = True
            family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
            self._found = (family, (host, port))

    def connect(self, ends_s: float) -> socket.socket:
        family, address = self._address(ends_s)
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(left_s(ends_s))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection

    def forget(self) -> None:
        if not self._literal:
            self._found = None

    def _address(self, ends_s: float) -> tuple[socket.AddressFamily, tuple[str, int]]:
        if self._found is None:
            if self._looking is None or not self._looking.is_alive():
                self._looking = threading.Thread(target=self._look_up, name="board-name", daemon=True)
                self._looking.start()
            self._looking.join(left_s(ends_s))
        if self._found is None:
            raise DeviceFault("the board's name is not known to the network")
        return self._found

    def _look_up(self) -> None:
        with suppress(OSError):
            for family, _, _, _, address in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM):
                self._found = (family, (str(address[0]), self._port))
                return


def _send(connection: socket.socket, question: bytes, ends_s: float) -> None:
    while True:
        try:
            question = question[connection.send(question) :]
        except BlockingIOError:
            _wait(connection, select.POLLOUT, ends_s)
        except (BrokenPipeError, ConnectionResetError):
            return  # it hung up unasked: what it said before, perhaps why, is still there to be read
        if not question:
            return


def _receive(connection: socket.socket, answer: Callable[[bytes], T | None], ends_s: float) -> T:
    received = b""
    while True:
        _wait(connection, select.POLLIN, ends_s)
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionResetError("the board hung up")
        received += chunk
        if len(received) > ANSWER_MOST:
            raise ValueError("an endless answer")
        reply = answer(received)
        if reply is not None:
            return reply


def _wait(connection: socket.socket, event: int, ends_s: float) -> None:
    poll = select.poll()
    poll.register(connection, event)
    if not poll.poll(left_s(ends_s) * 1000):
        raise TimeoutError("no time left")


def left_s(ends_s: float) -> float:
    """Seconds until `ends_s`; TimeoutError when there are none."""
    left_s = ends_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("no time left")
    return left_s


def _has_news(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
