"""The short version of the proof `tariffs`: random pairs of tariff and stay, judged by the slow oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.tariff.outlook import schedule
from payments.tariff.price import facts_of, price
from tests.builders.payments import a_tariff
from tests.builders.tariffs import a_case
from tests.prove.tariffs import faults_of

pytestmark = pytest.mark.req("FEE-1", "GATE-4")


@pytest.mark.parametrize("tens", range(8))
def test_prices_equal_those_of_the_oracle_whatever_the_tariff_and_the_stay(tens: int) -> None:
    assert faults_of(range(1_000_000 + 250 * tens, 1_000_000 + 250 * (tens + 1))) == []


EARLY_BIRD = """\
tariff: 1
name: { zh: 早鸟, en: Early bird }
currency: CNY
timezone: Asia/Shanghai
step: { minutes: 60, amount: 6 }
day: { cap: 60 }
tickets:
  - { name: { zh: 早鸟, en: Early bird }, amount: 15, leave: { from: "15:30", to: "19:00" } }
"""
EIGHT = datetime(2026, 5, 6, 0, tzinfo=UTC)  # in Shanghai


def test_whoever_leaves_in_the_hours_of_a_ticket_has_it_though_a_fire_stopped_the_clock() -> None:
    tariff, fire = a_tariff(EARLY_BIRD), [(EIGHT + timedelta(hours=3), EIGHT + timedelta(hours=4))]
    for leaving, total in (
        (timedelta(hours=8), 1500),
        (timedelta(hours=11, minutes=30), 1500),
        (timedelta(hours=12), 6000),
    ):
        bill = price(tariff, EIGHT, EIGHT + leaving, facts_of(fire, EIGHT, EIGHT + leaving))
        assert bill.total.minor == total, leaving


@given(st.integers(0, 3_000), st.sampled_from([1, 60, 240, 600]))
def test_a_clock_that_stood_still_makes_no_stay_dearer_under_any_tariff(number: int, minutes: int) -> None:
    case = a_case(number)
    ran, stood = (case.facts._replace(stopped_minutes=one) for one in (0, minutes))
    times = a_tariff(case.text), case.entered_at, case.leaving_at
    assert price(*times, stood).total.minor <= price(*times, ran).total.minor


@given(
    st.lists(st.tuples(st.integers(-3600, 40_000), st.integers(0, 20_000) | st.none()), min_size=1, max_size=3),
    st.integers(0, 40_000),
    st.lists(st.integers(1, 60_000), min_size=3, max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_a_schedule_says_what_the_price_says_where_a_ticket_asks_when_somebody_leaves_and_the_clock_stood_still(
    stood: list[tuple[int, int | None]], since_s: int, seconds: list[int]
) -> None:
    tariff = a_tariff(EARLY_BIRD)
    at = [(after(begin), None if length is None else after(begin + length)) for begin, length in stood]
    rows = schedule(tariff, EIGHT, EIGHT + timedelta(hours=17), since=after(since_s), stops=at)
    edges = [until + timedelta(seconds=offset) for until, _ in rows for offset in (-1, 0)]
    for moment in [*edges, *map(after, seconds)]:
        if max(after(1), after(since_s)) <= moment < rows[-1][0]:
            asked = price(tariff, EIGHT, moment, facts_of(at, EIGHT, moment)).total.minor
            assert asked == next(minor for until, minor in rows if moment < until), moment


def after(seconds: int) -> datetime:
    return EIGHT + timedelta(seconds=seconds)
