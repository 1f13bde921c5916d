"""A simulated device that listens on a TCP socket, with the faults of a real line: silent, half-open, hung up, talking garbage.

What it says is a subclass's affair (`greet`, `answer`, `beat`); a client that connects gets a thread and a state of its own.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_TICK_S = 0.02


class TcpDevice:
    """The socket side of a device; `start` listens on `port` (0 picks one)."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, beat_s: float = 1.0) -> None:
        self._where = (host, port)
        self._beat_s = beat_s
        self._listener: socket.socket | None = None
        self._lines: dict[socket.socket, threading.Lock] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.mute = False
        """Hears everything and says nothing: a half-open line, or a reader that hangs."""
        self.garbage: bytes | None = None
        """What is said in place of every answer and beat."""
        self.connections = 0
        """How many clients have ever connected."""

    # --- what a device says ------------------------------------------------------------------------------------------

    def greet(self) -> bytes:
        """The first words to a new client."""
        return b""

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        """What received bytes are answered with."""
        del line, data
        return b""

    def beat(self) -> bytes:
        """What is said every `beat_s` seconds."""
        return b""

    def left(self, line: socket.socket) -> None:
        """A client is gone."""

    # --- the socket --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that it listens on; RuntimeError before `start`."""
        if self._listener is None:
            raise RuntimeError("the device is not started")
        return int(self._listener.getsockname()[1])

    @property
    def connected(self) -> int:
        """How many clients are connected."""
        return len(self._lines)

    def start(self) -> None:
        """Listen; after `stop` on the same port again."""
        self._stopping.clear()
        self._listener = socket.create_server(self._where)
        self._where = (self._where[0], self.port)
        self._listener.settimeout(_TICK_S)
        self._spawn(self._listener)

    def stop(self) -> None:
        """Stop listening and hang up on every client."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def hang_up(self) -> None:
        """End every connection; new ones are taken."""
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def say(self, data: bytes, line: socket.socket | None = None) -> int:
        """Send to one client, or to all; how many got it. A mute device says nothing."""
        if self.mute or not data:
            return 0
        sent = 0
        for one, lock in list(self._lines.items()):
            if line is None or one is line:
                with suppress(OSError), lock:
                    one.sendall(data if self.garbage is None else self.garbage)
                    sent += 1
        return sent

    def _spawn(self, listener: socket.socket) -> None:
        thread = threading.Thread(target=self._accept, args=(listener,), name=type(self).__name__, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._serve, args=(line,), name=f"{type(self).__name__}-client", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        self._lines[line] = threading.Lock()
        self.connections += 1
        line.settimeout(_TICK_S)
        with line, suppress(OSError):
            self.say(self.greet(), line)
            beaten_s = time.monotonic()
            while not self._stopping.is_set():
                try:
                    data = line.recv(65536)
                    if not data:
                        break
                    self.say(self.answer(line, data), line)
                except TimeoutError:
                    pass
                if time.monotonic() - beaten_s >= self._beat_s:
                    beaten_s = time.monotonic()
                    self.say(self.beat(), line)
        del self._lines[line]
        self.left(line)
