"""A fee clock that stands still for a while: in whole seconds, stops that overlap count once, one without an end still runs.

Parts of a second are given to the driver. Sessions ask it how long to wait, payments what to charge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

Stop = tuple[datetime, datetime | None]
"""From when and until when the clock stood still (aware times); None while it still does."""
Span = tuple[int, int | None]
"""The same in whole seconds since 1970."""


def spans(stops: Iterable[Stop]) -> tuple[Span, ...]:
    """The stops joined and in order."""
    joined: list[Span] = []
    for begin, end in sorted(map(_span, stops), key=lambda span: span[0]):
        if end is not None and end <= begin:
            continue
        if not joined:
            joined.append((begin, end))
            continue
        first, last = joined[-1]
        if last is not None and begin > last:
            joined.append((begin, end))
        else:
            joined[-1] = (first, None if last is None or end is None else max(last, end))
    return tuple(joined)


def stopped_s(joined: Iterable[Span], begin_s: int, end_s: int) -> int:
    """Seconds between two moments in which the clock stood still; `joined` is what `spans` made."""
    return sum(max(0, min(end_s, end_s if end is None else end) - max(begin_s, begin)) for begin, end in joined)


def stopped_between(stops: Iterable[Stop], begin: datetime, end: datetime) -> timedelta:
    """The same between two aware times."""
    return timedelta(seconds=stopped_s(spans(stops), int(begin.timestamp() // 1), -int(-end.timestamp() // 1)))


def reached_at(joined: Iterable[Span], begin_s: int, ran_s: int) -> int | None:
    """When a clock that began at `begin_s` has run for `ran_s` seconds; None if it stands still before that."""
    at = begin_s + ran_s
    for begin, end in joined:
        if begin >= at:
            break
        if end is None:
            return None
        at += max(0, end - max(begin, begin_s))
    return at


def _span(stop: Stop) -> Span:
    begin, end = stop
    return int(begin.timestamp() // 1), None if end is None else -int(-end.timestamp() // 1)
