"""Text and voice boards and LCDs, byte for byte. Frames called published stand in integrators' papers; the rest follow their rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.signs import lcd_wire
from guidance.signs.base import UNKNOWN_FACE, Colour, Face, FaceKind
from guidance.signs.lcd_wire import Order
from guidance.signs.text_board_wire import BoardFrame, Line, answer, decode, encode, line_of, say, show, speech_of

SPOKEN = [
    ("欢迎光临", "00 64 FF FF 30 09 01 BB B6 D3 AD B9 E2 C1 D9 32 58"),
    ("欢迎光临,请入场停车", "00 64 FF FF 30 14 01 BB B6 D3 AD B9 E2 C1 D9 2C C7 EB C8 EB B3 A1 CD A3 B3 B5 A9 36"),
    ("粤B123456警", "00 64 FF FF 30 0C 01 D4 C1 42 31 32 33 34 35 36 BE AF 03 5F"),
    ("一路顺风", "00 64 FF FF 30 09 01 D2 BB C2 B7 CB B3 B7 E7 9F 40"),
    ("请交费10元", "00 64 FF FF 30 0B 01 C7 EB BD BB B7 D1 31 30 D4 AA 43 1E"),
]
PUBLISHED_LINE = (
    "00 64 FF FF 62 25 00 15 01 00 02 15 01 03 00 FF 00 00 00 00 00 00 00 12 00 "
    "BB B6 D3 AD B9 E2 C1 D9 C7 EB C8 EB B3 A1 CD A3 B3 B5 F4 F5"
)
OURS = [
    (
        Line(0, "车位已满", Colour.RED),
        "00 64 FF FF 62 1B 00 00 01 00 02 00 01 03 00 FF 00 00 00 00 00 00 00 08 00 B3 B5 CE BB D2 D1 C2 FA",
    ),
    (
        Line(0, "6", Colour.GREEN),
        "00 64 FF FF 62 14 00 00 01 00 02 00 01 03 00 00 FF 00 00 00 00 00 00 01 00 36",
    ),
    (
        Line(1, "----", Colour.YELLOW),
        "00 64 FF FF 62 17 01 00 01 00 02 00 01 03 00 FF FF 00 00 00 00 00 00 04 00 2D 2D 2D 2D",
    ),
]
lines = st.builds(Line, st.integers(0, 3), st.text("满空车位0123456789-AB", max_size=40), st.sampled_from(Colour))


@pytest.mark.parametrize(("text", "raw"), SPOKEN, ids=lambda v: v if len(v) < 20 else "")
def test_speech_as_published_in_both_directions(text: str, raw: str) -> None:
    frame = say(text)
    assert encode(frame) == bytes.fromhex(raw)
    assert decode(bytes.fromhex(raw)) == (frame, len(bytes.fromhex(raw)))
    assert speech_of(frame) == text
    assert line_of(frame) is None


def test_a_line_as_published_is_read() -> None:
    raw = bytes.fromhex(PUBLISHED_LINE)
    frame, used = decode(raw)
    assert frame is not None
    assert used == len(raw)
    assert encode(frame) == raw
    assert line_of(frame) == Line(0, "欢迎光临请入场停车", Colour.RED)
    assert speech_of(frame) is None


@pytest.mark.parametrize(("line", "raw"), OURS, ids=lambda v: v.text if isinstance(v, Line) else "")
def test_our_lines_in_both_directions(line: Line, raw: str) -> None:
    sent = encode(show(line))
    assert sent[:-2] == bytes.fromhex(raw)
    frame, used = decode(sent)
    assert frame is not None
    assert (line_of(frame), used) == (line, len(sent))


def test_the_answer_repeats_the_head_with_one_byte() -> None:
    assert encode(answer(say("欢迎光临")))[:-2] == bytes.fromhex("00 64 FF FF 30 01 00")
    assert encode(answer(show(Line(0, "6", Colour.GREEN)), 1))[:-2] == bytes.fromhex("00 64 FF FF 62 01 01")


@pytest.mark.parametrize(
    ("raw", "used"),
    [
        ("", 0),
        ("00 64 FF FF 30 09 01 BB B6", 0),  # not all of it yet
        ("00 64 FF FF 30 09 01 BB B6 D3 AD B9 E2 C1 D9 58 32", 1),  # the sum with its bytes exchanged
        ("00 64 FF FF 31 09 01 BB B6 D3 AD B9 E2 C1 D9 32 58", 1),  # one bit fell over
        ("00 63 FF FF 30 00 00 00", 1),  # another version
        ("FF FF", 1),
    ],
)
def test_what_is_no_frame_is_waited_for_or_dropped(raw: str, used: int) -> None:
    assert decode(bytes.fromhex(raw)) == (None, used)


@pytest.mark.parametrize("text", ["\N{AUTOMOBILE}", "满" * 128])
def test_text_that_no_board_can_take_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"gbk|at most 255"):
        encode(say(text))


@given(st.lists(lines, max_size=4), st.data())
def test_a_stream_of_frames_is_read_whole_however_it_is_cut(sent: list[Line], data: st.DataObject) -> None:
    stream = b"\x64\x64".join((b"", *(encode(show(line)) for line in sent)))
    read, buffer = [], b""
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer, stream = buffer + stream[:cut], stream[cut:]
        while (step := decode(buffer))[1]:
            if step[0] is not None:
                read.append(line_of(step[0]))
            buffer = buffer[step[1] :]
    assert read == sent


@given(st.binary(max_size=64))
def test_any_bytes_are_used_up_or_waited_for_without_an_error(raw: bytes) -> None:
    while (step := decode(raw))[1]:
        if step[0] is not None:
            line_of(step[0]), speech_of(step[0])
        raw = raw[step[1] :]
    assert len(raw) < 6 + 255 + 2


@given(st.integers(0, 255), st.binary(max_size=255))
def test_any_data_are_a_line_a_speech_or_nothing(command: int, data: bytes) -> None:
    frame = BoardFrame(command, data)
    assert decode(encode(frame)) == (frame, 8 + len(data))
    assert line_of(frame) is None or speech_of(frame) is None


# --- the LCD ---------------------------------------------------------------------------------------------------------


def test_what_an_lcd_is_told_in_both_directions() -> None:
    order = Order(Face(FaceKind.FULL, "车位已满", Colour.RED), 90.0, "a1")
    raw = '{"kind": "full", "text": "车位已满", "colour": "red", "free": 0, "for_s": 90.0, "token": "a1"}'.encode()
    assert lcd_wire.encode(order) == raw
    assert lcd_wire.decode(raw) == order
    assert lcd_wire.encode_shown("a1") == b'{"token": "a1"}'
    assert lcd_wire.token_of(b'{"token": "a1"}') == "a1"
    assert lcd_wire.topic("mall", "sign-b1", lcd_wire.FACE) == "park/mall/sign/sign-b1/face"


@given(st.binary(max_size=40) | st.sampled_from([b"[]", b"{}", b"null", b'{"token": 7}', b'{"kind": "number"}']))
def test_nonsense_is_no_order_and_no_token(raw: bytes) -> None:
    assert lcd_wire.decode(raw) is None
    assert lcd_wire.token_of(raw) is None


def test_dashes_travel_as_dashes() -> None:
    found = lcd_wire.decode(lcd_wire.encode(Order(UNKNOWN_FACE, 90.0, "t")))
    assert found is not None
    assert found.face == UNKNOWN_FACE
