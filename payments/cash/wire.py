"""The bytes of a cash desk: the drawer pulse and status of ESC/POS, and ccTalk for coin hoppers. Pure.

ESC/POS: `ESC p m t1 t2` (1B 70), pulse times in steps of 2 ms; `DLE EOT 1` (10 04 01) answers a byte whose bit 2 is the level
of pin 3 of the drawer's connector. ccTalk (generic specification 4.7): destination, length, source, header, data, and a
checksum that makes the sum of all bytes zero modulo 256.
"""

from __future__ import annotations

from dataclasses import dataclass

ASK_DRAWER = b"\x10\x04\x01"
SERIAL_NUMBER, ENABLE, DISPENSE, STATUS, TEST = 242, 164, 167, 166, 163
ENABLED = b"\xa5"
HOST, HOPPER = 1, 3
_FIXED = 0x12  # bits 1 and 4 are always set in the answer to DLE EOT


def drawer_pulse(*, connector: int = 0, on_ms: int = 100, off_ms: int = 500) -> bytes:
    """The pulse; ValueError for what a printer cannot do."""
    if connector not in (0, 1) or not 2 <= on_ms <= 510 or not 2 <= off_ms <= 510:
        raise ValueError("connector 0 or 1, pulses of 2 to 510 ms")
    return bytes([0x1B, 0x70, connector, on_ms // 2, off_ms // 2])


def pin_is_high(answer: int) -> bool:
    """The level of the drawer's pin; ValueError if the byte is no answer to ASK_DRAWER."""
    if answer & 0x93 != _FIXED:
        raise ValueError("no status byte")
    return bool(answer & 0x04)


@dataclass(frozen=True, slots=True)
class Message:
    """One ccTalk message; a reply has header 0."""

    to: int
    sender: int
    header: int
    data: bytes = b""


def encode(message: Message) -> bytes:
    """The message on the wire."""
    raw = bytes([message.to, len(message.data), message.sender, message.header]) + message.data
    return raw + bytes([-sum(raw) % 256])


def decode(data: bytes) -> tuple[Message | None, int]:
    """The first whole message and its length, (None, 0) while it is not whole; ValueError if its checksum is wrong."""
    if len(data) < 5 or len(data) < 5 + data[1]:
        return None, 0
    length = 5 + data[1]
    if sum(data[:length]) % 256:
        raise ValueError("wrong checksum")
    return Message(data[0], data[2], data[3], data[4 : length - 1]), length


@dataclass(frozen=True, slots=True)
class HopperStatus:
    """What a hopper says of its payouts: `event` counts them modulo 256 (1 to 255, 0 after power-up)."""

    event: int
    remaining: int
    paid: int
    unpaid: int


def status_of(data: bytes) -> HopperStatus:
    """The status in a reply's data; ValueError if it is none."""
    if len(data) != 4:
        raise ValueError("no status")
    return HopperStatus(*data)
