"""Stories of a lane whose world breaks: boards, loops, disks, power, fire. Nothing closes on anybody, nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from parking.access.facts import NoPlate
from parking.gate.journal import FileJournal
from parking.gate.machine import State
from parking.gate.model import Closing
from parking.gate.relays.memory import CoilWritten
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    Envelope,
    LaneDecided,
    LaneFaulted,
    VehiclePassed,
)
from parking.kernel.ids import LaneId
from tests.builders.gate import LaneStory, order_data, seen

SOFTWARE = {"closing": Closing.SOFTWARE, "hardware_interlock": True, "close_coil": 1}


def closings(story: LaneStory) -> list[CoilWritten]:
    return [order for order in story.board.log if order.coil == 1 and order.on]


@pytest.mark.req("GATE-1")
def test_a_board_that_is_gone_is_a_fault_and_the_car_is_served_when_it_is_back() -> None:
    story = LaneStory()
    story.presence(True)
    story.board.gone = True
    story.wait(3)
    assert (story.lane.state, story.faults()) == (State.UNKNOWN, ["inputs_lost"])
    story.board.gone = False
    story.wait(0.2)
    story.see(seen(at=story.clock.now()))
    assert (story.lane.state, story.pulses(), story.faults()) == (State.ALLOWED, 1, [])


def test_an_answer_that_got_lost_is_tried_again_and_nobody_is_trapped() -> None:
    story = LaneStory()
    story.board.lost_answers = 1
    story.drive_up()
    assert (story.lane.state, story.faults(), story.told(BarrierPulsed)) == (State.NO_RELAY, ["relay_gone"], [])
    story.wait(1.2)
    assert (story.lane.state, story.faults(), story.pulses()) == (State.ALLOWED, [], 2)
    assert len(story.told(LaneDecided)) == 1


def test_who_drives_on_after_an_unanswered_pulse_was_allowed_to() -> None:
    story = LaneStory()
    story.board.lost_answers = 1
    story.drive_up()
    story.drive_through()
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True]


def test_a_coil_that_does_not_read_back_is_told_and_tried_again_ever_more_slowly() -> None:
    story = LaneStory()
    story.board.unconfirmed.add(0)
    story.drive_up()
    story.wait(16)
    assert {pulsed.read_back for pulsed in story.told(BarrierPulsed)} == {False}
    assert (story.faults(), story.pulses()) == (["relay_no_read_back"], 5)


def test_a_welded_contact_raises_an_alarm() -> None:
    story = LaneStory()
    story.board.welded.add(0)
    story.drive_up()
    story.wait(2)
    assert story.faults() == ["relay_welded"]


def test_a_stuck_loop_is_reported_and_the_stuck_car_is_not_admitted_twice() -> None:
    story = LaneStory(timings={"stuck_after_s": 30.0}, rules={"no_plate": NoPlate.ADMIT})
    story.drive_up()
    story.safety(True)
    story.safety(False)  # it went through, but the presence loop stays on
    story.wait(35)
    assert (story.faults(), story.pulses()) == (["presence_loop_stuck"], 1)
    story.presence(False)
    assert "presence_loop_stuck" not in story.faults()


def test_loop_bounce_is_not_a_passage() -> None:
    story = LaneStory()
    story.drive_up()
    for on in (True, False, True, False):
        story.board.set_input(1, on)
        story.step()
    story.wait(1)
    assert (story.lane.state, story.told(VehiclePassed)) == (State.ALLOWED, [])


@pytest.mark.req("GATE-3")
def test_a_passage_that_began_before_a_power_cut_is_finished_after_it() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    story.power_up()
    story.wait(0.2)
    assert story.lane.state is State.PASSING
    story.presence(False)
    story.safety(False)
    (passed,) = story.told(VehiclePassed)
    assert (passed.visit_id, passed.authorised) == (story.told(LaneDecided)[0].visit_id, True)


def test_an_allowed_car_that_vanished_during_a_power_cut_needs_a_person() -> None:
    story = LaneStory()
    story.drive_up()
    story.presence(False)
    story.power_up()
    story.wait(0.2)
    assert (story.lane.state, story.faults()) == (State.IDLE, ["passage_unproven"])


def test_after_power_up_nothing_is_closed_and_a_waiting_car_is_served() -> None:
    story = LaneStory(barrier=SOFTWARE)
    story.board.set_input(0, True)
    story.power_up()
    story.wait(5)
    assert (story.lane.state, closings(story)) == (State.REFUSED, [])


def test_software_closes_only_after_the_loop_was_free_for_long_enough() -> None:
    story = LaneStory(barrier=SOFTWARE)
    story.drive_up()
    story.drive_through()
    story.wait(0.7)
    assert closings(story) == []
    story.wait(1)
    assert len(closings(story)) == 1


def test_a_loop_that_only_bounced_still_keeps_the_boom_up_for_its_time() -> None:
    story = LaneStory(barrier=SOFTWARE)
    story.drive_up()
    story.drive_through()
    for _ in range(20):
        story.wait(0.5)
        story.board.set_input(1, True)
        story.step()
        story.board.set_input(1, False)
    assert closings(story) == []
    story.wait(1.2)
    assert len(closings(story)) == 1


@pytest.mark.parametrize("barrier", [{}, {"close_coil": 1}, {"close_coil": 1, "hardware_interlock": True}])
def test_without_software_closing_the_lane_never_closes(barrier: dict[str, Any]) -> None:
    story = LaneStory(barrier=barrier)
    story.drive_up()
    story.drive_through()
    story.wait(10)
    assert closings(story) == []


def test_software_never_closes_on_a_stuck_or_silent_safety_loop() -> None:
    story = LaneStory(barrier=SOFTWARE)
    story.drive_up()
    story.safety(True)
    story.presence(False)
    story.wait(30)
    story.board.gone = True
    story.wait(30)
    assert closings(story) == []


class FullDisk:
    """A journal whose disk is full until it is told otherwise."""

    def __init__(self, real: FileJournal) -> None:
        self.real = real
        self.full = True

    def append(
        self,
        lane_id: LaneId,
        envelopes: Sequence[Envelope],
        lane_state: Mapping[str, Any],
        *,
        carried_out: str | None = None,
    ) -> None:
        if self.full:
            raise ParkingError(ErrorKind.UNAVAILABLE, "edge.disk_full", "the disk is full")
        self.real.append(lane_id, envelopes, lane_state, carried_out=carried_out)

    def lane_state(self, lane_id: LaneId) -> Mapping[str, Any] | None:
        return None


def test_a_full_disk_opens_nothing_loses_nothing_and_recovers() -> None:
    story = LaneStory()
    disk = FullDisk(story.journal)
    story.power_up(disk)
    story.wait(0.2)
    story.drive_up()
    story.wait(1)
    assert (story.pulses(), story.lane.state, story.faults()) == (0, State.NO_RELAY, ["journal_full"])
    disk.full = False
    story.wait(2)
    assert (story.pulses(), story.lane.state, story.faults()) == (1, State.ALLOWED, [])
    assert [type(event) for event in story.events()].count(LaneDecided) == 1


@pytest.mark.req("GATE-4")
@pytest.mark.parametrize("direction", list(Direction))
def test_fire_opens_every_lane_and_keeps_it_open_until_a_person_ends_it(direction: Direction) -> None:
    story = LaneStory(direction)
    story.fire(True)
    assert story.board.coil_is_on(0)
    story.fire(False)
    story.wait(60)
    assert (story.board.coil_is_on(0), story.lane.state, story.faults()) == (True, State.FIRE, ["fire"])
    assert story.lane.end_emergency("operator:li")
    story.wait(1)
    assert (story.board.coil_is_on(0), story.lane.state) == (False, State.IDLE)


@pytest.mark.req("GATE-4")
def test_nobody_ends_an_emergency_while_the_fire_input_still_says_fire() -> None:
    story = LaneStory()
    story.fire(True)
    assert not story.lane.end_emergency("operator:li")
    order = order_data(expires_at=story.clock.now() + timedelta(seconds=20), action="end_emergency")
    story.copy_row("command", "c1", order)
    story.wait(1)
    assert story.board.coil_is_on(0)
    story.fire(False)
    story.wait(0.2)
    assert (story.board.coil_is_on(0), story.lane.state) == (False, State.IDLE)


@pytest.mark.req("GATE-4")
def test_a_fire_outlives_a_power_cut_and_a_board_that_was_away() -> None:
    story = LaneStory()
    story.fire(True)
    story.fire(False)
    story.board.hold(0, False)  # the board, too, lost its power
    story.board.gone = True
    story.power_up()
    story.wait(3)
    story.board.gone = False
    story.wait(2)
    assert (story.lane.state, story.board.coil_is_on(0)) == (State.FIRE, True)


def test_cars_that_leave_in_a_fire_are_counted() -> None:
    story = LaneStory(Direction.OUT)
    story.fire(True)
    for _ in range(3):
        story.presence(True)
        story.drive_through()
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True, True, True]
    assert len({passed.visit_id for passed in story.told(VehiclePassed)}) == 3


def test_a_fault_is_told_once_when_it_comes_and_once_when_it_goes() -> None:
    story = LaneStory()
    story.board.gone = True
    story.wait(10)
    story.board.gone = False
    story.wait(1)
    assert [(f.fault, f.cleared) for f in story.told(LaneFaulted)] == [("inputs_lost", False), ("inputs_lost", True)]
