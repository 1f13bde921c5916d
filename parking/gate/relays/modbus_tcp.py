"""A relay board on Modbus TCP. The board times the pulse, so that nothing stays commanded open when this process dies.

An order is sent once: no silent retry, because a late second pulse would open for the next vehicle. After any doubt the connection
is closed, so that a late answer is never taken for the answer to something else. Reconnecting backs off, up to `backoff_most_s`.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from datetime import datetime

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import WriteSingleCoilRequest

from parking.gate.relays import wire
from parking.gate.relays.base import ALWAYS, BoardState, RelayBoard, check_coil, check_deadline, check_duration
from parking.gate.relays.settings import BoardMap, BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport

_TRY_AGAIN_CODES = frozenset({4, 5, 6, 10, 11})  # device failure, acknowledge, busy, gateway: it may work later
_FRESH_S = 2.0


ModbusSettings = BoardSettings


class _FlashOn(WriteSingleCoilRequest):
    """FC 05 with a time instead of on and off, as Waveshare boards take it."""

    def __init__(self, order: wire.WriteCoil, unit: int) -> None:
        super().__init__(address=order.address, dev_id=unit)
        self._value = order.value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self._value)


class ModbusBoard:
    """One board; every call is one or two round trips, from any thread, one at a time."""

    def __init__(self, settings: ModbusSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._client = ModbusTcpClient(
            settings.host, port=settings.port or 502, timeout=settings.timeout_s, retries=0, name="relay board"
        )
        self._backoff_s = 0.0
        self._not_before_s = float("-inf")
        self._answered_at: datetime | None = None
        self._answered_s = float("-inf")
        self._trouble = ""

    def read(self) -> BoardState:
        settings = self._settings
        with self._lock:
            read_s = self._clock.monotonic_s()  # before asking: the reading is never younger than it says
            inputs = self._ask(
                lambda: self._client.read_discrete_inputs(0, count=settings.inputs, device_id=settings.unit)
            )
            coils = self._ask(lambda: self._client.read_coils(0, count=settings.coils, device_id=settings.unit))
        return BoardState(_bits(inputs, settings.inputs), _bits(coils, settings.coils), read_s)

    def pulse(self, coil: int, duration_ms: int, *, not_after_s: float = ALWAYS) -> bool:
        check_coil(coil, self._settings.coils)
        check_duration(duration_ms)
        with self._lock:
            check_deadline(self._clock.monotonic_s(), not_after_s)
            self._ask(lambda: self._send_pulse(coil, duration_ms))
            return self._coil_reads(coil)

    def hold(self, coil: int, on: bool) -> bool:
        check_coil(coil, self._settings.coils)
        with self._lock:
            self._ask(lambda: self._client.write_coil(coil, on, device_id=self._settings.unit))
            return self._coil_reads(coil) is on

    def health(self) -> HealthReport:
        if self._answered_at is None and not self._trouble:
            return HealthReport(Health.UNKNOWN, None, "not asked yet")
        fresh = self._clock.monotonic_s() - self._answered_s <= _FRESH_S
        return HealthReport(Health.OK if fresh else Health.SILENT, self._answered_at, self._trouble)

    def close(self) -> None:
        with self._lock:
            self._client.close()  # type: ignore[no-untyped-call]  # pymodbus does not annotate it

    def _send_pulse(self, coil: int, duration_ms: int) -> ModbusPDU:
        unit = self._settings.unit
        if self._settings.board_map is BoardMap.DAM:
            order = wire.dam_pulse(coil, duration_ms)
            return self._client.write_registers(order.first, list(order.values), device_id=unit)
        return self._client.execute(False, _FlashOn(wire.waveshare_pulse(coil, duration_ms), unit))

    def _coil_reads(self, coil: int) -> bool:
        reply = self._ask(lambda: self._client.read_coils(coil, count=1, device_id=self._settings.unit))
        return _bits(reply, 1)[0]

    def _ask(self, question: Callable[[], ModbusPDU]) -> ModbusPDU:
        now_s = self._clock.monotonic_s()
        if now_s < self._not_before_s:
            raise DeviceFault(f"the board did not answer: {self._trouble}")
        try:
            reply = question()
        except (ModbusException, OSError, ValueError, struct.error) as error:
            self._doubt(f"{type(error).__name__}")
            raise DeviceFault(f"the board did not answer: {type(error).__name__}") from None
        if reply.isError():
            if reply.exception_code in _TRY_AGAIN_CODES:
                raise DeviceFault(f"the board cannot now: Modbus exception {reply.exception_code}")
            raise DeviceRefused(f"the board refuses: Modbus exception {reply.exception_code}")
        self._backoff_s, self._trouble = 0.0, ""
        self._answered_at, self._answered_s = self._clock.now(), self._clock.monotonic_s()
        return reply

    def _doubt(self, trouble: str) -> None:
        self._client.close()  # type: ignore[no-untyped-call]  # pymodbus does not annotate it
        settings = self._settings
        self._backoff_s = min(settings.backoff_most_s, max(settings.backoff_first_s, 2 * self._backoff_s))
        self._not_before_s = self._clock.monotonic_s() + self._backoff_s
        self._trouble = trouble


def _bits(reply: ModbusPDU, count: int) -> tuple[bool, ...]:
    if len(reply.bits) < count:
        raise DeviceFault("the board answered with too few bits")
    return tuple(bool(bit) for bit in reply.bits[:count])


_: type[RelayBoard] = ModbusBoard
