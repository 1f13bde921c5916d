"""The traffic at the lanes: unknown until it has listened, busy near what a lane can, slow and closed by what does not serve."""

from __future__ import annotations

import pytest

from guidance.traffic import Passages
from parking.kernel.ids import LaneId
from tests.builders.guidance import at

A, B = LaneId("entry-1"), LaneId("entry-2")


def passed(cars: int, lane: LaneId = A) -> Passages:
    """So many cars over the ten minutes from minute 0 to 10."""
    passages = Passages(at(-60))
    for n in range(cars):
        passages.note(f"{lane}-{n}", lane, at(10 * n / cars))
    return passages


@pytest.mark.req("GUIDE-2")
def test_it_says_how_it_flows_and_how_many_cars_an_hour() -> None:
    calm, queue = passed(10).flow([A], {}, at(9.5)), passed(35).flow([A], {}, at(9.9))
    assert (calm.state, calm.an_hour) == ("flowing", 60)
    assert queue.state == "busy"
    assert passed(35).flow([A, B], {}, at(9.9)).state == "flowing", "two lanes share them"


@pytest.mark.req("GUIDE-2")
def test_a_lane_that_does_not_serve_makes_it_slow_and_all_of_them_closed() -> None:
    assert passed(5).flow([A, B], {B: True}, at(9)).state == "slow"
    assert passed(5).flow([A, B], {A: True, B: True}, at(9)).state == "closed"


@pytest.mark.req("GUIDE-2")
def test_nobody_says_anything_before_it_has_listened_for_five_minutes() -> None:
    fresh = Passages(at(0))
    assert fresh.flow([A], {}, at(4)).state == "unknown"
    assert fresh.flow([A], {}, at(6)).state == "flowing"


def test_an_event_that_comes_twice_counts_once_and_old_cars_are_forgotten() -> None:
    passages = passed(10)
    passages.note(f"{A}-3", A, at(3))
    assert passages.flow([A], {}, at(9.5)).an_hour == 60
    assert passages.flow([A], {}, at(30)).an_hour == 0
