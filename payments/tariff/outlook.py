"""What a stay will cost: until when which price holds, and how much more or less it is from then on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import NamedTuple, cast

from parking.kernel.errors import invalid
from parking.kernel.fee_clock import Span, Stop, reached_at, spans, stopped_s
from parking.kernel.money import Money
from payments.tariff.explain import from_then_on
from payments.tariff.facts import NO_FACTS, Facts
from payments.tariff.model import Tariff
from payments.tariff.price import facts_of, price, totals

_FOLLOWED = 3 * 24 * 60
"""So many minutes beyond what is known a course is followed without a gap."""
_KEPT_COURSES = 4_096
_WHOLE_MINUTES_FROM = 3 * 366 * 86_400
"""Since 1973 every time zone is whole minutes away from UTC, so that days and bands begin with a minute."""


class Before(NamedTuple):
    """Who leaves before `until` (aware) pays `total`; from then on it is `later`."""

    until: datetime
    total: Money
    later: Money

    @property
    def saved(self) -> Money:
        """How much less it is than after `until`; negative where staying longer is cheaper."""
        return self.later - self.total

    def text(self, clock: str) -> Mapping[str, str]:
        """The same in words, under `zh` and `en`; `clock` is `until` on the site's wall."""
        return from_then_on(clock, self.total, self.later)


