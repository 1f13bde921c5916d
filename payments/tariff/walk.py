"""The walk through a stay, in bare integers: which blocks it touches, under which caps, and what they come to.

Time is cut into blocks that follow each other from the entry; each costs what the band in which it begins says, and
belongs to the day in which it begins. More time only ever adds blocks, so staying longer is never cheaper.
"""

from __future__ import annotations

from payments.tariff.calendar import DAY_S, Calendar
from payments.tariff.model import Tariff

Tally = dict[int, int]
"""How many of what; a tariff's `LineBook` knows what its slots mean."""
Stretch = tuple[
    int, int, int, int
]  # where the next block begins, minor units, blocks used so far, rate of the last one


def walk(tariff: Tariff, entry_s: int, at: int, end_s: int) -> tuple[int, Tally]:
    """Minor units and tally of a stay that is charged from `at`, under a simple tariff; `end_s` lies whole minutes later."""
    calendar, cap = tariff.calendar, tariff.cap_minor
    if tariff.rolling:
        day = 0
        day_end = entry_s + ((at - entry_s) // DAY_S + 1) * DAY_S
    else:
        day, day_end = calendar.locate(at)
        day_end += (entry_s - day_end) % 60  # a minute belongs to the day in which it begins
    one_rate = len(tariff.rates) == 1
    if end_s <= day_end:  # most stays
        tally: Tally = {}
        if one_rate:
            amount = plain(tariff, at, end_s, end_s, 0, tally)[1]
        else:
            amount = banded(tariff, calendar, at, end_s, end_s, 0, -1, day, tally)[1]
            if tariff.caps:
                amount = capped(tariff, amount, tally)
        return (cap, {tariff.day_slot: 1}) if cap is not None and amount > cap else (amount, tally)
    total, whole, used, last = 0, Tally(), 0, -1
    while True:
        stop = day_end if day_end < end_s else end_s
        if at < stop:
            # A block counts whole once it is begun, or else once it is complete by `limit`.
            limit, tally = stop if tariff.restart else end_s, {}
            if one_rate:
                at, amount, used = plain(tariff, at, stop, limit, used, tally)
            else:
                at, amount, used, last = banded(tariff, calendar, at, stop, limit, used, last, day, tally)
                if tariff.caps:
                    amount = capped(tariff, amount, tally)
            if cap is not None and amount > cap:
                amount, tally = cap, {tariff.day_slot: 1}
            total += amount
            for slot, count in tally.items():
                whole[slot] = whole[slot] + count if slot in whole else count
        if day_end >= end_s:
            return total, whole
        if tariff.restart:
            at, used, last = day_end, 0, -1
        day += 1
        day_end = day_end + DAY_S if tariff.rolling else calendar.day_start(day + 1)
        day_end += (entry_s - day_end) % 60


def plain(tariff: Tariff, at: int, stop: int, limit: int, used: int, tally: Tally) -> tuple[int, int, int]:
    """Blocks that begin in [at, stop) under the one rate, from block number `used` on."""
    rate, round_up = tariff.rates[0], tariff.round_up
    amount, first = 0, rate.first
    while used < len(first) and at < stop:
        block = first[used]
        if not round_up and at + block.seconds > limit:
            return limit, amount, used
        at += block.seconds
        amount += block.minor
        tally[block.slot] = tally[block.slot] + 1 if block.slot in tally else 1
        used += 1
    if at < stop:
        step_s = rate.step_s
        count = (stop - at + step_s - 1) // step_s
        begun = at + count * step_s
        if not round_up and begun > limit:
            count, begun = (limit - at) // step_s, limit
        if count:
            amount += count * rate.step_minor
            tally[rate.step_slot] = count
            used += count
        at = begun
    return at, amount, used


def banded(
    tariff: Tariff, calendar: Calendar, at: int, stop: int, limit: int, used: int, last: int, day: int, tally: Tally
) -> Stretch:
    """The same where bands change the rate: block number `used` is the next one, `last` the rate of the one before."""
    rates, round_up, each_band = tariff.rates, tariff.round_up, tariff.each_band
    if tariff.rolling:  # a stretch of 24 hours lies across two days of the calendar
        day = calendar.day_of(at)
    amount = 0
    while at < stop:
        for segment_end, index in calendar.kept.get(day) or calendar.segments(day):
            if segment_end <= at:
                continue
            rate = rates[index]
            if each_band and index != last:
                used = 0
            until = segment_end if segment_end < stop else stop
            first = rate.first
            if first:
                while used < len(first) and at < until:
                    block = first[used]
                    if not round_up and at + block.seconds > limit:
                        return limit, amount, used, index
                    tally[block.slot] = tally.get(block.slot, 0) + 1
                    amount += block.minor
                    at += block.seconds
                    used += 1
            last = index
            if at < until:
                step_s = rate.step_s
                count = (until - at + step_s - 1) // step_s
                begun = at + count * step_s
                if not round_up and begun > limit:
                    count, begun = (limit - at) // step_s, limit
                at = begun
                if count:
                    used += count
                    amount += count * rate.step_minor
                    slot = rate.step_slot
                    tally[slot] = tally[slot] + count if slot in tally else count
            if at >= stop:
                break
        day += 1
    return at, amount, used, last


def capped(tariff: Tariff, amount: int, tally: Tally) -> int:
    """The amount with the caps of bands and zones, which take the place of what they cap in the tally."""
    for cap in tariff.caps:
        spent = 0
        for slot, minor in cap.members:
            if slot in tally:
                spent += tally[slot] * minor
        if spent > cap.minor:
            amount -= spent - cap.minor
            for slot, _ in cap.members:
                tally.pop(slot, None)
            tally[cap.slot] = 1
    return amount
