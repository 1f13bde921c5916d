"""Stories of vehicles that the lane cannot serve by itself: nobody is trapped, nothing is given away, everything is on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking.access.facts import NoPlate
from parking.gate.machine import State
from parking.gate.model import ENTRY_HELP, EXIT_HELP, Cause, HelpAction, HelpRule, LaneConfig
from parking.kernel.codec import to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.events import (
    BarrierPulsed,
    Direction,
    LaneBlocked,
    LaneCalled,
    LaneCallEnded,
    LaneDecided,
    LaneModeChanged,
    VehiclePassed,
)
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.money import Money
from tests.builders.gate import BUTTON, MAINS_LOST, NOON, LaneStory, seen, stay_data

pytestmark = [pytest.mark.req("GATE-1"), pytest.mark.req("GATE-3"), pytest.mark.req("SOS-1")]


def exit_story(*troubles: Cause, known: bool = True, **changes: Any) -> LaneStory:
    """An exit where a car owes 5.00, and what is wrong around it."""
    story = LaneStory(Direction.OUT, **changes)
    story.troubles = frozenset(troubles)
    if known:
        story.copy_row("stay", "stay-1", stay_data())
    story.wait(0.1)
    return story


def test_who_cannot_pay_because_payment_is_down_leaves_with_a_debt() -> None:
    story = exit_story(Cause.PAYMENT)
    story.drive_up()
    story.wait(29)
    assert (story.pulses(), story.told(LaneCalled)) == (0, [])
    story.wait(2)
    assert (story.lane.state, story.pulses()) == (State.ALLOWED, 1)
    decided = story.told(LaneDecided)[-1]
    assert (decided.allowed, decided.rule, decided.reason) == (True, "help_policy", "payment")
    assert (decided.stay_id, decided.due) == ("stay-1", Money(500, "CNY"))
    assert [(p.by, p.reason) for p in story.told(BarrierPulsed)] == [("policy", "payment")]
    story.drive_through()
    assert [(p.stay_id, p.authorised) for p in story.told(VehiclePassed)] == [("stay-1", True)]


def test_one_opening_by_policy_serves_one_vehicle() -> None:
    story = exit_story(Cause.NETWORK)
    story.drive_up()
    story.wait(6)
    assert story.pulses() == 1
    story.safety(True)
    story.presence(False)
    story.presence(True)  # the next one, close behind
    story.safety(False)
    story.safety(True)
    story.presence(False)
    story.safety(False)
    assert [passed.authorised for passed in story.told(VehiclePassed)] == [True, False]


def test_a_network_that_comes_back_in_time_means_that_the_driver_pays() -> None:
    story = exit_story(Cause.NETWORK)
    story.drive_up()
    story.wait(3)
    story.troubles = frozenset()
    story.wait(30)
    assert (story.pulses(), story.told(LaneCalled)) == (0, [])


def test_an_unreadable_plate_at_the_exit_calls_a_person_and_an_unanswered_call_opens() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    (called,) = story.told(LaneCalled)
    assert (called.cause, called.visit_id) == ("unknown_plate", story.told(LaneDecided)[0].visit_id)
    (blocked,) = story.told(LaneBlocked)
    assert (blocked.blocked, blocked.cause, blocked.visit_id) == (True, "unknown_plate", called.visit_id)
    story.wait(118)
    assert story.pulses() == 0
    story.wait(6)
    assert (story.pulses(), story.lane.state) == (1, State.ALLOWED)
    assert [(e.call_id, e.how) for e in story.told(LaneCallEnded)] == [(called.call_id, "opened_by_policy")]
    assert [b.blocked for b in story.told(LaneBlocked)] == [True, False]
    assert [type(e) for e in story.events()][-4:] == [LaneCallEnded, LaneBlocked, LaneDecided, BarrierPulsed]


def test_an_answered_call_opens_by_the_persons_order_alone() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    (called,) = story.told(LaneCalled)
    story.order("answer", reason=called.call_id)
    assert [e.how for e in story.told(LaneCallEnded)] == ["answered"]
    story.wait(150)
    assert story.pulses() == 0
    story.order("open")
    assert [(p.by, p.reason) for p in story.told(BarrierPulsed)] == [("operator:li", "intercom")]
    story.drive_through()
    assert [e.how for e in story.told(LaneCallEnded)] == ["answered"]


def test_a_person_who_answers_and_then_forgets_the_car_is_called_again_and_in_the_end_it_opens() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    story.order("answer", reason=story.told(LaneCalled)[0].call_id)
    story.wait(185)
    first, again = story.told(LaneCalled)
    assert first.call_id != again.call_id
    story.wait(125)
    assert story.pulses() == 1


def test_the_answer_to_an_old_call_does_not_end_the_next_one() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    story.order("answer", reason="another-call")
    assert story.told(LaneCallEnded) == []
    story.wait(125)
    assert story.pulses() == 1


def test_a_car_that_backs_away_ends_its_call_and_is_not_blocked_any_more() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    story.presence(False)
    assert [e.how for e in story.told(LaneCallEnded)] == ["gone"]
    assert [b.blocked for b in story.told(LaneBlocked)] == [True, False]


def test_an_operators_opening_answers_the_call() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    story.order("open")
    assert [e.how for e in story.told(LaneCallEnded)] == ["answered"]


def test_a_good_read_that_comes_late_ends_the_call_as_moot() -> None:
    story = exit_story()
    story.copy_row("stay", "stay-1", stay_data(paid_until=to_plain(NOON + timedelta(hours=1))))
    story.presence(True)
    story.wait(20)
    story.see(seen(at=story.clock.now()))
    story.wait(0.1)
    assert (story.lane.state, [e.how for e in story.told(LaneCallEnded)]) == (State.ALLOWED, ["gone"])


def test_who_has_merely_not_paid_is_helped_late_and_his_clock_goes_on() -> None:
    story = exit_story()
    story.drive_up()
    story.wait(115)
    assert story.told(LaneCalled) == []
    story.wait(10)
    assert [called.cause for called in story.told(LaneCalled)] == ["unpaid"]
    assert story.told(LaneBlocked) == []
    story.wait(600)
    assert story.pulses() == 1
    assert story.told(LaneDecided)[-1].due == Money(500, "CNY")


def test_nobody_is_called_where_nobody_is_there() -> None:
    story = exit_story(Cause.PERSON_AWAY)
    story.presence(True)
    story.wait(70)
    assert (story.pulses(), story.told(LaneCalled)) == (1, [])
    assert story.told(BarrierPulsed)[0].reason == "person_away"


def test_a_relay_that_does_not_answer_calls_a_person_and_the_call_stays_until_the_car_is_through() -> None:
    story = exit_story()
    story.copy_row("stay", "stay-1", stay_data(paid_until=to_plain(NOON + timedelta(hours=1))))
    story.board.unconfirmed.add(0)
    story.drive_up()
    story.wait(100)
    (called,) = story.told(LaneCalled)
    assert (called.cause, story.told(LaneCallEnded)) == ("relay", [])
    assert [b.cause for b in story.told(LaneBlocked) if b.blocked] == ["relay"]
    story.board.unconfirmed.clear()
    story.wait(35)
    assert (story.lane.state, [e.how for e in story.told(LaneCallEnded)]) == (State.ALLOWED, ["gone"])


def test_a_policy_that_opens_on_a_dead_relay_tries_again_until_it_lives_and_calls_once() -> None:
    story = exit_story(Cause.NETWORK)
    story.board.unconfirmed.add(0)
    story.drive_up()
    story.wait(120)
    assert len(story.told(LaneCalled)) == 1
    assert story.pulses() > 3
    story.board.unconfirmed.clear()
    story.wait(40)
    assert story.lane.state is State.ALLOWED
    assert [e.how for e in story.told(LaneCallEnded)] == ["opened_by_policy"]


def test_on_its_battery_the_lane_does_not_wait_for_a_payment() -> None:
    story = exit_story(wiring={"mains_lost": MAINS_LOST})
    story.switch(MAINS_LOST, True)
    story.drive_up()
    story.wait(12)
    assert [p.reason for p in story.told(BarrierPulsed)] == ["power"]
    assert [(m.mode, m.causes) for m in story.told(LaneModeChanged)] == [("degraded", ("power",))]


def test_the_drivers_button_calls_at_once_and_an_answer_is_enough() -> None:
    story = exit_story(wiring={"call_button": BUTTON})
    story.drive_up()
    story.switch(BUTTON, True)
    (called,) = story.told(LaneCalled)
    assert called.cause == "unpaid"
    story.switch(BUTTON, False)
    story.switch(BUTTON, True)
    assert len(story.told(LaneCalled)) == 1, "one press more is not one call more"
    story.order("answer", reason=called.call_id)
    story.wait(100)
    assert [e.how for e in story.told(LaneCallEnded)] == ["answered"]


def test_a_button_pressed_in_an_empty_lane_calls_too() -> None:
    story = LaneStory(wiring={"call_button": BUTTON})
    story.switch(BUTTON, True)
    (called,) = story.told(LaneCalled)
    assert (called.cause, called.visit_id) == ("button", None)
    story.order("answer", reason=called.call_id)
    story.wait(200)
    assert len(story.told(LaneCalled)) == 1


def test_an_entry_calls_for_what_a_driver_cannot_mend_and_never_opens_by_itself() -> None:
    story = LaneStory()
    story.presence(True)
    story.wait(3600)
    assert [called.cause for called in story.told(LaneCalled)] == ["unknown_plate"]
    assert (story.pulses(), story.told(LaneBlocked)) == (0, [])


def test_a_full_site_calls_nobody() -> None:
    story = LaneStory()
    story.copy_row("zone", "b1", {"free": 0, "capacity": 30})
    story.drive_up()
    story.wait(300)
    assert story.told(LaneCalled) == []


class Screen:
    """A display that remembers."""

    def __init__(self) -> None:
        self.shown: list[tuple[VisitId, StayId | None] | None] = []

    def show(self, visit_id: VisitId, stay_id: StayId | None) -> None:
        self.shown.append((visit_id, stay_id))

    def hide(self) -> None:
        self.shown.append(None)


SHOW = {Cause.PAYMENT: HelpRule(HelpAction.SHOW_CODE, 5.0, 60.0)}


def test_a_code_is_shown_first_and_a_person_called_when_it_did_not_help() -> None:
    story = exit_story(Cause.PAYMENT, help=SHOW)
    story.display = screen = Screen()
    story.power_up()
    story.wait(0.2)
    story.drive_up()
    story.wait(6)
    visit_id = story.told(LaneDecided)[0].visit_id
    assert (screen.shown, story.told(LaneCalled)) == ([(visit_id, "stay-1")], [])
    story.wait(60)
    assert (screen.shown[-1], len(story.told(LaneCalled))) == (None, 1)
    story.wait(61)
    assert story.pulses() == 1


def test_a_code_that_helped_is_taken_down() -> None:
    story = exit_story(Cause.PAYMENT, help=SHOW)
    story.display = screen = Screen()
    story.power_up()
    story.wait(0.2)
    story.drive_up()
    story.wait(6)
    story.copy_row("stay", "stay-1", stay_data(paid_until=to_plain(NOON + timedelta(hours=1)), paid_minor=500))
    story.wait(0.1)
    assert (screen.shown[-1], story.lane.state, story.told(LaneCalled)) == (None, State.ALLOWED, [])


def test_a_lane_without_a_screen_calls_instead_of_showing_a_code() -> None:
    story = exit_story(Cause.PAYMENT, help=SHOW)
    story.drive_up()
    story.wait(6)
    assert [called.cause for called in story.told(LaneCalled)] == ["payment"]


def test_a_car_that_is_let_in_without_a_plate_gets_its_ticket_once_and_no_other_car_does() -> None:
    story = LaneStory(rules={"no_plate": NoPlate.ADMIT})
    story.display = screen = Screen()
    story.power_up()
    story.wait(0.2)
    story.drive_up()
    story.drive_through()
    assert screen.shown == []
    story.presence(True)
    story.wait(6)
    assert (story.pulses(), screen.shown) == (2, [(story.told(LaneDecided)[-1].visit_id, None)])


def test_the_blocked_exit_names_the_stay_whose_clock_stands_still() -> None:
    story = exit_story(Cause.PAYMENT, help={Cause.PAYMENT: HelpRule(HelpAction.CALL, 5.0, 600.0)})
    story.drive_up()
    story.wait(6)
    assert [(b.stay_id, b.cause, b.blocked) for b in story.told(LaneBlocked)] == [("stay-1", "payment", True)]


def test_a_car_that_becomes_known_while_it_is_held_is_named_when_the_hold_ends() -> None:
    story = exit_story(known=False)
    story.drive_up()
    story.wait(20)
    story.copy_row("stay", "stay-1", stay_data())
    story.wait(3)
    assert story.told(LaneDecided)[-1].reason == "payment_due"
    assert [(b.stay_id, b.blocked) for b in story.told(LaneBlocked)] == [(None, True), ("stay-1", False)]


def test_a_power_cut_during_a_call_does_not_trap_the_car() -> None:
    story = exit_story()
    story.presence(True)
    story.wait(20)
    story.power_up()
    story.wait(1)
    assert [e.how for e in story.told(LaneCallEnded)] == ["gone"], "no call stays open for ever"
    assert [b.blocked for b in story.told(LaneBlocked)] == [True, False], "and no fee clock stands still"
    story.wait(145)
    assert (story.pulses(), len(story.told(LaneCalled))) == (1, 2)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_rule_and_none_is_a_dead_end_at_an_exit(cause: Cause) -> None:
    rule = EXIT_HELP[cause]
    assert rule.action is HelpAction.OPEN_WITH_DEBT or rule.open_after_s is not None
    assert ENTRY_HELP[cause].action is HelpAction.CALL
    assert ENTRY_HELP[cause].open_after_s is None


@pytest.mark.parametrize(
    ("direction", "rule", "field"),
    [
        (Direction.OUT, HelpRule(HelpAction.CALL), "help.camera.open_after_s"),
        (Direction.OUT, HelpRule(HelpAction.SHOW_CODE), "help.camera.open_after_s"),
        (Direction.IN, HelpRule(HelpAction.OPEN_WITH_DEBT), "help.camera"),
        (Direction.IN, HelpRule(HelpAction.SHOW_CODE, 0.0, 60.0), "help.camera"),
    ],
)
def test_a_policy_that_could_trap_or_give_away_cannot_be_configured(
    direction: Direction, rule: HelpRule, field: str
) -> None:
    with pytest.raises(ParkingError) as refused:
        LaneConfig(LaneId("lane-1"), direction, help={Cause.CAMERA: rule})
    assert refused.value.field == field


@pytest.mark.parametrize(("after_s", "open_after_s"), [(-1, None), (3601, None), (0, 4), (0, 3601), (float("nan"), 60)])
def test_times_that_nobody_means_are_refused(after_s: float, open_after_s: float | None) -> None:
    with pytest.raises(ParkingError):
        HelpRule(HelpAction.CALL, after_s, open_after_s)
