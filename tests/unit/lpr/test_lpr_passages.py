"""Passages told by the picture alone: one per vehicle, as long as it stands, told when known and once more when over."""

from __future__ import annotations

import numpy as np
import pytest

from lpr import PassageReading, PlateRead, Settings
from lpr.frame import Frame
from lpr.model import Heading
from lpr.motion import Stir
from lpr.passage import SeenPassages, ToldPassage
from lpr.tally import Glimpse
from tests.builders.lpr import a_box, a_frame, a_picture, a_read

pytestmark = pytest.mark.req("LPR-1", "LPR-2")
OURS, NEXT, BEHIND = "粤B12345", "京N98K76", "沪A777D0"
SETTINGS = Settings()
FRAME: Frame = a_frame(a_picture(width=1280, height=720))


def clear(text: str, x: float = 500, y: float = 300, width: float = 160) -> PlateRead:
    other = text[:-1] + ("1" if text[-1] != "1" else "2")
    return a_read((text, -0.05), (other, -4.0), corners=a_box(x, y, width, width * 0.3))


def stirring(*, moves: bool = False, there: bool = False) -> Stir:
    return Stir(0.2 if moves else 0.0, 0.3 if there else 0.0, np.full((90, 160), there))


CALM, MOVING, STANDING = stirring(), stirring(moves=True, there=True), stirring(there=True)


