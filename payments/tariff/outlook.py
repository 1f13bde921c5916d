"""What a stay will cost: until when which price holds, and what leaving before the next step saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from parking.kernel.errors import invalid
from parking.kernel.fee_clock import Span, Stop, reached_at, spans, stopped_s
from parking.kernel.money import Money
from payments.tariff.explain import leave_before
from payments.tariff.facts import NO_FACTS, Facts
from payments.tariff.model import Tariff
from payments.tariff.price import price

_MINUTE = timedelta(minutes=1)


class Before(NamedTuple):
    """Who leaves before `until` (aware) pays `total`; from then on it is `later`."""

    until: datetime
    total: Money
    later: Money

    @property
    def saved(self) -> Money:
        """How much less it is than after `until`; negative where staying longer is cheaper."""
        return self.later - self.total

    def text(self, clock: str) -> dict[str, str]:
        """The same in words, under `zh` and `en`; `clock` is `until` on the site's wall."""
        return leave_before(clock, self.saved)


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
    than one of minutes. `horizon` lies after both; the prices are those of `price`, none dearer while the clock stands still.
    """
    entry_s, horizon_s = _second(entered_at), _second(horizon)
    since_s = max(entry_s, _second(since)) if since is not None else entry_s
    if horizon_s <= since_s:
        raise invalid("tariff.horizon", "a schedule ends after it begins", field="horizon")
    entry, joined = datetime.fromtimestamp(entry_s, UTC), spans(stops)

    def due_after(minutes: int) -> int:
        return price(tariff, entry, entry + max(1, minutes) * _MINUTE, facts).total.minor

    runs_s = reached_at(joined, entry_s, 1)  # the clock may stand still from the entry on
    if runs_s is None or runs_s >= horizon_s:
        return ((datetime.fromtimestamp(horizon_s, UTC), 0),)
    rows: list[tuple[datetime, int]] = []
    if max(since_s, entry_s + 1) < runs_s and due_after(0) > 0:
        rows.append((datetime.fromtimestamp(runs_s, UTC), 0))
    minutes, last = (_ran_s(joined, entry_s, until_s) // 60 for until_s in (since_s, horizon_s))
    if reached_at(joined, entry_s, 60 * last) == horizon_s:
        last -= 1  # a price that begins at the horizon itself is never asked for
    next_change = _next_change if tariff.may_fall else _first_dearer
    while most is None or len(rows) < most:
        due = due_after(minutes)
        minutes = next_change(due_after, due, minutes, last)
        if minutes > last:
            rows.append((datetime.fromtimestamp(horizon_s, UTC), due))
            break
        until_s = reached_at(joined, entry_s, 60 * minutes)
        assert until_s is not None, "a clock that runs to the last minute reaches those before it"
        rows.append((datetime.fromtimestamp(until_s, UTC), due))
    return tuple(rows)


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


def _ran_s(joined: Sequence[Span], entry_s: int, until_s: int) -> int:
    return until_s - entry_s - stopped_s(joined, entry_s, until_s)


def _first_dearer(due_after: Callable[[int], int], due: int, minutes: int, last: int) -> int:
    """The first minute after `minutes` that costs more than `due`, or one beyond `last`; prices never fall, so it may leap."""
    known, leap = minutes, 1
    while known + leap <= last and due_after(known + leap) == due:
        known += leap
        leap *= 2
    beyond = min(known + leap, last + 1)
    while beyond - known > 1:
        middle = (known + beyond) // 2
        if due_after(middle) == due:
            known = middle
        else:
            beyond = middle
    return beyond


def _next_change(due_after: Callable[[int], int], due: int, minutes: int, last: int) -> int:
    """The same where prices may fall: minute by minute."""
    return next((minute for minute in range(minutes + 1, last + 1) if due_after(minute) != due), last + 1)


def _second(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise invalid("tariff.time", "a time needs an offset, such as 2026-05-01T10:00:00+08:00")
    return int(moment.timestamp() // 1)
