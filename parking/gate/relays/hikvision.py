"""The gate and the outputs of a Hikvision camera over ISAPI. `statusCode` 1 is not proof: what counts is what is read back.

As `outputs`, coil n is alarm output n + 1, pulsed for a time that the camera keeps. As a `gate`, coil 0 opens and coil 1 closes the
barrier, and an order is confirmed when the limit switches say that the boom has left where it was. An order is sent once; one that
meets a fresh challenge was not carried out and is sent once more under it, unless its deadline is over by then.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TypeVar

from parking.gate.cameras import hikvision_wire as wire
from parking.gate.cameras.base import MalformedPush
from parking.gate.cameras.hikvision_wire import GateMode, GateStatus, IoState
from parking.gate.relays import http_wire
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_deadline, check_duration
from parking.gate.relays.digest import Challenge, authorization, parse_challenge
from parking.gate.relays.link import Link, Tcp, Turn
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport

T = TypeVar("T")
PORT = 80
_LOOK_S = 0.05
_LOCKED_OUT_S = 30.0  # cameras count wrong passwords, and lock the address out for half an hour
_OPEN_COIL, _CLOSE_COIL = 0, 1


class HikvisionBoard:
    """One camera's contacts, or its barrier; every call ends within the board's `timeout_s`, from any thread, one at a time."""

    def __init__(
        self,
        settings: BoardSettings,
        clock: Clock,
        *,
        gate: bool = False,
        limits_wired: bool = True,
        fresh_s: float = 0.1,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._gate = gate
        self._limits_wired = limits_wired
        self._fresh_s = fresh_s
        self._nonce = nonce
        self._coils = 2 if gate else settings.coils
        self._link = Link(settings, Tcp(settings.host, settings.port or PORT), clock)
        self._host = f"{settings.host}:{settings.port or PORT}"
        self._challenge: Challenge | None = None
        self._count = 0
        self._not_before_s = float("-inf")
        self._lengths: dict[int, int | None] = {}
        self._held = False
        self._last: BoardState | None = None

    def read(self) -> BoardState:
        with self._link.turn() as turn:
            last = self._last
            if last is not None and 0 <= self._clock.monotonic_s() - last.read_s < self._fresh_s:
                return last
            self._last = None
            read_s = self._clock.monotonic_s()  # before asking: the reading is never younger than it says
            io = self._io(turn)
            inputs = tuple(_level(io.inputs, number) for number in range(1, self._settings.inputs + 1))
            if self._gate:
                self._held = self._held and self._status(turn) is not GateStatus.CLOSED
                coils: tuple[bool, ...] = (self._held, False)
            else:
                coils = tuple(_level(io.outputs, number) for number in range(1, self._coils + 1))
            self._last = BoardState(inputs, coils, read_s)
            return self._last

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._coils)
        check_duration(duration_ms)
        until = time.monotonic() + self._settings.timeout_s
        with self._link.turn() as turn:
            check_deadline(self._clock.monotonic_s(), not_after_s)
            if self._gate:
                mode = GateMode.OPEN if coil == _OPEN_COIL else GateMode.CLOSE
                return self._move(turn, mode, until, not_after_s)
            self._set_length(turn, coil + 1, duration_ms)
            self._order(turn, f"{wire.output_path(coil + 1)}/trigger", wire.encode_trigger(on=True), not_after_s)
            return _level(self._io(turn).outputs, coil + 1)

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._coils)
        until = time.monotonic() + self._settings.timeout_s
        with self._link.turn() as turn:
            if self._gate:
                return self._hold_gate(turn, coil, until, on=on)
            self._set_length(turn, coil + 1, None)
            self._order(turn, f"{wire.output_path(coil + 1)}/trigger", wire.encode_trigger(on=on))
            return _level(self._io(turn).outputs, coil + 1) is on

    def health(self) -> HealthReport:
        return self._link.health()

    def close(self) -> None:
        self._link.close()

    # --- the barrier -------------------------------------------------------------------------------------------------

    def _move(self, turn: Turn, mode: GateMode, until: float, not_after_s: float) -> bool:
        """Order, then look: the order is confirmed by a boom that leaves its limit switch, or is where it should be."""
        before = self._status(turn)
        self._order_gate(turn, mode, not_after_s)
        wanted, left = (
            (GateStatus.OPEN, GateStatus.CLOSED) if mode is GateMode.OPEN else (GateStatus.CLOSED, GateStatus.OPEN)
        )
        if not self._limits_wired:
            return True
        while True:
            status = self._status(turn)
            if status is wanted or (before is left and status is GateStatus.NO_SIGNAL):
                return True
            if not self._looks_again(until):
                return False

    def _hold_gate(self, turn: Turn, coil: int, until: float, *, on: bool) -> bool:
        if coil == _CLOSE_COIL:
            raise DeviceRefused("a boom is never held down")
        if not on:
            self._order_gate(turn, GateMode.UNLOCK)
            self._held = False
            return True
        self._order_gate(turn, GateMode.OPEN)
        while self._limits_wired and self._status(turn) is not GateStatus.OPEN:
            if not self._looks_again(until):
                return False  # never lock a boom that is not seen up: it would be locked down
        self._order_gate(turn, GateMode.LOCK)
        self._held = True
        return True

    def _looks_again(self, until: float) -> bool:
        """Wait a little, if there is time for that and for another answer."""
        if time.monotonic() + _LOOK_S + self._settings.timeout_s / 3 >= until:
            return False
        time.sleep(_LOOK_S)
        return True

    def _status(self, turn: Turn) -> GateStatus:
        return self._ask(turn, "GET", wire.gate_status_path(self._settings.unit), b"", wire.decode_gate_status)

    def _order_gate(self, turn: Turn, mode: GateMode, not_after_s: float = ALWAYS) -> None:
        self._order(turn, wire.gate_path(self._settings.unit), wire.encode_gate(mode), not_after_s)

    # --- the outputs -------------------------------------------------------------------------------------------------

    def _set_length(self, turn: Turn, number: int, duration_ms: int | None) -> None:
        if self._lengths.get(number, 0) != duration_ms:
            self._lengths.pop(number, None)
            self._order(turn, wire.output_path(number), wire.encode_pulse_length(number, duration_ms))
            self._lengths[number] = duration_ms

    def _io(self, turn: Turn) -> IoState:
        return self._ask(turn, "GET", wire.IO_STATUS_PATH, b"", wire.decode_io)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _order(self, turn: Turn, path: str, body: bytes, not_after_s: float = ALWAYS) -> None:
        self._last = None
        answer = self._ask(turn, "PUT", path, body, wire.decode_answer, not_after_s)
        if not answer.accepted:
            raise DeviceRefused(f"the camera refuses: status code {answer.code}")

    def _ask(
        self,
        turn: Turn,
        method: str,
        path: str,
        body: bytes,
        decode: Callable[[bytes], T],
        not_after_s: float = ALWAYS,
    ) -> T:
        if self._clock.monotonic_s() < self._not_before_s:
            raise DeviceRefused("the camera refuses the user name or the password")
        try:
            answer = self._exchange(turn, method, path, body, not_after_s)
            if answer.status == 401:
                self._challenge, self._count = parse_challenge(answer.headers.get("www-authenticate", "")), 0
                if self._challenge is None:
                    raise DeviceRefused("the camera wants a kind of password proof that is not known here")
                answer = self._exchange(turn, method, path, body, not_after_s)
        except DeviceFault:
            self._last = None
            self._lengths.clear()  # it may have been restarted
            raise
        if answer.status == 401:
            self._not_before_s = self._clock.monotonic_s() + _LOCKED_OUT_S
            raise DeviceRefused("the camera refuses the user name or the password")
        if answer.status >= 500:
            raise DeviceFault(f"the camera cannot now: status {answer.status}")
        try:
            return decode(answer.body)
        except MalformedPush as error:
            if answer.status != 200:
                raise DeviceRefused(f"the camera refuses: status {answer.status}") from None
            raise turn.doubt(str(error)) from None

    def _exchange(self, turn: Turn, method: str, path: str, body: bytes, not_after_s: float) -> http_wire.HttpAnswer:
        headers = {"Content-Type": "application/xml"} if body else {}
        if self._challenge is not None:
            self._count += 1
            headers["Authorization"] = authorization(
                self._challenge,
                user=self._settings.user,
                password=self._settings.password,
                method=method,
                target=path,
                cnonce=self._nonce(),
                count=self._count,
            )
        request = http_wire.encode_request(method, path, self._host, body, headers)
        answer = turn.exchange(request, http_wire.decode, not_after_s=not_after_s)
        if not answer.keeps_open:
            turn.hang_up()
        return answer


def _level(ports: dict[int, bool], number: int) -> bool:
    if number not in ports:
        raise DeviceRefused(f"the camera has no contact {number}")
    return ports[number]


_: type[RelayBoard] = HikvisionBoard
