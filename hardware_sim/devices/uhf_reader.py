"""A UHF reader as a simulated device: the LLRP server's side of the wire, with tags that drive through its field. Its tags are
answered only while an inventory that the client has set up and enabled runs, as a real reader does it.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from hardware_sim.devices.tcp_device import TcpDevice
from parking.gate.credentials import llrp_wire as wire
from parking.gate.credentials.conversation import WireFault
from parking.gate.credentials.llrp_wire import Message, encode, tlv, tv

_NOT_NOW = 100  # M_ParameterError; any status but 0 is a no
_RESPONSES = {
    wire.SET_READER_CONFIG: wire.SET_READER_CONFIG_RESPONSE,
    wire.ADD_ROSPEC: wire.ADD_ROSPEC_RESPONSE,
    wire.DELETE_ROSPEC: wire.DELETE_ROSPEC_RESPONSE,
    wire.ENABLE_ROSPEC: wire.ENABLE_ROSPEC_RESPONSE,
}


@dataclass
class _Session:
    buffer: bytes = b""
    rospec: int | None = None
    enabled: bool = False
    antennas: tuple[int, ...] = ()


class UhfReaderSim(TcpDevice):
    """The reader. `refuse` is an LLRP message type that it says no to; `taken` lets nobody in."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, beat_s: float = 0.2) -> None:
        super().__init__(host=host, port=port, beat_s=beat_s)
        self._sessions: dict[socket.socket, _Session] = {}
        self._number = 1000
        self.refuse: int | None = None
        self.taken = False
        self.acknowledged = 0
        """How many keep-alives clients have answered."""

    def greet(self) -> bytes:
        event = tlv(wire.CONNECTION_EVENT, struct.pack(">H", 2 if self.taken else 0))
        return self._event(event)

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        session = self._sessions.setdefault(line, _Session())
        session.buffer += data
        messages, used = wire.parse(session.buffer)
        session.buffer = session.buffer[used:]
        return b"".join(self._reply(session, message) for message in messages)

    def beat(self) -> bytes:
        return encode(Message(wire.KEEPALIVE, self._next()))

    def left(self, line: socket.socket) -> None:
        self._sessions.pop(line, None)

    # --- the physical side -------------------------------------------------------------------------------------------

    def tag_passes(self, epc: bytes, antenna: int = 1, rssi_dbm: int = -55, times: int = 1) -> int:
        """A tag is in the field and read so many times; how many clients were told. Nobody listens before the inventory runs."""
        report = self._report(epc, antenna, rssi_dbm)
        body = report * times
        told = 0
        for line, session in list(self._sessions.items()):
            if session.enabled and (not session.antennas or antenna in session.antennas or 0 in session.antennas):
                told += self.say(encode(Message(wire.RO_ACCESS_REPORT, self._next(), body)), line)
        return told

    @property
    def reading(self) -> bool:
        """Whether an inventory runs for anybody."""
        return any(session.enabled for session in list(self._sessions.values()))

    def _report(self, epc: bytes, antenna: int, rssi_dbm: int) -> bytes:
        name = tv(wire.EPC_96, epc) if len(epc) == 12 else tlv(wire.EPC_DATA, struct.pack(">H", len(epc) * 8) + epc)
        seen = tv(4, struct.pack(">Q", 1_795_000_000_000_000)) + tv(8, struct.pack(">H", 1))
        place = tv(wire.ANTENNA_ID, struct.pack(">H", antenna)) + tv(wire.PEAK_RSSI, struct.pack(">b", rssi_dbm))
        return tlv(wire.TAG_REPORT_DATA, name + place + seen)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _reply(self, session: _Session, message: Message) -> bytes:
        if message.kind == wire.KEEPALIVE_ACK:
            self.acknowledged += 1
            return b""
        response = _RESPONSES.get(message.kind)
        if response is None:
            return encode(Message(wire.ERROR_MESSAGE, message.id, _status(_NOT_NOW)))
        ok = message.kind != self.refuse and self._carry_out(session, message)
        return encode(Message(response, message.id, _status(0 if ok else _NOT_NOW)))

    def _carry_out(self, session: _Session, message: Message) -> bool:
        try:
            if message.kind == wire.SET_READER_CONFIG:
                return wire.find(message.body[1:], wire.KEEPALIVE_SPEC) is not None
            if message.kind == wire.DELETE_ROSPEC:
                session.rospec, session.enabled = None, False
                return True
            if message.kind == wire.ADD_ROSPEC:
                return self._add(session, message.body)
            if session.rospec is None or message.body != struct.pack(">I", session.rospec):
                return False
            session.enabled = True
            return True
        except (WireFault, struct.error):
            return False

    def _add(self, session: _Session, body: bytes) -> bool:
        spec = wire.find(body, wire.RO_SPEC)
        if spec is None or session.rospec is not None:
            return False
        parts = spec[6:]
        inventory = wire.find(parts, wire.AI_SPEC)
        if inventory is None or wire.find(parts, wire.RO_BOUNDARY_SPEC) is None:
            return False
        count = int.from_bytes(inventory[:2], "big")
        session.antennas = struct.unpack_from(f">{count}H", inventory, 2)
        list(wire.parameters(inventory[2 + 2 * count :]))
        session.rospec = int.from_bytes(spec[:4], "big")
        return True

    def _event(self, event: bytes) -> bytes:
        stamp = tlv(128, struct.pack(">Q", 1_795_000_000_000_000))
        return encode(Message(wire.READER_EVENT_NOTIFICATION, self._next(), tlv(wire.EVENT_DATA, stamp + event)))

    def _next(self) -> int:
        self._number += 1
        return self._number


def _status(code: int) -> bytes:
    return tlv(wire.LLRP_STATUS, struct.pack(">HH", code, 0))
