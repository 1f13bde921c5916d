"""A lane that has left its box's settings: what stood open there is told as over, once, and a fire is left to a person."""

from __future__ import annotations

import pytest

from parking.gate.gone_lanes import tell_away
from parking.kernel.events import Direction, Event, LaneBlocked, LaneCalled, LaneCallEnded, LaneFaulted
from tests.builders.gate import PRESENCE, LaneStory, seen


def told_away(story: LaneStory, *lanes: str) -> list[Event]:
    before = len(story.events())
    tell_away(story.journal, lanes, story.clock.now(), story.ids, "edge-1")
    return story.events()[before:]


@pytest.mark.req("SOS-1")
def test_a_call_a_fault_and_a_blocked_car_of_a_lane_that_is_gone_are_over_and_told_so_once() -> None:
    story = LaneStory(Direction.OUT, timings={"stuck_after_s": 30})
    story.drive_up(seen(None, at=story.clock.now()))
    story.wait(40)
    assert story.faults() == ["presence_loop_stuck"]
    (called,), (blocked,) = story.told(LaneCalled), story.told(LaneBlocked)
    assert told_away(story, "lane-1") == []
    assert told_away(story, "lane-2") == [
        LaneFaulted(called.lane_id, "presence_loop_stuck", "on for 30 s and more", cleared=True),
        LaneCallEnded(called.lane_id, called.call_id, "gone"),
        LaneBlocked(blocked.lane_id, blocked.visit_id, blocked.stay_id, blocked.cause, blocked=False),
    ]
    assert told_away(story, "lane-2") == []


@pytest.mark.req("GATE-4")
def test_a_fire_of_a_lane_that_is_gone_is_still_a_fire() -> None:
    story = LaneStory(Direction.OUT)
    story.fire(True)
    assert told_away(story) == []
    story.power_up()
    story.switch(PRESENCE, False)
    assert story.faults() == ["fire"]


@pytest.mark.req("ID-1")
def test_a_car_that_was_let_through_a_lane_that_is_gone_is_a_persons_matter() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    visit = story.lane.visit
    assert visit is not None
    unproven = [LaneFaulted(story.config.lane_id, "passage_unproven", visit.id, cleared=done) for done in (False, True)]
    assert told_away(story) == unproven
    assert told_away(story) == []
