"""Who is called after how long: pure, and a ladder that makes no sense is refused before anything starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.bootstrap.application import build
from parking.emergency.escalation import USUAL, Ladder, Rung, called, is_forgotten, is_unanswered, level_at, next_look
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import SeededIds
from parking.plumbing.db import open_database
from tests.builders.journeys import demo_settings

NOON = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
LADDER = Ladder((Rung("attendant", 0), Rung("manager", 30), Rung("technician", 90)), held_s=120, unanswered_s=300)


@pytest.mark.req("SOS-1")
@pytest.mark.parametrize(
    ("waited_s", "roles"),
    [
        (0, ("attendant",)),
        (29.9, ("attendant",)),
        (30, ("attendant", "manager")),
        (90, ("attendant", "manager", "technician")),
        (9999, ("attendant", "manager", "technician")),
        (-60, ("attendant",)),  # a box whose clock is ahead
    ],
)
def test_each_rung_adds_its_role_and_takes_nobody_off(waited_s: float, roles: tuple[str, ...]) -> None:
    assert called(LADDER, level_at(LADDER, waited_s)) == roles


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=2))
def test_a_longer_wait_never_calls_fewer(waits: list[float]) -> None:
    shorter, longer = sorted(waits)
    assert set(called(LADDER, level_at(LADDER, shorter))) <= set(called(LADDER, level_at(LADDER, longer)))


def test_the_next_look_is_at_the_next_rung_then_at_the_case_then_never() -> None:
    looks = [NOON]
    while (due := next_look(LADDER, NOON, None, looks[-1])) is not None:
        looks.append(due)
    assert [(at - NOON).total_seconds() for at in looks] == [0, 30, 90, 300]
    assert is_unanswered(LADDER, NOON, looks[-1])
    assert not is_unanswered(LADDER, NOON, looks[-2])


def test_a_call_that_somebody_holds_is_looked_at_when_it_may_be_forgotten() -> None:
    due = next_look(LADDER, NOON, NOON + timedelta(seconds=10), NOON + timedelta(seconds=11))
    assert due == NOON + timedelta(seconds=130)
    assert is_forgotten(LADDER, NOON, NOON + timedelta(seconds=120))
    assert not is_forgotten(LADDER, NOON, NOON + timedelta(seconds=119))


@pytest.mark.parametrize(
    ("rungs", "field"),
    [
        ((), "rungs"),
        ((Rung("attendant", 5),), "rungs"),
        ((Rung("attendant", 0), Rung("manager", 0)), "rungs"),
        ((Rung("attendant", 0), Rung("manager", 60), Rung("technician", 30)), "rungs"),
        ((Rung(" ", 0),), "rungs"),
        ((Rung("attendant", 0), Rung("manager", 301)), "held_s"),
    ],
)
def test_a_ladder_that_makes_no_sense_names_its_field(rungs: tuple[Rung, ...], field: str) -> None:
    with pytest.raises(ParkingError) as refused:
        Ladder(rungs)
    assert refused.value.field == field


def test_the_usual_ladder_calls_somebody_at_once() -> None:
    assert called(USUAL, level_at(USUAL, 0)) == ("attendant",)


def test_the_ladder_of_the_settings_calls_known_roles_and_refuses_others() -> None:
    database = open_database("sqlite://", clock=ManualClock(NOON), ids=SeededIds(1), origin="server")
    settings = demo_settings(help_ladder={"manager": 45, "attendant": 0}, help_held_s=60, help_unanswered_s=120)
    ladder = build(settings, database, clock=database.clock, providers={}).reach.ladder
    assert [(rung.role, rung.after_s) for rung in ladder.rungs] == [("attendant", 0), ("manager", 45)]
    assert (ladder.held_s, ladder.unanswered_s) == (60, 120)
    with pytest.raises(ParkingError, match="janitor"):
        build(demo_settings(help_ladder={"janitor": 0}), database, clock=database.clock, providers={})
    with pytest.raises(ParkingError, match="at once"):
        build(demo_settings(help_ladder={"manager": 5}), database, clock=database.clock, providers={})
