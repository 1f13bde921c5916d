"""The walk through a stay, in bare integers: which blocks it touches, under which caps, and what they come to.

Time is cut into blocks that follow each other from the entry; each costs what the band in which it begins says, and
belongs to the day in which it begins. More time only ever adds blocks, so staying longer is never cheaper.
"""

from __future__ import annotations

from payments.tariff.calendar import DAY_S
from payments.tariff.model import Tariff

Tally = dict[int, int]
"""How many of what: slot `3 * rate` counts first blocks of a rate, + 1 its steps, + 2 how often its cap took their place;
`tariff.day_slot` counts days at the day's cap."""
Stretch = tuple[int, int, Tally]  # where the next block begins, minor units, what was used


def walk(tariff: Tariff, entry_s: int, end_s: int) -> tuple[int, Tally]:
    """Minor units and tally of a stay longer than the free minutes; `end_s` lies whole minutes after `entry_s`."""
    calendar, cap = tariff.calendar, tariff.cap_minor
    at = entry_s + tariff.free_s if tariff.charge_after_free else entry_s
    if tariff.rolling:
        day = 0
        day_end = entry_s + ((at - entry_s) // DAY_S + 1) * DAY_S
    else:
        day, day_end = calendar.locate(at)
        day_end += (entry_s - day_end) % 60  # a minute belongs to the day in which it begins
    blocks = _banded if len(tariff.rates) > 1 else _plain
    if end_s <= day_end:  # most stays
        _, amount, tally = blocks(tariff, at, end_s, end_s, True, day)
        return (cap, {tariff.day_slot: 1}) if cap is not None and amount > cap else (amount, tally)
    total, whole, first = 0, Tally(), True
    while True:
        stop = day_end if day_end < end_s else end_s
        if at < stop:
            # A block counts whole once it is begun, or else once it is complete by `limit`.
            at, amount, tally = blocks(tariff, at, stop, stop if tariff.restart else end_s, first, day)
            first = False
            if cap is not None and amount > cap:
                amount, tally = cap, {tariff.day_slot: 1}
            total += amount
            for slot, count in tally.items():
                whole[slot] = whole.get(slot, 0) + count
        if day_end >= end_s:
            return total, whole
        if tariff.restart:
            at, first = day_end, True
        day += 1
        day_end = day_end + DAY_S if tariff.rolling else calendar.day_start(day + 1)
        day_end += (entry_s - day_end) % 60


def _plain(tariff: Tariff, at: int, stop: int, limit: int, first: bool, _day: int) -> Stretch:
    """Blocks that begin in [at, stop) under the one rate."""
    rate = tariff.rates[0]
    amount = 0
    tally: Tally = {}
    if first and rate.first_s:
        if not tariff.round_up and at + rate.first_s > limit:
            return limit, 0, tally
        at += rate.first_s
        amount = rate.first_minor
        tally[0] = 1
    if at < stop:
        count = (stop - at + rate.step_s - 1) // rate.step_s
        begun = at + count * rate.step_s
        if not tariff.round_up and begun > limit:
            count, begun = (limit - at) // rate.step_s, limit
        if count:
            amount += count * rate.step_minor
            tally[1] = count
        at = begun
    return at, amount, tally


def _banded(tariff: Tariff, at: int, stop: int, limit: int, first: bool, day: int) -> Stretch:
    """The same where bands change the rate; a band's own cap holds for this stretch as a whole."""
    calendar, rates, round_up = tariff.calendar, tariff.rates, tariff.round_up
    if tariff.rolling:  # a stretch of 24 hours lies across two days of the calendar
        day = calendar.day_of(at)
    amount = 0
    tally: Tally = {}
    while at < stop:
        for segment_end, index in calendar.kept.get(day) or calendar.segments(day):
            if segment_end <= at:
                continue
            rate = rates[index]
            if first:
                first = False
                if rate.first_s:
                    if not round_up and at + rate.first_s > limit:
                        at = limit
                        break
                    tally[3 * index] = 1
                    amount += rate.first_minor
                    at += rate.first_s
                    if segment_end <= at:
                        continue
            until = segment_end if segment_end < stop else stop
            if at >= until:
                break
            step_s = rate.step_s
            count = (until - at + step_s - 1) // step_s
            begun = at + count * step_s
            if not round_up and begun > limit:
                count, begun = (limit - at) // step_s, limit
            at = begun
            if count:
                amount += count * rate.step_minor
                slot = 3 * index + 1
                tally[slot] = tally[slot] + count if slot in tally else count
            if at >= stop:
                break
        day += 1
    for slot, cap in tariff.band_caps:
        if slot + 1 in tally or slot in tally:
            rate = rates[slot // 3]
            spent = tally.get(slot, 0) * rate.first_minor + tally.get(slot + 1, 0) * rate.step_minor
            if spent > cap:
                amount -= spent - cap
                tally.pop(slot, None)
                tally.pop(slot + 1, None)
                tally[slot + 2] = 1
    return at, amount, tally
