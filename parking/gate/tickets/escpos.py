"""A ticket printer on its network socket (ESC/POS, usually port 9100). It is asked before and after: a ticket into a printer without
paper would be lost, and with it the only proof of an unlicensed car's stay.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from parking.gate.tickets import wire
from parking.gate.tickets.base import Ticket, TicketPrinter
from parking.gate.tickets.wire import PrinterState
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport, why
from parking.kernel.errors import invalid


@dataclass(frozen=True, slots=True)
class EscPosSettings:
    """Where the printer is; `answer_s` is how long it may take for an answer, a printed ticket included."""

    host: str
    port: int = 9100
    answer_s: float = 5.0

    def __post_init__(self) -> None:
        if not self.host or len(self.host) > 255:
            raise invalid("printer.host", "should be a name or an address", field="host")
        if not 1 <= self.port <= 65535:
            raise invalid("printer.port", "should be 1 to 65535", field="port")
        if not 0.1 <= self.answer_s <= 60:
            raise invalid("printer.answer", "should be 0.1 to 60 seconds", field="answer_s")


class EscPosPrinter:
    """One printer, a fresh connection for every ticket: such printers serve one line at a time and forget idle ones."""

    def __init__(self, settings: EscPosSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._report = HealthReport(Health.UNKNOWN, None, "not asked yet")

    def print_ticket(self, ticket: Ticket) -> None:
        settings = self._settings
        try:
            with socket.create_connection((settings.host, settings.port), timeout=settings.answer_s) as line:
                _refuse(wire.state_now(self._ask(line, wire.ASK_NOW)))
                _refuse(wire.paper_state(self._ask(line, wire.encode(ticket))))
        except OSError as error:
            self._fails(Health.SILENT, f"no connection: {why(error)}")
            raise DeviceFault("the printer did not answer") from None
        except DeviceFault as fault:
            self._fails(Health.SILENT, str(fault))
            raise
        except DeviceRefused as refusal:
            self._fails(Health.FAULTY, str(refusal))
            raise
        self._report = HealthReport(Health.OK, self._clock.now())

    def health(self) -> HealthReport:
        return self._report

    def close(self) -> None:
        """There is nothing to let go of between two tickets."""

    def _ask(self, line: socket.socket, data: bytes) -> int:
        line.sendall(data)
        answer = line.recv(1)
        if not answer:
            raise DeviceFault("the printer hung up")
        return answer[0]

    def _fails(self, health: Health, detail: str) -> None:
        self._report = HealthReport(health, self._report.seen_at, detail)


def _refuse(state: PrinterState | None) -> None:
    if state is None:
        raise DeviceFault("the printer answers nonsense")
    if state.paper_out:
        raise DeviceRefused("the printer has no paper")
    if state.cover_open:
        raise DeviceRefused("the printer's cover is open")
    if state.broken:
        raise DeviceRefused("the printer reports an error")


_: type[TicketPrinter] = EscPosPrinter
