"""Prices: equal to the oracle, never cheaper for staying longer, never above days times cap, each line accounted for (I5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from payments.tariff.facts import Facts
from payments.tariff.outlook import schedule
from payments.tariff.price import facts_of, price
from tests.builders.payments import DEMO, START, a_tariff
from tests.builders.tariff_oracle import oracle

pytestmark = pytest.mark.req("FEE-1")
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Beirut",  # its summer begins at midnight: that day has no 00:00
    "America/Havana",  # its summer ends at 01:00: that day has midnight to one twice
    "Asia/Kathmandu",
    "UTC",
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def blocks(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "minutes": draw(st.sampled_from((1, 7, 30, 60, 90, 720, 1440, 2000))),
        "amount": draw(st.sampled_from(("0", "0.5", "2.50", "6", "13.37"))),
    }


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A tariff of any shape, as the text of a file (JSON is YAML)."""
    document: dict[str, Any] = {
        "tariff": 1,
        "name": {"zh": "测试", "en": "Test"},
        "currency": "EUR",
        "timezone": draw(st.sampled_from(ZONES)),
        "free_minutes": draw(st.sampled_from((0, 15, 61, 1500))),
        "charge_from": draw(st.sampled_from(("entry", "after_free"))),
        "step": draw(blocks()),
        "rounding": draw(st.sampled_from(("up", "down"))),
        "day": {"kind": draw(st.sampled_from(("calendar_day", "rolling_24h"))), "restart": draw(st.booleans())},
    }
    if draw(st.booleans()):
        document["first"] = draw(blocks())
    if draw(st.booleans()):
        document["day"]["cap"] = draw(st.sampled_from(("0", "10", "40.5")))
    if draw(st.booleans()):
        document["stay_cap"] = draw(st.sampled_from(("12", "100")))
    night = draw(st.sampled_from((None, ("20:00", "08:00"), ("22:30", "06:15"), ("00:00", "24:00"))))
    noon = draw(st.sampled_from((None, ("08:30", "12:00"))))
    bands = []
    for name, hours in (("Night", night), ("Noon", noon if night != ("00:00", "24:00") else None)):
        if hours is not None:
            band = {"name": {"zh": name, "en": name}, "from": hours[0], "to": hours[1], "step": draw(blocks())}
            if draw(st.booleans()):
                band["days"] = draw(st.lists(st.sampled_from(("mon", "fri", "sun")), min_size=1, unique=True))
            if draw(st.booleans()):
                band["first"] = draw(blocks())
            if draw(st.booleans()):
                band["cap"] = draw(st.sampled_from(("5", "8.88")))
            bands.append(band)
    document["bands"] = bands
    return json.dumps(document, ensure_ascii=False)


# Every second of two years with leap day and both clock changes, and around each of those in particular.
CHANGES = [
    datetime(2024, 2, 29, tzinfo=UTC),
    *(datetime(2025, month, day, tzinfo=UTC) for month, day in ((3, 9), (3, 30), (4, 6), (10, 5), (10, 26), (11, 2))),
]
ENTRIES = st.one_of(
    st.integers(0, 63_000_000).map(lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-1500, 1500)
    ),
)
STAYS = st.one_of(st.integers(-100, 4000), st.integers(0, 300_000)).map(lambda seconds: timedelta(seconds=seconds))
LONG = st.one_of(STAYS, st.integers(0, 4 * 1440).map(lambda minutes: timedelta(minutes=minutes)))


RESTARTS = DEMO.replace("calendar_day,", "calendar_day, restart: true,").replace(
    "step: { minutes: 60", "step: { minutes: 1"
)


@QUICK
@given(documents(), ENTRIES, LONG, st.sampled_from((0, 0, 30)))
@example(RESTARTS, START + timedelta(seconds=1), timedelta(days=1, minutes=1), 0)  # midnight falls into a minute
def test_a_price_equals_that_of_the_oracle_and_its_lines_sum_to_it(
    text: str, entered_at: datetime, stay: timedelta, stopped: int
) -> None:
    tariff = a_tariff(text)
    bill = price(tariff, entered_at, entered_at + stay, Facts(stopped_minutes=stopped))
    assert bill.total.minor == oracle(text, entered_at, entered_at + stay, stopped)
    assert sum(line.amount.minor for line in bill.lines) == bill.total.minor
    for line in bill.lines:
        if line.code != "stay_cap":
            assert line.amount.minor == line.count * (line.unit.minor if line.unit else 0)
        assert set(line.text) == {"zh", "en"}
        assert all(line.text.values())


