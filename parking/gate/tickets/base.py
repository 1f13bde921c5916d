"""What a ticket says, and what prints it. A ticket counts as printed when the printer has said that it worked it off, never before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from parking.kernel.device import HealthReport


@dataclass(frozen=True, slots=True)
class Ticket:
    """One slip: a heading, lines below it, and the code (drawn as a QR code) where there is one."""

    heading: str
    lines: tuple[str, ...] = ()
    code: str | None = field(default=None, repr=False)


class TicketPrinter(Protocol):
    """A printer; its calls wait for the device, so they belong into a thread of their own."""

    def print_ticket(self, ticket: Ticket) -> None:
        """Print and cut one ticket. DeviceRefused: the printer says that it cannot (no paper, open cover); DeviceFault: no answer,
        so it may be printed or not: printing the same ticket again is harmless, its code counts once.
        """
        ...

    def health(self) -> HealthReport: ...

    def close(self) -> None: ...
