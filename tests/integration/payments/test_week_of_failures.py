"""Seven channels fail, one after another, while cars come and go: a short `tests.prove.week`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders.week_of_failures import a_week


@pytest.mark.req("PAY-1", "PAY-3", "PAY-5")
@pytest.mark.timeout(600)
def test_whatever_channel_is_down_every_car_leaves_and_the_books_agree_in_the_end(tmp_path: Path) -> None:
    week = a_week(tmp_path, cars=8, turn=timedelta(hours=1))
    assert (week.wrong, week.left, week.inside) == ([], week.cars, 0)
    assert week.debts > 0, "some of them left first"
    assert week.captured > 0
