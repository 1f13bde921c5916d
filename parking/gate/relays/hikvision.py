"""The gate and the outputs of a Hikvision camera over ISAPI. `statusCode` 1 is not proof: what counts is what is read back.

As `outputs`, coil n is alarm output n + 1, pulsed for a time that the camera keeps. As a `gate`, coil 0 opens and coil 1 closes the
barrier, and an order is confirmed when the limit switches say that the boom has left where it was. An order is sent once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import httpx

from parking.gate.cameras import hikvision_wire as wire
from parking.gate.cameras.base import MalformedPush
from parking.gate.cameras.hikvision_wire import GateMode, GateStatus, IoState
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_deadline, check_duration
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport

T = TypeVar("T")
_FRESH_S = 2.0
_LOOK_S = 0.05
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
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._gate = gate
        self._limits_wired = limits_wired
        self._fresh_s = fresh_s
        self._coils = 2 if gate else settings.coils
        self._lock = threading.Lock()
        self._client = httpx.Client(
            base_url=f"http://{settings.host}:{settings.port or 80}",
            auth=httpx.DigestAuth(settings.user, settings.password),
            trust_env=False,
        )
        self._until = 0.0
        self._lengths: dict[int, int | None] = {}
        self._held = False
        self._last: BoardState | None = None
        self._backoff_s = 0.0
        self._not_before_s = float("-inf")
        self._answered_at: datetime | None = None
        self._answered_s = float("-inf")
        self._trouble = ""

    def read(self) -> BoardState:
        with self._lock:
            self._begin()
            last = self._last
            if last is not None and 0 <= self._clock.monotonic_s() - last.read_s < self._fresh_s:
                return last
            self._last = None
            read_s = self._clock.monotonic_s()  # before asking: the reading is never younger than it says
            io = self._io()
            inputs = tuple(_level(io.inputs, number) for number in range(1, self._settings.inputs + 1))
            if self._gate:
                self._held = self._held and self._status() is not GateStatus.CLOSED
                coils: tuple[bool, ...] = (self._held, False)
            else:
                coils = tuple(_level(io.outputs, number) for number in range(1, self._coils + 1))
            self._last = BoardState(inputs, coils, read_s)
            return self._last

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._coils)
        check_duration(duration_ms)
        with self._lock:
            self._begin()
            check_deadline(self._clock.monotonic_s(), not_after_s)
            if self._gate:
                return self._move(GateMode.OPEN if coil == _OPEN_COIL else GateMode.CLOSE, not_after_s)
            self._set_length(coil + 1, duration_ms)
            check_deadline(self._clock.monotonic_s(), not_after_s)
            self._order(f"{wire.output_path(coil + 1)}/trigger", wire.encode_trigger(on=True))
            return _level(self._io().outputs, coil + 1)

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._coils)
        with self._lock:
            self._begin()
            if self._gate:
                return self._hold_gate(coil, on=on)
            self._set_length(coil + 1, None)
            self._order(f"{wire.output_path(coil + 1)}/trigger", wire.encode_trigger(on=on))
            return _level(self._io().outputs, coil + 1) is on

    def health(self) -> HealthReport:
        if self._answered_at is None and not self._trouble:
            return HealthReport(Health.UNKNOWN, None, "not asked yet")
        fresh = self._clock.monotonic_s() - self._answered_s <= _FRESH_S
        return HealthReport(Health.OK if fresh else Health.SILENT, self._answered_at, self._trouble)

    def close(self) -> None:
        with self._lock:
            self._client.close()

    # --- the barrier -------------------------------------------------------------------------------------------------

    def _move(self, mode: GateMode, not_after_s: float) -> bool:
        """Order, then look: the order is confirmed by a boom that leaves its limit switch, or is where it should be."""
        before = self._status()
        check_deadline(self._clock.monotonic_s(), not_after_s)
        self._order_gate(mode)
        wanted, left = (
            (GateStatus.OPEN, GateStatus.CLOSED) if mode is GateMode.OPEN else (GateStatus.CLOSED, GateStatus.OPEN)
        )
        if not self._limits_wired:
            return True
        while True:
            status = self._status()
            if status is wanted or (before is left and status is GateStatus.NO_SIGNAL):
                return True
            if not self._looks_again():
                return False

    def _hold_gate(self, coil: int, *, on: bool) -> bool:
        if coil == _CLOSE_COIL:
            raise DeviceRefused("a boom is never held down")
        if not on:
            self._order_gate(GateMode.UNLOCK)
            self._held = False
            return True
        self._order_gate(GateMode.OPEN)
        while self._limits_wired and self._status() is not GateStatus.OPEN:
            if not self._looks_again():
                return False  # never lock a boom that is not seen up: it would be locked down
        self._order_gate(GateMode.LOCK)
        self._held = True
        return True

    def _looks_again(self) -> bool:
        """Wait a little, if there is time for that and for another answer."""
        if time.monotonic() + _LOOK_S + self._settings.timeout_s / 3 >= self._until:
            return False
        time.sleep(_LOOK_S)
        return True

    def _status(self) -> GateStatus:
        return self._ask("GET", wire.gate_status_path(self._settings.unit), b"", wire.decode_gate_status)

    def _order_gate(self, mode: GateMode) -> None:
        self._order(wire.gate_path(self._settings.unit), wire.encode_gate(mode))

    # --- the outputs -------------------------------------------------------------------------------------------------

    def _set_length(self, number: int, duration_ms: int | None) -> None:
        if self._lengths.get(number, 0) != duration_ms:
            self._lengths.pop(number, None)
            self._order(wire.output_path(number), wire.encode_pulse_length(number, duration_ms))
            self._lengths[number] = duration_ms

    def _io(self) -> IoState:
        return self._ask("GET", wire.IO_STATUS_PATH, b"", wire.decode_io)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._until = time.monotonic() + self._settings.timeout_s

    def _order(self, path: str, body: bytes) -> None:
        self._last = None
        answer = self._ask("PUT", path, body, wire.decode_answer)
        if not answer.accepted:
            raise DeviceRefused(f"the camera refuses: status code {answer.code}")

    def _ask(self, method: str, path: str, body: bytes, decode: Callable[[bytes], T]) -> T:
        if self._clock.monotonic_s() < self._not_before_s:
            raise DeviceFault(f"the camera did not answer: {self._trouble}")
        left = self._until - time.monotonic()
        try:
            if left <= 0:
                raise httpx.ReadTimeout("no time left")
            headers = {"Content-Type": "application/xml"} if body else {}
            response = self._client.request(method, path, content=body, headers=headers, timeout=left)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._doubt(type(error).__name__) from None
        if response.status_code == 401:
            raise DeviceRefused("the camera refuses the user name or the password")
        if response.status_code >= 500:
            raise self._doubt(f"status {response.status_code}")
        try:
            decoded = decode(response.content)
        except MalformedPush as error:
            if response.status_code != 200:
                raise DeviceRefused(f"the camera refuses: status {response.status_code}") from None
            raise self._doubt(str(error)) from None
        self._backoff_s, self._trouble = 0.0, ""
        self._answered_at, self._answered_s = self._clock.now(), self._clock.monotonic_s()
        return decoded

    def _doubt(self, trouble: str) -> DeviceFault:
        settings = self._settings
        self._last = None
        self._lengths.clear()
        self._backoff_s = min(settings.backoff_most_s, max(settings.backoff_first_s, 2 * self._backoff_s))
        self._not_before_s = self._clock.monotonic_s() + self._backoff_s
        self._trouble = trouble
        return DeviceFault(f"the camera did not answer: {trouble}")


def _level(ports: dict[int, bool], number: int) -> bool:
    if number not in ports:
        raise DeviceRefused(f"the camera has no contact {number}")
    return ports[number]


_: type[RelayBoard] = HikvisionBoard
