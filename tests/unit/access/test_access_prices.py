"""What a stay owes at the lane: one step of its list, the same whether the list was read whole or waits in words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from parking.access.row_shapes import SHAPES
from parking.access.rows import StayRow
from parking.kernel.codec import to_plain
from tests.builders.gate import NOON, stay_data

STEPS = [[to_plain(NOON + timedelta(hours=n)), 100 * n] for n in (1, 2, 5)]


def a_stay(*, read_before: bool) -> StayRow:
    prices = json.dumps(STEPS) if read_before else STEPS
    row = SHAPES["stay"].parse("s1", stay_data(prices=prices, paid_minor=150), read_before=read_before)
    assert isinstance(row, StayRow)
    return row


@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize(
    ("after_s", "owes"), [(-5, 0), (0, 0), (3_599, 0), (3_600, 50), (7_200, 350), (17_999.5, 350), (18_000, None)]
)
def test_whoever_leaves_before_a_step_ends_owes_what_it_says(
    after_s: float, owes: int | None, *, read_before: bool
) -> None:
    due = a_stay(read_before=read_before).due(NOON + timedelta(seconds=after_s))
    assert (None if due is None else due.minor) == owes


def test_a_list_that_waits_is_equal_to_the_same_list_read_whole() -> None:
    whole, waits = a_stay(read_before=False), a_stay(read_before=True)
    assert waits == whole
    assert waits.prices[1:] == whole.prices[1:]
    assert hash(waits) == hash(whole)
    assert SHAPES["stay"].plain(waits) == SHAPES["stay"].plain(whole)
