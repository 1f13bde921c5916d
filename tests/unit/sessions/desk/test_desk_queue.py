"""The order of the queue and what each kind of case lets a person say: rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.kernel.ids import CaseId, StayId
from parking.kernel.plate import Plate
from parking.sessions.desk import queue
from parking.sessions.desk.model import Choice, Hand, Queued, Wish
from tests.builders.desk import NINE, done, match

KINDS = [*queue.QUESTIONS, "lane_loop_stuck", "a_case_of_tomorrow"]


def case(case_id: str, reason: str = "exit_without_stay", ago_min: float = 0.0, hand: Hand | None = None) -> Queued:
    at = NINE - timedelta(minutes=ago_min)
    return Queued(CaseId(case_id), reason, None, None, None, at, hand or Hand())


def order(*cases: Queued) -> list[str]:
    return [one.case_id for one in queue.in_order(cases, NINE)]


@pytest.mark.req("DATA-2")
def test_what_is_due_first_stands_first_whatever_came_first() -> None:
    money, exit_, person = case("a", "left_without_paying", 600), case("b", ago_min=20), case("c", "call_unanswered", 1)
    assert order(money, exit_, person) == ["c", "b", "a"]


def test_what_is_overdue_stands_before_what_is_not_and_what_waits_comes_last_until_its_time_is_up() -> None:
    waiting = Hand(wait_until=NINE + timedelta(minutes=1))
    waited = Hand(wait_until=NINE)
    late, held, back = (
        case("late", ago_min=40),
        case("held", ago_min=90, hand=waiting),
        case("back", ago_min=60, hand=waited),
    )
    assert order(late, held, back, case("new")) == ["back", "late", "new", "held"]


@given(st.permutations([case(f"c{n}", KINDS[n % len(KINDS)], ago_min=n * 7 % 50) for n in range(25)]))
def test_the_order_depends_on_nothing_but_the_cases(shuffled: list[Queued]) -> None:
    found = queue.in_order(shuffled, NINE)
    assert found == queue.in_order(found, NINE)
    dues = [queue.due_at(one.reason, one.opened_at) for one in found]
    assert dues == sorted(dues)


@pytest.mark.parametrize("reason", KINDS)
def test_every_kind_of_case_can_be_seen_to_and_held_and_has_a_deadline(reason: str) -> None:
    question = queue.question_of(reason)
    assert question.choices[-2:] == (Choice.DONE, Choice.HOLD)
    assert timedelta(minutes=1) <= question.within <= timedelta(days=1)
    assert len(set(question.choices)) == len(question.choices)
    assert all(queue.REASONS[choice] for choice in question.choices)


def test_a_person_at_a_barrier_is_more_urgent_than_a_cars_whereabouts_and_those_than_money() -> None:
    within = [queue.question_of(r).within for r in ("charge_over_bound", "exit_without_stay", "payment_late")]
    assert within == sorted(within)
    assert len(set(within)) == 3


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (match(), None),
        (Wish(Choice.NO_STAY, "entry_missed"), None),
        (Wish(Choice.NO_STAY, "other", "the driver showed a ticket"), None),
        (Wish(Choice.HOLD, "video_awaited", wait=timedelta(minutes=15)), None),
        (Wish(Choice.WAIVE, "goodwill"), "choice"),  # nobody owes anything here yet
        (Wish(Choice.NO_STAY, "goodwill"), "reason"),
        (Wish(Choice.NO_STAY, "other", " x "), "note"),
        (Wish(Choice.MATCH, "same_car_seen"), "stay_id"),
        (replace(done(), stay_id=StayId("stay-1")), "stay_id"),
        (replace(done(), plate=Plate("浙A12345")), "plate"),
        (replace(done(), wait=timedelta(minutes=15)), "wait_minutes"),
        (Wish(Choice.HOLD, "video_awaited"), "wait_minutes"),
        (Wish(Choice.HOLD, "video_awaited", wait=timedelta(days=300)), "wait_minutes"),
    ],
)
def test_a_wish_that_does_not_fit_names_the_field(wish: Wish, field: str | None) -> None:
    assert queue.why_not("exit_without_stay", wish) == field
