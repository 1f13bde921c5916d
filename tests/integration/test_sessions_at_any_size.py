"""Stays, exits and notes are found by what is asked of them: no question reads through all that ever was (SQLite's own plans)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from parking.kernel.ids import StayId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork
from parking.sessions import erasure, finding, store, visits
from tests.builders.plumbing import NOON, plans

LATER = NOON + timedelta(hours=1)
MINE = Plate("浙A12345")
ASKED: dict[str, tuple[Callable[[UnitOfWork], object], list[str]]] = {
    "stays to be forgotten": (
        lambda uow: erasure.forget_stays(uow, NOON, 5),
        ["stay_closed_spelt (exited_at<?)", "stay_gone_spelt (entered_at<?)"],
    ),
    "exits to be forgotten": (
        lambda uow: erasure.forget_exits(uow, NOON, 5),
        ["unmatched_exit_spelt (exited_at<?)"],
    ),
    "notes to be forgotten": (
        lambda uow: erasure.forget_notes(uow, NOON, 5),
        ["visit_note_spelt (at<?)"],
    ),
    "the first that ended since": (
        lambda uow: finding.closed_since(uow.connection, NOON, "", 5),
        ["stay_closed_spelt (exited_at>?)", "stay_closed_bare (exited_at>?)"],
    ),
    "the next that ended since": (
        lambda uow: finding.closed_since(uow.connection, NOON, "s1", 5),
        ["stay_closed_spelt (exited_at>?)", "stay_closed_bare (exited_at>?)"],
    ),
    "the stays of a plate": (
        lambda uow: erasure.stays_of(uow.connection, MINE, NOON),
        ["stay_by_folded (folded=?)"],
    ),
    "an exit that nobody could read": (
        lambda uow: visits.somebody_left_unread(uow.connection, NOON, LATER),
        ["unmatched_exit_by_plate (plate=? AND exited_at>? AND exited_at<?)"],
    ),
    "the first exit of a plate": (
        lambda uow: visits.earliest_unmatched(uow.connection, StayId("s1"), MINE, [MINE.text], NOON, LATER),
        ["unmatched_exit_by_plate (plate=? AND exited_at>? AND exited_at<?)"],
    ),
    "the newest cases": (
        lambda uow: store.cases(uow.connection, "resolved", "", 5),
        ["review_case_by_state (state=?)"],
    ),
    "the next cases": (
        lambda uow: store.cases(uow.connection, "resolved", "c1", 5),
        ["review_case_by_state (state=? AND id<?)"],
    ),
}


@pytest.mark.parametrize("question", ASKED)
def test_a_question_is_answered_by_an_index_and_sorts_nothing_that_grows(
    sqlite_database: Database, question: str
) -> None:
    work, by = ASKED[question]
    steps = [step for plan in plans(sqlite_database, work) for step in plan]
    for index in by:
        assert any(index in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN ") or "TEMP B-TREE FOR ORDER BY" in step], steps


def ended(uow: UnitOfWork, number: int, minutes: int, *, plate: Plate | None = MINE) -> None:
    """A stay that ended so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    row = {"id": f"s{number}", "plate": plate, "state": "closed", "entered_at": NOON, "exited_at": at, "lane_id": "in"}
    uow.connection.execute(store.stay.insert().values({**row, "exit_lane_id": "out", "tariff_version": "x"}))


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_whoever_ended_since_a_moment_comes_once_page_by_page_erased_or_not(database: Database, most: int) -> None:
    def work(uow: UnitOfWork) -> None:
        for number, minutes in enumerate((30, 0, 10, 20, 10, 10)):
            ended(uow, number, minutes, plate=None if number % 2 else MINE)

    database.write(work)
    found, last, after = list[str](), NOON, ""
    while page := database.read(partial(finding.closed_since, since=last, after=after, most=most)):
        assert len(page) <= most
        found += [stay.id for stay in page]
        last, after = page[-1].exited_at, page[-1].id
    assert found == ["s2", "s4", "s5", "s3", "s0"]


def test_what_ended_without_an_exit_is_forgotten_by_when_it_began(database: Database) -> None:
    def work(uow: UnitOfWork) -> list[int]:
        for number, state in enumerate(("ghost", "merged", "split", "open", "review")):
            row = {"id": f"s{number}", "plate": MINE, "state": state, "entered_at": NOON, "lane_id": "in"}
            uow.connection.execute(store.stay.insert().values({**row, "tariff_version": "x"}))
        return [erasure.forget_stays(uow, LATER, 2) for _ in range(3)]

    assert database.write(work) == [2, 1, 0]
