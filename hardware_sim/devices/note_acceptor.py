"""A note acceptor on a ccTalk line, with a place of escrow, a cashbox, and the faults of a real one."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Mapping

from hardware_sim.devices.tcp_device import TcpDevice
from payments.cash import wire
from payments.cash.wire import Message

STORED, ESCROW = 0, 1
MASTER_INHIBITED, RETURNED, INHIBITED, JAMMED, BOX_OUT, BOX_IN, BOX_FULL = 0, 1, 4, 7, 11, 12, 14
ESCROW_EMPTY, NOT_ROUTED = b"\xfe", b"\xff"


class NoteAcceptorSim(TcpDevice):
    """Knows these notes (type -> minor units); `insert` is the payer's hand. Every question comes back before its answer."""

    def __init__(
        self, notes: Mapping[int, int], *, holds_most: int = 600, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__(host=host, port=port, beat_s=3600.0)
        self._types = {value: one for one, value in notes.items()}
        self._values = dict(notes)
        self.cashbox: list[int] = []
        self.returned: list[int] = []
        self.held: int | None = None
        """What is in escrow, in minor units."""
        self.holds_most = holds_most
        self.jams_next = False
        """The next note that is to be stored jams on its way."""
        self.jammed = False
        self.lost_answers = 0
        """So many questions more are done, and their answers are lost."""
        self.deaf_routes = 0
        """So many orders about the note in escrow more are neither done nor answered."""
        self._counter, self._events = 0, deque[tuple[int, int]](maxlen=wire.EVENTS_KEPT)
        self._master, self._mask = False, 0
        self._lock = threading.Lock()

    def insert(self, note: int) -> bool:
        """Whether the note was drawn in, its value in minor units; it stays in the hand where it was not."""
        with self._lock:
            kind = self._types.get(note, 0)
            if self.held is not None or self.jammed or len(self.cashbox) >= self.holds_most:
                return False
            if not self._master or not self._mask >> max(kind - 1, 0) & 1 or not kind:
                self._happens(0, INHIBITED if self._master else MASTER_INHIBITED)
                return False
            self.held = note
            self._happens(kind, ESCROW)
            return True

    @property
    def admits(self) -> tuple[int, ...]:
        """The values that would be drawn in now."""
        return tuple(sorted(v for v, one in self._types.items() if self._master and self._mask >> (one - 1) & 1))

    def lose_power(self) -> None:
        """Its counter and its events are gone; what is held goes back to the hand, and nothing is admitted."""
        with self._lock:
            if self.held is not None:
                self.returned.append(self.held)
            self.held, self._counter, self._master, self._mask = None, 0, False, 0
            self._events.clear()

    def mend(self) -> None:
        """Somebody has opened it, taken out what was jammed and emptied the cashbox."""
        with self._lock:
            self.jammed = False
            self.cashbox.clear()
            self._happens(0, BOX_OUT)
            self._happens(0, BOX_IN)

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        del line
        found, used = wire.decode(data)
        if found is None or found.to != wire.NOTES:
            return b""
        with self._lock:
            reply = self._do(found)
            if reply is not None and self.lost_answers > 0:
                self.lost_answers -= 1
                return data[:used]
        return data[:used] if reply is None else data[:used] + wire.encode(Message(found.sender, found.to, 0, reply))

    def _do(self, message: Message) -> bytes | None:
        if message.header == wire.BILL_EVENTS:
            return wire.events_reply(self._counter, list(self._events))
        if message.header == wire.INHIBITS and len(message.data) == 2:
            self._mask = int.from_bytes(message.data, "little")
            return b""
        if message.header == wire.MASTER_INHIBIT and len(message.data) == 1:
            self._master = bool(message.data[0] & 1)
            return b""
        if message.header == wire.BILL_MODE and len(message.data) == 1:
            return b""
        if message.header == wire.ROUTE_BILL and message.data in (b"\x00", b"\x01"):
            return self._route(store=message.data == b"\x01")
        return None

    def _route(self, *, store: bool) -> bytes | None:
        if self.deaf_routes > 0:
            self.deaf_routes -= 1
            return None
        if self.held is None:
            return ESCROW_EMPTY
        held, self.held = self.held, None
        if not store:
            self.returned.append(held)
            self._happens(0, RETURNED)
            return b""
        if self.jams_next:
            self.jams_next, self.jammed = False, True
            self._happens(0, JAMMED)
            return NOT_ROUTED
        self.cashbox.append(held)
        self._happens(self._types[held], STORED)
        if len(self.cashbox) >= self.holds_most:
            self._happens(0, BOX_FULL)
        return b""

    def _happens(self, result_a: int, result_b: int) -> None:
        self._counter = self._counter % wire.HIGHEST + 1
        self._events.appendleft((result_a, result_b))
