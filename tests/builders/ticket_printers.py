"""Every ticket printer of the family with its world: what comes out of it, and how it fails, whatever kind it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hardware_sim.devices.ticket_printer import TicketPrinterSim
from parking.gate.tickets.base import Ticket, TicketPrinter
from parking.gate.tickets.escpos import EscPosPrinter, EscPosSettings
from parking.gate.tickets.memory import MemoryPrinter
from parking.kernel.clock import SystemClock


class Paper(Protocol):
    """What both the fake and the simulated printer let a test see and do."""

    printed: list[Ticket]
    paper_out: bool


@dataclass
class PrinterWorld:
    """A printer, the paper side of it, and how its line breaks."""

    printer: TicketPrinter
    paper: Paper
    vanish: Callable[[], None]
    come_back: Callable[[], None]
    device: TicketPrinterSim | None = None

    def stop(self) -> None:
        self.printer.close()
        if self.device is not None:
            self.device.stop()


def memory_world() -> PrinterWorld:
    printer = MemoryPrinter(SystemClock())

    def gone(value: bool) -> None:
        printer.gone = value

    return PrinterWorld(printer, printer, lambda: gone(True), lambda: gone(False))


def escpos_world() -> PrinterWorld:
    device = TicketPrinterSim()
    device.start()
    printer = EscPosPrinter(EscPosSettings("127.0.0.1", device.port, answer_s=1.5), SystemClock())
    return PrinterWorld(printer, device, device.stop, device.start, device)


WORLDS: dict[str, Callable[[], PrinterWorld]] = {"memory": memory_world, "escpos": escpos_world}
