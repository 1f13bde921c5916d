"""Which day and hour a moment belongs to at the site. Pure.

A clock that is put back has one hour twice, both counted under its one name; one that is put forward has a day without that hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """An hour by the clock on the wall: ISO day, hour 0 to 23."""

    day: str
    hour: int


def slot_of(moment: datetime, zone: ZoneInfo) -> Slot:
    """The slot of a moment (aware)."""
    local = moment.astimezone(zone)
    return Slot(local.date().isoformat(), local.hour)


def seconds_by_slot(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[Slot, int]]:
    """How the time from one moment to another falls into slots, whole seconds; nothing where it ends before it begins.

    Zones whose offset is no whole number of hours turn their hour within one of UTC's, so the cut is made on the wall.
    """
    begin, end = _whole(begin), _whole(end)
    while begin < end:
        local = begin.astimezone(zone)
        into = timedelta(minutes=local.minute, seconds=local.second)
        until = min(end, begin + _HOUR - into)
        yield slot_of(begin, zone), int((until - begin).total_seconds())
        begin = until


def week_of(day: str) -> str:
    """The Monday of a day's week, ISO."""
    one = date.fromisoformat(day)
    return (one - timedelta(days=one.weekday())).isoformat()


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
