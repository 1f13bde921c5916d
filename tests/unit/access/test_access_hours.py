"""Schedules count in the site's own time zone, over midnight, over the change of clocks, and holidays are days of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.access.hours import day_of, is_open
from parking.access.rows import Day, ScheduleRow, SpecialDay, Window

pytestmark = pytest.mark.req("GATE-5")
SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)
ALL_DAYS = (*WORKDAYS, Day.SAT, Day.SUN)


def office(*special: SpecialDay, zone: str = "Asia/Shanghai") -> ScheduleRow:
    """Monday to Friday, eight to eighteen."""
    return ScheduleRow("office", zone, (Window(WORKDAYS, 8 * 60, 18 * 60),), special)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-02 07:59", False),
        ("2026-03-02 08:00", True),
        ("2026-03-02 17:59", True),
        ("2026-03-02 18:00", False),
        ("2026-02-28 12:00", False),  # a Saturday
    ],
)
def test_office_hours_are_those_of_the_site_not_of_greenwich(local: str, expected: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert is_open(office(), at) is expected


def test_a_holiday_is_no_day_of_the_week_and_a_working_saturday_is_one() -> None:
    special = (SpecialDay(date(2026, 10, 1), Day.HOLIDAY), SpecialDay(date(2026, 10, 10), Day.FRI))
    holiday = datetime(2026, 10, 1, 12, tzinfo=SHANGHAI)
    working_saturday = datetime(2026, 10, 10, 12, tzinfo=SHANGHAI)
    assert (is_open(office(), holiday), is_open(office(*special), holiday)) == (True, False)
    assert (is_open(office(), working_saturday), is_open(office(*special), working_saturday)) == (False, True)
    feast = ScheduleRow("feast", "Asia/Shanghai", (Window((Day.HOLIDAY,), 0, 1440),), special)
    assert (is_open(feast, holiday), is_open(feast, working_saturday)) == (True, False)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-06 21:59", False),
        ("2026-03-06 22:00", True),  # Friday night
        ("2026-03-07 05:59", True),  # still Friday's
        ("2026-03-07 06:00", False),
        ("2026-03-07 23:00", False),  # Saturday has none of its own
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(local: str, expected: bool) -> None:
    nights = ScheduleRow("nights", "Asia/Shanghai", (Window((Day.FRI,), 22 * 60, 6 * 60),))
    assert is_open(nights, datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)) is expected


def test_when_the_clocks_change_hours_stay_those_on_the_wall() -> None:
    berlin = ScheduleRow("early", "Europe/Berlin", (Window(ALL_DAYS, 6 * 60, 7 * 60),))
    before, after = datetime(2026, 3, 28, 5, 30, tzinfo=UTC), datetime(2026, 3, 29, 4, 30, tzinfo=UTC)
    assert is_open(berlin, before)
    assert is_open(berlin, after)
    assert not is_open(berlin, after + timedelta(hours=1))


def test_a_time_zone_that_this_machine_does_not_know_gives_nobody_a_right() -> None:
    for name in ("Middle/Earth", "", "../../etc/passwd", "x" * 500):
        assert not is_open(office(zone=name), datetime(2026, 3, 2, 4, tzinfo=UTC))


@given(at=st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_all_day_every_day_is_always_and_its_complement_never(at: datetime) -> None:
    always = ScheduleRow("a", "Asia/Shanghai", (Window(ALL_DAYS, 0, 1440),))
    never = ScheduleRow("n", "Asia/Shanghai", ())
    assert is_open(always, at)
    assert not is_open(never, at)
    assert day_of(always, at.astimezone(SHANGHAI).date()) is ALL_DAYS[at.astimezone(SHANGHAI).weekday()]


@given(
    begins=st.integers(0, 1439),
    ends=st.integers(1, 1440),
    minutes=st.integers(0, 7 * 1440 - 1),
)
def test_a_window_and_the_rest_of_the_day_share_every_minute_between_them(begins: int, ends: int, minutes: int) -> None:
    at = datetime(2026, 3, 2, tzinfo=SHANGHAI) + timedelta(minutes=minutes)
    inside = is_open(ScheduleRow("w", "Asia/Shanghai", (Window(ALL_DAYS, begins, ends),)), at)
    minute = at.hour * 60 + at.minute
    expected = begins <= minute < ends if begins < ends else minute >= begins or minute < ends
    assert inside is expected
