"""When a zone will be full, and how far such words were off."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from guidance.outlook import Trend
from tests.builders.guidance import at


def filling(minutes: int, per_minute: float = -2.0, start: int = 100) -> Trend:
    trend = Trend(100)
    for minute in range(minutes):
        trend.see(at(minute), max(0, round(start + per_minute * minute)))
    return trend


@pytest.mark.req("GUIDE-2")
def test_a_zone_that_fills_steadily_is_foretold_to_the_minute() -> None:
    said = filling(21).outlook()
    assert said is not None
    assert (said.in_15_min, said.full_in_min) == (30, 30)
    assert said.error_bays is not None
    assert said.error_bays <= 6, "the first minutes knew no trend yet"


@pytest.mark.req("GUIDE-2")
def test_once_the_clock_was_put_back_the_outlook_speaks_of_what_is_seen_now() -> None:
    trend = filling(31)
    for minute in range(-300, -280):
        trend.see(at(minute), 90)
    said = trend.outlook()
    assert said is not None
    assert (said.in_15_min, said.full_in_min) == (90, None)


@pytest.mark.req("GUIDE-2")
def test_a_surge_that_ends_shows_in_the_measured_error() -> None:
    trend = filling(31)
    steady = trend.outlook()
    for minute in range(31, 61):
        trend.see(at(minute), 40)
    after = trend.outlook()
    assert steady is not None
    assert after is not None
    assert (after.error_bays or 0) > (steady.error_bays or 0)
    assert after.full_in_min is None


def test_before_anything_was_seen_nothing_is_said() -> None:
    assert Trend(100).outlook() is None
    first = filling(1).outlook()
    assert first is not None
    assert (first.error_bays, first.full_in_min) == (None, None)


def test_a_zone_that_empties_is_never_foretold_full_nor_beyond_its_bays() -> None:
    said = filling(21, per_minute=3.0, start=20).outlook()
    assert said is not None
    assert (said.full_in_min, said.in_15_min) == (None, 100)


@pytest.mark.req("GUIDE-2")
def test_words_of_being_full_carry_their_own_measured_error() -> None:
    true_to_it = filling(49, start=96).outlook()
    assert true_to_it is not None
    assert true_to_it.error_min is not None
    assert true_to_it.error_min <= 1.0, "a steady zone is foretold to the minute"
    hasty = filling(31)
    for minute in range(31, 140):
        hasty.see(at(minute), 40)
    late = hasty.outlook()
    assert late is not None
    assert late.error_min is not None
    assert late.error_min >= 50, "a zone that never came to be full counts as late"
    early = filling(10).outlook()
    assert early is not None
    assert early.error_min is None, "nothing has come due"


def days_of(peak: int, count: int, until: int) -> Trend:
    """So many days that fill from eight to noon as far as `peak` of 100 bays, the last one until that minute."""
    trend = Trend(100)
    midnight = at(0).replace(hour=0, minute=0)
    for day in range(count):
        for minute in range(until if day == count - 1 else 1440):
            share = min(1.0, max(0.0, (minute - 480) / 240)) if minute < 960 else max(0.0, 1 - (minute - 960) / 240)
            trend.see(midnight + timedelta(days=day, minutes=minute), 100 - round(peak * share))
    return trend


@pytest.mark.req("GUIDE-2")
def test_what_fills_every_morning_as_far_as_that_and_no_farther_is_not_called_full_soon() -> None:
    usual = days_of(peak=90, count=3, until=690).outlook()
    assert usual is not None
    assert usual.full_in_min is None
    assert abs(usual.in_15_min - (100 - round(90 * 225 / 240))) <= 2


@pytest.mark.req("GUIDE-2")
def test_a_day_that_goes_as_days_go_is_foretold_an_hour_ahead() -> None:
    trend = Trend(100)
    midnight = at(0).replace(hour=0, minute=0)
    for day in range(3):
        for minute in range(675 if day == 2 else 1440):
            taken = min(100, max(0, round(110 * (minute - 480) / 240))) if minute < 960 else 0
            trend.see(midnight + timedelta(days=day, minutes=minute), 100 - taken)
    said = trend.outlook()
    assert said is not None
    assert said.full_in_min is not None, "full at 698 on every day; it is 674"
    assert 14 <= said.full_in_min <= 34


@pytest.mark.req("GUIDE-2")
def test_what_was_learned_of_days_and_of_its_own_misses_is_foretold_with_after_a_restart() -> None:
    """The zone fills at 698 on every day; it is 655 when the server comes back, and 659 when the outlook is asked."""
    before = Trend(100)
    midnight = at(0).replace(hour=0, minute=0)

    def taken(minute: int) -> int:
        return min(100, max(0, round(110 * (minute - 480) / 240))) if minute < 960 else 0

    for minute in range(2 * 1440 + 655):
        before.see(midnight + timedelta(minutes=minute), 100 - taken(minute % 1440))
    after, blank = Trend.of(100, json.loads(json.dumps(before.learned()))), Trend(100)
    for minute in range(655, 660):
        for trend in (before, after, blank):
            trend.see(midnight + timedelta(days=2, minutes=minute), 100 - taken(minute))
    long, short, anew = before.outlook(), after.outlook(), blank.outlook()
    assert long is not None
    assert short is not None
    assert anew is not None
    assert short.full_in_min == long.full_in_min
    assert short.error_min == pytest.approx(long.error_min, abs=0.1)
    assert short.error_min is not None
    assert anew.full_in_min is None, "it knows the last minutes alone"


def test_a_day_that_was_learned_in_other_quarters_is_learned_anew() -> None:
    trend = Trend.of(100, {"usual": [[5.0, 3]] * 24, "full_misses": []})
    assert trend.usual.at(600) is None
