"""Whose stay stands at an exit, from the lane's own copy: misreads find their stay, lookalikes are nobody's to guess, nobody is trapped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.access.facts import SecondEntry
from parking.gate.machine import State
from parking.gate.model import Cause
from parking.kernel.codec import to_plain
from parking.kernel.events import Direction, LaneDecided, VehiclePassed
from parking.kernel.votes import Votes
from tests.builders.gate import NOON, LaneStory, seen, stay_data

PAID = to_plain(NOON + timedelta(minutes=15))
TRUE, MISREAD = "浙A12345", "浙A1234S"
B_PLATE, EIGHT_PLATE = "浙A6688B", "浙A66888"


def exit_lane(**stays: dict[str, Any]) -> LaneStory:
    """An exit whose copy has these stays, by id."""
    story = LaneStory(Direction.OUT)
    for stay_id, data in stays.items():
        story.copy_row("stay", stay_id, data)
    return story


def read(*said: tuple[str, float], margin: float = 6.0, colour: str = "blue") -> Any:
    return seen(said[0][0], margin=margin, votes=Votes.of(said, colour, "civil"))


def inside(plate: str, **changes: Any) -> dict[str, Any]:
    return stay_data(plate, votes=f"1|blue|civil|{plate}:0", **changes)


@pytest.mark.req("ID-1", "GATE-3")
def test_a_misread_car_that_has_paid_drives_out_by_its_own_stay() -> None:
    story = exit_lane(s1=inside(TRUE, paid_until=PAID))
    story.drive_up(read((MISREAD, 0.0), (TRUE, -3.0)))
    story.drive_through()
    (decided,), (passed,) = story.told(LaneDecided), story.told(VehiclePassed)
    assert (decided.allowed, decided.rule, decided.stay_id) == (True, "paid", "s1")
    assert passed.stay_id == "s1"
    assert passed.votes is not None
    assert passed.votes.best == MISREAD


@pytest.mark.req("ID-1")
def test_a_doubtful_read_finds_its_stay_where_what_it_leaves_open_has_only_one() -> None:
    story = exit_lane(s1=inside(TRUE, paid_until=PAID))
    story.drive_up(read((MISREAD, 0.0), (TRUE, -0.4), margin=0.4))
    story.wait(5)
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.stay_id) == (True, "s1")


@pytest.mark.req("ID-1")
def test_a_read_that_is_a_lookalikes_plate_opens_for_neither_and_calls_a_person() -> None:
    story = exit_lane(mine=inside(B_PLATE), his=inside(EIGHT_PLATE, paid_minor=0))
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -4.0)))
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.reason, decided.stay_id) == (False, "stay_in_doubt", None)
    assert story.lane.state is State.REFUSED


def test_of_lookalikes_of_which_none_owes_anything_whoever_it_is_drives_out() -> None:
    free = [[to_plain(NOON + timedelta(hours=1)), 0]]
    story = exit_lane(mine=inside(B_PLATE, prices=free), his=inside(EIGHT_PLATE, prices=free))
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -4.0)))
    story.drive_through()
    (decided,), (passed,) = story.told(LaneDecided), story.told(VehiclePassed)
    assert (decided.allowed, decided.rule, passed.stay_id) == (True, "none_of_them_owes", None)


def test_pictures_that_rule_the_lookalike_out_open_for_the_one_they_show() -> None:
    story = exit_lane(mine=inside(B_PLATE), his=inside(EIGHT_PLATE, paid_until=PAID))
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -11.0)))
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.stay_id) == (True, "his")


def test_a_car_whose_entry_a_loop_missed_pays_and_leaves_by_the_lanes_yes() -> None:
    story = exit_lane(s1=inside(TRUE, doubtful=True, paid_until=PAID))
    story.drive_up(read((TRUE, 0.0)))
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.stay_id) == (True, "s1")


def test_a_stay_in_doubt_keeps_nobody_from_coming_in() -> None:
    story = LaneStory(rules={"second_entry": SecondEntry.HELP})
    story.copy_row("stay", "s1", inside(TRUE, doubtful=True))
    story.drive_up(read((TRUE, 0.0)))
    assert [decided.allowed for decided in story.told(LaneDecided)] == [True]


def test_a_stranger_is_not_found_and_a_person_helps() -> None:
    story = exit_lane(s1=inside(TRUE, paid_until=PAID))
    story.drive_up(read(("沪B67890", 0.0)))
    (decided,) = story.told(LaneDecided)
    assert (decided.allowed, decided.reason) == (False, "stay_not_found")


def sibling(story: LaneStory, **changes: Any) -> None:
    """Another gate box of the site is known to this one."""
    story.copy_row("key", "k2", {"device_id": "edge-2", "public": "A" * 43, **changes})


@pytest.mark.req("ID-1", "PAY-1", "GATE-3")
@pytest.mark.parametrize("who_is_cut_off", ["the other box", "this one"])
def test_who_may_have_come_in_by_a_box_that_is_cut_off_is_not_asked_to_pay_a_lookalikes_stay(
    who_is_cut_off: str,
) -> None:
    """Traced in a day of two boxes: 浙AS4BB8, let in by the other one, paid for 浙AS48B8, of whom alone the exit knew."""
    story = exit_lane(his=inside(B_PLATE))
    if who_is_cut_off == "the other box":
        sibling(story, unheard_since=to_plain(NOON - timedelta(hours=1)))
    else:
        sibling(story)
        story.troubles = frozenset({Cause.NETWORK})
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -7.0)))
    decided = story.told(LaneDecided)[0]
    assert (decided.allowed, decided.reason, decided.stay_id) == (False, "stay_in_doubt", None)


@pytest.mark.parametrize("alone", [True, False])
def test_where_every_car_is_known_a_misread_one_is_asked_for_its_own_stay(alone: bool) -> None:
    """A box without siblings knows all that came in, and so do boxes that are heard."""
    story = exit_lane(his=inside(B_PLATE))
    if alone:
        story.troubles = frozenset({Cause.NETWORK})
    else:
        sibling(story)
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -7.0)))
    decided = story.told(LaneDecided)[0]
    assert (decided.reason, decided.stay_id) == ("payment_due", "his")


def test_its_own_plate_to_the_letter_is_asked_for_its_stay_whoever_is_cut_off() -> None:
    story = exit_lane(his=inside(EIGHT_PLATE))
    sibling(story, unheard_since=to_plain(NOON - timedelta(hours=1)))
    story.drive_up(read((EIGHT_PLATE, 0.0), (B_PLATE, -7.0)))
    decided = story.told(LaneDecided)[0]
    assert (decided.reason, decided.stay_id) == ("payment_due", "his")


@pytest.mark.req("ID-1", "PAY-1", "GATE-3")
@pytest.mark.parametrize("cut_off", [True, False])
def test_who_turned_back_at_an_entry_and_may_have_come_since_by_a_box_that_is_cut_off_is_asked_for_no_longer_visit(
    cut_off: bool,
) -> None:
    """Traced in a day of two boxes: a car that had turned back came two hours later by the one that was cut off, and paid for three."""
    story = exit_lane(turned_back=inside(TRUE, doubtful=True))
    sibling(story, **({"unheard_since": to_plain(NOON - timedelta(hours=1))} if cut_off else {}))
    story.drive_up(read((TRUE, 0.0)))
    decided = story.told(LaneDecided)[0]
    wanted = (False, "stay_in_doubt", None) if cut_off else (False, "payment_due", "turned_back")
    assert (decided.allowed, decided.reason, decided.stay_id) == wanted
