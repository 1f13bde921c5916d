"""The free-bay counter frame, byte for byte. The first pair is the example on the maker's page; the rest follow its rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.signs.base import Colour
from guidance.signs.wire import ANSWER, COMMAND, CounterFrame, decode, encode

GOLDEN = [
    ("888 green, as published", Colour.GREEN, 888, "3A 00 78 03 01 B6 0A", "2A 00 78 03 01 A6 0A"),
    ("30 green", Colour.GREEN, 30, "3A 00 1E 00 01 59 0A", "2A 00 1E 00 01 49 0A"),
    ("3 yellow", Colour.YELLOW, 3, "3A 01 03 00 01 3F 0A", "2A 01 03 00 01 2F 0A"),
    ("0 red: full", Colour.RED, 0, "3A 02 00 00 01 3D 0A", "2A 02 00 00 01 2D 0A"),
    ("65535 red: no number", Colour.RED, 65535, "3A 02 FF FF 01 3B 0A", "2A 02 FF FF 01 2B 0A"),
    ("a count that looks like a start", Colour.GREEN, 0x3A3A, "3A 00 3A 3A 01 AF 0A", "2A 00 3A 3A 01 9F 0A"),
]
frames = st.builds(CounterFrame, st.sampled_from(Colour), st.integers(0, 65535))


@pytest.mark.parametrize(("colour", "count", "command", "answer"), [g[1:] for g in GOLDEN], ids=[g[0] for g in GOLDEN])
def test_frame_and_answer_in_both_directions(colour: Colour, count: int, command: str, answer: str) -> None:
    frame = CounterFrame(colour, count)
    assert encode(frame) == bytes.fromhex(command)
    assert encode(frame, ANSWER) == bytes.fromhex(answer)
    assert decode(bytes.fromhex(command)) == (frame, 7)
    assert decode(bytes.fromhex(answer), ANSWER) == (frame, 7)


@pytest.mark.parametrize(
    ("raw", "used"),
    [
        ("", 0),
        ("3A 00 78 03 01 B6", 0),  # not all of it yet
        ("3A 00 78 03 01 B7 0A", 1),  # wrong sum
        ("3A 03 78 03 01 B9 0A", 1),  # no such colour
        ("3A 00 78 03 02 B7 0A", 1),  # another kind of message
        ("3A 00 78 03 01 B6 0D", 1),  # wrong end
        ("2A 00 78 03 01 A6 0A", 7),  # an answer where a command belongs
        ("FF 00 3A 00 78", 2),  # noise before a frame
    ],
)
def test_what_is_no_frame_is_waited_for_or_dropped(raw: str, used: int) -> None:
    assert decode(bytes.fromhex(raw)) == (None, used)


@pytest.mark.parametrize("count", [-1, 65536])
def test_a_count_that_does_not_fit_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 65535"):
        encode(CounterFrame(Colour.GREEN, count))


@given(st.lists(frames, max_size=5), st.sampled_from((COMMAND, ANSWER)), st.data())
def test_a_stream_of_frames_is_read_whole_however_it_is_cut(
    sent: list[CounterFrame], start: int, data: st.DataObject
) -> None:
    stream = b"".join(encode(f, start) for f in sent)
    read, buffer = [], b""
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer, stream = buffer + stream[:cut], stream[cut:]
        while (step := decode(buffer, start))[1]:
            assert step[0] is not None
            read.append(step[0])
            buffer = buffer[step[1] :]
    assert read == sent


@given(st.binary(max_size=64))
def test_any_bytes_are_used_up_without_an_error(raw: bytes) -> None:
    while (step := decode(raw))[1]:
        raw = raw[step[1] :]
    assert len(raw) < 7
