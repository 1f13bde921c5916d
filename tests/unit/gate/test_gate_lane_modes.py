"""Stories of a lane that does not decide, or of a boom that does not obey: fire, a person's key, a boom held open, limit switches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.gate.fire_group import FireGroup
from parking.gate.inputs import NOTHING_KNOWN, BoomPosition, Inputs, Signal
from parking.gate.machine import State
from parking.gate.model import Closing
from parking.kernel.codec import to_plain
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    LaneDecided,
    LaneModeChanged,
    VehiclePassed,
)
from parking.kernel.ids import LaneId
from tests.builders.gate import BOOM_DOWN, BOOM_UP, FIRE, KEY, NOON, LaneStory, seen, stay_data

pytestmark = pytest.mark.req("GATE-1")
SOFTWARE = {"closing": Closing.SOFTWARE, "hardware_interlock": True, "close_coil": 1}
SWITCHES = {"boom_up": BOOM_UP, "boom_down": BOOM_DOWN}


def modes(story: LaneStory) -> list[tuple[str, tuple[str, ...]]]:
    return [(changed.mode, changed.causes) for changed in story.told(LaneModeChanged)]


def closings(story: LaneStory) -> int:
    return sum(1 for order in story.board.log if order.coil == 1 and order.on)


# --- fire across the box ---------------------------------------------------------------------------------------------


class Box:
    """Three lanes that share a fire group: an entry with the fire input, and two exits."""

    def __init__(self) -> None:
        self.entry = LaneStory(Direction.IN)
        self.exits = [LaneStory(Direction.OUT), LaneStory(Direction.OUT)]
        self.group = FireGroup()
        for number, story in enumerate(self.lanes):
            story.fire_group = self.group
            story.config = type(story.config)(LaneId(f"lane-{number}"), story.config.direction, story.config.rules)
            story.power_up()
        self.wait(0.5)

    @property
    def lanes(self) -> list[LaneStory]:
        return [self.entry, *self.exits]

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            for story in self.lanes:
                story.wait(0.1)

    def open_lanes(self) -> list[bool]:
        return [story.board.coil_is_on(0) for story in self.lanes]


@pytest.mark.req("GATE-4")
def test_fire_on_any_input_of_the_box_opens_every_exit_of_it() -> None:
    box = Box()
    box.exits[0].board.set_input(FIRE, True)
    box.wait(0.5)
    assert box.open_lanes() == [False, True, True]
    assert [story.lane.mode.name for story in box.lanes] == ["normal", "emergency", "emergency"]


@pytest.mark.req("GATE-4")
def test_fire_on_the_entrys_input_opens_the_exits_and_the_entry_itself() -> None:
    box = Box()
    box.entry.board.set_input(FIRE, True)
    box.wait(0.5)
    assert box.open_lanes() == [True, True, True]


@pytest.mark.req("GATE-4")
def test_while_one_lane_is_in_an_emergency_no_entry_of_the_box_admits_anybody() -> None:
    box = Box()
    box.exits[0].board.set_input(FIRE, True)
    box.wait(0.5)
    box.entry.presence(True)
    box.entry.see(seen(at=box.entry.clock.now()))
    box.wait(3)
    assert [d.reason for d in box.entry.told(LaneDecided)] == ["emergency"]
    assert box.entry.pulses() == 0
    box.exits[0].board.set_input(FIRE, False)
    box.wait(0.5)
    for story in box.exits:
        assert story.lane.end_emergency("operator:li")
    box.wait(2)
    assert box.entry.pulses() == 1


@pytest.mark.req("GATE-4")
def test_nobody_ends_the_emergency_of_any_lane_while_one_input_still_burns() -> None:
    box = Box()
    box.exits[0].board.set_input(FIRE, True)
    box.wait(0.5)
    assert not box.exits[1].lane.end_emergency("operator:li")
    box.exits[0].board.gone = True  # the burning input falls silent: it still burns
    box.wait(3)
    assert not box.exits[1].lane.end_emergency("operator:li")
    box.exits[0].board.gone = False
    box.exits[0].board.set_input(FIRE, False)
    box.wait(0.5)
    assert box.exits[1].lane.end_emergency("operator:li")
    box.wait(1)
    assert box.open_lanes() == [False, True, False], "each lane's is ended by itself"


@pytest.mark.req("GATE-4")
def test_a_lane_that_joined_in_stays_open_after_a_power_cut() -> None:
    box = Box()
    box.exits[0].fire(True)
    box.wait(0.5)
    box.exits[0].fire(False)
    box.exits[1].board.hold(0, False)
    box.exits[1].power_up()
    box.wait(1)
    assert (box.exits[1].lane.state, box.open_lanes()[2]) == (State.FIRE, True)
    assert "fire" in box.exits[1].faults()


@pytest.mark.req("GATE-4")
def test_an_order_of_the_site_opens_an_exit_like_fire_and_only_a_person_ends_it() -> None:
    story = LaneStory(Direction.OUT)
    story.order("emergency", reason="evacuation")
    assert (story.lane.state, story.board.coil_is_on(0), story.faults()) == (State.FIRE, True, ["fire"])
    story.power_up()
    story.wait(30)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.FIRE, True)
    story.order("end_emergency")
    story.wait(1)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.IDLE, False)
    assert modes(story) == [("emergency", ("fire",)), ("normal", ())]


# --- a person holds it open, a person takes it -----------------------------------------------------------------------


@pytest.mark.req("GATE-1")
def test_a_lane_held_open_counts_its_vehicles_and_closes_when_it_is_released() -> None:
    story = LaneStory(Direction.OUT, barrier=SOFTWARE)
    story.order("hold_open", reason="end of the match")
    for _ in range(3):
        story.presence(True)
        story.drive_through()
    story.wait(30)
    assert (len(story.told(VehiclePassed)), closings(story), story.board.coil_is_on(0)) == (3, 0, True)
    assert {passed.authorised for passed in story.told(VehiclePassed)} == {True}
    story.order("release")
    story.wait(3)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.IDLE, False)
    assert modes(story) == [("manual", ("held_open", "operator:li")), ("normal", ())]


def test_a_lane_held_open_is_held_again_after_a_power_cut_of_box_and_board() -> None:
    story = LaneStory(Direction.OUT)
    story.order("hold_open")
    story.board.hold(0, False)
    story.power_up()
    story.wait(2)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.HELD, True)


def test_a_lane_that_a_person_has_taken_opens_for_nobody_by_itself() -> None:
    story = LaneStory(barrier=SOFTWARE, wiring={"manual": KEY})
    story.switch(KEY, True)
    story.drive_up()
    story.wait(30)
    assert (story.lane.state, story.pulses(), story.told(LaneDecided)) == (State.MANUAL_WAITING, 0, [])
    story.drive_through()
    story.wait(5)
    assert ([passed.plate for passed in story.told(VehiclePassed)], closings(story)) == ([seen().plate], 0)
    story.switch(KEY, False)
    story.wait(1)
    assert (story.lane.state, modes(story)) == (State.IDLE, [("manual", ("key",)), ("normal", ())])


def test_in_a_taken_lane_an_operators_order_still_opens() -> None:
    story = LaneStory()
    story.order("manual")
    story.presence(True)
    story.order("open")
    assert [(pulsed.by, pulsed.reason) for pulsed in story.told(BarrierPulsed)] == [("operator:li", "intercom")]


def test_the_key_wins_over_a_lane_held_open_and_no_order_wins_over_the_key() -> None:
    story = LaneStory(wiring={"manual": KEY})
    story.order("hold_open")
    story.switch(KEY, True)
    story.wait(0.5)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.MANUAL, False)
    story.order("hold_open", valid_s=2)
    story.order("release", valid_s=2)
    story.wait(3)
    assert story.lane.state is State.MANUAL


@pytest.mark.req("GATE-4")
@pytest.mark.parametrize("before", ["hold_open", "manual"])
def test_fire_wins_over_a_person_and_the_key_does_not_end_it(before: str) -> None:
    story = LaneStory(Direction.OUT, wiring={"manual": KEY})
    story.order(before)
    story.fire(True)
    story.switch(KEY, True)
    story.order("release")
    story.wait(1)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.FIRE, True)


def test_a_key_that_was_turned_back_while_the_box_was_off_gives_the_lane_back() -> None:
    story = LaneStory(wiring={"manual": KEY})
    story.switch(KEY, True)
    story.board.set_input(KEY, False)
    story.power_up()
    story.wait(0.5)
    assert story.lane.state is State.IDLE


def test_a_car_that_stood_there_when_the_lane_was_given_back_is_served() -> None:
    story = LaneStory(wiring={"manual": KEY})
    story.switch(KEY, True)
    story.presence(True)
    story.switch(KEY, False)
    story.wait(0.2)
    story.see(seen(at=story.clock.now()))
    assert story.lane.state is State.ALLOWED


def test_an_opening_that_the_power_cut_fell_into_is_on_record_with_its_actor_and_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I28: between the order's commit and the pulse's report there is no gap in which a manual opening goes unrecorded."""
    story = LaneStory()

    class PowerCut(BaseException):
        pass

    def cut(coil: int, ms: int, **_: Any) -> bool:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(story.board, "pulse", cut)
        with pytest.raises(PowerCut):
            story.order("open", reason="lost ticket")
    story.power_up()
    story.wait(1)
    assert [(p.by, p.reason, p.read_back) for p in story.told(BarrierPulsed)] == [("operator:li", "lost ticket", False)]
    assert story.pulses() == 0, "and it is not repeated"


