"""What became of a stay whose passages were missed: judged by what was seen, and left to a person where two stories are as true."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.ids import BayId, LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.votes import Votes
from parking.sessions.model import LaneVisit, LeavingStay, OpenStay, ParkedStay
from parking.sessions.stay_life import (
    CLONES_MEET,
    QUEUE_BEHIND,
    SHORTEST_WAY_ROUND,
    Earlier,
    GoneUnseen,
    LateExit,
    LeftThen,
    ReadAnew,
    Undecided,
    on_patrol,
    on_queue_behind,
    on_second_entry,
)
from tests.builders.matching import COSTS

CAME = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)
AGAIN = CAME + timedelta(hours=20)
READ = Votes.lone("浙A12345", "blue", "civil")
STAY = OpenStay(StayId("s1"), Plate("浙A12345"), CAME, LaneId("entry-1"), "t", votes=READ)
PARKED = ParkedStay(STAY.id, STAY.plate, CAME, STAY.lane_id, "t", votes=READ, bay_id=BayId("b1"), seen_at=AGAIN)
LEAVING = LeavingStay(STAY.id, STAY.plate, CAME, STAY.lane_id, "t", votes=READ, exit_visit_id=VisitId("v9"),
                      exit_lane_id=LaneId("exit-1"), yes_at=CAME + timedelta(hours=1))  # fmt: skip
SAID = LaneVisit(VisitId("v9"), LaneId("exit-1"), True, STAY.plate, None, STAY.id, CAME + timedelta(hours=1),
                 CAME + timedelta(hours=1), CAME + timedelta(hours=1, seconds=9))  # fmt: skip


def test_a_later_entry_shows_that_the_car_has_gone_and_nobody_knows_when() -> None:
    assert on_second_entry(Earlier(STAY), READ, AGAIN, COSTS) == GoneUnseen("missed_exit_later_entry")


@pytest.mark.req("ID-1")
def test_soon_after_it_may_be_a_clone_whose_twin_is_inside_and_a_person_looks() -> None:
    soon = CAME + CLONES_MEET - timedelta(minutes=1)
    assert on_second_entry(Earlier(STAY), READ, soon, COSTS) == Undecided("second_entry")
    assert isinstance(on_second_entry(Earlier(STAY, unread_exit=True), READ, soon, COSTS), GoneUnseen)
    assert isinstance(on_second_entry(Earlier(STAY, let_through=SAID), READ, soon, COSTS), LeftThen), (
        "that an exit opened for it is evidence enough"
    )


def unsure(margin: float, *, best: str = "浙A12345", next_best: str = "浙A1234S") -> Votes:
    return Votes.of([(best, 0.0), (next_best, -margin)], "blue", "civil")


@pytest.mark.req("ID-1")
def test_of_two_cars_one_read_is_the_others_plate_and_its_own_pictures_say_which() -> None:
    later = on_second_entry(Earlier(STAY), unsure(0.5), AGAIN, COSTS)
    assert isinstance(later, ReadAnew)
    assert (later.later, later.plate.text, later.votes.best) == (True, "浙A1234S", "浙A1234S")
    assert {one.text for one in later.votes.spellings} == {"浙A12345", "浙A1234S"}, "it is found by either"
    earlier = on_second_entry(Earlier(replace(STAY, votes=unsure(0.5))), unsure(9.0), AGAIN, COSTS)
    assert isinstance(earlier, ReadAnew)
    assert not earlier.later


@pytest.mark.req("ID-1")
def test_where_both_reads_are_as_unsure_or_the_next_spelling_is_inside_too_a_person_says() -> None:
    both = replace(STAY, votes=unsure(0.5, next_best="浙A1Z345"))
    assert on_second_entry(Earlier(both), unsure(0.5), AGAIN, COSTS) == Undecided("second_entry")
    taken = Earlier(STAY, inside=frozenset({"浙A1234S"}))
    assert on_second_entry(taken, unsure(0.5), AGAIN, COSTS) == Undecided("second_entry")


def test_an_exit_that_opened_for_it_says_when() -> None:
    found = on_second_entry(Earlier(STAY, let_through=SAID), READ, AGAIN, COSTS)
    assert found == LeftThen(
        CAME + timedelta(hours=1), CAME + timedelta(hours=1), LaneId("exit-1"), "missed_exit_let_through", VisitId("v9")
    )
    assert on_second_entry(Earlier(LEAVING), READ, AGAIN, COSTS) == found


def test_an_exit_that_opened_for_it_before_it_was_seen_parked_says_nothing() -> None:
    stood = replace(PARKED, seen_at=CAME + timedelta(hours=2))
    assert on_second_entry(Earlier(stood, let_through=SAID), READ, AGAIN, COSTS) == GoneUnseen(
        "missed_exit_later_entry"
    )


def test_a_proven_exit_that_fits_is_its_own() -> None:
    out = LateExit(VisitId("v7"), CAME + timedelta(hours=2), LaneId("exit-2"), CAME + timedelta(hours=1, minutes=59))
    found = on_second_entry(Earlier(STAY, let_through=SAID, exit=out), READ, AGAIN, COSTS)
    assert isinstance(found, LeftThen)
    assert (found.at, found.priced_at, found.rule, found.counted) == (
        out.exited_at,
        out.yes_at,
        "exit_found_late",
        True,
    )


def test_who_had_paid_left_at_the_price_he_paid() -> None:
    paid = replace(STAY, priced_at=CAME + timedelta(hours=3), leave_by=CAME + timedelta(hours=3, minutes=15))
    found = on_second_entry(Earlier(paid), READ, AGAIN, COSTS)
    assert isinstance(found, LeftThen)
    assert (found.at, found.rule) == (paid.priced_at, "missed_exit_paid")


@pytest.mark.parametrize("seen_before", [timedelta(0), timedelta(minutes=2), -timedelta(hours=1)])
def test_who_stands_in_a_bay_is_not_at_an_entry(seen_before: timedelta) -> None:
    stands = replace(PARKED, seen_at=AGAIN - seen_before)
    assert on_second_entry(Earlier(stands, let_through=SAID), READ, AGAIN, COSTS) == Undecided("cloned_plate")


def test_who_stood_in_a_bay_an_hour_ago_may_have_gone() -> None:
    stood = replace(PARKED, seen_at=AGAIN - timedelta(hours=1))
    assert isinstance(on_second_entry(Earlier(stood), READ, AGAIN, COSTS), GoneUnseen)


@pytest.mark.parametrize("other", [Votes.lone("浙A12345", "green", "civil"), Votes.lone("浙A12345", "blue", "police")])
def test_another_colour_or_class_is_another_car(other: Votes) -> None:
    assert on_second_entry(Earlier(STAY), other, AGAIN, COSTS) == Undecided("cloned_plate")


def test_nobody_is_round_in_less_than_a_minute() -> None:
    soon = CAME + SHORTEST_WAY_ROUND - timedelta(seconds=1)
    assert on_second_entry(Earlier(STAY), READ, soon, COSTS) == Undecided("second_entry")


@pytest.mark.req("ID-1")
def test_a_doubtful_read_of_either_passage_expires_nobody() -> None:
    doubtful = unsure(3.0)
    assert on_second_entry(Earlier(STAY), doubtful, AGAIN, COSTS) == Undecided("second_entry")
    assert on_second_entry(Earlier(replace(STAY, votes=doubtful)), READ, AGAIN, COSTS) == Undecided("second_entry")


@pytest.mark.req("ID-1")
def test_where_lookalikes_come_and_go_only_pictures_that_rule_them_out_expire_anybody() -> None:
    sure = Votes.of([("浙A12345", 0.0), ("浙A1234S", -10.0)], "blue", "civil")
    assert on_second_entry(Earlier(STAY, has_lookalike=True), READ, AGAIN, COSTS) == Undecided("second_entry")
    assert isinstance(on_second_entry(Earlier(STAY, has_lookalike=True), sure, AGAIN, COSTS), GoneUnseen)


def test_a_vehicle_right_behind_is_proof_and_one_that_comes_later_is_none() -> None:
    assert SAID.backed_at is not None
    assert on_queue_behind(SAID, SAID.backed_at + QUEUE_BEHIND)
    assert not on_queue_behind(SAID, SAID.backed_at + QUEUE_BEHIND + timedelta(seconds=1))
    assert not on_queue_behind(SAID, SAID.backed_at - timedelta(seconds=1)), "a ruling that is told late"
    assert not on_queue_behind(replace(SAID, yes_at=None), SAID.backed_at)
    assert not on_queue_behind(replace(SAID, leaving=False), SAID.backed_at)


def test_a_patrol_ends_what_it_should_have_seen_and_nothing_else() -> None:
    began, ended = AGAIN, AGAIN + timedelta(minutes=40)
    assert on_patrol(STAY, began, ended) == GoneUnseen("not_found_by_patrol")
    assert on_patrol(PARKED, began, ended) is None, "it was seen as the patrol began"
    assert on_patrol(replace(STAY, entered_at=began + timedelta(minutes=1)), began, ended) is None
    assert on_patrol(replace(STAY, leave_by=ended + timedelta(minutes=5)), began, ended) is None, (
        "it has paid and is driving out"
    )
    assert isinstance(on_patrol(LEAVING, began, ended), LeftThen)


@given(st.timedeltas(timedelta(0), timedelta(days=900)))
def test_no_stay_ends_by_its_age_alone(age: timedelta) -> None:
    later = on_patrol(replace(PARKED, seen_at=CAME + age), CAME + age, CAME + age + timedelta(hours=1))
    assert later is None
