"""A price is a pure function of entry, exit, tariff and facts, in whole seconds and whole minor units.

Time is cut into blocks that follow each other from the entry; each costs what the band in which it begins says, and
belongs to the day in which it begins. More time only ever adds blocks, so staying longer is never cheaper.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from parking.kernel.errors import invalid
from parking.kernel.money import Money
from payments.tariff.calendar import DAY_S
from payments.tariff.model import Bill, BillLine, Facts, Rate, Tariff

NO_FACTS = Facts()
_MINUTE = timedelta(minutes=1)


def price(tariff: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts = NO_FACTS) -> Bill:
    """The bill of a stay; leaving at or before the entry costs nothing. Both times are aware, parts of a second are dropped.

    Minutes count once they are complete, but whoever was there at all was there for one: without free minutes, a stay is
    charged from its first second.
    """
    entry_s, leaving_s = _second(entered_at), _second(leaving_at)
    minutes = max(1, (leaving_s - entry_s) // 60) if leaving_s > entry_s else 0
    counted = max(0, minutes - facts.stopped_minutes) if facts.stopped_minutes else minutes
    lines: list[BillLine] = []
    zero = tariff.zero
    if minutes > counted:
        lines.append(BillLine("stopped", minutes - counted, 1, None, zero))
    end_s, free_s = entry_s + counted * 60, tariff.free_s
    if end_s - entry_s <= free_s:
        lines.append(BillLine("free", counted, 1, None, zero))
        return Bill(zero, tuple(lines), minutes, tariff.version)
    if tariff.charge_after_free and free_s:
        lines.append(BillLine("free", free_s // 60, 1, None, zero))
    total = _charge(tariff, entry_s, end_s, lines)
    stay_cap = tariff.stay_cap_minor
    if stay_cap is not None and total > stay_cap:
        cap = Money(stay_cap, tariff.currency)
        lines.append(BillLine("stay_cap", 0, 1, cap, Money(stay_cap - total, tariff.currency)))
        total = stay_cap
    return Bill(Money(total, tariff.currency), tuple(lines), minutes, tariff.version)


def _second(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise invalid("tariff.time", "a time needs an offset, such as 2026-05-01T10:00:00+08:00")
    return int(moment.timestamp() // 1)


def _charge(tariff: Tariff, entry_s: int, end_s: int, lines: list[BillLine]) -> int:
    """Walk the days; add a line for each kind of block and cap, and return what they come to."""
    rolling, restart, cap, banded = tariff.rolling, tariff.restart, tariff.cap_minor, len(tariff.rates) > 1
    day_start = tariff.calendar.day_start
    tally = [0] * (3 * len(tariff.rates))  # first blocks, steps and caps of each rate, in days under the day's cap
    capped_days = total = 0
    at = entry_s + tariff.free_s if tariff.charge_after_free else entry_s
    day = (at - entry_s) // DAY_S if rolling else tariff.calendar.day_of(at)
    day_end = entry_s + (day + 1) * DAY_S if rolling else day_start(day + 1)
    day_end += (entry_s - day_end) % 60  # a minute belongs to the day in which it begins
    first = True
    while True:
        stop = day_end if day_end < end_s else end_s
        if at < stop:
            limit = stop if restart else end_s  # where a block must be complete if only complete ones count
            if banded:
                at, amount, used = _banded(tariff, at, stop, limit, first)
            else:
                at, amount, used = _plain(tariff, at, stop, limit, first)
            first = False
            if cap is not None and amount > cap:
                amount = cap
                capped_days += 1
            else:
                for slot, count in used:
                    tally[slot] += count
            total += amount
        if day_end >= end_s:
            break
        if restart:
            at, first = day_end, True
        day += 1
        day_end = day_end + DAY_S if rolling else day_start(day + 1)
        day_end += (entry_s - day_end) % 60
    _add_lines(tariff, tally, capped_days, lines)
    return total


Used = list[tuple[int, int]]  # slot of the tally (3 * rate + 0 first, 1 step, 2 cap), how many


def _plain(tariff: Tariff, at: int, stop: int, limit: int, first: bool) -> tuple[int, int, Used]:
    """Blocks that begin in [at, stop) under the one rate: where the next begins, their price, how many of each kind."""
    rate = tariff.rates[0]
    amount = 0
    used: Used = []
    if first and rate.first_s:
        if not tariff.round_up and at + rate.first_s > limit:
            return limit, 0, used
        at += rate.first_s
        amount = rate.first_minor
        used.append((0, 1))
    if at < stop:
        step = rate.step_s
        count = (stop - at + step - 1) // step
        begun = at + count * step
        if not tariff.round_up and begun > limit:
            count = (limit - at) // step
            begun = limit
        if count:
            amount += count * rate.step_minor
            used.append((1, count))
        at = begun
    return at, amount, used


def _banded(tariff: Tariff, at: int, stop: int, limit: int, first: bool) -> tuple[int, int, Used]:
    """The same as `_plain` where bands change the rate; a band's own cap holds for this stretch as a whole."""
    calendar = tariff.calendar
    firsts: dict[int, int] = {}
    steps: dict[int, int] = {}
    day = calendar.day_of(at)
    segments = iter(calendar.segments(day))
    segment_end = at
    index = 0
    while at < stop:
        while segment_end <= at:
            found = next(segments, None)
            if found is None:
                day += 1
                segments = iter(calendar.segments(day))
            else:
                segment_end, index = found
        rate = tariff.rates[index]
        if first and rate.first_s:
            first = False
            if not tariff.round_up and at + rate.first_s > limit:
                at = limit
                break
            firsts[index] = 1
            at += rate.first_s
            continue
        first = False
        until = segment_end if segment_end < stop else stop
        count = (until - at + rate.step_s - 1) // rate.step_s
        begun = at + count * rate.step_s
        if not tariff.round_up and begun > limit:
            count, begun = (limit - at) // rate.step_s, limit
        steps[index] = steps.get(index, 0) + count
        at = begun
    return at, *_under_band_caps(tariff.rates, firsts, steps)


def _under_band_caps(rates: tuple[Rate, ...], firsts: dict[int, int], steps: dict[int, int]) -> tuple[int, Used]:
    total = 0
    used: Used = []
    for index in sorted(firsts.keys() | steps.keys()):
        rate, of_first, of_step = rates[index], firsts.get(index, 0), steps.get(index, 0)
        amount = of_first * rate.first_minor + of_step * rate.step_minor
        if rate.cap_minor is not None and amount > rate.cap_minor:
            amount = rate.cap_minor
            used.append((3 * index + 2, 1))
        else:
            used += [(3 * index, of_first), (3 * index + 1, of_step)]
        total += amount
    return total, used


def _add_lines(tariff: Tariff, tally: list[int], capped_days: int, lines: list[BillLine]) -> None:
    currency = tariff.currency
    for index, rate in enumerate(tariff.rates):
        firsts, steps, caps = tally[3 * index : 3 * index + 3]
        if firsts:
            unit = rate.first
            amount = unit if firsts == 1 else Money(firsts * rate.first_minor, currency)
            lines.append(BillLine("first", firsts * rate.first_s // 60, firsts, unit, amount, rate.name))
        if steps:
            unit = rate.step
            amount = unit if steps == 1 else Money(steps * rate.step_minor, currency)
            lines.append(BillLine("step", steps * rate.step_s // 60, steps, unit, amount, rate.name))
        if caps and rate.cap_minor is not None:
            unit = Money(rate.cap_minor, currency)
            lines.append(BillLine("band_cap", 0, caps, unit, Money(caps * rate.cap_minor, currency), rate.name))
    if capped_days and tariff.cap_minor is not None:
        unit = Money(tariff.cap_minor, currency)
        lines.append(BillLine("day_cap", 0, capped_days, unit, Money(capped_days * tariff.cap_minor, currency)))


def schedule(
    tariff: Tariff, entered_at: datetime, horizon: datetime, *, since: datetime | None = None
) -> tuple[tuple[datetime, int], ...]:
    """Until when which price holds: (`until`, minor units for leaving before it), ascending, the last one at `horizon`.

    It begins with the price that holds at `since` (the entry, if not said), so that a stay of months costs no more to list
    than one of minutes. `horizon` lies after both; the prices are those of `price` with no special facts.
    """
    entry_s, horizon_s = _second(entered_at), _second(horizon)
    since_s = max(entry_s, _second(since)) if since is not None else entry_s
    if horizon_s <= since_s:
        raise invalid("tariff.horizon", "a schedule ends after it begins", field="horizon")
    entry = datetime.fromtimestamp(entry_s, UTC)

    def due_after(minutes: int) -> int:
        return price(tariff, entry, entry + max(1, minutes) * _MINUTE).total.minor

    rows: list[tuple[datetime, int]] = []
    minutes, last = (since_s - entry_s) // 60, (horizon_s - entry_s) // 60
    if last * 60 == horizon_s - entry_s:
        last -= 1  # a price that begins at the horizon itself is never asked for
    while True:
        due = due_after(minutes)
        minutes = _first_dearer(due_after, due, minutes, last)
        if minutes > last:
            break
        rows.append((entry + minutes * _MINUTE, due))
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