class Camera:
    """Shows frames at the pace that is asked for, and keeps what it is told."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.passages = SeenPassages("entry-1", settings)
        self.at_s = 50.0
        self.told: list[PassageReading] = []

    def show(self, *reads: PlateRead, stir: Stir = MOVING, frames: int = 1, every_s: float = 0.17) -> None:
        for _ in range(frames):
            self.at_s += every_s
            glimpses = [Glimpse(read, 1.0, self.at_s) for read in reads]
            self.told += self.passages.see(glimpses, FRAME, stir, self.at_s)

    def pace(self, stir: Stir = CALM, after_s: float = 0.0) -> float:
        self.at_s += after_s
        return self.passages.pace(stir, self.at_s)

    @property
    def over(self) -> list[str | None]:
        return [reading.plate.text if reading.plate else None for reading in self.told if reading.over]


def test_an_empty_lane_is_not_read_at_all() -> None:
    camera = Camera()
    camera.pace(CALM)
    assert [camera.pace(CALM, after_s=1.0) for _ in range(10)] == [0.0] * 10


def test_what_moves_is_read_eagerly_and_for_a_while() -> None:
    camera = Camera()
    camera.pace(CALM)
    assert camera.pace(MOVING) == SETTINGS.frames_per_second
    assert camera.pace(STANDING, after_s=1.0) == SETTINGS.frames_per_second
    assert camera.pace(STANDING, after_s=10.0) == SETTINGS.standing_frames_per_second
    assert camera.pace(CALM, after_s=1.0) == 0.0


def test_a_passage_is_told_once_it_is_known_when_it_is_settled_and_when_it_is_over() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=6)
    camera.show(stir=CALM, frames=20)
    assert [(r.plate.text if r.plate else None, r.settled, r.over) for r in camera.told] == [
        (OURS, True, False),
        (OURS, True, True),
    ]
    assert {reading.passage for reading in camera.told} == {"entry-1-1"}
    assert camera.told[-1].frames == 6
    assert camera.told[-1].evidence is not None


def test_one_lone_look_is_told_only_at_the_end() -> None:
    camera = Camera()
    camera.show(clear(OURS))
    assert camera.told == []
    camera.show(stir=CALM, frames=20)
    assert camera.over == [OURS]
    assert camera.told[0].agreeing == 1


def test_a_car_that_waits_is_read_again_slowly_and_its_passage_does_not_end() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=4)
    assert camera.pace(STANDING, after_s=0.2) == SETTINGS.standing_frames_per_second
    camera.show(clear(OURS), stir=STANDING, frames=600, every_s=1.0)
    assert camera.over == []
    assert [reading.heading for reading in camera.told][-1] is Heading.STANDING


def test_somebody_who_walks_before_the_plate_ends_nothing() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=6)
    camera.show(stir=MOVING, frames=40)  # hidden for seven seconds, and something stands there
    assert camera.pace(MOVING) == SETTINGS.frames_per_second
    camera.show(clear(OURS), stir=STANDING, frames=3)
    camera.show(stir=CALM, frames=20)
    assert camera.over == [OURS]


def test_what_stays_hidden_for_ever_ends_at_last() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=6)
    camera.show(stir=STANDING, frames=25, every_s=1.0)
    assert camera.over == [OURS]


def test_the_next_car_in_the_same_place_is_a_passage_of_its_own() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=6)
    camera.show(clear(NEXT), frames=6)
    camera.show(stir=CALM, frames=20)
    assert camera.over == [OURS, NEXT]
    assert len({reading.passage for reading in camera.told}) == 2


def test_the_same_car_that_comes_back_later_is_a_passage_of_its_own() -> None:
    camera = Camera()
    for _ in range(2):
        camera.show(clear(OURS), frames=6)
        camera.show(stir=CALM, frames=20)
    assert camera.over == [OURS, OURS]
    assert len({reading.passage for reading in camera.told}) == 2


def test_the_car_behind_has_its_own_passage_from_the_beginning() -> None:
    camera = Camera()
    for step in range(12):
        camera.show(clear(OURS, y=300 + 8 * step), clear(BEHIND, x=540, y=200 + 8 * step, width=80))
    camera.show(stir=CALM, frames=20)
    assert sorted(plate for plate in camera.over if plate) == sorted([OURS, BEHIND])


def test_a_bad_look_at_a_car_is_no_second_car() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=3)
    camera.show(clear(NEXT))  # one frame, clear and wrong
    camera.show(clear(OURS), frames=3)
    camera.show(stir=CALM, frames=20)
    assert camera.over == [OURS]


def test_what_is_open_when_the_stream_ends_is_told() -> None:
    camera = Camera()
    camera.show(clear(OURS), frames=3)
    assert [reading.over for reading in camera.passages.close()] == [True]
    assert camera.passages.close() == ()


def test_a_settled_car_on_the_loop_is_read_slowly_and_one_that_is_lost_from_sight_eagerly() -> None:
    passage, at_s = ToldPassage("visit-1", SETTINGS), 7.0
    assert passage.pace(None, at_s) == SETTINGS.frames_per_second
    for _ in range(3):
        at_s += 0.2
        passage.see([Glimpse(clear(OURS), 1.0, at_s)], FRAME, None, at_s)
    assert passage.pace(None, at_s) == SETTINGS.standing_frames_per_second
    passage.see([], FRAME, None, at_s + 1.0)
    assert passage.pace(None, at_s + 1.0) == SETTINGS.frames_per_second


def test_eight_frames_of_one_doubtful_view_are_enough_and_a_new_view_is_looked_at_again() -> None:
    passage, at_s = ToldPassage("visit-1", SETTINGS), 7.0
    doubtful = a_read((OURS, -0.6), ("粤B12346", -1.0))
    for _ in range(8):
        at_s += 0.17
        (reading,) = passage.see([Glimpse(doubtful, 1.0, at_s)], FRAME, None, at_s)
    assert not reading.settled
    assert passage.pace(None, at_s) == SETTINGS.standing_frames_per_second
    rolled_on = a_read((OURS, -0.6), ("粤B12346", -1.0), corners=a_box(y=130))
    passage.see([Glimpse(rolled_on, 1.0, at_s + 1)], FRAME, None, at_s + 1)
    assert passage.pace(None, at_s + 1) == SETTINGS.frames_per_second


def test_a_car_without_a_plate_is_not_looked_at_eagerly_for_ever() -> None:
    passage = ToldPassage("visit-1", SETTINGS)
    assert passage.pace(None, 7.0) == SETTINGS.frames_per_second
    assert passage.pace(None, 12.0) == SETTINGS.standing_frames_per_second
