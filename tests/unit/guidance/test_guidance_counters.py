"""Counts follow from what happened and when, not from when and how often we heard of it; they never leave their bounds."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.counters import Count, Counters, Movement, fold, move, overfull_slack
from parking.kernel.ids import ZoneId
from tests.builders.guidance import at

B1, B2 = ZoneId("b1"), ZoneId("b2")
Passage = tuple[str, datetime, ZoneId | None, ZoneId | None]

ways = st.sampled_from([(None, B1), (B1, None), (B1, B2), (B2, B1)])
minutes = st.integers(0, 30)


def counters(capacity: int = 3, stated: bool = True) -> Counters:
    return Counters({B1: Count(capacity, stated=stated), B2: Count(capacity, stated=stated)})


@st.composite
def days(draw: st.DrawFn) -> list[Passage]:
    drawn = draw(st.lists(st.tuples(minutes, ways), max_size=40))
    return [(f"e{i:03d}", at(minute), *way) for i, (minute, way) in enumerate(drawn)]


@pytest.mark.req("GUIDE-1")
@given(days(), st.data())
def test_any_order_and_any_repetition_of_the_same_events_gives_the_same_counts(
    day: list[Passage], data: st.DataObject
) -> None:
    straight, shuffled = counters(), counters()
    for passage in day:
        straight.apply(*passage)
    heard = data.draw(
        st.permutations(day + data.draw(st.lists(st.sampled_from(day), max_size=10) if day else st.just([])))
    )
    for passage in heard:
        shuffled.apply(*passage)
    for zone_id in (B1, B2):
        assert shuffled.count(zone_id) == straight.count(zone_id)
        assert shuffled.log(zone_id) == straight.log(zone_id)


@pytest.mark.req("GUIDE-1")
@given(days(), st.lists(st.tuples(minutes, st.integers(0, 3)), max_size=4))
def test_bounds_hold_after_every_event_and_a_replay_of_the_log_equals_the_state(
    day: list[Passage], statements: list[tuple[int, int]]
) -> None:
    seen = counters()
    for number, (minute, occupied) in enumerate(statements):
        seen.state(f"s{number}", at(minute), B1, occupied)
    for passage in day:
        seen.apply(*passage)
        for zone_id in (B1, B2):
            count = seen.count(zone_id)
            assert 0 <= count.occupied <= count.capacity
            assert count.free == count.capacity - count.occupied
            assert 0 <= count.vehicles <= count.capacity + overfull_slack(count.capacity)
            assert fold(Count(3, stated=True), seen.log(zone_id)) == count


@given(days())
def test_vehicles_are_entries_minus_exits_plus_the_corrections_that_were_recorded(day: list[Passage]) -> None:
    seen = counters()
    for passage in day:
        seen.apply(*passage)
    for zone_id in (B1, B2):
        count, corrections = Count(3, stated=True), []
        for movement in seen.log(zone_id):
            count, correction = move(count, movement)
            corrections.append(correction)
        assert count.vehicles == sum(m.delta for m in seen.log(zone_id)) + sum(corrections)
        assert count.drift == sum(map(abs, corrections))
        assert count.known == (count.drift == 0)


def test_one_car_in_through_the_ramp_and_out() -> None:
    seen = counters()
    seen.apply("1", at(0), None, B1)
    assert (seen.count(B1).free, seen.count(B2).free) == (2, 3)
    seen.apply("2", at(1), B1, B2)
    assert (seen.count(B1).free, seen.count(B2).free) == (3, 2)
    seen.apply("3", at(2), B2, B1)
    seen.apply("4", at(3), B1, None)
    assert (seen.count(B1).free, seen.count(B2).free) == (3, 3)
    assert seen.count(B1).known


def test_the_same_event_twice_counts_once() -> None:
    seen = counters()
    assert seen.apply("1", at(0), None, B1)
    assert not seen.apply("1", at(0), None, B1)
    assert seen.count(B1).occupied == 1


@pytest.mark.req("GUIDE-1")
def test_an_exit_from_an_empty_zone_is_recorded_as_drift_and_the_zone_is_not_known_until_somebody_looks() -> None:
    seen = counters()
    seen.apply("1", at(0), B1, None)
    assert seen.count(B1) == Count(3, 0, True, drift=1)
    assert not seen.count(B1).known
    seen.apply("2", at(1), None, B1)
    assert not seen.count(B1).known
    seen.state("3", at(2), B1, 2)
    assert seen.count(B1).known
    assert seen.count(B1).free == 1


def test_an_exit_heard_before_its_entry_is_no_drift_once_the_entry_is_heard() -> None:
    seen = counters()
    seen.apply("out", at(5), B1, None)
    assert not seen.count(B1).known
    seen.apply("in", at(1), None, B1)
    assert seen.count(B1) == Count(3, 0, True, 0)


def test_a_few_cars_looking_for_a_bay_in_a_full_zone_are_no_drift_but_a_crowd_is() -> None:
    count = Count(30, stated=True)
    for number in range(32):
        count, _ = move(count, Movement(at(number), str(number), +1))
    assert (count.occupied, count.free, count.known) == (30, 0, True)
    count, correction = move(count, Movement(at(99), "99", +1))
    assert correction == -1
    assert (count.free, count.known) == (0, False)


def test_what_happened_before_somebody_counted_no_longer_matters() -> None:
    seen = counters()
    seen.state("seen", at(10), B1, 1)
    seen.apply("late", at(5), None, B1)
    assert seen.count(B1).occupied == 1


def test_a_zone_that_nobody_ever_counted_is_not_known() -> None:
    seen = counters(stated=False)
    seen.apply("1", at(0), None, B1)
    assert not seen.count(B1).known


@pytest.mark.parametrize("occupied", [-1, 4])
def test_nobody_can_state_what_cannot_be(occupied: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the capacity"):
        counters().state("1", at(0), B1, occupied)
