"""One question and its answer over TCP within one deadline, over a connection that is kept and made again once when it was lost."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from time import monotonic

from guidance.signs.base import SignGarbled, SignSettings, SignSilent
from parking.kernel.device import why
from parking.kernel.errors import invalid

Answered = Callable[[bytes], tuple[bool, int]]
"""Looks at what has come: whether it is the answer, and how many bytes are used up. Raises SignGarbled for another answer."""


class Exchange:
    """The line to one sign. Not thread-safe: one keeper talks over it. ParkingError for an address that is none."""

    def __init__(self, settings: SignSettings, greet: Callable[[Asking], None] | None = None) -> None:
        host, colon, port = settings.address.rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise invalid("sign.address", f"{settings.address!r} is not host:port", field="address")
        self._where = (host.strip("[]"), int(port))
        self._timeout_s = settings.timeout_s
        self._greet = greet
        self._socket: socket.socket | None = None
        self._waiting = bytearray()

    def ask(self, raw: bytes, answered: Answered) -> None:
        """Send and wait for the answer; SignSilent, SignGarbled."""
        deadline = monotonic() + self._timeout_s
        fresh = self._socket is None
        try:
            try:
                self._once(raw, answered, deadline)
            except ConnectionError:
                if fresh:
                    raise
                self.close()  # the sign may have restarted since the last frame: one new connection, same deadline
                self._once(raw, answered, deadline)
        except OSError as error:
            self.close()
            raise SignSilent(why(error)) from None
        except ValueError as error:
            self.close()
            raise SignGarbled(str(error)) from None
        except SignGarbled:
            self.close()  # a late answer must not be taken for the next one
            raise

    def _once(self, raw: bytes, answered: Answered, deadline: float) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(self._where, timeout=_left(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._greet is not None:
                self._greet(Asking(self._socket, self._waiting, deadline))
        Asking(self._socket, self._waiting, deadline).ask(raw, answered)

    def close(self) -> None:
        self._waiting.clear()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None


class Asking:
    """A connection, what came over it and was not used yet, and the moment by which the answer has to be there."""

    def __init__(self, connection: socket.socket, waiting: bytearray, deadline: float) -> None:
        self._connection, self._waiting, self._deadline = connection, waiting, deadline

    def ask(self, raw: bytes, answered: Answered) -> None:
        """OSError when it does not come."""
        self._connection.settimeout(_left(self._deadline))
        self._connection.sendall(raw)
        while True:
            done, used = answered(bytes(self._waiting))
            del self._waiting[:used]
            if done:
                return
            if used:
                continue
            self._connection.settimeout(_left(self._deadline))
            piece = self._connection.recv(4096)
            if not piece:
                raise ConnectionResetError("the sign hung up")
            self._waiting += piece


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left
