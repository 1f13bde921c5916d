"""The long walk: day by day through a stay that has places, passes, tickets or earlier stays behind it.

The blocks are those of the short walk. Where the vehicle stands decides which rates a block may have; under a pass no
block begins; the day at last costs no more than its cap, or than a ticket that holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from payments.tariff.calendar import DAY_S
from payments.tariff.model import Rate, Tariff, Ticket
from payments.tariff.walk import Tally, banded, capped

COVERED = -1
Standing = tuple[int, int, str]  # from when (whole minutes after the entry), group or COVERED, zone


class Stay(NamedTuple):
    """A stay in seconds: `entry_s` to `end_s` on its fee clock, charged from `at_s`; its rolling days are counted from `anchor_s`.

    `left_s` is when it left on the wall's clock, later than `end_s` by what the fee clock stood still.
    """

    entry_s: int
    at_s: int
    end_s: int
    anchor_s: int
    left_s: int
    standing: tuple[Standing, ...]
    spent: Mapping[int, int] = {}
    """Under an aggregate cap: what earlier stays cost, by `key` of the day."""


class DayPart(NamedTuple):
    """What one day of a stay costs; `rest` is what the day's cap had left where earlier stays had used some of it."""

    key: int
    begin_s: int
    end_s: int
    amount: int
    tally: Tally
    rest: int | None = None


def day_around(tariff: Tariff, anchor_s: int, at_s: int) -> tuple[int, int]:
    """The key of the day around a moment, and the second at which it ends; rolling days are counted from `anchor_s`."""
    if tariff.rolling:
        key = anchor_s + (at_s - anchor_s) // DAY_S * DAY_S
        return key, key + DAY_S
    return tariff.calendar.locate(at_s)


def parts(tariff: Tariff, stay: Stay) -> Iterator[DayPart]:
    """The days of a stay that is charged for at least a minute, in order."""
    entry_s, end_s, begin = stay.entry_s, stay.end_s, stay.at_s
    key, day_end = day_around(tariff, stay.anchor_s, begin)
    walker = _Walker(tariff, stay)
    first_day = True
    while True:
        aligned = day_end + (entry_s - day_end) % 60  # a minute belongs to the day in which it begins
        stop = min(aligned, end_s)
        if begin < stop:
            amount, tally = walker.day(begin, stop, key)
            amount, tally, rest = _day_capped(tariff, stay, amount, tally, (begin, stop), key, first_day)
            yield DayPart(key, begin, stop, amount, tally, rest)
            first_day = False
        if aligned >= end_s:
            return
        begin = max(begin, aligned)
        key, day_end = (day_end, day_end + DAY_S) if tariff.rolling else (key + 1, tariff.calendar.day_start(key + 2))
        walker.midnight(aligned)


class _Walker:
    """Where the next block begins, how many were used, which rate and group the last one had."""

    def __init__(self, tariff: Tariff, stay: Stay) -> None:
        self._tariff = tariff
        self._stay = stay
        self._at = stay.at_s
        self._used = 0
        self._last = -1
        self._group: int | None = None
        self._entered = False

    def midnight(self, moment_s: int) -> None:
        """Another day begins."""
        if self._tariff.restart:
            self._at, self._used, self._last = moment_s, 0, -1

    def day(self, begin: int, stop: int, key: int) -> tuple[int, Tally]:
        """Amount and tally of the blocks that begin in [begin, stop), before the day's cap."""
        tariff = self._tariff
        amount, tally, entered_today = 0, Tally(), False
        for since, until, number in stretches(self._stay.standing, begin, stop):
            if number == COVERED:
                tally[tariff.covered_slot] = tally.get(tariff.covered_slot, 0) + (until - since) // 60
                self._at = max(self._at, until)
                continue
            group = tariff.groups[number]
            if self._group is not None and number != self._group and group.anew:
                self._used = 0
            self._group = number
            if not entered_today:
                amount += self._enter(tariff.rates[group.calendar.rate_at(since)], tally)
                entered_today = True
            if self._at < until:
                self._at = max(self._at, since)
                limit = stop if tariff.restart else self._stay.end_s
                self._at, more, self._used, self._last = banded(
                    tariff, group.calendar, self._at, until, limit, self._used, self._last, key, tally
                )
                amount += more
        return capped(tariff, amount, tally) if tariff.caps else amount, tally

    def _enter(self, rate: Rate, tally: Tally) -> int:
        again, self._entered = self._entered, True
        if rate.entry_slot is None or (again and not rate.entry_each_day):
            return 0
        tally[rate.entry_slot] = tally.get(rate.entry_slot, 0) + 1
        return rate.entry_minor


def stretches(standing: tuple[Standing, ...], begin: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """(from, until, group) of the standing within [begin, stop)."""
    for index, (since, number, _) in enumerate(standing):
        until = standing[index + 1][0] if index + 1 < len(standing) else stop
        if max(since, begin) < min(until, stop):
            yield max(since, begin), min(until, stop), number


def _day_capped(
    tariff: Tariff, stay: Stay, amount: int, tally: Tally, span: tuple[int, int], key: int, first_day: bool
) -> tuple[int, Tally, int | None]:
    """The day with the ticket or the cap that is best for the driver, and why a ticket that would be did not hold."""
    cap, slot = tariff.cap_minor, tariff.day_slot
    spent = stay.spent.get(key, 0)
    failed = []
    for ticket in tariff.tickets:
        if ticket.minor - spent >= amount:
            continue
        why = _why_not(ticket, stay, span, first_day)
        if why is not None:
            failed.append((ticket.minor, ticket.slot + why))
        elif cap is None or ticket.minor <= cap:
            cap, slot = ticket.minor, ticket.slot
    rest = None
    if cap is not None and amount > max(0, cap - spent):
        amount, covered = max(0, cap - spent), tally.get(tariff.covered_slot)
        tally = {} if spent else {slot: 1}
        rest = amount if spent else None
        if covered:
            tally[tariff.covered_slot] = covered
    for minor, failed_slot in failed:
        if minor - spent < amount:
            tally[failed_slot] = 1
    return amount, tally, rest


def _why_not(ticket: Ticket, stay: Stay, span: tuple[int, int], first_day: bool) -> int | None:
    """None if the ticket holds on this day, else by how much its slot is passed: 1 zones, 2 entry, 3 leaving."""
    if ticket.zones:
        for since, _, number in stretches(stay.standing, *span):
            zone = next(z for s, _, z in reversed(stay.standing) if s <= since)
            if number != COVERED and zone not in ticket.zones:
                return 1
    if ticket.enter is not None and not (first_day and ticket.enter.rate_at(stay.entry_s)):
        return 2
    if ticket.leave is not None and not (
        span[1] == stay.end_s and (ticket.leave.rate_at(stay.end_s) or ticket.leave.rate_at(stay.left_s))
    ):  # a clock that stood still, for a fire or a coupon, makes nobody leave too early
        return 3
    return None
