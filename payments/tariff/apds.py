"""A tariff as a rate table of the Alliance for Parking Data Standards (ISO/TS 5206-1), and back.

A rate table knows durations from the entry, increments, caps and the hours in which a collection of lines is valid. What it
has no words for (classes, zones, tickets, holidays, free minutes by the day ...) is named, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parking.kernel.errors import ParkingError, invalid
from payments.tariff.parse import validated
from payments.tariff.text import DAYS, BandText, EntryText, OpeningText, TariffText, meaning

_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DURATION = re.compile(r"^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?$")
_MIDNIGHT = "00:00:00"
_NEAREST = {"workday": DAYS[:5], "holiday": DAYS[5:]}
_KEPT_KEYS = frozenset(
    {"tariff", "name", "currency", "timezone", "entry", "step", "first", "day", "stay_cap", "minimum", "bands"}
)


@dataclass(frozen=True)
class Mapped:
    """What came of a mapping, and what could not be said in the other's words: keys, each with a reason."""

    value: dict[str, Any]
    lossy: tuple[str, ...] = ()


@dataclass
class _Losses:
    found: list[str] = field(default_factory=list)

    def add(self, key: str, why: str) -> None:
        self.found.append(f"{key}: {why}")


# --- to a rate table ---------------------------------------------------------------------------------------------------


def to_apds(document: TariffText) -> Mapped:
    """The rate table of a tariff; each band is a collection of its own, valid in its hours."""
    losses = _Losses()
    said = meaning(document)
    for key in sorted(said.keys() - _KEPT_KEYS):
        default = (
            TariffText.model_fields[key].get_default(call_default_factory=True)
            if key in TariffText.model_fields
            else None
        )
        if getattr(document, key) != default and key not in ("free_minutes", "charge_from"):
            losses.add(key, "a rate table has no words for it")
    if document.rounding == "down":
        losses.add("rounding", "a rate table charges begun increments")
    collections = [_own_collection(document, losses)]
    for index, band in enumerate(document.bands):
        collections.append(_band_collection(document, band, index, losses))
    table = {
        "rateTableName": [{"lang": "zh", "value": document.name.zh}, {"lang": "en", "value": document.name.en}],
        "timeZone": document.timezone,
        "rateLineCollections": collections,
    }
    return Mapped(table, tuple(losses.found))


def _own_collection(document: TariffText, losses: _Losses) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    start = 0
    if document.free_minutes:
        start = document.free_minutes
        free = {"rateLineType": "flatRateTier", "durationStart": "PT0M", "durationEnd": _iso(start), "value": 0.0}
        lines.append(free)
        if (
            document.charge_from == "entry"
        ):  # a longer stay is charged from its entry: the tier ends, it is not deducted
            free["usageCondition"] = "fixedDuration"
            start = 0
    lines += _rate_lines(document.first, document.step, start, "", losses)
    lines = _entry_lines(document.entry, "", losses) + lines
    found = _collection(document, lines, 1)
    if document.day.cap is not None:
        found["maxValueCollection"] = float(document.day.cap)
    found["relativeTimes"] = document.day.kind == "rolling_24h"
    if document.day.kind == "calendar_day":
        found["resetTime"] = _MIDNIGHT
    if document.day.restart:
        found["restartsIncrements"] = True
        losses.add("day.restart", "said by `restartsIncrements`, which is ours alone")
    if document.day.limit == "aggregate":
        losses.add("day.limit", "a cap of a rate table holds for each stay alone")
    if document.stay_cap is not None:
        losses.add("stay_cap", "a rate table caps a collection, not a stay")
    if document.minimum is not None:
        found["minValueCollection"] = float(document.minimum)
    return found


