"""A ticket printer as a simulated device: it understands the ESC/POS that our tickets use, prints into a list, and answers for itself.
It can run out of paper, have its cover open, hang, and lose its answer after it has printed.
"""

from __future__ import annotations

import socket

from hardware_sim.devices.tcp_device import TcpDevice
from parking.gate.tickets import wire
from parking.gate.tickets.base import Ticket


class TicketPrinterSim(TcpDevice):
    """The printer; `printed` holds what came out of it, oldest first."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port, beat_s=3600.0)
        self._buffers: dict[socket.socket, bytes] = {}
        self.printed: list[Ticket] = []
        self.paper_out = False
        self.cover_open = False
        self.lost_answers = 0
        """So many tickets come out without the answer that says so."""
        self.tickets_on_roll: int | None = None
        """So many tickets more, then the paper is out."""

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        data = self._buffers.get(line, b"") + data
        found, used = wire.parse(data)
        self._buffers[line] = data[used:]
        return b"".join(self._state_now() if ticket is None else self._print(ticket) for ticket in found)

    def left(self, line: socket.socket) -> None:
        self._buffers.pop(line, None)

    def _print(self, ticket: Ticket) -> bytes:
        if self.paper_out or self.cover_open:
            return b""  # it waits, and so does whoever asked
        self.printed.append(ticket)
        if self.tickets_on_roll is not None:
            self.tickets_on_roll -= 1
            self.paper_out = self.tickets_on_roll <= 0
        if self.lost_answers > 0:
            self.lost_answers -= 1
            return b""
        return b"\x00"

    def _state_now(self) -> bytes:
        return bytes([0x12 | 0x20 * self.paper_out | 0x04 * self.cover_open])
