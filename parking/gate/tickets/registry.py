"""The ticket printers that a lane can have, by the name that edge.yaml gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parking.gate.tickets.base import TicketPrinter
from parking.gate.tickets.escpos import EscPosPrinter, EscPosSettings
from parking.gate.tickets.memory import MemoryPrinter
from parking.kernel.clock import Clock
from parking.kernel.codec import from_plain
from parking.kernel.errors import invalid
from parking.kernel.registry import Registry

Options = Mapping[str, Any]


def _memory(options: Options, clock: Clock) -> TicketPrinter:
    if options:
        raise invalid("printer.memory", "the fake knows no settings", field=min(options))
    return MemoryPrinter(clock)


PRINTERS: Registry[Callable[[Options, Clock], TicketPrinter]] = Registry(
    "ticket_printer",
    {
        "memory": _memory,
        "escpos": lambda options, clock: EscPosPrinter(from_plain(EscPosSettings, options), clock),
    },
)
"""`PRINTERS.get(kind)(options, clock)` makes a printer, or raises a ParkingError that names the key that is wrong."""
