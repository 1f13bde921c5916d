"""A price is a pure function of entry, exit, tariff and facts: a total, and the lines that say why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from parking.kernel.errors import ParkingError, invalid
from parking.kernel.fee_clock import Stop, reached_at, spans, stopped_s
from payments.tariff.model import Bill, Facts, Tariff
from payments.tariff.walk import walk

NO_FACTS = Facts()
_MINUTE = timedelta(minutes=1)


def price(tariff: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts = NO_FACTS) -> Bill:
    """The bill of a stay; leaving at or before the entry costs nothing. Both times are aware, parts of a second are dropped.

    Minutes count once they are complete, but whoever was there at all was there for one: without free minutes, a stay is
    charged from its first second.
    """
    if entered_at.tzinfo is None or leaving_at.tzinfo is None:
        raise _no_offset()
    entry_s = int(entered_at.timestamp() // 1)
    seconds = int(leaving_at.timestamp() // 1) - entry_s
    minutes = counted_minutes(seconds)
    book, stopped = tariff.book, min(minutes, facts.stopped_minutes)
    counted_s = (minutes - stopped) * 60
    if counted_s <= tariff.free_s:
        lines = [book.free_line(counted_s // 60)]
        total = 0
    else:
        total, tally = walk(tariff, entry_s, entry_s + counted_s)
        made = book.made
        lines = [made.get((slot, tally[slot])) or book.make(slot, tally[slot]) for slot in sorted(tally)]
        if tariff.charge_after_free and tariff.free_s:
            lines.insert(0, book.free_line(tariff.free_s // 60))
        cap = tariff.stay_cap_minor
        if cap is not None and total > cap:
            lines.append(book.stay_cap_line(cap, total))
            total = cap
    if stopped:
        lines.insert(0, book.stopped_line(stopped))
    return Bill(book.money(total), tuple(lines), minutes, tariff.version)


def facts_of(stops: Sequence[Stop], entered_at: datetime, leaving_at: datetime) -> Facts:
    """What `price` must know of a stay whose fee clock stood still for a while: a minute counts once the clock ran it whole."""
    if not stops:
        return NO_FACTS
    entry_s, leaving_s = _second(entered_at), _second(leaving_at)
    ran_s = leaving_s - entry_s - stopped_s(spans(stops), entry_s, leaving_s)
    return Facts(counted_minutes(leaving_s - entry_s) - counted_minutes(ran_s))


def counted_minutes(seconds: int) -> int:
    """Complete minutes, but whoever was there at all was there for one."""
    return seconds // 60 if seconds >= 60 else 1 if seconds > 0 else 0


def _no_offset() -> ParkingError:
    return invalid("tariff.time", "a time needs an offset, such as 2026-05-01T10:00:00+08:00")


def _second(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise _no_offset()
    return int(moment.timestamp() // 1)


def schedule(
    tariff: Tariff,
    entered_at: datetime,
    horizon: datetime,
    *,
    since: datetime | None = None,
    stops: Sequence[Stop] = (),
) -> tuple[tuple[datetime, int], ...]:
    """Until when which price holds: (`until`, minor units for leaving before it), ascending, the last one at `horizon`.

    It begins with the price that holds at `since` (the entry, if not said), so that a stay of months costs no more to list
    than one of minutes. `horizon` lies after both; the prices are those of `price`, none dearer while the clock stands still.
    """
    entry_s, horizon_s = _second(entered_at), _second(horizon)
    since_s = max(entry_s, _second(since)) if since is not None else entry_s
    if horizon_s <= since_s:
        raise invalid("tariff.horizon", "a schedule ends after it begins", field="horizon")
    entry, joined = datetime.fromtimestamp(entry_s, UTC), spans(stops)

    def due_after(minutes: int) -> int:
        return price(tariff, entry, entry + max(1, minutes) * _MINUTE).total.minor

    def ran_s(until_s: int) -> int:
        return until_s - entry_s - stopped_s(joined, entry_s, until_s)

    rows: list[tuple[datetime, int]] = []
    runs_s = reached_at(joined, entry_s, 1)  # the clock may stand still from the entry on
    if runs_s is None or runs_s >= horizon_s:
        return ((datetime.fromtimestamp(horizon_s, UTC), 0),)
    if max(since_s, entry_s + 1) < runs_s and due_after(0) > 0:
        rows.append((datetime.fromtimestamp(runs_s, UTC), 0))
    minutes, last = ran_s(since_s) // 60, ran_s(horizon_s) // 60
    if reached_at(joined, entry_s, 60 * last) == horizon_s:
        last -= 1  # a price that begins at the horizon itself is never asked for
    while True:
        due = due_after(minutes)
        minutes = _first_dearer(due_after, due, minutes, last)
        if minutes > last:
            break
        until_s = reached_at(joined, entry_s, 60 * minutes)
        assert until_s is not None, "a clock that runs to the last minute reaches those before it"
        rows.append((datetime.fromtimestamp(until_s, UTC), due))
    rows.append((datetime.fromtimestamp(horizon_s, UTC), due))
    return tuple(rows)


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
