"""The free-bay counter behind a TCP-to-serial box: one frame out, the same frame back, all within one deadline.

The counter knows only a colour and a number. Full is a red 0. "Not known" is red 65535: more than its digits can show, so it shows
dashes and never a number that somebody could believe; check that once by hand on a real board (`no_number` names another count).
"""

from __future__ import annotations

from guidance.signs.base import Colour, Face, FaceKind, Sign, SignGarbled, SignSettings
from guidance.signs.exchange import Exchange
from guidance.signs.wire import ANSWER, MOST, CounterFrame, decode, encode

MOST_DIGITS = 9999


def frame_of(face: Face, no_number: int = MOST) -> CounterFrame:
    """How the counter says this face; numbers beyond four digits are cut to 9999 (never more than is free)."""
    if face.kind is FaceKind.NUMBER:
        return CounterFrame(face.colour, min(face.free, MOST_DIGITS))
    return CounterFrame(Colour.RED, 0 if face.kind is FaceKind.FULL else no_number)


class LedCounter:
    """One counter. Not thread-safe: one keeper talks to it."""

    def __init__(self, settings: SignSettings, no_number: int = MOST) -> None:
        self._line = Exchange(settings)
        self._no_number = no_number

    def show(self, face: Face) -> None:
        frame = frame_of(face, self._no_number)

        def answered(buffer: bytes) -> tuple[bool, int]:
            answer, used = decode(buffer, ANSWER)
            if answer == frame and used == len(buffer):
                return True, used
            if used:
                raise SignGarbled(f"answered {buffer[:16].hex(' ')} to {encode(frame).hex(' ')}")
            return False, 0

        self._line.ask(encode(frame), answered)

    def close(self) -> None:
        self._line.close()


_: type[Sign] = LedCounter
