"""Relays on GPIO lines of this machine. Lines cannot time a pulse, so a keeper in a process of its own does (`gpio_keeper`).

The board finds the keeper of its lines, or starts it; it is never the one who switches. So the pulse ends on time when this process
hangs or is killed, and a keeper that is killed is replaced at the next call.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from math import isinf

from parking.gate.relays import gpio_wire as wire
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_duration
from parking.gate.relays.gpio_chip import LineRequest
from parking.gate.relays.gpio_keeper import address_of
from parking.gate.relays.link import Link, Turn, left_s
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport

KEEPER = (sys.executable, "-m", "parking.gate.relays.gpio_keeper")
_LOOK_S = 0.01


class GpioBoard:
    """Coils and inputs on lines of one chip; every call is one round trip to the keeper."""

    def __init__(self, settings: BoardSettings, clock: Clock, *, keeper: Sequence[str] = KEEPER) -> None:
        self._settings = settings
        self._clock = clock
        request = LineRequest.of(settings)
        command = (*keeper, request.to_json(), settings.watchdog)
        self._link = Link(settings, _KeeperProcess(address_of(request), command), clock)
        self._number = 0

    def read(self) -> BoardState:
        with self._link.turn() as turn:
            read_s = self._clock.monotonic_s()
            levels = self._ask(turn, wire.Read(self._next()))
        return BoardState(levels.inputs, levels.coils, read_s)

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._settings.coils)
        check_duration(duration_ms)
        late_s = None if isinf(not_after_s) else not_after_s
        with self._link.turn() as turn:
            order = wire.Pulse(self._next(), coil, duration_ms, late_s)
            return self._ask(turn, order, not_after_s).coils[coil]

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._settings.coils)
        with self._link.turn() as turn:
            return self._ask(turn, wire.Hold(self._next(), coil, on)).coils[coil] is on

    def health(self) -> HealthReport:
        return self._link.health()

    def close(self) -> None:
        self._link.close()

    def _next(self) -> int:
        self._number = self._number % 0xFFFF + 1
        return self._number

    def _ask(self, turn: Turn, question: wire.Question, not_after_s: float = ALWAYS) -> wire.Levels:
        def answer(received: bytes) -> wire.Answer | None:
            line, end, rest = received.partition(b"\n")
            if not end:
                return None
            told = wire.parse_answer(line)
            if rest or told.number not in (question.number, 0 if isinstance(told, wire.Refused) else question.number):
                raise wire.MalformedLine("an answer to another question")
            if isinstance(told, wire.Levels) and not self._fits(told):
                raise wire.MalformedLine("too few levels")
            if isinstance(told, wire.Failed):
                raise DeviceFault(told.why)
            return told

        told: object = turn.exchange(wire.encode_question(question), answer, not_after_s=not_after_s)
        if isinstance(told, wire.Levels):
            return told
        assert isinstance(told, wire.Refused)
        if told.number == 0:
            turn.hang_up()
        raise DeviceRefused(told.why)

    def _fits(self, levels: wire.Levels) -> bool:
        return len(levels.coils) == self._settings.coils and len(levels.inputs) == self._settings.inputs


class _KeeperProcess:
    """The keeper of these lines: found by its name, started when it is not there."""

    def __init__(self, address: str, command: Sequence[str]) -> None:
        self._address = address
        self._command = command
        self._pid: int | None = None

    def connect(self, ends_s: float) -> socket.socket:
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(left_s(ends_s))
                connection.connect(self._address)
            except ConnectionRefusedError:
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return connection
            if not self._runs():
                self._start()
            time.sleep(min(_LOOK_S, left_s(ends_s)))

    def forget(self) -> None:
        """A keeper has one address for ever."""

    def _runs(self) -> bool:
        if self._pid is None:
            return False
        with suppress(ChildProcessError):
            if os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                return True
        self._pid = None
        return False

    def _start(self) -> None:
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
        self._pid = os.posix_spawn(self._command[0], [*self._command], os.environ, file_actions=quiet, setsid=True)


_: type[RelayBoard] = GpioBoard