def _band_collection(document: TariffText, band: BandText, index: int, losses: _Losses) -> dict[str, Any]:
    key = f"bands.{index}"
    days = [day for day in DAYS if any(day in _NEAREST.get(word, (word,)) for word in band.days)]
    if not set(band.days) <= set(DAYS):
        losses.add(f"{key}.days", "a rate table knows no holidays; workdays are Monday to Friday there")
    lines = _entry_lines(band.entry, f"{key}.", losses) + _rate_lines(band.first, band.step, 0, f"{key}.", losses)
    found = _collection(document, lines, index + 2)
    found["collectionName"] = [{"lang": "zh", "value": band.name.zh}, {"lang": "en", "value": band.name.en}]
    period: dict[str, Any] = {
        "recurringTimePeriodOfDay": {"startTimeOfPeriod": f"{band.start}:00", "endTimeOfPeriod": f"{band.end}:00"},
        "recurringDayWeekMonthPeriod": {"applicableDay": [_DAY_NAMES[DAYS.index(day)] for day in days]},
    }
    if band.dates:
        period["dates"] = [{"start": one.first.isoformat(), "end": one.last.isoformat()} for one in band.dates]
    found["validityPeriod"] = period
    if band.cap is not None:
        found["maxValueCollection"] = float(band.cap)
    return found


def _collection(document: TariffText, lines: list[dict[str, Any]], sequence: int) -> dict[str, Any]:
    for number, line in enumerate(lines, start=1):
        line["sequence"] = number
    return {"sequence": sequence, "applicableCurrency": document.currency, "rateLines": lines}


def _entry_lines(entry: EntryText | None, key: str, losses: _Losses) -> list[dict[str, Any]]:
    if entry is None:
        return []
    if entry.each == "day":
        losses.add(f"{key}entry.each", "a flat rate is charged once")
    return [{"rateLineType": "flatRate", "value": float(entry.amount), "usageCondition": "once"}]


def _rate_lines(first: Any, step: Any, start: int, key: str, losses: _Losses) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    at = start
    for opening in () if first is None else (first,) if isinstance(first, OpeningText) else first:
        end = at + opening.minutes * opening.count
        line = {"rateLineType": "incrementingRate", "durationStart": _iso(at), "durationEnd": _iso(end)}
        lines.append({**line, "incrementPeriod": _iso(opening.minutes), "value": float(opening.amount)})
        at = end
    if step is None:
        losses.add(f"{key}step", "there is none; the rate table ends with its flat rate")
        return lines
    line = {"rateLineType": "incrementingRate", "durationStart": _iso(at)}
    return [*lines, {**line, "incrementPeriod": _iso(step.minutes), "value": float(step.amount)}]


def _iso(minutes: int) -> str:
    return f"PT{minutes}M"


# --- from a rate table -------------------------------------------------------------------------------------------------


def from_apds(table: Mapping[str, Any], *, name: str) -> Mapped:
    """The document of a rate table as plain values (write it as YAML, or `load` it); ParkingError names the row."""
    losses = _Losses()
    collections = _list(table, "rateLineCollections", name)
    if not collections:
        raise _wrong(name, "rateLineCollections", "is empty; add the lines")
    own = [one for one in collections if "validityPeriod" not in one]
    if len(own) != 1:
        raise _wrong(name, "rateLineCollections", "should have one collection without `validityPeriod`: the usual rate")
    where = f"rateLineCollections.{collections.index(own[0])}"
    document: dict[str, Any] = {
        "tariff": "1",
        "name": _name(table.get("rateTableName"), name),
        "currency": str(own[0].get("applicableCurrency", "")),
        "timezone": str(table.get("timeZone", "UTC")),
        **_own_rules(own[0], f"{name}, {where}", losses),
    }
    if "timeZone" not in table:
        losses.add("timeZone", "not said; UTC is taken")
    bands = []
    for index, one in enumerate(collections):
        if "validityPeriod" in one:
            bands.append(_band(one, f"{name}, rateLineCollections.{index}", losses))
    if bands:
        document["bands"] = bands
    known = {"rateTableName", "timeZone", "rateLineCollections"}
    for key in sorted(table.keys() - known):
        losses.add(key, "a tariff has no words for it")
    validated(document, name)
    return Mapped(document, tuple(losses.found))


def _own_rules(one: Mapping[str, Any], where: str, losses: _Losses) -> dict[str, Any]:
    rules: dict[str, Any] = {"day": {"kind": "rolling_24h" if one.get("relativeTimes") else "calendar_day"}}
    if one.get("resetTime", _MIDNIGHT) != _MIDNIGHT:
        losses.add("resetTime", "a day of a tariff begins at midnight or with the entry")
    if one.get("restartsIncrements"):
        rules["day"]["restart"] = True
    if "maxValueCollection" in one:
        rules["day"]["cap"] = _amount(one["maxValueCollection"], f"{where}, maxValueCollection")
    if "minValueCollection" in one:
        rules["minimum"] = _amount(one["minValueCollection"], f"{where}, minValueCollection")
    return {**rules, **_lines(one, where, losses)}


