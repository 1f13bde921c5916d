"""The node controller of ultrasonic bay sensors, as bytes both ways; pure, pinned by golden hex.

777doc parking protocol V1.1 (one maker's; others differ): `E8 address control length(2, high first) data CRC(2, low first)`; control is
0x20 for "read bay states", bit 7 set in the reply, bit 6 for an error; data of a reply is one byte a bay: 0 free, 1 taken, else faulty.
"""

from __future__ import annotations

from dataclasses import dataclass

START = 0xE8
READ_STATES = 0x20
REPLY, ERROR = 0x80, 0x40
_HEAD, _TAIL = 5, 2
MOST_DATA = 256


@dataclass(frozen=True, slots=True)
class E8Frame:
    """`control` with its reply and error bits; `data` up to 256 bytes."""

    address: int
    control: int
    data: bytes = b""


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS (polynomial 0xA001 reflected, start 0xFFFF)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def encode(frame: E8Frame) -> bytes:
    """ValueError for an address or data that do not fit."""
    if not 0 <= frame.address <= 0xFF or len(frame.data) > MOST_DATA:
        raise ValueError("an address is one byte, data at most 256")
    body = bytes((START, frame.address, frame.control)) + len(frame.data).to_bytes(2, "big") + frame.data
    return body + crc16(body).to_bytes(2, "little")


def decode(buffer: bytes) -> tuple[E8Frame | None, int]:
    """The first frame and the bytes used up. (None, 0): wait for more; (None, n): n bytes of nonsense to drop."""
    if not buffer:
        return None, 0
    if buffer[0] != START:
        begin = buffer.find(bytes((START,)))
        return None, begin if begin > 0 else len(buffer)
    if len(buffer) < _HEAD:
        return None, 0
    length = int.from_bytes(buffer[3:5], "big")
    if length > MOST_DATA:
        return None, 1
    whole = _HEAD + length + _TAIL
    if len(buffer) < whole:
        return None, 0
    body = bytes(buffer[: whole - _TAIL])
    if crc16(body) != int.from_bytes(buffer[whole - _TAIL : whole], "little"):
        return None, 1  # perhaps a real frame begins inside this one
    return E8Frame(buffer[1], buffer[2], body[_HEAD:]), whole
