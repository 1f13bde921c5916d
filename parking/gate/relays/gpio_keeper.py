"""The keeper of a chip's lines: a small process of its own that times the pulses, because GPIO lines cannot. It outlives the gate box.

When the box dies in the middle of a pulse, the keeper ends it on time; a contact held for an emergency stays held until the next box
takes over. When the keeper dies, the kernel frees the lines, the box notices at its next step and starts another one, whose request
puts every coil off; when both die at once, the hardware watchdog (if one is named) restarts the machine.
"""

from __future__ import annotations

import hashlib
import os
import select
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from parking.gate.relays import gpio_wire as wire
from parking.gate.relays.base import ALWAYS, check_coil, check_deadline, check_duration
from parking.gate.relays.gpio_chip import GpioLines, KernelLines, LineRequest, OpenLines
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.device import DeviceRefused, why

LINGER_S = 5.0
_LOOK_S = 1.0
_SEND_S = 0.2


def address_of(request: LineRequest) -> str:
    """Where the keeper of these lines listens: a name that no file stands for, and that goes with the process."""
    return "\0parking-gpio-" + hashlib.sha256(request.to_json().encode()).hexdigest()[:24]


class Keeper:
    """Owns the lines; one box at a time may ask. `tick` ends what is over, `serve` does both for a socket."""

    def __init__(self, lines: GpioLines, clock: Clock, *, feed: Callable[[], None] = lambda: None) -> None:
        self._lines = lines
        self._clock = clock
        self._feed = feed
        self._lock = threading.Lock()
        self._ends_s: dict[int, float] = {}
        self._held: set[int] = set()

    @property
    def idle(self) -> bool:
        """Whether no contact is on by our doing."""
        with self._lock:
            return not self._ends_s and not self._held

    def answer(self, line: bytes) -> bytes:
        """Carry out one question; the line to answer with. MalformedLine for what is none."""
        question = wire.parse_question(line)
        with self._lock:
            try:
                if not isinstance(question, wire.Read):
                    self._carry_out(question)
                levels = wire.Levels(question.number, self._lines.inputs(), self._lines.coils())
            except (DeviceRefused, ValueError) as refusal:
                return wire.encode_answer(wire.Refused(question.number, str(refusal)))
            except OSError as error:
                told = f"the chip fails ({why(error)})"
                return wire.encode_answer(wire.Failed(question.number, told))
        return wire.encode_answer(levels)

    def tick(self) -> float:
        """End the pulses that are over; seconds until this should be called again, at most a second."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            for coil, ends_s in tuple(self._ends_s.items()):
                if ends_s <= now_s:
                    try:
                        self._lines.set(coil, False)
                    except OSError:
                        continue  # tried again with the next tick; the chip has to come back some day
                    del self._ends_s[coil]
            soonest_s = min(self._ends_s.values(), default=now_s + _LOOK_S)
        self._feed()
        return min(_LOOK_S, max(0.002, soonest_s - now_s))

    def serve(self, listener: socket.socket, stopping: Callable[[], bool]) -> None:
        """Answer one box after the other until told to stop, or until nobody has needed the keeper for a while."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        box: _Box | None = None
        alone_since_s = self._clock.monotonic_s()
        while not (stopping() and not self._ends_s):
            wait_s = self.tick()
            if box is not None or not self.idle:
                alone_since_s = self._clock.monotonic_s()
            elif self._clock.monotonic_s() - alone_since_s >= LINGER_S:
                return
            ready = {number for number, _ in poll.poll(wait_s * 1000)}
            if box is not None and box.fileno in ready and not box.talk(self.answer):
                poll.unregister(box.fileno)
                box.close()
                box, alone_since_s = None, self._clock.monotonic_s()
            if listener.fileno() in ready:
                came = _Box(listener.accept()[0])
                if box is not None or not came.is_ours:
                    came.turn_away("another program commands these lines")
                else:
                    box = came
                    poll.register(box.fileno, select.POLLIN)
        if box is not None:
            box.close()

    def _carry_out(self, order: wire.Pulse | wire.Hold) -> None:
        check_coil(order.coil, len(self._lines.coils()))
        if isinstance(order, wire.Pulse):
            check_duration(order.duration_ms)
            now_s = self._clock.monotonic_s()
            check_deadline(now_s, ALWAYS if order.not_after_s is None else order.not_after_s)
            if order.coil not in self._held:
                self._ends_s[order.coil] = now_s + order.duration_ms / 1000  # first: whatever happens, it ends
                self._lines.set(order.coil, True)
            return
        if not order.on:
            self._ends_s[order.coil] = self._clock.monotonic_s()
            self._held.discard(order.coil)
        else:
            self._ends_s.pop(order.coil, None)
            self._held.add(order.coil)
        self._lines.set(order.coil, order.on)
        if not order.on:
            del self._ends_s[order.coil]


class _Box:
    """One connection of a gate box."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pending = b""
        connection.settimeout(_SEND_S)
        self.fileno = connection.fileno()

    @property
    def is_ours(self) -> bool:
        """Whether the peer runs as the same user, or as root."""
        peer = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", peer)[1] in (os.getuid(), 0)

    def talk(self, answer: Callable[[bytes], bytes]) -> bool:
        """Answer what has arrived; False when the connection is over."""
        try:
            chunk = self._connection.recv(wire.LINE_MOST)
            self._pending += chunk
            *lines, self._pending = self._pending.split(b"\n")
            for line in lines:
                self._connection.sendall(answer(line))
        except (OSError, wire.MalformedLine):
            return False
        return bool(chunk) and len(self._pending) <= wire.LINE_MOST

    def turn_away(self, why: str) -> None:
        """Nothing for this box: say why, and hang up."""
        refusal = wire.Refused(0, why)
        with suppress(OSError):
            self._connection.sendall(wire.encode_answer(refusal))
        self.close()

    def close(self) -> None:
        self._connection.close()


class Watchdog:
    """A hardware watchdog: fed while the keeper is well, disarmed ("V") only when it ends in good order."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("wb", buffering=0) if path else None  # noqa: SIM115 - open as long as the keeper lives

    def feed(self) -> None:
        if self._file is not None:
            self._file.write(b"\0")

    def close(self) -> None:
        """End in good order."""
        if self._file is not None:
            with self._file as file:
                file.write(b"V")


def _tell(listener: socket.socket, why: str) -> None:
    """Say once why there is nothing to keep, to the box that started us."""
    listener.settimeout(LINGER_S)
    with suppress(OSError):
        _Box(listener.accept()[0]).turn_away(why)


def main(arguments: Sequence[str], open_lines: OpenLines = KernelLines) -> int:
    """Keep the lines of the request in the first argument; the second one names a watchdog. 1 when they cannot be had."""
    request, watchdog_path = LineRequest.from_json(arguments[0]), arguments[1] if len(arguments) > 1 else ""
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _: stop.append(signum))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(address_of(request))  # only one keeper can have the name
        except OSError:
            return 1
        listener.listen(4)
        try:
            lines = open_lines(request)
            watchdog = Watchdog(watchdog_path)
        except OSError as error:
            _tell(listener, why(error))
            return 1
        Keeper(lines, SystemClock(), feed=watchdog.feed).serve(listener, lambda: bool(stop))
        lines.close()
        watchdog.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
