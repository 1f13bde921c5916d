"""Stories of how people behave at a lane, and what is alarmed: tailgating, standing about, turning back, being too long."""

from __future__ import annotations

from typing import Any

import pytest

from parking.gate.model import Alarms
from parking.kernel.events import Direction, LaneFaulted, VehiclePassed
from tests.builders.gate import LaneStory, seen

pytestmark = pytest.mark.req("GATE-5")


def alarms(story: LaneStory) -> list[str]:
    return [fault.fault for fault in story.told(LaneFaulted) if not fault.cleared]


def story_with(**settings: Any) -> LaneStory:
    return LaneStory(alarms=Alarms(**settings))


def tailgate(story: LaneStory) -> None:
    story.drive_up()
    for move, on in ((story.safety, True), (story.presence, False), (story.presence, True)):
        move(on)
    for move, on in ((story.safety, False), (story.safety, True), (story.presence, False), (story.safety, False)):
        move(on)


@pytest.mark.parametrize(("wanted", "told"), [(True, ["tailgate"]), (False, [])])
def test_a_tailgater_is_always_recorded_and_alarmed_where_that_is_wanted(wanted: bool, told: list[str]) -> None:
    story = story_with(tailgating=wanted)
    tailgate(story)
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True, False]
    assert alarms(story) == told


def test_two_cars_bumper_to_bumper_are_suspected_when_the_loops_cannot_tell() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    story.presence(False)
    story.presence(True)
    story.presence(False)
    story.safety(False)
    assert alarms(story) == ["tailgate_suspected"]


def test_a_passage_that_takes_too_long_is_alarmed_once() -> None:
    story = story_with(long_passage_s=10.0)
    story.drive_up()
    story.safety(True)
    story.wait(8)
    assert alarms(story) == []
    story.presence(False)
    story.wait(30)
    assert alarms(story) == ["long_passage"]


def test_standing_without_a_yes_is_loitering() -> None:
    story = LaneStory(Direction.OUT, alarms=Alarms(loiter_undecided_s=20.0))
    story.drive_up()
    story.wait(18)
    assert alarms(story) == []
    story.wait(30)
    assert alarms(story) == ["loitering"]


def test_standing_in_an_open_lane_is_alarmed() -> None:
    story = story_with(loiter_allowed_s=15.0)
    story.drive_up()
    story.wait(13)
    assert alarms(story) == []
    story.wait(10)
    assert alarms(story) == ["standing_open"]


def turn_back(story: LaneStory, plate: str | None) -> None:
    story.drive_up(seen(plate, at=story.clock.now()))
    story.wait(1)
    story.presence(False)
    story.wait(2)


def test_the_same_plate_that_turns_back_again_and_again_is_alarmed() -> None:
    story = LaneStory()
    turn_back(story, "苏A12345")
    turn_back(story, "苏B54321")
    turn_back(story, "苏A12345")
    assert alarms(story) == []
    turn_back(story, "苏A12345")
    assert alarms(story) == ["turning_back"]
    turn_back(story, "苏A12345")
    assert alarms(story) == ["turning_back"], "it is counted afresh after the alarm"


def test_turning_back_now_and_then_is_not() -> None:
    story = story_with(turn_back_window_s=30.0)
    for _ in range(4):
        turn_back(story, "苏A12345")
        story.wait(20)
    assert alarms(story) == []


def test_an_alarm_says_which_visit_and_never_which_plate() -> None:
    story = LaneStory()
    for _ in range(3):
        turn_back(story, "苏A12345")
    (alarm,) = [fault for fault in story.told(LaneFaulted) if not fault.cleared]
    assert "12345" not in alarm.detail
    assert len(alarm.detail) == 36


def test_what_is_set_to_never_is_never_alarmed() -> None:
    story = story_with(long_passage_s=None, loiter_undecided_s=None, loiter_allowed_s=None, turn_backs=0)
    for _ in range(5):
        turn_back(story, "苏A12345")
    story.drive_up()
    story.wait(100)
    story.safety(True)
    story.wait(100)
    assert alarms(story) == []
