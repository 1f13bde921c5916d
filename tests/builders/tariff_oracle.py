"""The slow oracle of tariffs: one minute after the other, on the wall clock, from the document as it was written.

It shares nothing with the code that it judges but the file: no seconds, no days worked out, no blocks counted at once.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import yaml

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _minor(amount: Any) -> int:
    exact = Fraction(str(amount)) * 100
    assert exact.denominator == 1
    return int(exact)


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _covers(band: dict[str, Any], wall: datetime) -> bool:
    days = band.get("days", WEEK)
    begin, end, minute = _clock(band["from"]), _clock(band["to"]), wall.hour * 60 + wall.minute
    today, yesterday = WEEK[wall.weekday()], WEEK[wall.weekday() - 1]
    if begin < end:
        return today in days and begin <= minute < end
    return (today in days and minute >= begin) or (yesterday in days and minute < end)


def oracle(text: str, entered_at: datetime, leaving_at: datetime, stopped_minutes: int = 0) -> int:
    """Minor units (of a currency with two decimals) for a stay under the tariff `text`."""
    rules = yaml.safe_load(text)
    zone, day = ZoneInfo(rules["timezone"]), rules.get("day", {})
    entry, leave = entered_at.astimezone(UTC).replace(microsecond=0), leaving_at.astimezone(UTC).replace(microsecond=0)
    minutes = 0
    if leave > entry and leave - entry < timedelta(minutes=1):
        minutes = 1  # whoever was there at all was there for a minute
    while entry + timedelta(minutes=minutes + 1) <= leave:
        minutes += 1
    minutes = max(0, minutes - stopped_minutes)
    free = rules.get("free_minutes", 0)
    if minutes <= free:
        return 0
    spent: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))  # day -> band -> minor units
    left, price, where, block_day, last_day, fresh = 0, 0, "", None, None, True
    up = rules.get("rounding", "up") == "up"
    for minute in range(free if rules.get("charge_from") == "after_free" else 0, minutes):
        wall = (entry + timedelta(minutes=minute)).astimezone(zone)
        today = minute // 1440 if day.get("kind") == "rolling_24h" else wall.date()
        if day.get("restart") and last_day is not None and today != last_day:
            left, fresh = 0, True  # what was begun yesterday ends with yesterday
        last_day = today
        if left == 0:
            band = next((b for b in rules.get("bands", ()) if _covers(b, wall)), None)
            rate = band or rules
            block = rate["first"] if fresh and rate.get("first") else rate["step"]
            left, price = block["minutes"], _minor(block["amount"])
            where, block_day, fresh = band["name"]["en"] if band else "", today, False
            if up:
                spent[block_day][where] += price
        left -= 1
        if left == 0 and not up:
            spent[block_day][where] += price
    caps = {b["name"]["en"]: _minor(b["cap"]) for b in rules.get("bands", ()) if b.get("cap") is not None}
    total = 0
    for bands in spent.values():
        of_the_day = sum(min(amount, caps.get(name, amount)) for name, amount in bands.items())
        total += min(of_the_day, _minor(day["cap"])) if day.get("cap") is not None else of_the_day
    return min(total, _minor(rules["stay_cap"])) if rules.get("stay_cap") is not None else total
