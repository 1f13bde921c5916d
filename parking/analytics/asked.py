"""What is asked of the figures, and how rows of hours become those of days, weeks and months. Pure.

A median, a spread of lengths and an average of opinions are told of five or more only: of fewer, somebody who knows one car would learn
the rest. Counts and money are told as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from parking.analytics.local_days import week_of
from parking.kernel.errors import invalid

FEWEST = 5
"""So many at least stand behind a median or an average."""
LONGEST = timedelta(days=366)
LONGEST_BY_HOUR = timedelta(days=31)
BOUNDS_MIN = (15, 30, 60, 120, 240, 480, 1440)
"""Lengths of stays are shown up to these, and beyond the last."""


class By(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Split(StrEnum):
    """What a row of its own is made for."""

    NONE = "none"
    LANE = "lane"
    LOT = "lot"
    CLASS = "class"
    CHANNEL = "channel"
    ZONE = "zone"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Asked:
    """From one day to another, both counted; `only` holds what is looked at alone: lane, lot, class, channel, zone."""

    since: date
    until: date
    by: By
    split: Split
    only: Mapping[str, str]

    def checked(self, *splits: Split) -> Asked:
        """ParkingError that names the field, where it cannot be answered."""
        if self.until < self.since:
            raise invalid("figures.range", "should not be before since", field="until")
        longest = LONGEST_BY_HOUR if self.by is By.HOUR else LONGEST
        if self.until - self.since >= longest:
            raise invalid(
                "figures.range", f"should be within {longest.days} days of since, by {self.by}", field="until"
            )
        if self.split not in (Split.NONE, *splits):
            known = ", ".join(("none", *splits))
            raise invalid("figures.split", f"these figures are split by {known}", field="split")
        return self


def period(by: By, day: str, hour: int) -> str:
    """The name of the period in which an hour lies: `2026-03-07T08`, `2026-03-07`, its Monday, `2026-03`."""
    match by:
        case By.HOUR:
            return f"{day}T{hour:02d}"
        case By.DAY:
            return day
        case By.WEEK:
            return week_of(day)
        case By.MONTH:
            return day[:7]


def grouped(rows: Iterable[Mapping[str, Any]], by: By, names: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """The sums `names` of rows by (period, key), in that order; rows of nothing but zeros are left out."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        sums = found.setdefault((period(by, row["day"], row["hour"]), row["key"]), dict.fromkeys(names, 0))
        for name in names:
            sums[name] += int(row[name])
    return {key: found[key] for key in sorted(found) if any(found[key].values())}


@dataclass(frozen=True, slots=True)
class Spread:
    """How long stays lasted: how many, the middle one in minutes, and how many in each step of `BOUNDS_MIN`; None of too few."""

    stays: int
    median_min: int | None
    steps: tuple[int, ...] | None


def spread(lengths: Mapping[int, int]) -> Spread:
    """From how many stays lasted how many minutes; the median is the lower one of two in the middle."""
    total = sum(lengths.values())
    if total < FEWEST:
        return Spread(total, None, None)
    steps = [0] * (len(BOUNDS_MIN) + 1)
    median, passed = -1, 0
    for minutes in sorted(lengths):
        steps[sum(minutes >= bound for bound in BOUNDS_MIN)] += lengths[minutes]
        passed += lengths[minutes]
        if median < 0 and 2 * passed >= total:
            median = minutes
    return Spread(total, median, tuple(steps))


def page(rows: Sequence[Any], after: str, most: int) -> tuple[Sequence[Any], str | None]:
    """Rows after the `period~unit~key` that a page before ended with, and where the next page begins (None: nowhere)."""
    period, _, rest = after.partition("~")
    unit, _, key = rest.partition("~")
    left = [row for row in rows if not after or _place(row) > (period, key, unit)]
    shown = left[:most]
    if len(left) <= most:
        return shown, None
    period, key, unit = _place(shown[-1])
    return shown, f"{period}~{unit}~{key}"


def _place(row: Any) -> tuple[str, str, str]:
    """Where a row stands: money of two units may have one period and key."""
    return row.period, row.key, getattr(row, "unit", "")
