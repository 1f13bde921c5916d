"""The free-bay counter behind a TCP-to-serial box: one frame out, the same frame back, all within one deadline.

The counter knows only a colour and a number. Full is a red 0. "Not known" is red 65535: more than its digits can show, so it shows
dashes and never a number that somebody could believe; check that once by hand on a real board (`no_number` names another count).
"""

from __future__ import annotations

import contextlib
import socket
from time import monotonic

from guidance.signs.base import Colour, Face, FaceKind, Sign, SignGarbled, SignSettings, SignSilent
from guidance.signs.wire import ANSWER, MOST, CounterFrame, decode, encode
from parking.kernel.errors import invalid

MOST_DIGITS = 9999


def frame_of(face: Face, no_number: int = MOST) -> CounterFrame:
    """How the counter says this face; numbers beyond four digits are cut to 9999 (never more than is free)."""
    if face.kind is FaceKind.NUMBER:
        return CounterFrame(face.colour, min(face.free, MOST_DIGITS))
    return CounterFrame(Colour.RED, 0 if face.kind is FaceKind.FULL else no_number)


class LedCounter:
    """One counter. Not thread-safe: one keeper talks to it."""

    def __init__(self, settings: SignSettings, no_number: int = MOST) -> None:
        host, colon, port = settings.address.rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise invalid("sign.address", f"{settings.address!r} is not host:port", field="address")
        self._where = (host.strip("[]"), int(port))
        self._timeout_s = settings.timeout_s
        self._no_number = no_number
        self._socket: socket.socket | None = None

    def show(self, face: Face) -> None:
        frame = frame_of(face, self._no_number)
        deadline = monotonic() + self._timeout_s
        fresh = self._socket is None
        try:
            try:
                self._exchange(frame, deadline)
            except ConnectionError:
                if fresh:
                    raise
                self.close()  # the counter may have restarted since the last frame: one new connection, same deadline
                self._exchange(frame, deadline)
        except OSError as error:
            self.close()
            raise SignSilent(_reason(error)) from None
        except SignGarbled:
            self.close()  # a late answer must not be taken for the next one
            raise

    def _exchange(self, frame: CounterFrame, deadline: float) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(self._where, timeout=_left(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._socket
        connection.settimeout(_left(deadline))
        connection.sendall(encode(frame))
        buffer = b""
        while True:
            connection.settimeout(_left(deadline))
            piece = connection.recv(64)
            if not piece:
                raise ConnectionResetError("the sign hung up")
            buffer += piece
            answer, used = decode(buffer, ANSWER)
            if answer == frame and used == len(buffer):
                return
            if used:
                raise SignGarbled(f"answered {buffer[:16].hex(' ')} to {encode(frame).hex(' ')}")

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


_: type[Sign] = LedCounter