# --- the boom itself -------------------------------------------------------------------------------------------------


def test_a_boom_that_does_not_move_although_the_board_said_yes_is_a_fault_and_is_tried_again() -> None:
    story = LaneStory(wiring=SWITCHES)
    story.switch(BOOM_DOWN, True)
    story.drive_up()
    story.wait(8)
    assert ("boom_does_not_open" in story.faults(), story.pulses()) == (True, 2)
    assert modes(story) == [("degraded", ("relay",))]
    story.switch(BOOM_DOWN, False)
    story.switch(BOOM_UP, True)
    story.wait(1)
    assert (story.faults(), story.lane.state) == ([], State.ALLOWED)


def test_a_boom_that_stays_up_over_an_empty_lane_is_a_fault() -> None:
    story = LaneStory(wiring=SWITCHES)
    story.switch(BOOM_UP, True)
    story.drive_up()
    story.drive_through()
    story.wait(61)
    assert story.faults() == ["boom_stays_open"]
    story.switch(BOOM_UP, False)
    story.switch(BOOM_DOWN, True)
    assert story.faults() == []


def test_a_lane_without_limit_switches_knows_nothing_of_its_boom_and_complains_of_nothing() -> None:
    story = LaneStory()
    story.drive_up()
    story.wait(20)
    assert (story.inputs().boom, story.faults()) == (BoomPosition.UNKNOWN, [])


