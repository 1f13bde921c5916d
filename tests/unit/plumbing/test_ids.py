"""Ids of our own are in the order in which they were made, also within one moment: what is sorted by them happened in that order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import RFC_4122, UUID

import pytest

from parking.kernel.ids import Ids, RandomIds, SeededIds
from tests.builders.payments import START

KINDS = [RandomIds, lambda: SeededIds(7)]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_of_one_moment_are_in_the_order_in_which_they_were_made(kind: Callable[[], Ids]) -> None:
    ids = kind()
    made = [ids.new(START) for _ in range(500)] + [ids.new(START + timedelta(milliseconds=1)) for _ in range(500)]
    assert made == sorted(made)
    assert {(UUID(one).version, UUID(one).variant) for one in made} == {(7, RFC_4122)}


@pytest.mark.parametrize("kind", KINDS)
def test_no_id_is_made_twice_whoever_asks_at_once_and_however_many_are_asked_for(kind: Callable[[], Ids]) -> None:
    ids = kind()
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: ids.new(START), range(20_000)))
    assert len(set(made)) == len(made)
    assert {one[:13] for one in made} == {made[0][:13]}, "more than fit behind one another, and still of their moment"


def test_a_seed_gives_the_same_ids_again() -> None:
    first, again, other = SeededIds(1), SeededIds(1), SeededIds(2)
    assert [first.new(START) for _ in range(9)] == [again.new(START) for _ in range(9)]
    assert first.new(START) != other.new(START)
