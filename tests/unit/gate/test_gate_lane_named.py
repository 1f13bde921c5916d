"""Stories of cars at an exit that no rule can name, and of a person who can: it leaves as that stay, by the rules, and pays as that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parking.gate.machine import State
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.events import Direction, ExitPromised, LaneCallEnded, LaneDecided, VehiclePassed
from parking.kernel.votes import Votes
from tests.builders.gate import NOON, PLATE, LaneStory, seen, stay_data

pytestmark = [pytest.mark.req("GATE-1", "ID-1")]
TWINS = "苏A888B1", "苏A8B881"
READ = Votes.of([("苏A88881", 0.0), (TWINS[0], -0.1), (TWINS[1], -0.2)], "blue", "civil")
LATER = to_plain(NOON + timedelta(hours=3))
CARD = Credential.parse(CredentialKind.CARD, "04A1B2C3")


def in_doubt(**of_first: object) -> LaneStory:
    """A car stands at an exit, and it may be either of two; the second owes, and so does the first unless told otherwise."""
    story = LaneStory(direction=Direction.OUT)
    for number, plate in enumerate(TWINS):
        story.copy_row(
            "stay", f"s{number}", stay_data(plate, entered_at=NOON - timedelta(hours=1), **({} if number else of_first))
        )
    story.presence(True)
    story.see(seen("苏A88881", at=story.clock.now(), votes=READ))
    story.wait(1)
    return story


def last(story: LaneStory) -> LaneDecided:
    return story.told(LaneDecided)[-1]


def test_whom_a_person_names_is_asked_for_his_own_fee_and_goes_when_he_has_paid() -> None:
    story = in_doubt()
    assert (last(story).reason, last(story).stay_id) == ("stay_in_doubt", None)
    story.name("s1")
    due = last(story).due
    assert (last(story).reason, last(story).stay_id, due.minor if due else None) == ("payment_due", "s1", 500)
    story.copy_row("stay", "s1", stay_data(TWINS[1], entered_at=NOON - timedelta(hours=1), paid_until=LATER))
    story.wait(1)
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.stay_id, passed.named_by, passed.votes) == ("s1", "li", READ)
    assert (story.pulses(), last(story).rule, last(story).remarks) == (1, "paid", ("named_by_person",))


def test_a_call_is_over_when_the_one_who_is_named_has_only_to_pay() -> None:
    story = in_doubt()
    story.wait(20)
    called = story.lane.calling
    assert called is not None
    story.name("s0")
    story.copy_row("stay", "s0", stay_data(TWINS[0], entered_at=NOON - timedelta(hours=1), paid_until=LATER))
    story.wait(2)
    assert [ended.call_id for ended in story.told(LaneCallEnded)] == [called]


def test_a_misread_that_a_person_has_seen_through_does_not_stop_its_car() -> None:
    story = LaneStory(direction=Direction.OUT)
    story.copy_row("stay", "s1", stay_data("苏B00000", paid_until=LATER))  # its entry was read as nothing like it
    story.drive_up()
    assert last(story).reason == "stay_not_found"
    story.name("s1")
    story.drive_through()
    (passed,) = story.told(VehiclePassed)
    assert (passed.stay_id, passed.plate, passed.named_by) == ("s1", seen(PLATE).plate, "li")


def test_nobodys_credit_is_used_on_the_word_of_a_person() -> None:
    story = in_doubt(credit_minor=10_000)
    story.name("s0")
    assert (last(story).reason, story.told(ExitPromised), story.pulses()) == ("payment_due", [], 0)


def test_a_car_that_nobody_could_read_leaves_at_once_when_it_is_named() -> None:
    story = LaneStory(direction=Direction.OUT)
    story.copy_row("stay", "s1", stay_data(paid_until=LATER))
    story.presence(True)
    story.name("s1")
    assert (last(story).allowed, last(story).stay_id, story.pulses()) == (True, "s1", 1)


def test_a_word_about_the_car_before_is_not_about_this_one() -> None:
    story = in_doubt(paid_until=LATER)
    story.order("name", stay_id="s0", visit_id="the-car-before")
    assert (last(story).reason, story.pulses()) == ("stay_in_doubt", 0)


def test_a_stay_that_has_ended_meanwhile_names_nobody() -> None:
    story = in_doubt()
    story.name("s1")
    story.copy_row("stay", "s1", None)
    story.wait(1)
    assert last(story).stay_id != "s1"
    story.order("open")
    story.drive_through()
    assert [passed.named_by for passed in story.told(VehiclePassed)] == [None]


def test_who_drives_back_and_on_again_is_named_again() -> None:
    story = in_doubt(paid_until=LATER)
    story.name("s0")
    story.safety(True)
    story.safety(False)  # back off the loop under the boom: whoever stands there now has to be seen afresh
    story.wait(8)
    assert (story.lane.state, last(story).reason) == (State.REFUSED, "no_plate")


def test_a_power_cut_under_the_boom_does_not_forget_who_named_it() -> None:
    story = in_doubt(paid_until=LATER)
    story.name("s0")
    story.safety(True)
    story.power_up()
    story.wait(1)
    story.presence(False)
    story.safety(False)
    story.wait(1)
    assert [(passed.stay_id, passed.named_by) for passed in story.told(VehiclePassed)] == [("s0", "li")]


def test_a_card_of_another_car_does_not_speak_against_a_person() -> None:
    story = in_doubt(paid_until=LATER)
    story.copy_row("holder", CARD.ref, {"holder_id": "h1", "plates": ["苏B54321"], "pass_ids": []})
    story.hold_up(CARD)
    story.wait(1)
    story.name("s0")
    assert (last(story).allowed, last(story).stay_id) == (True, "s0")


@pytest.mark.req("GATE-5")
@pytest.mark.parametrize("of_next", [CARD, Credential.parse(CredentialKind.UHF, "E2801160600002047CE1A1B2")])
def test_who_is_named_does_not_leave_by_the_right_of_the_next_car(of_next: Credential) -> None:
    story = LaneStory(direction=Direction.OUT)
    story.copy_row("stay", "s0", stay_data(TWINS[0]))
    held = {"holder_id": "h1", "plates": ["苏B54321"]}
    story.copy_row("pass", "p1", held | {"bays": 1, "valid_from": None, "valid_until": None})
    story.copy_row("holder", of_next.ref, held | {"pass_ids": ["p1"]})
    story.presence(True)  # nobody reads its plate, and a reader hears the car behind it
    story.hold_up(of_next)
    story.name("s0")
    assert (last(story).reason, last(story).stay_id, last(story).right) == ("payment_due", "s0", None)


@pytest.mark.req("GATE-3")
def test_an_order_of_a_newer_server_is_passed_over_and_the_rest_of_the_copy_is_followed() -> None:
    story = in_doubt(paid_until=LATER)
    story.order("sing")
    assert (story.pulses(), last(story).reason) == (0, "stay_in_doubt")
    story.name("s0")
    assert (story.pulses(), last(story).stay_id) == (1, "s0")
