"""Stories of one lane, from the vehicle's side: who gets in, who gets out, and what is on record afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.access.facts import NoPlate, SecondEntry
from parking.gate.machine import State
from parking.kernel.codec import to_plain
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    LaneDecided,
    LaneFaulted,
    VehicleBackedAway,
    VehiclePassed,
)
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from tests.builders.gate import NOON, PLATE, LaneStory, order_data, seen, stay_data


def exit_story(**changes: Any) -> LaneStory:
    story = LaneStory(Direction.OUT)
    story.copy_row("stay", "stay-1", stay_data(**changes))
    return story


@pytest.mark.req("GATE-1")
def test_a_car_drives_in_and_its_visit_becomes_the_stay() -> None:
    story = LaneStory()
    story.drive_up()
    story.drive_through()
    (decided,), (pulsed,), (passed,) = story.told(LaneDecided), story.told(BarrierPulsed), story.told(VehiclePassed)
    assert (decided.allowed, decided.rule, pulsed.read_back, pulsed.by) == (True, "site_has_room", True, "rule")
    assert decided.visit_id == pulsed.visit_id == passed.visit_id
    assert passed.stay_id == StayId(passed.visit_id)
    assert (passed.plate, passed.authorised, passed.direction) == (seen().plate, True, Direction.IN)
    assert [type(event) for event in story.events()] == [LaneDecided, BarrierPulsed, VehiclePassed]
    assert (story.lane.state, story.pulses()) == (State.IDLE, 1)


def test_a_car_that_has_paid_drives_out() -> None:
    story = exit_story(paid_until=to_plain(NOON + timedelta(minutes=15)))
    story.drive_up()
    story.drive_through()
    (decided,), (passed,) = story.told(LaneDecided), story.told(VehiclePassed)
    assert (decided.rule, decided.stay_id, passed.stay_id, passed.authorised) == ("paid", "stay-1", "stay-1", True)


@pytest.mark.req("GATE-3")
def test_a_payment_that_arrives_while_the_car_waits_opens_at_once() -> None:
    story = exit_story()
    story.drive_up()
    assert (story.lane.state, story.pulses()) == (State.REFUSED, 0)
    assert story.told(LaneDecided)[0].due == Money(500, "CNY")
    paid = stay_data(paid_until=to_plain(NOON + timedelta(minutes=15)), paid_minor=500)
    story.copy_row("stay", "stay-1", paid)
    story.step()
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 1)
    assert [d.reason for d in story.told(LaneDecided)] == ["payment_due", ""]


def test_waiting_with_the_same_refusal_is_told_once() -> None:
    story = exit_story()
    story.drive_up()
    story.wait(10)
    assert len(story.told(LaneDecided)) == 1


def test_a_car_that_backs_away_has_entered_nothing() -> None:
    story = LaneStory()
    story.drive_up()
    story.presence(False)
    story.wait(2)
    assert [type(event) for event in story.events()][-1] is VehicleBackedAway
    assert (story.told(VehiclePassed), story.lane.state) == ([], State.IDLE)


def test_the_open_boom_is_not_for_the_next_car_when_the_first_backed_away() -> None:
    story = exit_story(paid_until=to_plain(NOON + timedelta(hours=1)))
    story.drive_up()
    story.presence(False)
    story.presence(True)
    assert story.lane.state is State.READING
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.authorised, passed.plate) == (False, None)


@pytest.mark.req("GATE-5")
def test_a_tailgater_is_recorded_and_alarmed() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    story.presence(False)
    story.presence(True)  # the next one, bumper to bumper
    story.safety(False)
    story.safety(True)
    story.presence(False)
    story.safety(False)
    first, second = story.told(VehiclePassed)
    assert (first.authorised, second.authorised) == (True, False)
    assert first.visit_id != second.visit_id
    assert "tailgate" in [fault.fault for fault in story.told(LaneFaulted)]


def test_a_suspected_tailgater_is_alarmed_when_the_loops_cannot_tell() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    story.presence(False)
    story.presence(True)
    story.presence(False)
    story.safety(False)
    assert len(story.told(VehiclePassed)) == 1
    assert story.faults() == ["tailgate_suspected"]


def test_a_short_vehicle_between_the_loops_still_proves_its_passage() -> None:
    story = LaneStory()
    story.drive_up()
    story.presence(False)
    story.safety(True)
    story.safety(False)
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True]


def test_a_car_that_comes_from_behind_is_a_wrong_way_driver() -> None:
    story = LaneStory()
    for move, on in ((story.safety, True), (story.presence, True), (story.safety, False), (story.presence, False)):
        move(on)
    assert (story.told(VehiclePassed), story.faults(), story.pulses()) == ([], ["wrong_way"], 0)


def test_unknown_plate_at_the_exit_needs_a_person() -> None:
    story = LaneStory(Direction.OUT)
    story.drive_up()
    assert [(d.allowed, d.reason) for d in story.told(LaneDecided)] == [(False, "stay_not_found")]
    assert story.pulses() == 0


@pytest.mark.parametrize(
    ("policy", "allowed", "reason"), [(SecondEntry.ADMIT, True, ""), (SecondEntry.HELP, False, "second_entry")]
)
def test_a_second_entry_of_an_open_plate_follows_the_lanes_policy(
    policy: SecondEntry, allowed: bool, reason: str
) -> None:
    story = LaneStory(rules={"second_entry": policy})
    story.copy_row("stay", "stay-1", stay_data())
    story.drive_up()
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.reason) == (allowed, reason)


def test_a_doubtful_read_opens_nothing_and_a_better_one_does() -> None:
    story = exit_story(paid_until=to_plain(NOON + timedelta(hours=1)))
    story.drive_up(seen(margin=0.1))
    story.wait(1)
    assert (story.lane.state, story.told(LaneDecided)) == (State.READING, [])
    story.wait(4)
    assert [(d.allowed, d.reason) for d in story.told(LaneDecided)] == [(False, "doubtful_read")]
    story.see(seen(at=story.clock.now()))
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 1)


@pytest.mark.parametrize(("policy", "allowed"), [(NoPlate.ADMIT, True), (NoPlate.HELP, False)])
def test_a_car_without_a_plate_enters_only_where_the_lane_admits_it(policy: NoPlate, allowed: bool) -> None:
    story = LaneStory(rules={"no_plate": policy})
    story.presence(True)
    story.wait(5)
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.plate, decided.rule) == (allowed, None, "no_plate" if allowed else "plate_is_read")


def test_evidence_of_the_car_before_is_not_believed() -> None:
    story = LaneStory()
    story.presence(True)
    story.see(seen(at=story.clock.now() - timedelta(seconds=10)))
    assert (story.lane.state, story.pulses()) == (State.READING, 0)


@pytest.mark.parametrize(("listed_as", "allowed"), [("allow", True), ("block", False)])
@pytest.mark.req("GATE-5")
def test_the_lists_speak_before_the_capacity(listed_as: str, allowed: bool) -> None:
    story = LaneStory()
    story.copy_row("zone", "b1", {"free": 0 if allowed else 9, "capacity": 30})
    listing = {"listed_as": listed_as, "note": "", "valid_from": None, "valid_until": None}
    story.copy_row("list", PLATE, listing)
    story.drive_up()
    assert [d.allowed for d in story.told(LaneDecided)] == [allowed]


def test_a_full_site_admits_again_as_soon_as_a_bay_is_free() -> None:
    story = LaneStory()
    story.copy_row("zone", "b1", {"free": 0, "capacity": 30})
    story.drive_up()
    assert story.told(LaneDecided)[0].reason == "site_full"
    story.copy_row("zone", "b1", {"free": 1, "capacity": 30})
    story.step()
    assert story.lane.state is State.ALLOWED


def test_an_operators_order_is_carried_out_once_and_on_record() -> None:
    story = LaneStory(Direction.OUT)
    story.drive_up()
    story.copy_row("command", "c1", order_data(expires_at=story.clock.now() + timedelta(seconds=20)))
    story.wait(1)
    story.copy_row("zone", "b1", {"free": 1, "capacity": 30})  # the copy changes again: the order is not new
    story.wait(1)
    (pulsed,) = story.told(BarrierPulsed)
    assert (pulsed.by, pulsed.reason, story.pulses()) == ("operator:li", "intercom", 1)
    story.drive_through()
    assert story.told(VehiclePassed)[0].authorised


def test_an_order_is_never_repeated_after_a_power_cut() -> None:
    story = LaneStory(Direction.OUT)
    story.drive_up()
    story.copy_row("command", "c1", order_data(expires_at=story.clock.now() + timedelta(minutes=1)))
    story.wait(0.2)
    story.power_up()
    story.wait(2)
    assert story.pulses() == 1


def test_an_expired_order_opens_nothing() -> None:
    story = LaneStory(Direction.OUT)
    story.drive_up()
    story.copy_row("command", "c1", order_data(expires_at=story.clock.now() - timedelta(seconds=1)))
    story.wait(2)
    assert (story.pulses(), story.told(BarrierPulsed)) == (0, [])


@pytest.mark.req("GATE-3")
def test_an_order_for_one_vehicle_opens_for_no_other_one() -> None:
    story = LaneStory(Direction.OUT)
    story.drive_up()
    meant = story.told(LaneDecided)[0].visit_id
    story.presence(False)
    story.wait(2)
    story.drive_up()
    late = order_data(expires_at=story.clock.now() + timedelta(seconds=20), visit_id=meant)
    story.copy_row("command", "c1", late)
    story.wait(2)
    assert story.pulses() == 0
    now = story.told(LaneDecided)[-1].visit_id
    story.copy_row("command", "c2", order_data(expires_at=story.clock.now() + timedelta(seconds=20), visit_id=now))
    story.wait(1)
    assert [pulsed.visit_id for pulsed in story.told(BarrierPulsed)] == [now]


def test_an_order_for_an_empty_lane_lets_one_vehicle_in() -> None:
    story = LaneStory()
    story.copy_row("command", "c1", order_data(expires_at=story.clock.now() + timedelta(seconds=20)))
    story.wait(0.1)
    assert (story.lane.state, story.pulses()) == (State.EXPECTED, 1)
    story.presence(True)
    story.drive_through()
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True]


def test_a_car_that_rolls_back_off_the_safety_loop_is_read_afresh() -> None:
    story = LaneStory()
    story.drive_up()
    story.safety(True)
    story.safety(False)
    assert (story.lane.state, story.camera.visit) == (State.READING, story.told(LaneDecided)[0].visit_id)
    story.see(seen(at=story.clock.now()))
    story.drive_through()
    assert ([passed.authorised for passed in story.told(VehiclePassed)], story.pulses()) == ([True], 2)
