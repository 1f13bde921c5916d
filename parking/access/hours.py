"""When a schedule counts: hours of days in the site's own time zone, with a list of dates that count as other days.

Hours are wall-clock hours: a night on which the clocks change is an hour shorter or longer, as it is for people. Nobody is given a
right by a time zone that this machine does not know.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from parking.access.rows import Day, ScheduleRow, Window

_WEEK = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI, Day.SAT, Day.SUN)


def is_open(schedule: ScheduleRow, at: datetime) -> bool:
    """Whether the schedule counts at `at` (aware)."""
    zone = _zone(schedule.time_zone)
    if zone is None:
        return False
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    today = day_of(schedule, local.date())
    yesterday = day_of(schedule, local.date() - timedelta(days=1))
    return any(_covers(window, today, yesterday, minute) for window in schedule.windows)


def day_of(schedule: ScheduleRow, on: date) -> Day:
    """What a date counts as."""
    special = next((day.counts_as for day in schedule.special_days if day.on == on), None)
    return special or _WEEK[on.weekday()]


def _covers(window: Window, today: Day, yesterday: Day, minute: int) -> bool:
    if window.begins < window.ends:
        return today in window.days and window.begins <= minute < window.ends
    return (today in window.days and minute >= window.begins) or (yesterday in window.days and minute < window.ends)


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