def schedule(
    tariff: Tariff,
    entered_at: datetime,
    horizon: datetime,
    *,
    since: datetime | None = None,
    stops: Sequence[Stop] = (),
    facts: Facts = NO_FACTS,
    most: int | None = None,
) -> tuple[tuple[datetime, int], ...]:
    """Until when which price holds: (`until`, minor units for leaving before it), the last one at `horizon`.

    With `most`, no more rows than that are worked out.

    It begins with the price that holds at `since` (the entry, if not said), so that a stay of months costs no more to list
    than one of minutes. `horizon` lies after both; the prices are those of `price`, none dearer while the clock stands still
    (but for the end of a ticket's hours for leaving).
    """
    entry_s, horizon_s = _second(entered_at), _second(horizon)
    since_s = max(entry_s, _second(since)) if since is not None else entry_s
    if horizon_s <= since_s:
        raise invalid("tariff.horizon", "a schedule ends after it begins", field="horizon")
    joined = spans(stops)
    if joined and tariff.may_fall:
        return tuple(islice(_by_both_clocks(tariff, entry_s, since_s, horizon_s, joined, stops, facts), most))
    course = _course(tariff, entry_s, facts)
    runs_s = reached_at(joined, entry_s, 1)  # the clock may stand still from the entry on
    if runs_s is None or runs_s >= horizon_s:
        return ((datetime.fromtimestamp(horizon_s, UTC), 0),)
    rows: list[tuple[datetime, int]] = []
    if max(since_s, entry_s + 1) < runs_s and course.due_after(0) > 0:
        rows.append((datetime.fromtimestamp(runs_s, UTC), 0))
    minutes, last = (_ran_s(joined, entry_s, until_s) // 60 for until_s in (since_s, horizon_s))
    if reached_at(joined, entry_s, 60 * last) == horizon_s:
        last -= 1  # a price that begins at the horizon itself is never asked for
    while most is None or len(rows) < most:
        due, minutes = course.holds(minutes, last)
        if minutes > last:
            rows.append((datetime.fromtimestamp(horizon_s, UTC), due))
            break
        until_s = reached_at(joined, entry_s, 60 * minutes)
        assert until_s is not None, "a clock that runs to the last minute reaches those before it"
        rows.append((datetime.fromtimestamp(until_s, UTC), due))
    return tuple(rows)


def _by_both_clocks(
    tariff: Tariff,
    entry_s: int,
    since_s: int,
    horizon_s: int,
    joined: Sequence[Span],
    stops: Sequence[Stop],
    facts: Facts,
) -> Iterator[tuple[datetime, int]]:
    """The same where a ticket asks when somebody leaves: the wall's clock counts as well, while the fee's stands still."""
    entered_at = datetime.fromtimestamp(entry_s, UTC)

    def due_at(second: int) -> int:
        leaving_at = datetime.fromtimestamp(second, UTC)
        return price(tariff, entered_at, leaving_at, facts_of(stops, entered_at, leaving_at, facts)).total.minor

    first, last = (_ran_s(joined, entry_s, until_s) // 60 for until_s in (since_s, horizon_s))
    turns = {reached_at(joined, entry_s, 60 * minutes or 1) for minutes in range(first, last + 1)}
    turns |= set(range(entry_s + 60 * ((since_s - entry_s) // 60), horizon_s, 60))
    due = due_at(max(since_s, entry_s + 1))
    for turn in sorted(one for one in turns if one is not None and max(since_s, entry_s + 1) < one < horizon_s):
        later = due_at(turn)
        if later != due:
            yield datetime.fromtimestamp(turn, UTC), due
            due = later
    yield datetime.fromtimestamp(horizon_s, UTC), due


def outlook(
    tariff: Tariff,
    entered_at: datetime,
    now: datetime,
    horizon: datetime,
    *,
    stops: Sequence[Stop] = (),
    facts: Facts = NO_FACTS,
    most: int | None = None,
) -> tuple[Before, ...]:
    """When the price of a stay that still runs will change until `horizon`, soonest first, at `most` so many times."""
    more = None if most is None else most + 1
    return changes(
        schedule(tariff, entered_at, horizon, since=now, stops=stops, facts=facts, most=more), tariff.currency
    )


def changes(rows: Sequence[tuple[datetime, int]], currency: str) -> tuple[Before, ...]:
    """Where the price changes in a schedule."""
    found = (
        Before(until, Money(due, currency), Money(later, currency))
        for (until, due), (_, later) in pairwise(rows)
        if due != later
    )
    return tuple(found)


class _Course:
    """What a stay costs minute by minute from its entry on, worked out as far as anybody has asked; shared by threads."""

    def __init__(self, tariff: Tariff, entry_s: int, facts: Facts) -> None:
        self.due_after = totals(tariff, entry_s, facts)
        """Minor units for leaving after so many minutes on the fee clock."""
        self._next = _next_change if tariff.may_fall else _first_dearer
        self._known: tuple[tuple[int, ...], tuple[int, ...], int] = ((0,), (self.due_after(0),), 0)
        """Where prices begin, the prices, and up to which minute these are all; replaced as one, never changed."""

    def holds(self, minute: int, last: int) -> tuple[int, int]:
        """What it costs at this minute, and the first minute after it that costs another amount, or one beyond `last`."""
        if minute - self._known[2] > _FOLLOWED:  # a stay of months is looked at from today on
            due = self.due_after(minute)
            return due, self._next(self.due_after, due, minute, last, 0)
        begins, prices, known_to = self._known
        last = max(last, minute)
        while known_to < last and begins[-1] <= minute:
            as_before = 2 * begins[-1] - begins[-2] if len(begins) > 1 else 0
            change = self._next(self.due_after, prices[-1], known_to, last, as_before)
            known_to = min(change, last)
            if change <= last:
                begins, prices = (*begins, change), (*prices, self.due_after(change))
            self._known = begins, prices, known_to
        place = bisect_right(begins, minute)
        return prices[place - 1], min(begins[place], last + 1) if place < len(begins) else last + 1


def _course(tariff: Tariff, entry_s: int, facts: Facts) -> _Course:
    """The course of a stay of which nothing is known but its entry is kept: all that enter in one minute share it."""
    if facts is not NO_FACTS:
        return _Course(tariff, entry_s, facts)
    begins_s = entry_s - entry_s % 60 if tariff.simple and entry_s >= _WHOLE_MINUTES_FROM else entry_s
    kept = tariff.book.courses
    found = kept.get(begins_s)
    if found is None:
        if len(kept) >= _KEPT_COURSES:
            kept.clear()
        found = kept[begins_s] = _Course(tariff, begins_s, facts)
    return cast(_Course, found)


def _ran_s(joined: Sequence[Span], entry_s: int, until_s: int) -> int:
    return until_s - entry_s - stopped_s(joined, entry_s, until_s)


def _first_dearer(due_after: Callable[[int], int], due: int, minutes: int, last: int, likely: int) -> int:
    """The first minute after `minutes` that costs more than `due`, or one beyond `last`; prices never fall, so it may leap.

    It looks at `likely` first: most tariffs grow by steps of one length.
    """
    known, leap = minutes, 1
    if minutes < likely <= last:
        if due_after(likely) != due:
            before = likely - 1
            if before > known and due_after(before) != due:
                return _dearer_between(due_after, due, known, before)
            return likely
        known = likely
    while known + leap <= last and due_after(known + leap) == due:
        known += leap
        leap *= 2
    return _dearer_between(due_after, due, known, min(known + leap, last + 1))


def _dearer_between(due_after: Callable[[int], int], due: int, known: int, beyond: int) -> int:
    """The first minute after `known`, at which it costs `due`, that costs more, where `beyond` does or nobody asks for it."""
    while beyond - known > 1:
        middle = (known + beyond) // 2
        if due_after(middle) == due:
            known = middle
        else:
            beyond = middle
    return beyond


def _next_change(due_after: Callable[[int], int], due: int, minutes: int, last: int, likely: int) -> int:  # noqa: ARG001 - called as `_first_dearer` is
    """The same where prices may fall: minute by minute."""
    return next((minute for minute in range(minutes + 1, last + 1) if due_after(minute) != due), last + 1)


def _second(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise invalid("tariff.time", "a time needs an offset, such as 2026-05-01T10:00:00+08:00")
    return int(moment.timestamp() // 1)
