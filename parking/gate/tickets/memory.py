"""The printer that ships as a fake: tickets lie in a list, and it can be out of paper or gone."""

from __future__ import annotations

from parking.gate.tickets.base import Ticket, TicketPrinter
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport


class MemoryPrinter:
    """Tickets in the order in which they were printed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._report = HealthReport(Health.UNKNOWN, None, "not asked yet")
        self.printed: list[Ticket] = []
        self.paper_out = False
        self.gone = False

    def print_ticket(self, ticket: Ticket) -> None:
        if self.gone:
            self._report = HealthReport(Health.SILENT, self._report.seen_at, "gone")
            raise DeviceFault("the printer did not answer")
        if self.paper_out:
            self._report = HealthReport(Health.FAULTY, self._report.seen_at, "the printer has no paper")
            raise DeviceRefused("the printer has no paper")
        self.printed.append(ticket)
        self._report = HealthReport(Health.OK, self._clock.now())

    def health(self) -> HealthReport:
        return self._report

    def close(self) -> None:
        """There is nothing to let go of."""


_: type[TicketPrinter] = MemoryPrinter
