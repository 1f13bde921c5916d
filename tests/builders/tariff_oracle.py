"""The slow oracle of tariffs: one minute after the other, on the wall clock, from the document as it was written.

It shares nothing with the code that it judges but the file: no days worked out, no blocks counted at once. What it looks up again and
again (the date of a quarter of an hour, where the vehicle stood by then) it looks up once: every clock on earth changes at such a quarter.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
COVERED: dict[str, Any] = {"covered": True}


@dataclass(frozen=True)
class Known:
    """What else is known of a stay: words of the vehicle, (since, zone, bay), (from, until) under a pass, earlier stays."""

    stopped_minutes: int = 0
    vehicle: str = ""
    plate_class: str = ""
    energy: str = ""
    places: Sequence[tuple[datetime, str, str]] = ()
    covered: Sequence[tuple[datetime, datetime | None]] = ()
    earlier: Sequence[tuple[datetime, datetime]] = ()


@lru_cache(maxsize=4096)
def _minor(amount: str) -> int:
    exact = Fraction(amount) * 100
    assert exact.denominator == 1
    return int(exact)


@lru_cache(maxsize=4)
def _read(text: str) -> dict[str, Any]:
    rules: dict[str, Any] = json.loads(text) if text.startswith("{") else yaml.safe_load(text)
    return rules


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@dataclass
class _World:
    """The document with its zone and its holidays."""

    rules: dict[str, Any]
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.rules["timezone"])
        table = self.rules.get("holidays", {}).get("overrides", ())
        self.holidays = {date.fromisoformat(str(one["on"])): one["is"] == "holiday" for one in table}
        self.dates: dict[int, date] = {}

    def date_of(self, moment_s: int) -> date:
        """The date on the wall at a moment (seconds since 1970)."""
        quarter = moment_s // 900
        found = self.dates.get(quarter)
        if found is None:
            found = self.dates[quarter] = datetime.fromtimestamp(900 * quarter, self.zone).date()
        return found

    def is_holiday(self, day: date) -> bool:
        """Weekends and the table: the oracle's documents use no country's calendar."""
        return bool(self.holidays.get(day, day.weekday() >= 5))

    def begins(self, window: dict[str, Any], day: date) -> bool:
        spans = window.get("dates", ())
        if spans and not any(
            date.fromisoformat(str(span["from"])) <= day <= date.fromisoformat(str(span["to"])) for span in spans
        ):
            return False
        words = {WEEK[day.weekday()], "holiday" if self.is_holiday(day) else "workday"}
        return bool(words & set(window.get("days", WEEK)))

    def covers(self, window: dict[str, Any], wall: datetime) -> int:
        """0: no; 2: since today; 1: since yesterday."""
        begin, end, minute = _clock(window["from"]), _clock(window["to"]), wall.hour * 60 + wall.minute
        overnight = end <= begin
        if minute >= begin and (overnight or minute < end) and self.begins(window, wall.date()):
            return 2
        if overnight and minute < end and self.begins(window, wall.date() - timedelta(days=1)):
            return 1
        return 0

    def band(self, bands: Sequence[dict[str, Any]], wall: datetime) -> dict[str, Any] | None:
        best, score = None, 0
        for band in bands:
            since = self.covers(band, wall)
            if since:
                special = bool({"workday", "holiday"} & set(band.get("days", WEEK)))
                rank = 3 if band.get("dates") else 2 if special else 1
                if 10 * rank + since > score:
                    best, score = band, 10 * rank + since
        return best


def _is_meant(who: dict[str, Any], known: Known) -> bool:
    return all(
        word in who[key]
        for key, word in (("vehicles", known.vehicle), ("plates", known.plate_class), ("energy", known.energy))
        if who.get(key)
    )


def _counted(entry: datetime, leave: datetime) -> int:
    minutes = 0
    if leave > entry and leave - entry < MINUTE:
        minutes = 1  # whoever was there at all was there for a minute
    return max(minutes, (leave - entry) // MINUTE)


def _frees(rules: dict[str, Any], known: Known) -> list[dict[str, Any]]:
    own = {
        "minutes": rules.get("free_minutes", 0),
        "per": rules.get("free_per", "entry"),
        "charge_from": rules.get("charge_from", "entry"),
    }
    others = [free for free in rules.get("free", ()) if _is_meant(free.get("for", {}), known)]
    return [own, *({"per": "entry", "charge_from": "after_free", **free} for free in others)]


def oracle(
    text: str, entered_at: datetime, leaving_at: datetime, stopped_minutes: int = 0, known: Known | None = None
) -> int:
    """Minor units (of a currency with two decimals) for a stay under the tariff `text`."""
    known = known or Known(stopped_minutes)
    rules = _read(text)
    own: dict[str, Any] = next((one for one in rules.get("classes", ()) if _is_meant(one["for"], known)), {})
    rules = {**rules, **{key: value for key, value in own.items() if key not in ("name", "for")}}
    teller = _Teller(_World(rules), known)
    for came, went in known.earlier:
        entry = came.astimezone(UTC).replace(microsecond=0)
        teller.stay(entry, _counted(entry, went.astimezone(UTC).replace(microsecond=0)), alone=True)
    entry, leave = entered_at.astimezone(UTC).replace(microsecond=0), leaving_at.astimezone(UTC).replace(microsecond=0)
    return teller.stay(entry, max(0, _counted(entry, leave) - known.stopped_minutes), alone=False)


class _Teller:
    """Counts the stays of one vehicle, in their order."""

    def __init__(self, world: _World, known: Known) -> None:
        self.world, self.rules, self.known = world, world.rules, known
        self.frees = _frees(self.rules, known)
        self.given: list[list[tuple[datetime, int]]] = [[] for _ in self.frees]  # when and how much of each was taken
        self.visits: list[datetime] = []
        self.spent: dict[Any, int] = defaultdict(int)
        self.anchor: datetime | None = None
        self.running_until: datetime | None = None

    def left(self, index: int, entry: datetime) -> int:
        free, zone = self.frees[index], self.world.zone
        minutes, today = int(free["minutes"]), entry.astimezone(zone).date()
        if free["per"] == "day":
            return 0 if any(v.astimezone(zone).date() == today for v in self.visits) else minutes
        if free["per"] == "24h":
            return 0 if any(entry - at < timedelta(hours=24) for at, _ in self.given[index]) else minutes
        if free["per"] == "cumulative":
            return minutes - sum(used for at, used in self.given[index] if at.astimezone(zone).date() == today)
        return minutes

    def stay(self, entry: datetime, minutes: int, *, alone: bool) -> int:
        """What one stay costs; `alone`: an earlier one, of which only its times are known."""
        left = [self.left(index, entry) for index in range(len(self.frees))]
        together = sum if self.rules.get("free_start") == "sequential" else max
        nothing = together(left)
        after = [much for much, free in zip(left, self.frees, strict=True) if free["charge_from"] == "after_free"]
        for index, free in enumerate(self.frees):
            if free["per"] == "24h" and left[index]:
                self.given[index].append((entry, 0))
            elif free["per"] == "cumulative" and (minutes <= nothing or free["charge_from"] == "after_free"):
                self.given[index].append((entry, min(left[index], minutes)))
        self.visits.append(entry)
        total = self.charge(entry, together(after) if after else 0, minutes, minutes <= nothing, alone=alone)
        return total

    def charge(self, entry: datetime, begin: int, minutes: int, free: bool, *, alone: bool) -> int:
        aggregate = self.rules.get("day", {}).get("limit") == "aggregate"
        if not (aggregate and self.running_until and entry < self.running_until):
            self.anchor = entry
        assert self.anchor is not None
        self.running_until = self.anchor + timedelta(hours=24)
        while entry + minutes * MINUTE > self.running_until:
            self.running_until += timedelta(hours=24)
        if free:
            return 0
        walked = _Walk(self, entry, begin, minutes, alone=alone)
        total = 0
        for day in walked.days:
            amount = walked.capped(day)
            total += amount
            if aggregate:
                self.spent[day] += amount
        least, most = self.rules.get("minimum"), self.rules.get("stay_cap")
        if least is not None and total:
            total = max(total, _minor(str(least)))
        return min(total, _minor(str(most))) if most is not None else total


class _Walk:
    """One stay, minute by minute: what each day's bands, zones and entries come to."""

    def __init__(self, teller: _Teller, entry: datetime, begin: int, minutes: int, *, alone: bool) -> None:
        self.teller, self.rules, self.world = teller, teller.rules, teller.world
        self.entry, self.minutes, self.alone = entry, minutes, alone
        self.spent: dict[Any, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
        self.entries: dict[Any, int] = defaultdict(int)
        self.stood: dict[Any, set[str]] = defaultdict(set)
        self.days: list[Any] = []
        assert teller.anchor is not None
        self.entry_s, self.anchor_s = int(entry.timestamp()), int(teller.anchor.timestamp())
        self.rolling = self.rules.get("day", {}).get("kind") == "rolling_24h"
        self.places = [(int(since.timestamp() // 1), zone, bay) for since, zone, bay in teller.known.places]
        self.covered = [
            (int(since.timestamp() // 1), None if until is None else int(until.timestamp() // 1))
            for since, until in teller.known.covered
        ]
        self._go(begin)

    def day_of(self, minute: int) -> Any:
        moment_s = self.entry_s + 60 * minute
        if self.rolling:
            return self.anchor_s + (moment_s - self.anchor_s) // 86_400 * 86_400
        return self.world.date_of(moment_s)

    def where(self, minute: int) -> tuple[int, str]:
        """(number of the zone's rules, 0: none, -1: under a pass; zone)."""
        moment_s = self.entry_s + 60 * minute
        if self.alone or not (self.places or self.covered or self.rules.get("zones")):
            return 0, ""
        zone = bay = ""
        for since_s, at_zone, at_bay in self.places:  # oldest first
            if since_s <= moment_s:
                zone, bay = at_zone, at_bay
        for since_s, until_s in self.covered:
            if since_s <= moment_s and (until_s is None or moment_s < until_s):
                return -1, zone
        for number, rules in enumerate(self.rules.get("zones", ()), start=1):
            if (not rules.get("zones") or zone in rules["zones"]) and (not rules.get("bays") or bay in rules["bays"]):
                return number, zone
        return 0, zone

    def _go(self, begin: int) -> None:
        day_rules, up = self.rules.get("day", {}), self.rules.get("rounding", "up") == "up"
        each_band = self.rules.get("first_period") == "each_band"
        left, price, slot, block_day = 0, 0, (0, 0), None
        used, last_slot, group, last_day, entered, entered_day = 0, None, None, None, False, None
        for minute in range(begin, self.minutes):
            today = self.day_of(minute)
            if today != last_day:
                self.days.append(today)
                if day_rules.get("restart") and last_day is not None:
                    left, used, last_slot = 0, 0, None  # what was begun yesterday ends with yesterday
                last_day = today
            number, zone = self.where(minute)
            if number < 0:
                if left:
                    left -= 1
                    if not left and not up:
                        self.spent[block_day][slot] += price
                continue
            self.stood[today].add(zone)
            rules = self.rules["zones"][number - 1] if number else self.rules
            if group is not None and number != group and rules.get("anew"):
                used = 0
            group = number
            rate: dict[str, Any] = {}
            if entered_day != today or not left:
                wall = (self.entry + minute * MINUTE).astimezone(self.world.zone)
                band = self.world.band(rules.get("bands", ()), wall)
                rate, here = band or rules, (number, rules["bands"].index(band) + 1 if band else 0)
            if entered_day != today:
                fee = rate.get("entry")
                if fee and (not entered or fee.get("each") == "day"):
                    self.entries[today] += _minor(str(fee["amount"]))
                entered, entered_day = True, today
            if not left:
                if each_band and here != last_slot:
                    used = 0
                block = self._block(rate, used)
                used, last_slot = used + 1, here
                left, price = block["minutes"], _minor(str(block["amount"]))
                slot, block_day = here, today
                if up:
                    self.spent[block_day][slot] += price
            left -= 1
            if left == 0 and not up:
                self.spent[block_day][slot] += price

    @staticmethod
    def _block(rate: dict[str, Any], used: int) -> dict[str, Any]:
        firsts = rate.get("first") or []
        row = [
            one
            for first in ([firsts] if isinstance(firsts, dict) else firsts)
            for one in [first] * first.get("count", 1)
        ]
        if used < len(row):
            return dict(row[used])
        return rate.get("step") or {"minutes": 44_640, "amount": 0}

    def capped(self, day: Any) -> int:
        total = self.entries[day]
        for number, rules in enumerate((self.rules, *self.rules.get("zones", ()))):
            amount = 0
            for place, band in enumerate((rules, *rules.get("bands", ()))):
                spent = self.spent[day][(number, place)]
                if place and band.get("cap") is not None:
                    spent = min(spent, _minor(str(band["cap"])))
                amount += spent
            if number and rules.get("cap") is not None:
                amount = min(amount, _minor(str(rules["cap"])))
            total += amount
        caps = [_minor(str(ticket["amount"])) for ticket in self.rules.get("tickets", ()) if self.holds(ticket, day)]
        if self.rules.get("day", {}).get("cap") is not None:
            caps.append(_minor(str(self.rules["day"]["cap"])))
        already = self.teller.spent[day] if self.rules.get("day", {}).get("limit") == "aggregate" else 0
        return min([total, *(max(0, cap - already) for cap in caps)])

    def holds(self, ticket: dict[str, Any], day: Any) -> bool:
        if ticket.get("zones") and not self.stood[day] <= set(ticket["zones"]):
            return False
        if ticket.get("enter"):
            wall = self.entry.astimezone(self.world.zone)
            if day != self.days[0] or not self.world.covers(ticket["enter"], wall):
                return False
        if ticket.get("leave"):
            ends = {self.minutes, self.minutes if self.alone else self.minutes + self.teller.known.stopped_minutes}
            walls = [(self.entry + minutes * MINUTE).astimezone(self.world.zone) for minutes in ends]
            if day != self.days[-1] or not any(self.world.covers(ticket["leave"], wall) for wall in walls):
                return False
        return True