@pytest.mark.parametrize(
    ("up", "down", "position"),
    [
        (Signal.ON, Signal.OFF, BoomPosition.UP),
        (Signal.ON, Signal.UNKNOWN, BoomPosition.UP),
        (Signal.OFF, Signal.ON, BoomPosition.DOWN),
        (Signal.UNKNOWN, Signal.ON, BoomPosition.DOWN),
        (Signal.OFF, Signal.OFF, BoomPosition.BETWEEN),
        (Signal.ON, Signal.ON, BoomPosition.UNKNOWN),
        (Signal.OFF, Signal.UNKNOWN, BoomPosition.UNKNOWN),
        (Signal.UNKNOWN, Signal.UNKNOWN, BoomPosition.UNKNOWN),
    ],
)
def test_the_limit_switches_are_believed_only_where_they_agree(
    up: Signal, down: Signal, position: BoomPosition
) -> None:
    assert Inputs(Signal.OFF, Signal.OFF, 0.0, boom_up=up, boom_down=down).boom is position


def test_an_old_reading_says_nothing_of_anything() -> None:
    old = Inputs(
        Signal.OFF, Signal.OFF, 0.0, Signal.ON, Signal.ON, Signal.ON, Signal.ON, Signal.ON, Signal.ON, Signal.ON
    )
    assert old.unless_older_than(0.5, 0.6) == Inputs(
        Signal.UNKNOWN, Signal.UNKNOWN, 0.0, fire=Signal.UNKNOWN, manual=Signal.UNKNOWN,
        mains_lost=Signal.UNKNOWN, call_button=Signal.UNKNOWN,
    )  # fmt: skip
    assert NOTHING_KNOWN.boom is BoomPosition.UNKNOWN


# --- what is told of the mode ----------------------------------------------------------------------------------------


def test_the_mode_is_told_when_it_changes_and_after_a_restart_only_what_changed_meanwhile() -> None:
    story = LaneStory()
    story.board.gone = True
    story.wait(3)
    assert modes(story) == [("degraded", ("sensor",))]
    story.power_up()
    story.wait(3)
    assert modes(story) == [("degraded", ("sensor",))]
    story.board.gone = False
    story.wait(1)
    assert modes(story) == [("degraded", ("sensor",)), ("normal", ())]


def test_a_fault_that_was_open_before_a_restart_is_told_as_mended_after_it() -> None:
    story = LaneStory(Direction.OUT)
    story.copy_row("stay", "stay-1", stay_data(paid_until=to_plain(NOON + timedelta(hours=1))))
    story.board.unconfirmed.add(0)
    story.drive_up()
    assert "relay_no_read_back" in story.faults()
    story.board.unconfirmed.clear()
    story.power_up()
    story.wait(0.2)
    assert "relay_no_read_back" in story.faults()
    story.see(seen(at=story.clock.now()))
    assert "relay_no_read_back" not in story.faults()


def test_a_record_that_another_version_wrote_is_taken_for_what_is_understood_of_it() -> None:
    story = LaneStory()
    story.drive_up()

    class Odd:
        def append(self, *args: Any, **kwargs: Any) -> None:
            story.journal.append(*args, **kwargs)

        def lane_state(self, lane_id: LaneId) -> dict[str, Any]:
            odd = {"mode": 7, "faults": [1], "opening": {"who": "?"}, "taken_by": None}
            return {**dict(story.journal.lane_state(lane_id) or {}), **odd}

    story.power_up(Odd())
    story.wait(1)
    assert (story.lane.state, story.lane.mode.name) == (State.READING, "normal")
