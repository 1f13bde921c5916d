"""The site's wall clock as whole seconds since 1970: where each local day begins, and which band rules in it.

A day with a clock change is worked out minute by minute, once; every other day is arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY_S = 86_400
_KEPT_DAYS = 4_096  # about eleven years; then the memory is emptied and filled again

Span = tuple[int, int, int]  # begin, end (minutes of the week from Monday 00:00), rate
Segment = tuple[int, int]  # end (epoch seconds), rate


class Calendar:
    """One zone with one week's bands. `spans` do not overlap; minutes outside them belong to rate 0."""

    def __init__(self, timezone: str, spans: Sequence[Span] = ()) -> None:
        self._zone = ZoneInfo(timezone)
        self._spans = tuple(spans)
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

    def _rate_at(self, week_minute: int) -> int:
        return next((rate for begin, end, rate in self._spans if begin <= week_minute < end), 0)

    def _work_out(self, day: int) -> tuple[Segment, ...]:
        start, end = self.day_start(day), self.day_start(day + 1)
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        if end - start == DAY_S:
            edges = {0, 1440} | {edge - weekday * 1440 for span in self._spans for edge in span[:2]}
            minutes = sorted(edge for edge in edges if 0 <= edge <= 1440)
            return _merged(
                (start + after * 60, self._rate_at(weekday * 1440 + before)) for before, after in pairwise(minutes)
            )
        pieces = []
        for moment in range(start, end, 60):
            wall = datetime.fromtimestamp(moment, UTC).astimezone(self._zone)
            pieces.append((min(moment + 60, end), self._rate_at(weekday * 1440 + wall.hour * 60 + wall.minute)))
        return _merged(pieces)


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def _merged(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    merged: list[Segment] = []
    for end, rate in pieces:
        if merged and merged[-1][1] == rate:
            merged[-1] = (end, rate)
        else:
            merged.append((end, rate))
    return tuple(merged)
