"""Frames add up: evidence is summed, strings are not counted, and the vehicle at the gate is the one that counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr import Ballot, PlateColour, PlateRead
from tests.builders.lpr import MORNING, a_box, a_read

pytestmark = pytest.mark.req("LPR-1")
RIGHT, WRONG = "粤B12345", "粤B1Z345"


def test_a_ballot_without_frames_knows_nothing() -> None:
    reading = Ballot().reading()
    assert (reading.plate, reading.frames, reading.agreeing, reading.captured_at) == (None, 0, 0, None)


def test_frames_without_a_plate_are_counted_as_frames() -> None:
    ballot = Ballot()
    ballot.add([])
    ballot.add([a_read((RIGHT, -0.1), (WRONG, -4.0))])
    reading = ballot.reading()
    assert (reading.frames, reading.agreeing) == (2, 1)


def test_one_clear_frame_outweighs_two_doubtful_ones_that_agree_with_each_other() -> None:
    ballot = Ballot()
    for _ in range(2):
        ballot.add([a_read((WRONG, -0.9), (RIGHT, -1.0))])
    ballot.add([a_read((RIGHT, -0.05), (WRONG, -6.0))])
    reading = ballot.reading()
    assert reading.plate is not None
    assert reading.plate.text == RIGHT
    assert (reading.agreeing, reading.frames) == (1, 3)
    assert reading.margin == pytest.approx(5.75)


def test_doubts_that_differ_from_frame_to_frame_cancel_out() -> None:
    ballot = Ballot()
    for other in ("粤B12346", "粤B12845", "粤B72345"):
        ballot.add([a_read((RIGHT, -0.7), (other, -0.8))])
    reading = ballot.reading()
    assert reading.plate is not None
    assert reading.plate.text == RIGHT
    assert reading.margin > 4
    assert reading.agreeing == 3


def test_confidence_grows_with_agreeing_frames() -> None:
    ballot, seen = Ballot(), []
    for _ in range(4):
        ballot.add([a_read((RIGHT, -1.0), (WRONG, -1.8))])
        seen.append(ballot.reading().confidence)
    assert seen == sorted(seen)
    assert seen[-1] > 0.9


def test_the_near_vehicle_is_read_not_the_one_behind_it() -> None:
    behind, near = a_box(x=600, y=40, width=60, height=20), a_box(width=200, height=64)
    ballot = Ballot()
    for _ in range(3):
        ballot.add([a_read(("京A00002", -0.01), corners=behind), a_read((RIGHT, -0.4), (WRONG, -2.5), corners=near)])
    reading = ballot.reading()
    assert reading.plate is not None
    assert reading.plate.text == RIGHT


def test_a_vehicle_that_rolls_forward_stays_the_same_vehicle() -> None:
    ballot = Ballot()
    for step in range(5):
        ballot.add([a_read((RIGHT, -0.5), (WRONG, -1.5), corners=a_box(x=100 + 90 * step))])
    assert ballot.reading().agreeing == 5


def test_colour_and_time_come_with_the_reading() -> None:
    ballot = Ballot()
    later = MORNING + timedelta(seconds=1)
    ballot.add([a_read((RIGHT, -0.1), colour=PlateColour.BLUE)])
    ballot.add([a_read((RIGHT, -0.1), colour=None, at=later)])
    ballot.add([a_read((RIGHT, -0.1), colour=PlateColour.BLUE, at=later)])
    assert (ballot.reading().colour, ballot.reading().captured_at) == (PlateColour.BLUE, later)


@st.composite
def one_vehicle(draw: st.DrawFn) -> list[PlateRead]:
    plates = [RIGHT, WRONG, "粤B12346", "粤A12345"]
    reads = []
    for _ in range(draw(st.integers(1, 6))):
        listed = draw(st.lists(st.sampled_from(plates), min_size=1, max_size=4, unique=True))
        likelihoods = sorted((draw(st.integers(-160, 0)) / 16 for _ in listed), reverse=True)
        reads.append(a_read(*zip(listed, likelihoods, strict=True)))
    return reads


@given(reads=one_vehicle(), seed=st.randoms())
def test_the_order_of_the_frames_does_not_matter(reads: list[PlateRead], seed: object) -> None:
    shuffled = list(reads)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
    one, other = Ballot(), Ballot()
    for read in reads:
        one.add([read])
    for read in shuffled:
        other.add([read])
    assert one.reading().plate == other.reading().plate
    assert one.reading().margin == pytest.approx(other.reading().margin)


@given(reads=one_vehicle())
def test_a_reading_is_always_a_plate_that_some_frame_listed_with_a_sound_confidence(reads: list[PlateRead]) -> None:
    ballot = Ballot()
    for read in reads:
        ballot.add([read])
    reading = ballot.reading()
    assert reading.plate in {c.plate for read in reads for c in read.candidates}
    assert 0 <= reading.confidence <= 1
    assert reading.margin >= 0
    assert 0 <= reading.agreeing <= reading.frames == len(reads)
