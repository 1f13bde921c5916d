"""The short version of tests/prove/outlook.py."""

from __future__ import annotations

from statistics import mean

import pytest

from tests.prove.outlook import came_full, run


@pytest.mark.req("GUIDE-2")
def test_words_of_being_full_are_better_than_the_last_minutes_drawn_on_and_tell_their_error() -> None:
    tally = run(4, learn_days=3)
    assert len(tally.misses) > 20
    assert mean(miss for _, miss in tally.misses) < mean(miss for _, miss in tally.naive)
    assert tally.told, "some words carried what such words were off by"
    assert tally.foretold > 0


def test_a_zone_comes_to_be_full_once_however_long_it_stays_so() -> None:
    assert came_full([10, 11, 12, 40, 200, 201]) == [10, 200]