@QUICK
@given(documents(), ENTRIES, LONG, LONG)
def test_staying_longer_is_never_cheaper(text: str, entered_at: datetime, stay: timedelta, more: timedelta) -> None:
    assume(more > timedelta(0))
    tariff = a_tariff(text)
    leaving_at = entered_at + stay
    assert price(tariff, entered_at, leaving_at + more).total >= price(tariff, entered_at, leaving_at).total


@QUICK
@given(documents(), ENTRIES, LONG)
def test_a_stay_never_costs_more_than_its_days_times_the_cap(text: str, entered_at: datetime, stay: timedelta) -> None:
    tariff = a_tariff(text)
    assume(tariff.cap_minor is not None)
    assert tariff.cap_minor is not None
    first = entered_at.astimezone(ZoneInfo(tariff.timezone)).date()
    last = (entered_at + stay).astimezone(ZoneInfo(tariff.timezone)).date()
    days = stay // timedelta(days=1) + 1 if tariff.rolling else (last - first).days + 1
    assert price(tariff, entered_at, entered_at + stay).total.minor <= max(0, days) * tariff.cap_minor


@settings(max_examples=40, deadline=None)
@given(documents(), ENTRIES, st.integers(1, 3 * 1440), st.lists(st.integers(0, 3 * 86_400), min_size=5, max_size=20))
def test_a_schedule_says_at_every_moment_what_the_price_says(
    text: str, entered_at: datetime, horizon_minutes: int, seconds: list[int]
) -> None:
    tariff = a_tariff(text)
    horizon = entered_at + timedelta(minutes=horizon_minutes)
    rows = schedule(tariff, entered_at, horizon)
    assert rows[-1][0] == horizon.replace(microsecond=0)
    assert [until for until, _ in rows] == sorted({until for until, _ in rows})
    assert [minor for _, minor in rows] == sorted({minor for _, minor in rows})
    edges = [until + timedelta(seconds=offset) for until, _ in rows for offset in (-1, 0)]
    for moment in [*edges, *(entered_at + timedelta(seconds=s) for s in seconds)]:
        if entered_at + timedelta(seconds=1) <= moment < rows[-1][0]:
            looked_up = next(minor for until, minor in rows if moment < until)
            assert looked_up == price(tariff, entered_at, moment).total.minor


@settings(max_examples=60, deadline=None)
@given(
    documents(),
    ENTRIES,
    st.lists(st.tuples(st.integers(-3600, 90_000), st.integers(0, 40_000) | st.none()), max_size=4),
    st.lists(st.integers(0, 2 * 86_400), min_size=5, max_size=30),
    st.integers(0, 86_400),
)
@example(DEMO.replace("free_minutes: 15\n", ""), START, [(-60, 3600)], [0, 1, 3600, 3601], 0)
def test_a_schedule_with_stops_says_what_the_price_says_and_nobody_pays_for_a_stop(
    text: str,
    entered_at: datetime,
    stops: list[tuple[int, int | None]],
    seconds: list[int],
    since_s: int,
) -> None:
    tariff, entered_at = a_tariff(text), entered_at.replace(microsecond=0)
    at = [
        (
            entered_at + timedelta(seconds=begin),
            None if length is None else entered_at + timedelta(seconds=begin + length),
        )
        for begin, length in stops
    ]
    since = entered_at + timedelta(seconds=since_s)
    rows = schedule(tariff, entered_at, entered_at + timedelta(days=2), since=since, stops=at)
    assert [minor for _, minor in rows] == sorted({minor for _, minor in rows})
    edges = [until + timedelta(seconds=offset) for until, _ in rows for offset in (-1, 0)]
    moments = sorted({*edges, *(entered_at + timedelta(seconds=s) for s in seconds)})
    last = 0
    for moment in moments:
        if not max(entered_at + timedelta(seconds=1), since) <= moment < rows[-1][0]:
            continue
        asked = price(tariff, entered_at, moment, facts_of(at, entered_at, moment)).total.minor
        assert asked == next(minor for until, minor in rows if moment < until)
        assert asked >= last  # staying longer is never cheaper
        last = asked
    for stopped_at, end in at:  # what a stop adds to the bill is nothing
        begin, over = max(stopped_at, entered_at), end or entered_at + timedelta(days=2)
        if begin < over:
            before, after = (
                price(tariff, entered_at, m, facts_of(at, entered_at, m)).total.minor for m in (begin, over)
            )
            assert after == before


