"""A receipt printer with a cash drawer, and a coin hopper on a ccTalk line: simulated devices with the faults of real ones."""

from __future__ import annotations

import socket

from hardware_sim.devices.tcp_device import TcpDevice
from payments.cash import wire
from payments.cash.wire import Message

_PULSE = b"\x1bp"


class DrawerPrinterSim(TcpDevice):
    """A printer's drawer connector; `shut` is the cashier's hand."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port, beat_s=3600.0)
        self.pulses: list[bytes] = []
        self.open = False

    def shut(self) -> None:
        self.open = False

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        del line
        if data.startswith(_PULSE):
            self.pulses.append(data[:5])
            self.open = True
            data = data[5:]
        return bytes([0x12 | (0x04 if self.open else 0)]) if data.startswith(wire.ASK_DRAWER) else b""


class HopperSim(TcpDevice):
    """A hopper with so many coins; every question comes back as an echo before its answer, as on two wires."""

    def __init__(self, coins: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port, beat_s=3600.0)
        self.coins = coins
        self.given = 0
        self.lost_answers = 0
        """So many payouts more are done, and their answers are lost."""
        self.deaf_payouts = 0
        """So many payouts more are neither done nor answered."""
        self.looks_a_coin = 0
        """So often its status is asked for before the next coin falls; 0: all fall at once."""
        self._event, self._paid, self._unpaid, self._enabled = 0, 0, 0, False
        self._falling, self._looks = 0, 0
        self._serial = b"\x12\x34\x56"

    def lose_power(self) -> None:
        """Its counter is gone; the coins that have fallen are not."""
        self._event, self._paid, self._unpaid, self._enabled, self._falling = 0, 0, 0, False, 0

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        del line
        found, used = wire.decode(data)
        if found is None:
            return b""
        reply = self._do(found)
        return b"" if reply is None else data[:used] + wire.encode(Message(found.sender, found.to, 0, reply))

    def _do(self, message: Message) -> bytes | None:
        if message.header == wire.SERIAL_NUMBER:
            return self._serial
        if message.header == wire.ENABLE:
            self._enabled = message.data == wire.ENABLED
            return b""
        if message.header == wire.STATUS:
            self._fall()
            return bytes([self._event, self._falling, self._paid, self._unpaid])
        if message.header == wire.DISPENSE and self._enabled and message.data[:3] == self._serial:
            return self._dispense(message.data[3])
        return None

    def _dispense(self, wanted: int) -> bytes | None:
        if self.deaf_payouts > 0:
            self.deaf_payouts -= 1
            return None
        self._event = self._event % 255 + 1
        self._falling, self._paid = min(wanted, self.coins), 0
        self._unpaid = wanted - self._falling
        self._fall()
        if self.lost_answers > 0:
            self.lost_answers -= 1
            return None
        return bytes([self._event])

    def _fall(self) -> None:
        """The coins that fall by now."""
        self._looks += 1
        fallen = 0 if self.looks_a_coin and self._looks % self.looks_a_coin else min(self._falling, 1)
        fallen = fallen if self.looks_a_coin else self._falling
        self._falling, self._paid = self._falling - fallen, self._paid + fallen
        self.coins, self.given = self.coins - fallen, self.given + fallen
