"""The boards that a lane can hang on, by the name that edge.yaml gives."""

from __future__ import annotations

from collections.abc import Callable

from parking.gate.relays.base import RelayBoard
from parking.gate.relays.memory import MemoryBoard
from parking.gate.relays.modbus_tcp import ModbusBoard, ModbusSettings
from parking.kernel.clock import Clock
from parking.kernel.registry import Registry

BOARDS: Registry[Callable[[ModbusSettings, Clock], RelayBoard]] = Registry(
    "relay_board",
    {
        "memory": lambda settings, clock: MemoryBoard(clock, coils=settings.coils, inputs=settings.inputs),
        "modbus_tcp": ModbusBoard,
    },
)
