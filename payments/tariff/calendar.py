"""The site's wall clock as whole seconds since 1970: where each local day begins, and which band rules in it.

A day with a clock change is worked out minute by minute, once; every other day is arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from payments.tariff.day_kinds import DayKinds

DAY_S = 86_400
_KEPT_DAYS = 4_096  # about eleven years; then the memory is emptied and filled again

Segment = tuple[int, int]  # end (epoch seconds), rate


@dataclass(frozen=True, slots=True)
class Band:
    """`length` minutes from minute `start` of each day that `weekdays`, `kinds` or `dates` name belong to `rate`."""

    rate: int
    start: int
    length: int
    weekdays: frozenset[int] = frozenset()  # Monday is 0
    holiday: bool | None = None  # None: the kind of the day does not matter
    dates: tuple[tuple[int, int], ...] = ()  # first and last day, since 1970-01-01

    @property
    def rank(self) -> int:
        """Events go before holidays and workdays, those before days of the week."""
        return 0 if self.dates else 1 if self.holiday is not None else 2

    def begins_on(self, day: int, kinds: DayKinds | None) -> bool:
        if self.dates and not any(first <= day <= last for first, last in self.dates):
            return False
        if self.holiday is not None:
            return kinds is not None and kinds.is_holiday(day) == self.holiday
        return (day + 3) % 7 in self.weekdays  # 1970-01-01 was a Thursday


class Calendar:
    """One zone with its bands; minutes outside them belong to the rate `base`."""

    def __init__(
        self, timezone: str, bands: Sequence[Band] = (), *, base: int = 0, kinds: DayKinds | None = None
    ) -> None:
        self._zone = ZoneInfo(timezone)
        self._bands = sorted(bands, key=lambda band: band.rank)
        self._base = base
        self._kinds = kinds
        self._starts: dict[int, int] = {}
        self.kept: dict[int, tuple[Segment, ...]] = {}  # what `segments` has worked out so far
        self._guess_s = int(datetime(2020, 1, 1, tzinfo=self._zone).utcoffset().total_seconds())  # type: ignore[union-attr]  # aware

    def day_start(self, day: int) -> int:
        """When the local day with this number (days since 1970-01-01) begins, in epoch seconds."""
        start = self._starts.get(day)
        if start is None:
            if len(self._starts) >= _KEPT_DAYS:
                self._starts.clear()
            on = date.fromordinal(day + _EPOCH_ORDINAL)
            start = int(datetime(on.year, on.month, on.day, tzinfo=self._zone).timestamp())
            self._starts[day] = start
        return start

    def day_of(self, moment_s: int) -> int:
        """The number of the local day that holds this moment."""
        day = (moment_s + self._guess_s) // DAY_S
        while self.day_start(day) > moment_s:
            day -= 1
        while self.day_start(day + 1) <= moment_s:
            day += 1
        return day

    def locate(self, moment_s: int) -> tuple[int, int]:
        """The local day that holds this moment, and when that day ends."""
        starts = self._starts
        day = (moment_s + self._guess_s) // DAY_S
        begin, end = starts.get(day), starts.get(day + 1)
        if begin is None or end is None or not begin <= moment_s < end:
            day = self.day_of(moment_s)
            end = self.day_start(day + 1)
        return day, end

    def segments(self, day: int) -> tuple[Segment, ...]:
        """The bands of a day in order, each with its end; the last one ends with the day."""
        found = self.kept.get(day)
        if found is None:
            if len(self.kept) >= _KEPT_DAYS:
                self.kept.clear()
            found = self.kept[day] = self._work_out(day)
        return found

    def rate_at(self, moment_s: int) -> int:
        """The rate that holds at this moment."""
        return next(rate for end, rate in self.segments(self.day_of(moment_s)) if moment_s < end)

    def _rate_of(self, today: Sequence[Band], yesterday: Sequence[Band], minute: int) -> int:
        for rank in range(3):
            for band in today:
                if band.rank == rank and band.start <= minute < band.start + band.length:
                    return band.rate
            for band in yesterday:
                if band.rank == rank and minute < band.start + band.length - 1440:
                    return band.rate
        return self._base

    def _work_out(self, day: int) -> tuple[Segment, ...]:
        start, end = self.day_start(day), self.day_start(day + 1)
        today = [band for band in self._bands if band.begins_on(day, self._kinds)]
        yesterday = [band for band in self._bands if band.begins_on(day - 1, self._kinds)]
        if end - start == DAY_S:
            edges = {0, 1440, *(band.start + band.length - 1440 for band in yesterday)}
            edges |= {edge for band in today for edge in (band.start, band.start + band.length)}
            minutes = sorted(edge for edge in edges if 0 <= edge <= 1440)
            return _merged(
                (start + after * 60, self._rate_of(today, yesterday, before)) for before, after in pairwise(minutes)
            )
        pieces = []
        for moment in range(start, end, 60):
            wall = datetime.fromtimestamp(moment, UTC).astimezone(self._zone)
            pieces.append((min(moment + 60, end), self._rate_of(today, yesterday, wall.hour * 60 + wall.minute)))
        return _merged(pieces)


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(on: date) -> int:
    """Days since 1970-01-01."""
    return on.toordinal() - _EPOCH_ORDINAL


def _merged(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    merged: list[Segment] = []
    for end, rate in pieces:
        if merged and merged[-1][1] == rate:
            merged[-1] = (end, rate)
        else:
            merged.append((end, rate))
    return tuple(merged)
