"""Stories of a lane whose clock is set while it works: a vehicle that stands there is served, and no order of before comes to life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parking.gate.machine import State
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from parking.kernel.events import BarrierPulsed, Direction
from tests.builders.gate import NOON, LaneStory, order_data, seen, stay_data

STEPS = [timedelta(minutes=-7), timedelta(days=-1), timedelta(minutes=7), timedelta(days=400)]


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize("by", STEPS, ids=str)
def test_a_car_that_stands_there_while_the_clock_is_set_is_read_all_the_same(by: timedelta) -> None:
    story = LaneStory()
    story.presence(True)
    story.clock.jump(by)
    story.wait(1)
    story.see(seen(at=story.clock.now()))
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 1)


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize("by", [timedelta(minutes=-7), timedelta(minutes=7)], ids=str)
def test_what_was_read_before_the_clock_was_set_counts_on(by: timedelta) -> None:
    story = LaneStory(Direction.OUT)
    story.copy_row("stay", "stay-1", stay_data(entered_at=NOON - timedelta(hours=1)))
    story.drive_up()
    assert (story.lane.state, story.pulses()) == (State.REFUSED, 0)
    story.clock.jump(by)
    story.wait(1)
    until = to_plain(story.clock.now() + timedelta(minutes=15))
    paid = stay_data(entered_at=NOON - timedelta(hours=1), paid_until=until, paid_minor=500)
    story.copy_row("stay", "stay-1", paid)
    story.wait(0.1)
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 1)


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize("action", ["open", "hold_open", "manual", "release"])
def test_a_box_that_wakes_up_in_an_earlier_time_carries_out_no_order_of_before(action: str) -> None:
    story = LaneStory(clock=ManualClock(datetime(2020, 1, 1, tzinfo=UTC)))
    story.copy_row("command", "c1", order_data(expires_at=NOON, action=action))
    story.wait(2)
    story.clock.jump(NOON - timedelta(seconds=20) - story.clock.now())
    story.wait(1)
    assert (story.lane.state, story.told(BarrierPulsed)) == (State.IDLE, [])


@pytest.mark.req("GATE-4")
def test_an_emergency_that_stands_is_one_in_any_time() -> None:
    story = LaneStory(clock=ManualClock(datetime(2020, 1, 1, tzinfo=UTC)))
    story.copy_row("command", "c1", order_data(expires_at=NOON, action="emergency"))
    story.wait(0.2)
    assert story.lane.state is State.FIRE
