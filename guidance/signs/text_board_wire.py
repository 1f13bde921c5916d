"""Chinese gate display boards (OLM/FK family), text and voice, as bytes both ways; pure, pinned by golden hex.

`address 64 FF FF command length data CRC-16/MODBUS (low first)`, text in GBK. 0x30 says `01 text` aloud; 0x62 shows
`line, ways and speeds of coming and going, font, repeats, colour (R G B 0), ground (4), text length (2, low first), text`.
The answer repeats the head with one byte of data, 0 when it was taken. Vendors' published frames; one family, not a standard.
"""

from __future__ import annotations

from dataclasses import dataclass

from guidance.sensors.e8_wire import crc16
from guidance.signs.base import Colour

VERSION = 0x64
SAY, SHOW = 0x30, 0x62
TAKEN = 0x00
MOST_DATA = 0xFF
_PACKET = b"\xff\xff"
_HEAD, _TAIL = 6, 2
_SAY_NOW = 0x01
_WAYS = bytes((0x00, 0x01, 0x00, 0x02, 0x00, 0x01, 0x03, 0x00))  # at once, stays, 16-point type, for good
_GROUND = bytes(4)
_COLOURS = {Colour.RED: b"\xff\0\0\0", Colour.GREEN: b"\0\xff\0\0", Colour.YELLOW: b"\xff\xff\0\0"}
_FIXED = 1 + len(_WAYS) + 4 + len(_GROUND) + 2


@dataclass(frozen=True, slots=True)
class BoardFrame:
    """A command and its data, up to 255 bytes."""

    command: int
    data: bytes
    address: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on the board, 0 the topmost."""

    number: int
    text: str
    colour: Colour


def encode(frame: BoardFrame) -> bytes:
    """ValueError for data that do not fit."""
    if len(frame.data) > MOST_DATA:
        raise ValueError(f"a frame carries at most {MOST_DATA} bytes, this one {len(frame.data)}")
    body = bytes((frame.address, VERSION)) + _PACKET + bytes((frame.command, len(frame.data))) + frame.data
    return body + crc16(body).to_bytes(2, "little")


def decode(buffer: bytes) -> tuple[BoardFrame | None, int]:
    """The first frame and the bytes used up. (None, 0): wait for more; (None, n): n bytes of nonsense to drop."""
    known = buffer[1:4]
    if known != (bytes((VERSION,)) + _PACKET)[: len(known)]:
        return None, 1
    if len(buffer) < _HEAD:
        return None, 0
    whole = _HEAD + buffer[5] + _TAIL
    if len(buffer) < whole:
        return None, 0
    body = bytes(buffer[: whole - _TAIL])
    if crc16(body) != int.from_bytes(buffer[whole - _TAIL : whole], "little"):
        return None, 1  # perhaps a real frame begins inside this one
    return BoardFrame(buffer[4], body[_HEAD:], buffer[0]), whole


def say(text: str) -> BoardFrame:
    """Speak at once; ValueError for text that GBK does not know or that is too long."""
    return BoardFrame(SAY, bytes((_SAY_NOW,)) + text.encode("gbk"))


def show(line: Line) -> BoardFrame:
    """Show a line; ValueError for text that GBK does not know or that is too long."""
    text = line.text.encode("gbk")
    length = len(text).to_bytes(2, "little")
    return BoardFrame(SHOW, bytes((line.number,)) + _WAYS + _COLOURS[line.colour] + _GROUND + length + text)


def answer(frame: BoardFrame, result: int = TAKEN) -> BoardFrame:
    """What the board answers to a frame."""
    return BoardFrame(frame.command, bytes((result,)), frame.address)


def line_of(frame: BoardFrame) -> Line | None:
    """The line that a SHOW frame carries; None when it carries none that makes sense."""
    data = frame.data
    if frame.command != SHOW or len(data) < _FIXED:
        return None
    number, colour, length = data[0], data[9:13], int.from_bytes(data[17:19], "little")
    shown = next((c for c, raw in _COLOURS.items() if raw == colour), None)
    if shown is None or length != len(data) - _FIXED:
        return None
    return None if (text := _text(data[_FIXED:])) is None else Line(number, text, shown)


def speech_of(frame: BoardFrame) -> str | None:
    """The words that a SAY frame carries; None when it carries none that make sense."""
    if frame.command != SAY or frame.data[:1] != bytes((_SAY_NOW,)):
        return None
    return _text(frame.data[1:])


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode("gbk")
    except UnicodeDecodeError:
        return None
