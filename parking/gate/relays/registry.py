"""The boards that a lane can hang on, by the name that edge.yaml gives."""

from __future__ import annotations

from collections.abc import Callable

from parking.gate.relays.base import RelayBoard
from parking.gate.relays.gpio import GpioBoard
from parking.gate.relays.http_relay import HttpRelay
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.modbus_tcp import ModbusBoard
from parking.gate.relays.settings import BoardSettings
from parking.kernel.clock import Clock
from parking.kernel.registry import Registry

OpenBoard = Callable[[BoardSettings, Clock], RelayBoard]
BOARDS: Registry[OpenBoard] = Registry(
    "relay_board",
    {
        "gpio": GpioBoard,
        "http_relay": HttpRelay,
        "memory": lambda settings, clock: MemoryBoard(clock, coils=settings.coils, inputs=settings.inputs),
        "modbus_tcp": ModbusBoard,
    },
)