@given(ENTRIES, st.integers(1, 400))
@example(datetime(2024, 2, 28, 16, tzinfo=UTC), 2)
def test_whole_days_at_the_cap_cost_the_cap_each(entered_at: datetime, days: int) -> None:
    midnight = entered_at.astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=0, minute=0, second=0, microsecond=0)
    bill = price(a_tariff(), midnight, midnight + timedelta(days=days))
    assert bill.total.minor == days * 4000
    assert [(line.code, line.count) for line in bill.lines] == [("day_cap", days)]


def test_a_stay_that_ends_before_it_began_or_at_once_costs_nothing() -> None:
    for span in (timedelta(0), timedelta(days=-3)):
        bill = price(a_tariff(), START, START + span)
        assert (bill.total.minor, bill.minutes) == (0, 0)


def test_without_free_minutes_the_first_second_is_charged() -> None:
    tariff = a_tariff(DEMO.replace("free_minutes: 15\n", ""))
    assert price(tariff, START, START + timedelta(seconds=1)).total.minor == 600


@settings(max_examples=40, deadline=None)
@given(documents(), ENTRIES, st.lists(st.tuples(st.integers(0, 59), st.integers(1, 4 * 1440)), min_size=2, max_size=4))
def test_stays_that_begin_in_one_minute_share_what_was_worked_out(
    text: str, minute: datetime, asked: list[tuple[int, int]]
) -> None:
    shared = a_tariff(text)
    for second, horizon_minutes in asked:
        entered_at = minute.replace(second=second, microsecond=0)
        horizon = entered_at + timedelta(minutes=horizon_minutes)
        since = entered_at + timedelta(minutes=horizon_minutes // 2)
        alone = a_tariff(text)
        assert schedule(shared, entered_at, horizon) == schedule(alone, entered_at, horizon)
        assert schedule(shared, entered_at, horizon, since=since) == schedule(
            a_tariff(text), entered_at, horizon, since=since
        )


def test_a_schedule_may_begin_late_in_a_long_stay() -> None:
    tariff, now = a_tariff(), START + timedelta(days=90, hours=5)
    whole = schedule(tariff, START, now + timedelta(days=1))
    late = schedule(tariff, START, now + timedelta(days=1), since=now)
    assert late == tuple(row for row in whole if row[0] > now)


def test_a_minute_counts_when_it_is_complete() -> None:
    tariff = a_tariff()
    assert price(tariff, START, START + timedelta(minutes=15, seconds=59)).total.minor == 0
    assert price(tariff, START, START + timedelta(minutes=16)).total.minor == 600
    assert price(tariff, START, START + timedelta(minutes=60, seconds=59)).total.minor == 600
    assert price(tariff, START, START + timedelta(minutes=61)).total.minor == 1000


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ParkingError, match="needs an offset"):
        price(a_tariff(), START.replace(tzinfo=None), START)


def test_a_schedule_ends_after_the_entry() -> None:
    with pytest.raises(ParkingError, match="ends after it begins"):
        schedule(a_tariff(), START, START)


def test_the_fee_clock_can_stand_still_for_a_blocked_exit() -> None:
    bill = price(a_tariff(), START, START + timedelta(minutes=150), Facts(stopped_minutes=40))
    assert bill.total.minor == 1000
    assert bill.lines[0].text == {"zh": "停止计费 40 分钟", "en": "Fee clock stopped for 40 min"}


def test_the_price_does_not_depend_on_what_was_priced_before() -> None:
    """The calendar remembers days; remembering must not show, even when its memory is full."""
    fresh, used = a_tariff(), a_tariff()
    for year in range(1990, 2040):
        price(used, START.replace(year=year), START.replace(year=year) + timedelta(days=200))
    for hours in (1, 30, 300):
        span = timedelta(hours=hours)
        assert price(fresh, START, START + span) == price(used, START, START + span)


def test_a_shifted_clock_changes_the_day_and_not_the_hours() -> None:
    berlin = a_tariff(DEMO.replace("Asia/Shanghai", "Europe/Berlin").replace("CNY", "EUR"))
    zone = ZoneInfo("Europe/Berlin")
    spring = datetime(2025, 3, 30, 0, 30, tzinfo=zone)  # 02:00 becomes 03:00: from half past midnight it is 3 h
    assert price(berlin, spring, datetime(2025, 3, 30, 4, 30, tzinfo=zone)).total.minor == 600 + 2 * 400
    autumn = datetime(2025, 10, 26, 0, 30, tzinfo=zone)  # 03:00 becomes 02:00: 5 h
    assert price(berlin, autumn, datetime(2025, 10, 26, 4, 30, tzinfo=zone)).total.minor == 600 + 4 * 400
