"""Who is who from frame to frame: near enough to have driven there, and not clearly another plate."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr import PlateRead
from lpr.frame import extent
from lpr.model import Heading
from lpr.tally import Glimpse
from lpr.tracking import Track, Tracker, differing
from tests.builders.lpr import MORNING, a_box, a_frame, a_picture, a_read

pytestmark = pytest.mark.req("LPR-1")
OURS, NEXT, BEHIND = "粤B12345", "京N98K76", "沪A777D0"
LOOK_S = 0.17


def clear(text: str, x: float = 300, y: float = 300, width: float = 140) -> PlateRead:
    """A plate read without doubt."""
    other = text[:-1] + ("1" if text[-1] != "1" else "2")
    return a_read((text, -0.05), (other, -6.0), corners=a_box(x, y, width, width * 0.3))


def seen(*frames: list[PlateRead], every_s: float = LOOK_S) -> tuple[Tracker, list[list[Track]]]:
    """A tracker that was shown the frames, and whom it saw in each."""
    tracker, each = Tracker(), []
    for number, reads in enumerate(frames):
        each.append(tracker.see([Glimpse(read, 1.0, number * every_s) for read in reads]))
    return tracker, each


def plates(tracker: Tracker) -> list[str]:
    return [verdict.plate.text for track in tracker.tracks if (verdict := track.tally.verdict()) is not None]


def test_a_vehicle_that_rolls_on_is_one() -> None:
    tracker, _ = seen(*([clear(OURS, x=300 - 10 * n, y=200 + 30 * n, width=100 + 8 * n)] for n in range(8)))
    assert [track.frames for track in tracker.tracks] == [8]


def test_a_bad_look_at_the_same_vehicle_stays_with_it() -> None:
    bad = a_read(("粤B1Z845", -1.0), ("粤B1Z345", -1.2), corners=a_box(302, 301, 140, 42))
    tracker, _ = seen([clear(OURS)], [clear(OURS)], [bad], [clear(OURS)])
    assert plates(tracker) == [OURS]
    assert tracker.tracks[0].frames == 4


def test_the_next_car_in_the_same_place_is_another_vehicle() -> None:
    tracker, _ = seen(*[[clear(OURS)]] * 4, *[[clear(NEXT)]] * 4)
    assert [track.frames for track in tracker.tracks] == [4, 4]
    assert plates(tracker) == [OURS, NEXT]


def test_the_car_behind_is_never_mixed_in() -> None:
    frames = [[clear(OURS, y=400 + 5 * n), clear(BEHIND, x=340, y=330 + 5 * n, width=70)] for n in range(6)]
    tracker, _ = seen(*frames)
    assert sorted(plates(tracker)) == sorted([OURS, BEHIND])
    assert [track.frames for track in tracker.tracks] == [6, 6]


def test_two_cars_that_change_places_keep_their_plates() -> None:
    tracker, _ = seen(
        [clear(OURS, x=200), clear(NEXT, x=500)],
        [clear(OURS, x=250), clear(NEXT, x=450)],
        [clear(OURS, x=450), clear(NEXT, x=250)],
        [clear(OURS, x=500), clear(NEXT, x=200)],
    )
    assert sorted(plates(tracker)) == sorted([OURS, NEXT])
    assert [track.frames for track in tracker.tracks] == [4, 4]


def test_a_plate_that_is_clearly_the_same_is_found_again_wherever_it_is() -> None:
    tracker, _ = seen([clear(OURS, x=100, y=100)], [clear(OURS, x=1500, y=800, width=320)])
    assert len(tracker.tracks) == 1


def test_a_glance_of_another_size_in_the_same_place_is_another_plate() -> None:
    doubtful = a_read((NEXT, -1.5), ("京N98K77", -1.6), corners=a_box(330, 310, 40, 12))
    tracker, _ = seen([clear(OURS)], [doubtful])
    assert len(tracker.tracks) == 2


def test_a_frame_of_no_weight_is_not_seen() -> None:
    tracker = Tracker()
    assert tracker.see([Glimpse(clear(OURS), 0.0, 1.0)]) == []
    assert tracker.tracks == []


def test_no_more_vehicles_are_remembered_than_can_stand_there() -> None:
    tracker = Tracker()
    for number in range(50):
        tracker.see([Glimpse(clear(f"粤B{number:05d}", x=1000.0 * number), 1.0, float(number))])
    assert plates(tracker) == [f"粤B{number:05d}" for number in range(42, 50)]


@pytest.mark.parametrize(
    ("step", "grows", "heading"),
    [
        (25.0, 1.06, Heading.APPROACHING),
        (-25.0, 0.94, Heading.LEAVING),
        (0.0, 1.0, Heading.STANDING),
        (12.0, 1.0, Heading.APPROACHING),  # a camera high above the lane: the size hardly changes
        (-12.0, 1.0, Heading.LEAVING),
    ],
)
def test_the_heading_is_told_by_size_and_movement(step: float, grows: float, heading: Heading) -> None:
    tracker, _ = seen(*([clear(OURS, y=400 + step * n, width=120 * grows**n)] for n in range(8)))
    assert tracker.tracks[0].heading() is heading


def test_one_look_tells_no_heading() -> None:
    tracker, _ = seen([clear(OURS)])
    assert tracker.tracks[0].heading() is None


def test_the_best_shot_is_kept_and_only_that() -> None:
    tracker = Tracker()
    frames = [a_frame(a_picture(n, width=640, height=400), sequence=n) for n in range(4)]
    for number, weight in enumerate((0.3, 0.9, 0.5, 0.8)):
        tracker.see([Glimpse(clear(OURS), weight, number * LOOK_S)], frames[number])
    evidence = tracker.tracks[0].evidence
    assert evidence is not None
    assert evidence.image is frames[1].image
    assert (evidence.camera, evidence.captured_at, evidence.sharpness) == ("entry-1", MORNING, 0.9)
    assert np.shares_memory(evidence.crop, evidence.image)
    assert evidence.crop.shape[1] == pytest.approx(140 * 1.5, abs=2)


def test_a_crop_at_the_edge_ends_at_the_edge() -> None:
    tracker = Tracker()
    tracker.see([Glimpse(clear(OURS, x=-30, y=380), 1.0, 0.0)], a_frame(a_picture(width=640, height=400)))
    evidence = tracker.tracks[0].evidence
    assert evidence is not None
    assert evidence.crop.shape[0] == 400 - (380 - 35)
    assert evidence.crop.size


places = st.tuples(st.floats(0, 4000), st.floats(0, 3000), st.floats(40, 300))
texts = st.sampled_from([OURS, NEXT, BEHIND, "粤B12346", "苏E0F1G2"])
doubts = st.floats(0.0, 9.0)


@st.composite
def reads(draw: st.DrawFn) -> PlateRead:
    x, y, width = draw(places)
    text, doubt = draw(texts), draw(doubts)
    other = text[:3] + "8" + text[4:] if text[3] != "8" else text[:3] + "3" + text[4:]
    return a_read((text, -0.1), (other, -0.1 - doubt), corners=a_box(x, y, width, width * 0.3))


@settings(deadline=None)
@given(frames=st.lists(st.lists(reads(), max_size=4), min_size=1, max_size=8))
def test_two_different_plates_that_are_far_apart_are_never_one_vehicle(frames: list[list[PlateRead]]) -> None:
    tracker = Tracker()
    last: dict[int, PlateRead] = {}
    for number, frame in enumerate(frames):
        glimpses = [Glimpse(read, 1.0, number * LOOK_S) for read in frame]
        for track in tracker.see(glimpses):
            read = next(read for read in frame if read.corners is track.corners)
            before = last.get(track.number)
            if before is not None and before.plate != read.plate:
                verdict = track.tally.verdict()
                assert verdict is not None
                away = float(np.linalg.norm(read.corners.mean(axis=0) - before.corners.mean(axis=0)))
                wider = max(extent(read.corners)[0], extent(before.corners)[0])
                assert away <= 4.0 * wider + 1 or read.plate == verdict.plate
            last[track.number] = read


@settings(deadline=None)
@given(frames=st.lists(st.lists(reads(), max_size=5), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_the_order_of_plates_within_a_frame_means_nothing(frames: list[list[PlateRead]], seed: int) -> None:
    shuffled = [random.Random(seed + n).sample(frame, len(frame)) for n, frame in enumerate(frames)]
    one, _ = seen(*frames)
    other, _ = seen(*shuffled)
    assert [(t.number, t.frames, t.corners.tolist()) for t in one.tracks] == [
        (t.number, t.frames, t.corners.tolist()) for t in other.tracks
    ]
    assert plates(one) == plates(other)


@settings(deadline=None)
@given(one=st.text("AB12", max_size=8), other=st.text("AB12", max_size=8), third=st.text("AB12", max_size=8))
def test_how_much_plates_differ_is_a_distance(one: str, other: str, third: str) -> None:
    assert differing(one, other) == differing(other, one)
    assert (differing(one, other) == 0) is (one == other)
    assert differing(one, third) <= differing(one, other) + differing(other, third)
    assert abs(len(one) - len(other)) <= differing(one, other) <= max(len(one), len(other))
