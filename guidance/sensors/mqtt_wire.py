"""The part of MQTT 3.1.1 (OASIS) that bay sensors need, as bytes both ways; pure, pinned by golden hex.

CONNECT, CONNACK, SUBSCRIBE, SUBACK, PUBLISH (QoS 0 and 1), PUBACK, PINGREQ, PINGRESP, DISCONNECT.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

MOST_BYTES = 64 * 1024


class Kind(IntEnum):
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its kind, its four flag bits, and what follows the length."""

    kind: int
    flags: int = 0
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """A published message; `number` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    number: int = 0


def encode(packet: Packet) -> bytes:
    length, head = len(packet.body), bytearray((packet.kind << 4 | packet.flags,))
    while True:
        length, low = length >> 7, length & 0x7F
        head.append(low | (0x80 if length else 0))
        if not length:
            return bytes(head) + packet.body


def decode(buffer: bytes, *, cuts: bool = False) -> tuple[Packet | None, int]:
    """The first packet and the bytes used up; (None, 0): wait for more. ValueError for a length that no packet has.

    With `cuts` a packet larger than we take comes cut short; more bytes are used up then than may have come yet.
    """
    length = shift = 0
    for position in range(1, 5):
        if position >= len(buffer):
            return None, 0
        length |= (buffer[position] & 0x7F) << shift
        shift += 7
        if not buffer[position] & 0x80:
            break
    else:
        raise ValueError("a length of more than four bytes")
    if length > MOST_BYTES and not cuts:
        raise ValueError("a packet larger than we take")
    begin = position + 1
    taken = begin + min(length, MOST_BYTES)
    if len(buffer) < taken:
        return None, 0
    return Packet(buffer[0] >> 4, buffer[0] & 0x0F, bytes(buffer[begin:taken])), begin + length


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def connect(client_id: str, keep_alive_s: int) -> Packet:
    """A clean session without a user name."""
    body = _text("MQTT") + bytes((4, 0x02)) + keep_alive_s.to_bytes(2, "big") + _text(client_id)
    return Packet(Kind.CONNECT, 0, body)


def subscribe(number: int, topic: str, qos: int = 1) -> Packet:
    """At QoS 0 nothing that comes wants to be acknowledged."""
    return Packet(Kind.SUBSCRIBE, 0x02, number.to_bytes(2, "big") + _text(topic) + bytes((qos,)))


def publish(message: Message) -> Packet:
    number = message.number.to_bytes(2, "big") if message.qos else b""
    flags = message.qos << 1 | message.retain
    return Packet(Kind.PUBLISH, flags, _text(message.topic) + number + message.payload)


def message_of(packet: Packet) -> Message:
    """The message in a PUBLISH; ValueError for one that is cut short."""
    length, qos = int.from_bytes(packet.body[:2], "big"), packet.flags >> 1 & 3
    begin = 2 + length + (2 if qos else 0)
    if len(packet.body) < begin:
        raise ValueError("a message that is cut short")
    number = int.from_bytes(packet.body[2 + length : begin], "big") if qos else 0
    return Message(packet.body[2 : 2 + length].decode(), packet.body[begin:], qos, bool(packet.flags & 1), number)


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic fits a filter with `+` for one level and `#` for all that follow."""
    wanted, given = pattern.split("/"), topic.split("/")
    for n, part in enumerate(wanted):
        if part == "#":
            return True
        if n >= len(given) or part not in ("+", given[n]):
            return False
    return len(wanted) == len(given)
