"""A text board of the gate display family behind a TCP-to-serial box: shows the face in its colour; one with a voice says that it is full.

It speaks once, when the face becomes FULL: a board that repeats itself every 30 seconds is switched off by the neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from guidance.signs.base import Face, FaceKind, Sign, SignGarbled, SignSettings
from guidance.signs.exchange import Exchange
from guidance.signs.text_board_wire import BoardFrame, Line, answer, decode, encode, say, show
from parking.kernel.device import DeviceRefused

T = TypeVar("T")


class LedText:
    """One board. Not thread-safe: one keeper talks to it."""

    def __init__(self, settings: SignSettings, *, speaks: bool = False) -> None:
        self._line = Exchange(settings)
        self._speaks = speaks
        self._last: Face | None = None

    def show(self, face: Face) -> None:
        last, self._last = self._last, None  # whatever goes wrong from here, nobody knows what it shows
        self._send(_made(lambda: show(Line(0, face.line, face.colour))))
        if self._speaks and face.kind is FaceKind.FULL and last is not None and last.kind is not FaceKind.FULL:
            self.say(f"{face.name}{face.text}")
        self._last = face

    def say(self, text: str) -> None:
        """Speak at once; raises as `show` does."""
        self._send(_made(lambda: say(text)))

    def _send(self, frame: BoardFrame) -> None:
        raw = _made(lambda: encode(frame))

        def answered(buffer: bytes) -> tuple[bool, int]:
            found, used = decode(buffer)
            if found == answer(frame):
                return True, used
            if found is not None and found.command == frame.command and len(found.data) == 1:
                raise DeviceRefused(f"the board refuses {raw.hex(' ')} with {found.data.hex()}")
            if used:
                raise SignGarbled(f"answered {buffer[:16].hex(' ')} to {raw.hex(' ')}")
            return False, 0

        self._line.ask(raw, answered)

    def close(self) -> None:
        self._line.close()


def _made(make: Callable[[], T]) -> T:
    try:
        return make()
    except ValueError as error:  # signs that GBK does not know, or too many: the board was not told anything
        raise DeviceRefused(f"no board can show this: {error}") from None


_: type[Sign] = LedText
