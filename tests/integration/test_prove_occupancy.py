"""The short version of tests/prove/occupancy.py."""

from __future__ import annotations

import pytest

from tests.prove.occupancy import run


@pytest.mark.req("GUIDE-1")
@pytest.mark.req("DATA-2")
def test_half_a_day_with_sick_sensors_is_shown_within_one_percent_or_flagged() -> None:
    tally = run(0.5, 3)
    assert tally.looks > 100
    assert tally.within == tally.looks
    assert tally.out_of_bounds == 0
    assert tally.naive_within < tally.within
