"""Frames add up: evidence is summed, strings are not counted, and the vehicle at the gate is the one that counts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr import Ballot, PlateColour, PlateRead
from lpr.tally import Glimpse, Tally, likelihoods
from parking.kernel.plate import Plate
from tests.builders.lpr import MORNING, a_box, a_frame, a_picture, a_read

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
    assert reading.margin == pytest.approx(5.75 * 2 / 3)  # three frames speak as loudly as two


def test_doubts_that_differ_from_frame_to_frame_cancel_out() -> None:
    ballot = Ballot()
    for other in ("粤B12346", "粤B12845", "粤B72345"):
        ballot.add([a_read((RIGHT, -0.7), (other, -0.8))])
    reading = ballot.reading()
    assert reading.plate is not None
    assert reading.plate.text == RIGHT
    assert reading.margin == pytest.approx(4.3 * 2 / 3)
    assert reading.agreeing == 3


def test_confidence_grows_with_agreeing_frames() -> None:
    ballot, seen = Ballot(), []
    for _ in range(4):
        ballot.add([a_read((RIGHT, -1.0), (WRONG, -1.8))])
        seen.append(ballot.reading().confidence)
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(seen))
    assert seen[1] > seen[0] + 0.1
    assert 0.8 < seen[-1] < 0.9  # four mediocre frames of one car are no certainty


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


flat = st.lists(
    st.sampled_from([RIGHT, WRONG, "粤B12346", "京A00002", "沪C3D4E5"]), min_size=1, max_size=5, unique=True
)


@st.composite
def one_vehicle(draw: st.DrawFn) -> list[PlateRead]:
    plates = [RIGHT, WRONG, "粤B12346", "粤A12345"]
    reads = []
    for _ in range(draw(st.integers(1, 6))):
        listed = draw(st.lists(st.sampled_from(plates), min_size=1, max_size=4, unique=True))
        likelihoods = sorted((draw(st.integers(-160, 0)) / 16 for _ in listed), reverse=True)
        reads.append(a_read(*zip(listed, likelihoods, strict=True)))
    return reads


@settings(deadline=None)
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


@settings(deadline=None)
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


def tally_of(*votes: tuple[PlateRead, float]) -> Tally:
    tally = Tally()
    for number, (read, weight) in enumerate(votes):
        tally.add(Glimpse(read, weight, number * 0.2))
    return tally


def leading(tally: Tally) -> tuple[str, float]:
    verdict = tally.verdict()
    assert verdict is not None
    return verdict.plate.text, verdict.margin


def test_a_dull_frame_counts_less_than_a_sharp_one() -> None:
    dull, sharp = a_read((WRONG, -0.1), (RIGHT, -4.0)), a_read((RIGHT, -0.1), (WRONG, -3.0))
    assert leading(tally_of((dull, 1.0), (sharp, 1.0)))[0] == WRONG
    assert leading(tally_of((dull, 0.3), (sharp, 1.0)))[0] == RIGHT


@pytest.mark.parametrize("moves", [0, 30])
def test_many_frames_of_one_car_speak_no_louder_than_two(moves: float) -> None:
    doubtful = [a_read((WRONG, -0.6), (RIGHT, -1.6), corners=a_box(y=100 + moves * n)) for n in range(20)]
    assert leading(tally_of((doubtful[0], 1.0)))[1] == pytest.approx(1.0)
    assert leading(tally_of(*((read, 1.0) for read in doubtful[:2])))[1] == pytest.approx(2.0)
    assert leading(tally_of(*((read, 1.0) for read in doubtful)))[1] == pytest.approx(2.0)
    assert leading(tally_of(*((read, 0.1) for read in doubtful[:10])))[1] == pytest.approx(1.0)


def test_no_single_frame_overrules_many() -> None:
    good = [a_read((RIGHT, -0.1), (WRONG, -3.5), corners=a_box(y=100 + 30 * n)) for n in range(3)]
    stray = a_read((WRONG, -0.001), ("粤B1Z34S", -30.0), corners=a_box(y=190))
    assert leading(tally_of(*((read, 1.0) for read in (*good, stray))))[0] == RIGHT


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_frames_that_list_one_plate_alone_settle_nothing_that_a_clear_frame_may_not_overturn(frames: int) -> None:
    alone = [a_read((RIGHT, -10.0), corners=a_box(y=100 + 30 * n)) for n in range(frames)]
    verdict = tally_of(*((read, 1.0) for read in alone)).verdict()
    assert verdict is not None
    assert verdict.margin == pytest.approx(2.0 * min(frames, 2))  # the likeliest plate that no frame lists
    stray = a_read(("粤A12345", 0.0), ("粤B12346", -10.0), corners=a_box(y=400))
    led = leading(tally_of(*((read, 1.0) for read in (*alone, stray))))[0]
    assert led == ("粤A12345" if frames < 3 else RIGHT)


def test_a_plate_that_a_frame_does_not_list_is_judged_by_its_signs() -> None:
    read = a_read((RIGHT, -0.1), ("粤B12346", -1.0))
    near, far = Plate("粤B12845"), Plate("京N98K76")
    said = likelihoods(read, [Plate(RIGHT), near, far])
    assert said[Plate(RIGHT)] == -0.1
    assert said[near] == pytest.approx(-3.0)
    assert said[far] == pytest.approx(-6.05)  # nothing is less likely than this by one frame


def test_a_car_that_waits_for_an_hour_costs_no_more_than_one_that_passes() -> None:
    tally = tally_of(*((a_read((RIGHT, -0.1), (WRONG, -3.0)), 0.5 + n % 7 / 20) for n in range(3600)))
    assert len(tally.votes) <= 24
    assert leading(tally)[0] == RIGHT


def test_the_picture_of_the_best_look_comes_with_the_reading() -> None:
    ballot = Ballot(passage="visit-7")
    frames = [a_frame(a_picture(n), sequence=n) for n in range(3)]
    for number, weight in enumerate((0.4, 1.0, 0.6)):
        ballot.see([Glimpse(a_read((RIGHT, -0.1), (WRONG, -4.0)), weight, number / 5)], number / 5, frames[number])
    reading = ballot.reading()
    assert reading.evidence is not None
    assert reading.evidence.image is frames[1].image
    assert (reading.passage, reading.over) == ("visit-7", False)


def test_a_vehicle_that_left_no_longer_counts_though_it_was_nearer() -> None:
    ballot, at_s = Ballot(), 0.0
    near, far = a_box(y=400, width=220, height=66), a_box(x=500, y=100, width=90, height=27)
    for _ in range(6):
        at_s += 0.2
        ballot.see([Glimpse(a_read((RIGHT, -0.05), (WRONG, -6.0), corners=near), 1.0, at_s)], at_s)
    for _ in range(14):
        at_s += 0.2
        ballot.see([Glimpse(a_read(("京A00002", -0.05), ("京A00003", -6.0), corners=far), 1.0, at_s)], at_s)
    reading = ballot.reading()
    assert reading.plate == Plate("京A00002")


@settings(deadline=None)
@given(reads=one_vehicle(), stray=one_vehicle(), weight=st.floats(0, 1))
def test_no_single_frame_of_a_new_view_flips_a_settled_leader(
    reads: list[PlateRead], stray: list[PlateRead], weight: float
) -> None:
    tally = tally_of(*((read, 1.0) for read in reads))
    before, margin = leading(tally)
    tally.add(Glimpse(replace(stray[0], corners=a_box(y=140)), weight, 9.0))
    assert leading(tally)[0] == before or margin < 6


@settings(deadline=None)
@given(reads=one_vehicle(), listed=flat, level=st.integers(-160, 0), weight=st.floats(0, 1), same=st.booleans())
def test_a_frame_that_tells_nothing_never_flips_a_settled_leader(
    reads: list[PlateRead], listed: list[str], level: int, weight: float, same: bool
) -> None:
    tally = tally_of(*((read, 1.0) for read in reads))
    before, margin = leading(tally)
    view = a_box() if same else a_box(y=140)
    tally.add(Glimpse(a_read(*((text, level / 16) for text in listed), corners=view), weight, 9.0))
    assert leading(tally)[0] == before or margin < 6


@settings(deadline=None)
@given(reads=one_vehicle(), extra=one_vehicle())
def test_a_frame_without_weight_changes_nothing(reads: list[PlateRead], extra: list[PlateRead]) -> None:
    one, other = Ballot(), Ballot()
    for number, read in enumerate(reads):
        one.see([Glimpse(read, 0.8, number / 5)], number / 5)
        other.see([Glimpse(read, 0.8, number / 5), *(Glimpse(stray, 0.0, number / 5) for stray in extra)], number / 5)
    assert one.reading() == other.reading()
