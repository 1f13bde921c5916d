"""Fusing witnesses: within bounds whatever they say, surer than each alone, and unsure when they disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.fusion import Seen, Witness, by_bays, by_passages, drift, fuse, usable_free
from tests.builders.guidance import at

COUNTS = st.integers(0, 300)


@pytest.mark.req("GUIDE-1")
@given(st.integers(-50, 400), COUNTS, COUNTS, COUNTS, COUNTS, st.integers(1, 300), COUNTS)
def test_a_number_is_never_below_zero_or_above_the_bays_whatever_anybody_says(
    vehicles: int, passages: int, taken: int, free: int, unseen: int, capacity: int, stays: int
) -> None:
    said = (
        by_passages(vehicles, passages, stated=True),
        by_bays(taken, free, unseen),
        Witness("a third", stays, 1.0 + stays * 0.01),
    )
    found = fuse(said, capacity, taken=taken, free=free)
    assert found is not None
    assert 0 <= found.occupied <= capacity
    assert found.deviation > 0
    assert 0.0 <= found.confidence(capacity) <= 1.0


@pytest.mark.req("GUIDE-1")
def test_what_is_seen_bounds_what_is_counted() -> None:
    found = fuse([by_passages(50, 10, stated=True), by_bays(80, 20, 0)], 100, taken=80, free=20)
    assert found is not None
    assert found.occupied == 80


def test_bays_that_are_not_seen_are_as_full_as_the_others() -> None:
    witness = by_bays(60, 20, 20)
    assert witness is not None
    assert 73 < witness.occupied < 77


def test_a_counter_grows_doubtful_with_every_passage() -> None:
    fresh, old = by_passages(10, 0, stated=True), by_passages(10, 2000, stated=True)
    assert fresh is not None
    assert old is not None
    assert fresh.variance < 0.1
    assert not fuse([old], 200).known(200)  # type: ignore[union-attr]
    assert fuse([fresh], 200).known(200)  # type: ignore[union-attr]


@pytest.mark.req("GUIDE-1")
def test_cars_on_the_move_are_counted_and_stand_in_no_bay() -> None:
    """A hundred cars came or went in the last three minutes: about fifty are inside and in no bay, which is no drift of the counter."""
    busy = by_passages(150, 100, stated=True, lately=100)
    assert busy is not None
    assert busy.occupied == 100
    sure = fuse([busy, by_bays(100, 100, 0)], 200, taken=100, free=100)
    assert sure is not None
    assert sure.known(200)
    assert drift(150, sure, 200, None, at(0), lately=100) == (None, None)
    begun, _ = drift(160, sure, 200, None, at(0), lately=100)
    assert drift(160, sure, 200, begun, at(10), lately=100) == (None, 150), "the bays, and whoever is on the move"


@pytest.mark.req("GUIDE-1")
def test_a_counter_that_the_bays_put_right_is_no_second_opinion_on_them() -> None:
    by_somebody, by_the_bays = by_passages(40, 0, stated=True), by_passages(40, 0, stated=True, healed=True)
    bays = by_bays(44, 156, 0)
    trusting, doubting = fuse([by_somebody, bays], 200), fuse([by_the_bays, bays], 200)
    assert trusting is not None
    assert doubting is not None
    assert trusting.occupied < 42 < doubting.occupied


@pytest.mark.req("GUIDE-1")
def test_witnesses_who_disagree_make_nobody_sure() -> None:
    agree = fuse([by_passages(50, 100, stated=True), Witness("a third", 50, 1.5)], 100)
    disagree = fuse([by_passages(50, 100, stated=True), Witness("a third", 70, 1.7)], 100)
    assert agree is not None
    assert disagree is not None
    assert agree.known(100) or agree.deviation < disagree.deviation
    assert not disagree.known(100)


def test_nobody_said_anything() -> None:
    assert fuse([by_passages(3, 0, stated=False), by_bays(0, 0, 9)], 9) is None


@pytest.mark.req("GUIDE-1")
@pytest.mark.req("DATA-2")
def test_a_drift_that_lasts_is_corrected_and_one_that_passes_is_not() -> None:
    sure = fuse([by_bays(80, 120, 0)], 200, taken=80, free=120)
    assert sure is not None
    begun, now_to = drift(86, sure, 200, None, at(0))
    assert begun is not None
    assert now_to is None
    assert drift(86, sure, 200, begun, at(9))[1] is None
    assert drift(86, sure, 200, begun, at(10)) == (None, 80)
    assert drift(81, sure, 200, begun, at(10)) == (None, None), "a car on its way to a bay is no drift"


def test_a_drift_the_other_way_begins_anew() -> None:
    sure = fuse([by_bays(80, 120, 0)], 200, taken=80, free=120)
    assert sure is not None
    begun, _ = drift(86, sure, 200, None, at(0))
    other, to = drift(74, sure, 200, begun, at(20))
    assert (other.since if other else None, to) == (at(20), None)


@pytest.mark.req("GUIDE-3")
def test_free_and_usable_are_two_things() -> None:
    free, anybody = [True, True, True, False, None], [True, False, True, True, True]
    assert usable_free(Seen.of(free, anybody), None) == 2, (
        "a leased bay is free and not usable; an unseen one is not promised"
    )
    estimate = fuse([by_bays(1, 3, 1)], 5, taken=1, free=3)
    assert usable_free(Seen.of(free, anybody), estimate) in (2, 3)


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), max_size=40))
def test_usable_never_exceeds_what_is_not_taken_and_open_to_anybody(bays: list[tuple[bool | None, bool]]) -> None:
    free, may = [b[0] for b in bays], [b[1] for b in bays]
    taken, seen_free = sum(f is False for f in free), sum(f is True for f in free)
    estimate = fuse(
        [by_bays(taken, seen_free, len(bays) - taken - seen_free)], max(1, len(bays)), taken=taken, free=seen_free
    )
    assert 0 <= usable_free(Seen.of(free, may), estimate) <= sum(m and f is not False for f, m in bays)
