"""A card reader as a simulated device: OSDP's reader side behind a TCP-to-485 box, with its own secure channel, and the readers that
must never be believed: one that talks in clear, one with another key or the default one, one whose line is replayed or forged.
"""

from __future__ import annotations

import random
import socket
from collections import deque
from dataclasses import dataclass, replace

from hardware_sim.devices import osdp_wire as wire
from hardware_sim.devices.osdp_wire import Channel, Packet
from hardware_sim.devices.tcp_device import TcpDevice
from parking.gate.credentials.osdp_payload import CardRead, encode

DEFAULT_KEY = bytes(range(0x30, 0x40))
_IDENTITY = bytes.fromhex("cafebe0101afbeaddeaddead")
_CAPABILITIES = bytes.fromhex("030101 080100 0d0101")
_SECURE = bytes.fromhex("090101")
_WRONG_KEY, _UNKNOWN_COMMAND, _NEEDS_SECURITY = 0x05, 0x03, 0x06


@dataclass
class _Session:
    channel: Channel | None = None
    open: bool = False
    last: tuple[int, bytes] | None = None


class OsdpReaderSim(TcpDevice):
    """The readers at `addresses` of one line, all with `key`. `clear`: they know no secure channel and say their cards in clear;
    `replay`: somebody on the line repeats the last reply that carried a card in place of every answer to a poll; `forge`: somebody
    bends their replies."""

    def __init__(
        self,
        key: bytes,
        *,
        addresses: tuple[int, ...] = (0,),
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        clear: bool = False,
    ) -> None:
        super().__init__(host=host, port=port)
        self._key = key
        self.addresses = set(addresses)
        """The readers that are on the line now."""
        self._first = addresses[0]
        self._random = random.Random(seed)  # noqa: S311 - a simulated reader repeats itself
        self._buffers: dict[socket.socket, bytes] = {}
        self._sessions: dict[tuple[socket.socket, int], _Session] = {}
        self._cards: dict[int, deque[CardRead]] = {address: deque() for address in addresses}
        self._card_reply: bytes = b""
        self.clear = clear
        self.replay = False
        self.forge = False
        self.replayed = 0
        """How many times a recorded reply was put on the line."""

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        data = self._buffers.get(line, b"") + data
        packets, used = wire.parse(data)
        self._buffers[line] = data[used:]
        replies = [
            self._reply(self._sessions.setdefault((line, packet.address), _Session()), packet)
            for packet in packets
            if packet.address in self.addresses
        ]
        return b"".join(replies)

    def left(self, line: socket.socket) -> None:
        self._buffers.pop(line, None)
        for known in [key for key in list(self._sessions) if key[0] is line]:
            del self._sessions[known]

    # --- the physical side -------------------------------------------------------------------------------------------

    def card_held_up(self, read: CardRead, times: int = 1, address: int | None = None) -> None:
        """A card is held before a reader (the first, unless told otherwise); it is told at the next poll."""
        self._cards[self._first if address is None else address].extend([read] * times)

    @property
    def secured(self) -> bool:
        """Whether every reader on the line has a secure channel open."""
        open_at = {address for (_, address), session in list(self._sessions.items()) if session.open}
        return bool(open_at) and open_at >= self.addresses

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _reply(self, session: _Session, packet: Packet) -> bytes:
        if session.last is not None and packet.sequence and packet.sequence == session.last[0]:
            return session.last[1]  # asked again: the answer was lost
        if packet.sequence == 0:
            session.channel, session.open = None, False
        answer = self._secured(session, packet) if session.open else self._in_clear(session, packet)
        if answer and self.forge and session.open:
            answer = answer[:-7] + bytes([answer[-7] ^ 1]) + answer[-6:-2]
            answer += wire.crc16(answer).to_bytes(2, "little")
        session.last = packet.sequence, answer
        return answer

    def _in_clear(self, session: _Session, packet: Packet) -> bytes:
        head = Packet(packet.address, packet.sequence, wire.ACK, reply=True)
        if packet.code == wire.ID:
            return wire.encode(replace(head, code=wire.PD_ID, data=_IDENTITY))
        if packet.code == wire.CAPABILITIES:
            data = _CAPABILITIES if self.clear else _CAPABILITIES + _SECURE
            return wire.encode(replace(head, code=wire.PD_CAPABILITIES, data=data))
        if packet.code == wire.CHALLENGE and not self.clear and len(packet.data) == 8:
            return self._challenged(session, packet, head)
        if packet.code == wire.SERVER_CRYPTOGRAM and session.channel is not None:
            return self._open(session, packet, head)
        if packet.code == wire.POLL and self.clear:
            card = self._polled(packet.address)
            return wire.encode(head if card is None else replace(head, code=wire.RAW, data=card))
        code = _UNKNOWN_COMMAND if self.clear else _NEEDS_SECURITY
        return wire.encode(replace(head, code=wire.NAK, data=bytes([code])))

    def _challenged(self, session: _Session, packet: Packet, head: Packet) -> bytes:
        session.channel = Channel(self._key, packet.data, self._random.randbytes(8))
        data = _IDENTITY[:8] + session.channel.random_b + session.channel.client_cryptogram
        reply = replace(head, code=wire.CLIENT_CRYPTOGRAM, data=data, secured=wire.SCS_12, block=b"\x01")
        return wire.encode(reply)

    def _open(self, session: _Session, packet: Packet, head: Packet) -> bytes:
        channel = session.channel
        if channel is None or packet.data != channel.server_cryptogram:
            session.channel = None
            return wire.encode(replace(head, code=wire.NAK, data=bytes([_WRONG_KEY])))
        session.open = True
        first = channel.first_mac()
        return wire.encode(replace(head, code=wire.FIRST_MAC, data=first, secured=wire.SCS_14, block=b"\x01"))

    def _secured(self, session: _Session, packet: Packet) -> bytes:
        channel = session.channel
        assert channel is not None
        mac = channel.mac_of(packet)
        if packet.secured not in (wire.SCS_15, wire.SCS_17) or packet.mac != mac[:4]:
            session.channel, session.open = None, False
            return wire.encode(Packet(packet.address, packet.sequence, wire.NAK, bytes([_NEEDS_SECURITY]), reply=True))
        channel.remember(packet, mac)
        if self.replay and self._card_reply and packet.code == wire.POLL:
            self.replayed += 1
            return self._card_reply
        card = self._polled(packet.address) if packet.code == wire.POLL else None
        reply = Packet(packet.address, packet.sequence, wire.ACK, reply=True, secured=wire.SCS_16)
        if card is not None:
            reply = replace(reply, code=wire.RAW, data=channel.encrypt(card, reply=True), secured=wire.SCS_18)
        mac = channel.mac_of(reply)
        channel.remember(reply, mac)
        answer = wire.encode(replace(reply, mac=mac[:4]))
        if card is not None:
            self._card_reply = answer
        return answer

    def _polled(self, address: int) -> bytes | None:
        return encode(self._cards[address].popleft()) if self._cards[address] else None