def _lines(one: Mapping[str, Any], where: str, losses: _Losses) -> dict[str, Any]:
    """Free minutes, entry, first periods and step of a collection's lines."""
    rules: dict[str, Any] = {}
    first: list[dict[str, Any]] = []
    lines = _list(one, "rateLines", where)
    for index, line in enumerate(sorted(lines, key=lambda line: line.get("sequence", 0))):
        at = f"{where}.rateLines.{index}"
        kind, amount = line.get("rateLineType"), _amount(line.get("value"), f"{at}, value")
        begin, end = (_minutes(line.get(key), f"{at}, {key}") for key in ("durationStart", "durationEnd"))
        if kind == "flatRate":
            rules["entry"] = {"amount": amount}
        elif kind == "flatRateTier" and float(amount) == 0 and not begin and end:
            rules["free_minutes"] = end
            rules["charge_from"] = "entry" if line.get("usageCondition") == "fixedDuration" else "after_free"
        elif kind == "flatRateTier" and end:
            first.append({"minutes": end - (begin or 0), "amount": amount})
        elif kind == "incrementingRate":
            period = _minutes(line.get("incrementPeriod"), f"{at}, incrementPeriod")
            if not period:
                raise _wrong(at, "incrementPeriod", "is missing; write a duration such as PT60M")
            if end is None:
                rules["step"] = {"minutes": period, "amount": amount}
            elif (end - (begin or 0)) % period:
                raise _wrong(at, "durationEnd", "cuts an increment; end it with a whole one")
            else:
                first.append({"minutes": period, "amount": amount, "count": (end - (begin or 0)) // period})
        else:
            losses.add(at, f"lines of the type {kind!r} cannot be priced by time")
        for key in ("minValue", "maxValue"):
            if key in line:
                losses.add(f"{at}.{key}", "a single line has no bounds of its own")
    if first:
        rules["first"] = first
    return rules


def _band(one: Mapping[str, Any], where: str, losses: _Losses) -> dict[str, Any]:
    period = one["validityPeriod"]
    try:
        hours, days = period["recurringTimePeriodOfDay"], period["recurringDayWeekMonthPeriod"]["applicableDay"]
        band: dict[str, Any] = {
            "name": _name(one.get("collectionName"), "band"),
            "days": [DAYS[_DAY_NAMES.index(day)] for day in days],
            "from": str(hours["startTimeOfPeriod"])[:5],
            "to": str(hours["endTimeOfPeriod"])[:5],
        }
        if "dates" in period:
            band["dates"] = [{"from": span["start"], "to": span["end"]} for span in period["dates"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _wrong(where, "validityPeriod", "should have hours (HH:MM:SS) and applicable days") from None
    if "maxValueCollection" in one:
        band["cap"] = _amount(one["maxValueCollection"], f"{where}, maxValueCollection")
    rules = _lines(one, where, losses)
    if rules.pop("free_minutes", None):
        losses.add(where, "free minutes within hours have no words")
        rules.pop("charge_from")
    return {**band, **rules}


def _wrong(where: str, key: str, said: str) -> ParkingError:
    return invalid("apds.malformed", f"`{key}` {said}", field=where)


def _list(of: Mapping[str, Any], key: str, where: str) -> Sequence[Mapping[str, Any]]:
    found = of.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _wrong(where, key, "should be a list of objects")
    return found


def _name(said: Any, otherwise: str) -> dict[str, str]:
    words = (
        {one.get("lang"): str(one.get("value")) for one in said if isinstance(one, dict)}
        if isinstance(said, list)
        else {}
    )
    english = words.get("en") or next(iter(words.values()), otherwise)
    return {"zh": (words.get("zh") or english)[:60], "en": english[:60]}


def _amount(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise invalid("apds.malformed", "should be an amount, such as 4.5", field=where)
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _minutes(value: Any, where: str) -> int | None:
    if value is None:
        return None
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise invalid("apds.malformed", "should be a duration of whole minutes, such as PT90M", field=where)
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes
