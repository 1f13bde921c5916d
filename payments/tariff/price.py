"""A price is a pure function of entry, exit, tariff and facts: a total, and the lines that say why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from parking.kernel.errors import invalid
from parking.kernel.fee_clock import Stop, spans, stopped_s
from parking.kernel.money import Money
from payments.tariff.days import COVERED, DayPart, Standing, Stay, day_around, parts
from payments.tariff.facts import NO_FACTS, Facts
from payments.tariff.history import Allowance, recall
from payments.tariff.model import Bill, BillLine, Tariff
from payments.tariff.walk import Tally, walk

__all__ = ["BOOKED", "NO_FACTS", "Itemised", "booked_line", "counted_minutes", "facts_of", "itemise", "price", "totals"]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_KEPT_BILLS = 4_096  # of one tariff
_BOUNDS = ("minimum", "stay_cap")
BOOKED = "booked"


class Itemised(NamedTuple):
    """What one day of a stay costs, line by line; the days and the lines of the whole stay sum to its total."""

    begins_at_s: int
    ends_at_s: int
    lines: tuple[BillLine, ...]


class _Priced(NamedTuple):
    """A priced stay: lines before its days, the days (one for all in the short walk), lines after them."""

    before: list[BillLine]
    days: Sequence[DayPart]
    after: list[BillLine]
    total: int
    minutes: int


def price(tariff: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts = NO_FACTS) -> Bill:
    """The bill of a stay; leaving at or before the entry costs nothing. Both times are aware, parts of a second are dropped.

    Minutes count once they are complete, but whoever was there at all was there for one: without free minutes, a stay is
    charged from its first second.
    """
    if facts is NO_FACTS and tariff.simple and not tariff.classes:
        return _short(tariff, entered_at, leaving_at)
    rules, priced = _long(tariff, entered_at, leaving_at, facts)
    tally: Tally = {}
    for day in priced.days:
        for slot, count in day.tally.items():
            tally[slot] = tally.get(slot, 0) + count
    rests = [_rest_line(rules, day) for day in priced.days if day.rest is not None]
    lines = [*priced.before, *rules.book.lines(tally), *rests, *priced.after]
    return Bill(rules.book.money(priced.total), tuple(lines), priced.minutes, tariff.version)


def itemise(
    tariff: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts = NO_FACTS
) -> tuple[Itemised, ...]:
    """The same bill day by day, each with its period."""
    if facts is NO_FACTS and tariff.simple and not tariff.classes:
        one = _one_day(tariff, entered_at, leaving_at)
        if one is not None:
            return one
    rules, priced = _long(tariff, entered_at, leaving_at, facts)
    entry_s = _second(entered_at)
    end_s = entry_s + priced.minutes * 60
    found = [
        Itemised(
            day.begin_s,
            day.end_s,
            (*rules.book.lines(day.tally), *([_rest_line(rules, day)] if day.rest is not None else [])),
        )
        for day in priced.days
    ]
    if priced.before:
        found.insert(0, Itemised(entry_s, priced.days[0].begin_s if priced.days else end_s, tuple(priced.before)))
    if priced.after:
        found.append(Itemised(entry_s, end_s, tuple(priced.after)))
    return tuple(found)


def _one_day(tariff: Tariff, entered_at: datetime, leaving_at: datetime) -> tuple[Itemised, ...] | None:
    """The periods of a short walk through one day, whose lines are those of its bill; None where it touches another day."""
    bill, entry_s = _short(tariff, entered_at, leaving_at), _second(entered_at)
    lines, begin_s, end_s = bill.lines, entry_s, entry_s + bill.minutes * 60
    found: list[Itemised] = []
    if lines and lines[0].rule == "free_minutes":
        begin_s += lines[0].minutes * 60
        found.append(Itemised(entry_s, begin_s, lines[:1]))
    if begin_s == end_s:
        return tuple(found)
    _, day_end = day_around(tariff, entry_s, begin_s)
    if day_end + (entry_s - day_end) % 60 < end_s:
        return None
    bounds = 1 if lines and lines[-1].rule in _BOUNDS else 0
    found.append(Itemised(begin_s, end_s, lines[len(found) : len(lines) - bounds]))
    if bounds:
        found.append(Itemised(entry_s, end_s, lines[-1:]))
    return tuple(found)


def _short(tariff: Tariff, entered_at: datetime, leaving_at: datetime) -> Bill:
    """A stay of which nothing is known but its times, under a tariff that asks for nothing else."""
    entry_s = _second(entered_at)
    seconds = _second(leaving_at) - entry_s
    minutes = seconds // 60 if seconds >= 60 else 1 if seconds > 0 else 0  # counted_minutes, without the call
    book, counted_s, free_s = tariff.book, minutes * 60, tariff.free_s
    if counted_s <= free_s:
        return Bill(book.money(0), (_free_line(tariff, minutes),), minutes, tariff.version)
    at = entry_s + free_s if tariff.charge_after_free else entry_s
    total, tally = walk(tariff, entry_s, at, entry_s + counted_s)
    key = (*tally.items(),)
    known = book.bills.get(key)
    if known is None:
        known = _make_short(tariff, total, tally)
        if len(book.bills) >= _KEPT_BILLS:
            book.bills.clear()
        book.bills[key] = known
    return Bill(known[0], known[1], minutes, tariff.version)


def totals(tariff: Tariff, entry_s: int, facts: Facts = NO_FACTS) -> Callable[[int], int]:
    """What `price` says in minor units of a stay of so many minutes (from one), for whoever asks often and wants no lines."""
    if facts is NO_FACTS and tariff.simple and not tariff.classes:
        free_s, charged_s = tariff.free_s, tariff.free_s if tariff.charge_after_free else 0

        def short(minutes: int) -> int:
            counted_s = max(1, minutes) * 60
            if counted_s <= free_s:
                return 0
            return _bounded(tariff, walk(tariff, entry_s, entry_s + charged_s, entry_s + counted_s)[0])[0]

        return short
    entry = datetime.fromtimestamp(entry_s, UTC)
    return lambda minutes: price(tariff, entry, entry + max(1, minutes) * _MINUTE, facts).total.minor


def _make_short(tariff: Tariff, total: int, tally: Tally) -> tuple[Money, tuple[BillLine, ...]]:
    """Total and lines of a tally; stays alike share them."""
    lines = tariff.book.lines(tally)
    if tariff.charge_after_free and tariff.free_s:
        lines.insert(0, _free_line(tariff, tariff.free_s // 60))
    total, after = _bounded(tariff, total)
    return tariff.book.money(total), (*lines, *after)


def _long(tariff: Tariff, entered_at: datetime, leaving_at: datetime, facts: Facts) -> tuple[Tariff, _Priced]:
    """Any stay under any tariff; the rules are those of the vehicle's class."""
    rules = tariff.for_vehicle(facts)
    book, entry_s = rules.book, _second(entered_at)
    minutes = counted_minutes(_second(leaving_at) - entry_s)
    stopped = min(minutes, facts.stopped_minutes)
    counted_s = (minutes - stopped) * 60
    before = [] if stopped == 0 else [book.single("stopped", minutes=stopped, rule="stopped")]
    class_line = book.class_line()
    if class_line is not None:
        before.append(class_line)
    earlier = [(v.entered_at, counted_minutes(_second(v.left_at) - _second(v.entered_at))) for v in facts.earlier]
    history = recall(rules, facts, earlier)
    allowed = history.allowance(entry_s)
    if counted_s <= allowed.nothing_s:
        before.append(_allowed_line(rules, allowed, counted_s))
        return rules, _Priced(before, (), [], 0, minutes)
    if allowed.after_s:
        before.append(_allowed_line(rules, allowed, allowed.after_s))
    end_s = entry_s + counted_s
    standing = _standing(rules, facts, entry_s)
    anchor_s = history.anchor(entry_s)
    left_s = entry_s + minutes * 60
    stay = Stay(entry_s, entry_s + allowed.after_s, end_s, anchor_s, left_s, standing, history.spent)
    days = tuple(parts(rules, stay))
    total, after = _bounded(rules, sum(day.amount for day in days))
    return rules, _Priced(before, days, after, total, minutes)


def booked_line(tariff: Tariff, difference: Money) -> BillLine:
    """What was booked less what it would be by calendars that were put right since: a holiday, the hour of a summer time."""
    return tariff.book.single(BOOKED, amount=difference.minor, rule=BOOKED)


def _free_line(tariff: Tariff, minutes: int) -> BillLine:
    return tariff.book.single("free", minutes=minutes, rule="free_minutes")


def _allowed_line(rules: Tariff, allowed: Allowance, seconds: int) -> BillLine:
    return rules.book.single("free", minutes=seconds // 60, name=allowed.name, rule=allowed.rule)


def _rest_line(rules: Tariff, day: DayPart) -> BillLine:
    assert day.rest is not None, "only days with a rest are asked for their line"
    return rules.book.single("day_rest", unit=day.rest, amount=day.rest, rule="day.cap")


def _bounded(rules: Tariff, total: int) -> tuple[int, list[BillLine]]:
    """The total with the least and the most that a stay costs, and the lines that say so."""
    least, most, book = rules.minimum_minor, rules.stay_cap_minor, rules.book
    if 0 < total < least:
        return least, [book.single("minimum", unit=least, amount=least - total, rule="minimum")]
    if most is not None and total > most:
        return most, [book.single("stay_cap", unit=most, amount=most - total, rule="stay_cap")]
    return total, []


def _standing(rules: Tariff, facts: Facts, entry_s: int) -> tuple[Standing, ...]:
    """Where the vehicle stands from which minute on; under a pass it stands nowhere that costs."""
    places = sorted((max(entry_s, _aligned(place.since, entry_s)), place) for place in facts.places)
    covered = [
        (max(entry_s, _aligned(since, entry_s)), None if until is None else _aligned(until, entry_s))
        for since, until in facts.covered
    ]
    moments = {entry_s, *(since for since, _ in places)}
    for since, until in covered:
        moments |= {since} if until is None else {since, max(entry_s, until)}
    standing: list[Standing] = []
    for moment in sorted(moments):
        place = next((place for since, place in reversed(places) if since <= moment), None)
        zone, bay = (place.zone, place.bay) if place else ("", "")
        if any(since <= moment and (until is None or moment < until) for since, until in covered):
            standing.append((moment, COVERED, zone))
        else:
            groups = enumerate(rules.groups[1:], start=1)
            number = next((n for n, group in groups if group.holds(zone, bay)), 0)
            standing.append((moment, number, zone))
    return tuple(standing)


def _aligned(moment: datetime, entry_s: int) -> int:
    """A minute belongs to where it begins: the next begin of a minute of this stay."""
    second = _second(moment)
    return second + (entry_s - second) % 60


def facts_of(stops: Sequence[Stop], entered_at: datetime, leaving_at: datetime, facts: Facts = NO_FACTS) -> Facts:
    """The facts of a stay whose fee clock stood still for a while: a minute counts once the clock ran it whole."""
    if not stops:
        return facts
    entry_s, leaving_s = _second(entered_at), _second(leaving_at)
    ran_s = leaving_s - entry_s - stopped_s(spans(stops), entry_s, leaving_s)
    return facts._replace(stopped_minutes=counted_minutes(leaving_s - entry_s) - counted_minutes(ran_s))


def counted_minutes(seconds: int) -> int:
    """Complete minutes, but whoever was there at all was there for one."""
    return seconds // 60 if seconds >= 60 else 1 if seconds > 0 else 0


def _second(moment: datetime) -> int:
    try:
        since = moment - _EPOCH
    except TypeError:
        raise invalid("tariff.time", "a time needs an offset, such as 2026-05-01T10:00:00+08:00") from None
    return since.days * 86_400 + since.seconds
