"""The wire of HTTP MJPEG: pinned bytes, any chunking, and bounds against whatever a camera may send."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.sources.multipart import MalformedStream, MultipartParser, boundary_of

pytestmark = pytest.mark.req("LPR-2")
GOLDEN = (
    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\xff\xd8AB\r\n"
    b"--frame\r\ncontent-length:2\r\n\r\n--\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\nno length\r\n--frame\r\n"
)


def test_the_golden_stream_gives_its_three_parts() -> None:
    assert MultipartParser(b"frame").feed(GOLDEN) == [b"\xff\xd8AB", b"--", b"no length"]


def test_a_boundary_may_be_given_with_its_dashes() -> None:
    assert MultipartParser(b"--frame").feed(GOLDEN)[0] == b"\xff\xd8AB"


@given(cuts=st.lists(st.integers(0, len(GOLDEN)), max_size=12))
def test_how_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    parser, edges = MultipartParser(b"frame"), [0, *sorted(cuts), len(GOLDEN)]
    parts = [part for start, end in itertools.pairwise(edges) for part in parser.feed(GOLDEN[start:end])]
    assert parts == [b"\xff\xd8AB", b"--", b"no length"]


@given(bodies=st.lists(st.binary(max_size=60), max_size=5))
def test_whatever_a_part_holds_comes_out_as_it_went_in(bodies: list[bytes]) -> None:
    stream = b"".join(b"--x\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(body), body) for body in bodies)
    assert MultipartParser(b"x").feed(stream) == bodies


@given(noise=st.binary(max_size=300))
def test_noise_is_refused_or_waited_out_and_nothing_else(noise: bytes) -> None:
    parser = MultipartParser(b"frame")
    try:
        for _ in range(40):
            parser.feed(noise)
    except MalformedStream:
        pass


@pytest.mark.parametrize(
    ("flood", "why"),
    [
        (b"x" * 9000, "no boundary"),
        (b"--frame\r\n" + b"x" * 9000, "header of a part is too large"),
        (b"--frame\r\nContent-Length: 99999999999\r\n\r\n", "part of the stream is too large"),
    ],
)
def test_a_camera_cannot_fill_the_memory(flood: bytes, why: str) -> None:
    with pytest.raises(MalformedStream, match=why):
        MultipartParser(b"frame").feed(flood)


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=frame", b"frame"),
        ('Multipart/X-Mixed-Replace;charset=x; Boundary="--a b"', b"--a b"),
    ],
)
def test_the_boundary_is_read_from_the_header(header: str, boundary: bytes) -> None:
    assert boundary_of(header) == boundary


@pytest.mark.parametrize("header", ["", "image/jpeg", "text/html; boundary=x", "multipart/x-mixed-replace"])
def test_an_answer_that_is_no_stream_is_refused(header: str) -> None:
    with pytest.raises(MalformedStream):
        boundary_of(header)
