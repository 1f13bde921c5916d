"""The free-bay counter frame as bytes, both ways; pure, pinned by golden hex.

Xunpeng free-bay display, serial protocol as printed on the maker's product page, 9600 8N1:
`3A colour count-low count-high 01 sum 0A`; colour 00 green, 01 yellow, 02 red; sum = all bytes before it, modulo 256. The answer
repeats the frame behind `2A` with its own sum. (The page's prose describes a shorter answer; its example, which we follow, does not.)
"""

from __future__ import annotations

from dataclasses import dataclass

from guidance.signs.base import Colour

COMMAND = 0x3A
ANSWER = 0x2A
LENGTH = 7
MOST = 0xFFFF
_INFO = 0x01
_END = 0x0A
_COLOURS = (Colour.GREEN, Colour.YELLOW, Colour.RED)


@dataclass(frozen=True, slots=True)
class CounterFrame:
    """A colour and a count from 0 to 65535."""

    colour: Colour
    count: int


def encode(frame: CounterFrame, start: int = COMMAND) -> bytes:
    """Seven bytes; ValueError when the count does not fit into sixteen bits."""
    if not 0 <= frame.count <= MOST:
        raise ValueError(f"a count lies between 0 and {MOST}")
    body = bytes((start, _COLOURS.index(frame.colour), frame.count & 0xFF, frame.count >> 8, _INFO))
    return body + bytes((sum(body) & 0xFF, _END))


def decode(buffer: bytes, start: int = COMMAND) -> tuple[CounterFrame | None, int]:
    """The first frame and the number of bytes used up. (None, 0): wait for more; (None, n): n bytes of nonsense to drop."""
    if not buffer:
        return None, 0
    if buffer[0] != start:
        begin = buffer.find(bytes((start,)))
        return None, begin if begin > 0 else len(buffer)
    if len(buffer) < LENGTH:
        return None, 0
    body, checksum, end = buffer[:5], buffer[5], buffer[6]
    if body[1] >= len(_COLOURS) or body[4] != _INFO or checksum != sum(body) & 0xFF or end != _END:
        return None, 1  # perhaps a real frame begins inside this one
    return CounterFrame(_COLOURS[body[1]], body[2] | body[3] << 8), LENGTH
