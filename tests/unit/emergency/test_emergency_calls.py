"""A lane calls: one person answers, nobody twice; the ladder climbs; what happened is written down to the last step."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from parking.emergency import service
from parking.emergency.model import CallSource, CallState, HelpCall
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.events import CallChanged, LaneCalled, LaneCallEnded, VehicleBackedAway
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.principal import Principal
from parking.security import store as security_store
from tests.builders.emergency import PICTURE, WANG, ZHAO, Help
from tests.builders.journeys import EXIT, SiteStory

pytestmark = pytest.mark.req("SOS-1")


def test_a_lane_that_calls_is_on_the_list_with_its_cause_its_vehicle_and_its_picture(help_at: Help) -> None:
    help_at.ring(visit="visit-1")
    call = help_at.call()
    assert (call.source, call.lane_id, call.visit_id, call.cause) == (CallSource.LANE, EXIT, "visit-1", "camera")
    assert (call.picture_ref, call.state, call.level) == (PICTURE, CallState.WAITING, 1)
    assert [step.what for step in help_at.log()] == ["called"]


def test_the_same_call_told_twice_is_one_call(site: SiteStory, help_at: Help) -> None:
    rung = site.said(LaneCalled(EXIT, "call-1", None, "camera", None))
    site.hand_in(rung)
    site.application.drain()
    help_at.ring()
    assert help_at.open_calls() == ["call-1"]
    assert [step.what for step in help_at.log()] == ["called"]


def test_who_takes_a_call_first_has_it_and_the_other_learns_whose_it_is(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    assert help_at.take(WANG).taken_by == "wang"
    assert help_at.take(WANG).state is CallState.TAKEN  # pressed twice
    with pytest.raises(ParkingError, match="wang") as refused:
        help_at.take(ZHAO)
    assert (refused.value.kind, refused.value.code) == (ErrorKind.CONFLICT, "call.taken")
    with pytest.raises(ParkingError, match="wang"):
        help_at.open_lane(ZHAO)
    assert help_at.orders("open") == []
    assert [step.what for step in help_at.log()] == ["called", "taken"]
    entries = site.database.read(lambda conn: list(security_store.audit_entries(conn)))
    assert [(e.actor, e.action, e.subject) for e in entries] == [("wang", "call.take", "call-1")]


def test_of_two_who_take_a_call_in_the_same_moment_one_has_it(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def take(who: Principal) -> None:
        ready.wait()
        try:
            site.database.write(lambda uow: service.take(uow, help_at.reach, "call-1", who))
            outcomes.append(who.subject)
        except ParkingError as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=take, args=(who,)) for who in (WANG, ZHAO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["call.taken", "wang"], ["call.taken", "zhao"])
    assert help_at.call().taken_by in outcomes


def test_an_answer_reaches_the_lane_so_that_it_does_not_open_by_itself(help_at: Help) -> None:
    help_at.ring()
    help_at.take()
    (row,) = [row for row in help_at.site.copy_rows("command") if row["action"] == "answer"]
    assert (row["lane_id"], row["actor"], row["reason"]) == (EXIT, "wang", "call-1")
    help_at.rings_no_more("answered")
    assert help_at.call().state is CallState.TAKEN  # the lane has stopped ringing; the driver still waits


def test_a_call_is_over_when_the_boom_has_moved_and_not_before(help_at: Help) -> None:
    help_at.ring(visit="visit-1")
    order = help_at.open_lane(reason="paid in cash")
    assert help_at.orders("open") == [EXIT]
    assert help_at.call().state is CallState.TAKEN
    help_at.pulse(read_back=False)
    assert help_at.call().state is CallState.TAKEN
    (opening,) = help_at.openings()
    assert (opening.command_id, opening.read_back) == (order, False)
    help_at.open_lane(reason="once more")
    help_at.pulse()
    call = help_at.call()
    assert (call.state, call.how) == (CallState.ENDED, "opened")
    assert [step.what for step in help_at.log()] == ["called", "taken", "opening", "opening", "opened"]


@pytest.mark.req("LOG-1")
def test_an_opening_by_hand_is_kept_with_actor_reason_and_the_pictures_of_call_and_lane(help_at: Help) -> None:
    help_at.ring(visit="visit-1")
    order = help_at.open_lane(reason="paid in cash")
    (opening,) = help_at.openings()
    assert (opening.command_id, opening.actor, opening.reason) == (order, "wang", "paid in cash")
    assert (opening.call_id, opening.visit_id, opening.picture_ref) == ("call-1", "visit-1", PICTURE)
    help_at.pulse(picture="exit-1/later.jpg")
    (opening,) = help_at.openings()
    assert (opening.picture_ref, opening.read_back) == ("exit-1/later.jpg", True)
    assert opening.pulsed_at == help_at.site.clock.now()


@pytest.mark.parametrize("reason", ["", "  ", "ok", " \t\n "])
def test_without_a_reason_nothing_is_opened(help_at: Help, reason: str) -> None:
    help_at.ring()
    with pytest.raises(ParkingError) as refused:
        help_at.open_lane(reason=reason)
    assert refused.value.field == "reason"
    assert (help_at.orders("open"), help_at.openings()) == ([], [])
    assert help_at.call().state is CallState.WAITING  # the whole deed failed, the taking too


def test_nobody_comes_so_the_next_ones_are_called_and_in_the_end_it_is_a_case(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    levels = []
    for seconds in (29, 1, 60, 210):
        site.park(seconds=seconds)
        site.application.drain()
        levels.append((help_at.call().level, "call_unanswered" in site.reasons()))
    assert levels == [(1, False), (2, False), (3, False), (3, True)]
    assert [(s.what, s.detail) for s in help_at.log()] == [
        ("called", "camera"), ("escalated", "manager"), ("escalated", "technician"), ("unanswered", ""),
    ]  # fmt: skip
    assert [told["reason"] for told in site.told(CallChanged)] == ["called", "escalated", "escalated"]
    site.park(hours=2)
    site.application.drain()
    assert site.reasons() == ["call_unanswered"]  # once


def test_a_lane_that_opened_by_its_own_policy_is_on_record_and_a_person_looks(site: SiteStory, help_at: Help) -> None:
    help_at.ring(visit="visit-1")
    site.park(seconds=60)
    help_at.rings_no_more("opened_by_policy")
    call = help_at.call()
    assert (call.state, call.how, call.taken_by) == (CallState.ENDED, "opened_by_policy", "")
    assert [(c.reason, c.visit_id, c.lane_id) for c in site.cases()] == [("call_unanswered", "visit-1", EXIT)]
    with pytest.raises(ParkingError, match="has ended"):
        help_at.take()


def test_a_call_of_an_outage_that_arrives_late_is_one_case_and_calls_nobody_any_more(
    site: SiteStory, help_at: Help
) -> None:
    long_ago = site.clock.now()
    site.park(hours=5)
    said = [
        site.said(LaneCalled(EXIT, "call-1", VisitId("visit-1"), "network", None), at=long_ago),
        site.said(LaneCallEnded(EXIT, "call-1", "opened_by_policy"), at=long_ago + timedelta(seconds=45)),
    ]
    site.hand_in(*said)
    site.application.drain()
    assert help_at.call().ended_at == long_ago + timedelta(seconds=45)
    assert site.reasons() == ["call_unanswered"]


def test_a_short_call_of_an_outage_is_no_case_and_one_whose_end_never_came_calls_people(
    site: SiteStory, help_at: Help
) -> None:
    long_ago = site.clock.now()
    site.park(hours=5)
    rang = [site.said(LaneCalled(EXIT, f"call-{n}", None, "network", None), at=long_ago) for n in (1, 2)]
    gone = LaneCallEnded(EXIT, "call-1", "gone")
    site.hand_in(rang[0])
    site.hand_in(site.said(gone, at=long_ago + timedelta(seconds=9)), first=2)
    site.application.drain()
    site.hand_in(rang[1], first=3)
    site.application.drain()
    assert (help_at.call().how, help_at.call("call-2").level, site.reasons()) == ("gone", 1, [])
    site.park(seconds=21)
    site.application.drain()
    assert (help_at.call("call-2").level, site.reasons()) == (3, ["call_unanswered"])


def test_who_waited_in_vain_is_a_case_even_if_he_drove_away(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    site.clock.advance(timedelta(seconds=301))  # nothing looked at it meanwhile
    help_at.rings_no_more("gone")
    assert (help_at.call().how, site.reasons()) == ("gone", ["call_unanswered"])


def test_a_call_that_was_taken_and_forgotten_goes_back_to_everybody(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    site.park(seconds=20)
    help_at.take(WANG)
    site.park(seconds=179)
    site.application.drain()
    assert help_at.call().state is CallState.TAKEN
    site.park(seconds=1)
    site.application.drain()
    call = help_at.call()
    assert (call.state, call.taken_by, call.level) == (CallState.WAITING, "", 3)
    assert help_at.take(ZHAO).taken_by == "zhao"
    assert [(s.what, s.who) for s in help_at.log()] == [
        ("called", ""), ("taken", "wang"), ("forgotten", "wang"), ("escalated", ""), ("taken", "zhao"),
    ]  # fmt: skip


def test_who_cannot_help_hands_the_call_back(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    help_at.take(WANG)
    with pytest.raises(ParkingError, match="wang"):
        help_at.hand_back(ZHAO)
    assert help_at.hand_back(WANG).state is CallState.WAITING
    assert help_at.take(ZHAO).taken_by == "zhao"


def test_a_caller_can_be_helped_without_opening_and_only_by_who_took_the_call(help_at: Help) -> None:
    help_at.ring()
    with pytest.raises(ParkingError, match="take this call first"):
        help_at.end_call(WANG)
    help_at.take(WANG)
    ended = help_at.end_call(WANG, "the ticket was upside down")
    assert (ended.state, ended.how, ended.note) == (CallState.ENDED, "helped", "the ticket was upside down")
    assert help_at.open_calls() == []


def test_a_vehicle_that_backs_away_or_drives_through_calls_no_longer(site: SiteStory, help_at: Help) -> None:
    help_at.ring("call-1", visit="visit-1")
    site.hear(VehicleBackedAway(EXIT, VisitId("visit-1")))
    help_at.ring("call-2", visit="visit-2")
    site.hear(VehicleBackedAway(LaneId("entry-1"), VisitId("visit-9")))
    assert help_at.open_calls() == ["call-2"]
    help_at.ring("call-3", visit="visit-3")  # the lane has gone on without a word about the second
    assert help_at.open_calls() == ["call-3"]
    assert [help_at.call(f"call-{n}").how for n in (1, 2)] == ["gone", "gone"]


def test_an_order_outside_the_call_helps_the_caller_too(site: SiteStory, help_at: Help) -> None:
    help_at.ring()
    site.order_open(EXIT, "seen on the camera")
    help_at.pulse(who=WANG)
    assert help_at.call().how == "opened"
    (opening,) = help_at.openings()
    assert (opening.call_id, opening.picture_ref) == ("call-1", PICTURE)


def press(help_at: Help, caller: str, lane: LaneId | None = None, source: CallSource = CallSource.DRIVER) -> HelpCall:
    stay_id = StayId(caller) if source is CallSource.DRIVER else None
    return help_at.site.database.write(lambda uow: service.press(uow, help_at.reach, source, caller, lane, stay_id))


def test_a_drivers_phone_calls_once_however_often_it_is_pressed(site: SiteStory, help_at: Help) -> None:
    first, again = press(help_at, "stay-1", EXIT), press(help_at, "stay-1", EXIT)
    assert (first.id, first.stay_id, first.cause) == (again.id, "stay-1", "help_wanted")
    assert press(help_at, "stay-2").id != first.id
    assert press(help_at, "kiosk-1", source=CallSource.KIOSK).source is CallSource.KIOSK
    site.database.write(lambda uow: service.hang_up(uow, help_at.reach, CallSource.DRIVER, "stay-1"))
    assert help_at.call(first.id).how == "gone"
    assert press(help_at, "stay-1").id != first.id


def test_a_call_from_nowhere_opens_nothing(help_at: Help) -> None:
    call = press(help_at, "stay-1")
    with pytest.raises(ParkingError, match="no lane"):
        help_at.open_lane(call_id=call.id)
    with pytest.raises(ParkingError, match="no such lane"):
        press(help_at, "stay-2", LaneId("ramp-1"))
    with pytest.raises(ParkingError, match="no such call"):
        help_at.take(call_id="call-9")
    assert help_at.orders("open") == []
