"""What a bill can be: by what is set, by class, lot and pass, and by what the lot itself has seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from payments.plausible import ENOUGH, TIMES, Bounds, learned_bound, rare_rank

HOUR = timedelta(hours=1)


def test_the_lowest_bound_that_fits_counts() -> None:
    bounds = Bounds(200_000, {"class:civil": 30_000, "lot:p1": 20_000}, learned={"p2": 10_000, None: 50_000})
    assert bounds.most("civil", "p1") == 20_000
    assert bounds.most("civil", "p2") == 10_000
    assert bounds.most("civil", None) == 30_000
    assert bounds.most("police", None) == 50_000
    assert bounds.most("police", "p3") == 200_000


def test_a_pass_has_a_bound_of_its_own_or_that_of_any_pass() -> None:
    bounds = Bounds(200_000, {"pass:p7": 1_000, "pass:*": 5_000})
    assert bounds.why_held(2_000, HOUR, "civil", None, lambda: ["p7"]) == "too_high"
    assert bounds.why_held(2_000, HOUR, "civil", None, lambda: ["p8"]) is None
    assert bounds.why_held(6_000, HOUR, "civil", None, lambda: ["p8"]) == "too_high"
    assert bounds.why_held(6_000, HOUR, "civil", None) is None, "a visitor has no pass"


def test_passes_are_asked_for_only_where_a_bound_names_any_and_something_is_due() -> None:
    def asked() -> list[str]:
        raise AssertionError("nobody needs to know")

    assert Bounds(1_000).why_held(500, HOUR, "civil", None, asked) is None
    assert Bounds(1_000, {"pass:*": 5}).why_held(0, HOUR, "civil", None, asked) is None


@pytest.mark.parametrize(("bills", "rank"), [(0, None), (ENOUGH - 1, None), (ENOUGH, 2), (50_000, 50)])
def test_a_lot_teaches_once_it_has_had_bills_enough(bills: int, rank: int | None) -> None:
    assert rare_rank(bills) == rank


def test_the_learned_bound_is_far_beyond_what_the_lot_has_seen_and_a_free_lot_teaches_none() -> None:
    assert learned_bound(6_000) == TIMES * 6_000
    assert learned_bound(0) is None


def test_a_stay_that_lasts_too_long_is_held_if_it_owes_anything() -> None:
    bounds = Bounds(longest=timedelta(days=30))
    assert bounds.why_held(1, timedelta(days=31), None, None) == "too_long"
    assert bounds.why_held(0, timedelta(days=31), None, None) is None
