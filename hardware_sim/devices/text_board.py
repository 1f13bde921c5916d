"""A gate display board with text and voice on a real TCP socket: speaks `guidance.signs.text_board_wire` and fails as the counter does."""

from __future__ import annotations

from guidance.signs.text_board_wire import answer, decode, encode, line_of, speech_of
from hardware_sim.devices.sign import Heard, SignBox

NOT_KNOWN = 0x01


class TextBoardBox(SignBox):
    """Shows line 0, says what it is told to say, refuses what it does not know."""

    _garbage = b"\x00\x64\xff\xff\x62\x01\x00\x00\x00"

    def _hear(self, buffer: bytes) -> tuple[Heard | None, int]:
        frame, used = decode(buffer)
        if frame is None:
            return None, used
        line, speech = line_of(frame), speech_of(frame)
        if line is not None and line.number == 0:
            return Heard(line.text, line.colour, encode(answer(frame))), used
        if speech is not None:
            return Heard(speech, None, encode(answer(frame))), used
        return Heard("", None, encode(answer(frame, NOT_KNOWN))), used
