"""A free-bay counter on a real TCP socket: speaks the wire of `guidance.signs.wire`, keeps what it shows, and can be made to fail.

Its face has four digits: a red 0 lights the word for full, a number that does not fit shows as dashes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guidance.signs.base import NO_NUMBER, Colour
from guidance.signs.wire import ANSWER, COMMAND, CounterFrame, decode, encode
from parking.kernel.clock import Clock

_MOST_DIGITS = 9999
_ARRIVES_AT_ONCE = 64


class SignFault(StrEnum):
    """Ways to fail: take frames but never answer, answer too late, hang up, answer nonsense."""

    NONE = "none"
    SILENT = "silent"
    SLOW = "slow"
    CUT = "cut"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame that the sign understood and now shows."""

    at: datetime
    text: str
    colour: Colour
    frame: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What one frame tells the sign to show (or, with no colour, to say aloud), and the bytes that it answers."""

    text: str
    colour: Colour | None
    answer: bytes


class SignBox:
    """One sign; `start` listens (port 0 takes a free one), `stop` hangs up and forgets what it showed, as a power cut does."""

    def __init__(self, name: str, clock: Clock, *, full_text: str = "FULL", slow_s: float = 5.0) -> None:
        self.name = name
        self._clock = clock
        self._full_text = full_text
        self._slow_s = slow_s
        self._changed = threading.Condition()
        self._fault = SignFault.NONE
        self._log: list[Shown] = []
        self._spoken: list[str] = []
        self._text = ""
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    # --- the side door -----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What a driver reads now; empty when the sign is dark."""
        with self._changed:
            return self._text

    @property
    def log(self) -> tuple[Shown, ...]:
        """Everything it was told and understood, oldest first."""
        with self._changed:
            return tuple(self._log)

    @property
    def spoken(self) -> tuple[str, ...]:
        """Everything it said aloud, oldest first."""
        with self._changed:
            return tuple(self._spoken)

    @property
    def fault(self) -> SignFault:
        with self._changed:
            return self._fault

    @fault.setter
    def fault(self, fault: SignFault) -> None:
        with self._changed:
            self._fault = fault

    def wait_for(self, text: str, timeout_s: float) -> bool:
        """Whether the sign comes to show `text` within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._text == text, timeout_s)

    @property
    def address(self) -> str:
        """`host:port` while it listens; RuntimeError otherwise."""
        if self._listener is None:
            raise RuntimeError(f"sign {self.name} is not listening")
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    # --- the box -----------------------------------------------------------------------------------------------------

    def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return `host:port`."""
        if self._listener is not None:
            raise RuntimeError(f"sign {self.name} is listening already")
        self._stopping = threading.Event()
        self._listener = socket.create_server((host, port))
        self._spawn(self._accept, self._listener, self._stopping)
        return self.address

    def stop(self) -> None:
        """Hang up on everybody and go dark; stopping twice is harmless."""
        self._stopping.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            listener.close()
        with self._changed:
            connections = list(self._connections)
            self._text = ""
            self._changed.notify_all()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join()

    def _spawn(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, name=f"sign-{self.name}", daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._connections.add(connection)
            self._spawn(self._serve, connection, stopping)

    def _serve(self, connection: socket.socket, stopping: threading.Event) -> None:
        buffer = b""
        try:
            while not stopping.is_set() and (piece := connection.recv(_ARRIVES_AT_ONCE)):
                buffer += piece
                while True:
                    heard, used = self._hear(buffer)
                    if not used:
                        break
                    taken, buffer = buffer[:used], buffer[used:]
                    if heard is not None and not self._obey(connection, heard, taken, stopping):
                        return
        except OSError:
            return
        finally:
            with self._changed:
                self._connections.discard(connection)
            connection.close()

    def _obey(self, connection: socket.socket, heard: Heard, raw: bytes, stopping: threading.Event) -> bool:
        """Show the frame and answer it as the fault allows; False hangs up."""
        fault = self.fault
        if fault is SignFault.CUT:
            return False
        if fault is SignFault.SILENT:
            return True
        if fault is SignFault.GARBAGE:
            connection.sendall(self._garbage)
            return True
        if fault is SignFault.SLOW and stopping.wait(self._slow_s):
            return False
        with self._changed:
            if heard.colour is None:
                self._spoken.append(heard.text)
            else:
                self._text = heard.text
                self._log.append(Shown(self._clock.now(), self._text, heard.colour, raw))
            self._changed.notify_all()
        connection.sendall(heard.answer)
        return True

    # --- the wire ----------------------------------------------------------------------------------------------------

    _garbage = b"\x2a\xff\xff\xff\xff\xff\xff"

    def _hear(self, buffer: bytes) -> tuple[Heard | None, int]:
        frame, used = decode(buffer, COMMAND)
        return (None if frame is None else Heard(self._reads(frame), frame.colour, encode(frame, ANSWER))), used

    def _reads(self, frame: CounterFrame) -> str:
        if frame.count > _MOST_DIGITS:
            return NO_NUMBER
        if frame.count == 0 and frame.colour is Colour.RED:
            return self._full_text
        return str(frame.count)
