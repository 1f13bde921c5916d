"""The figures as they are asked for, from the read tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.analytics import passages, ratings
from parking.analytics import tables as t
from parking.analytics.asked import FEWEST, Asked, By, Split, Spread, grouped, period, spread

_COLUMN = {"lane": "lane_id", "lot": "lot_id", "class": "class", "channel": "channel", "zone": "zone_id"}


@dataclass(frozen=True, slots=True)
class FlowRow:
    """Vehicles in and out by proven passages; `found`: exits that came to light afterwards."""

    period: str
    key: str
    entered: int
    gone: int
    found: int


@dataclass(frozen=True, slots=True)
class DwellRow:
    period: str
    key: str
    spread: Spread


@dataclass(frozen=True, slots=True)
class OccupancyRow:
    """Bays taken on average over the time for which the count was known; `known` is that share of the time, 0 to 1.

    `peak` is the most at any moment; of several zones together nobody knows it.
    """

    period: str
    key: str
    average: float | None
    capacity: float | None
    peak: int | None
    known: float


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """Minor units of `unit`; due + overpaid + prepaid = captured - refunded + coupon + waived + debt, unless one channel alone is asked."""

    period: str
    key: str
    unit: str
    sums: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RatingRow:
    """How many gave one to five; the average is told of five or more."""

    period: str
    key: str
    scores: tuple[int, ...]
    average: float | None


def flow(conn: Connection, asked: Asked) -> list[FlowRow]:
    rows = _rows(conn, t.flow, asked, t.FLOW)
    return [FlowRow(when, key, **sums) for (when, key), sums in grouped(rows, asked.by, t.FLOW).items()]


def dwell(conn: Connection, asked: Asked) -> list[DwellRow]:
    lengths: dict[tuple[str, str], dict[int, int]] = {}
    for row in _rows(conn, t.dwell, asked, ("stays",), "minutes"):
        into = lengths.setdefault((period(asked.by, row["day"], row["hour"]), row["key"]), {})
        into[row["minutes"]] = into.get(row["minutes"], 0) + int(row["stays"])
    found = [DwellRow(when, key, spread(lengths[when, key])) for when, key in sorted(lengths)]
    return [row for row in found if row.spread.stays]


def money(conn: Connection, asked: Asked) -> list[MoneyRow]:
    found: list[MoneyRow] = []
    rows = list(_rows(conn, t.money, asked, t.MONEY, "unit"))
    for unit in sorted({row["unit"] for row in rows}):
        of_unit = grouped((row for row in rows if row["unit"] == unit), asked.by, t.MONEY)
        found += [MoneyRow(when, key, unit, sums) for (when, key), sums in of_unit.items()]
    return sorted(found, key=lambda row: (row.period, row.key, row.unit))


def occupancy(
    conn: Connection, asked: Asked, zone: ZoneInfo, now: datetime, level_of: Mapping[str, str]
) -> list[OccupancyRow]:
    """`level_of` names the level of each zone that the site has; zones that it no longer has stand under their own name."""
    names = ("occupied_s", "known_s", "unknown_s", "capacity_s", "peak")
    per_zone: dict[tuple[str, str], dict[str, int]] = {}
    for row in [*_zone_rows(conn, asked), *_since_the_last_word(conn, asked, zone, now)]:
        sums = per_zone.setdefault((period(asked.by, row["day"], row["hour"]), row["zone_id"]), dict.fromkeys(names, 0))
        for name in names[:-1]:
            sums[name] += int(row[name])
        sums["peak"] = max(sums["peak"], int(row["peak"]))
    together: dict[tuple[str, str], list[dict[str, int]]] = {}
    for (when, zone_id), sums in per_zone.items():
        key = {Split.ZONE: zone_id, Split.LEVEL: level_of.get(zone_id, zone_id)}.get(asked.split, "")
        together.setdefault((when, key), []).append(sums)
    return [_together(when, key, together[when, key]) for when, key in sorted(together)]


def ratings_of(conn: Connection, asked: Asked) -> list[RatingRow]:
    scores: dict[tuple[str, str], list[int]] = {}
    since, until = asked.since.isoformat(), asked.until.isoformat()
    for row in ratings.between(conn, since, until, asked.only.get("lane", "")):
        key = row.lane_id if asked.split is Split.LANE else ""
        into = scores.setdefault((period(asked.by, row.day, 0), key), [0] * 5)
        into[row.score - 1] += int(row.n)
    found = []
    for when, key in sorted(scores):
        one = scores[when, key]
        n, total = sum(one), sum(score * count for score, count in enumerate(one, 1))
        found.append(RatingRow(when, key, tuple(one), round(total / n, 2) if n >= FEWEST else None))
    return found


def choices(conn: Connection) -> dict[str, list[str]]:
    """What has been seen of lanes, lots, classes and channels."""
    found: dict[str, set[str]] = {"lane": set(), "lot": set(), "class": set(), "channel": set()}
    for table in (t.flow, t.money):
        for name, values in found.items():
            column = table.c.get(_COLUMN[name])
            if column is not None:
                values |= {one for one in conn.execute(sa.select(column).distinct()).scalars() if one}
    return {name: sorted(values) for name, values in found.items()}


def _rows(conn: Connection, table: sa.Table, asked: Asked, names: Iterable[str], *more: str) -> list[Mapping[str, Any]]:
    """Sums by day, hour (where hours are asked for), what is split by, and `more` columns."""
    c = table.c
    hour = c.hour if asked.by is By.HOUR else sa.literal(0)
    key = c[_COLUMN[asked.split]] if asked.split in _COLUMN else sa.literal("")
    kept = [c.day, hour.label("hour"), key.label("key"), *(c[name] for name in more)]
    by = [c.day, *([c.hour] if asked.by is By.HOUR else []), *([key] if asked.split in _COLUMN else [])]
    query = (
        sa.select(*kept, *(sa.func.sum(c[name]).label(name) for name in names))
        .where(*_where(table, asked))
        .group_by(*by, *(c[name] for name in more))
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _where(table: sa.Table, asked: Asked) -> list[sa.ColumnElement[bool]]:
    days = [table.c.day >= asked.since.isoformat(), table.c.day <= asked.until.isoformat()]
    return days + [table.c[_COLUMN[name]] == value for name, value in asked.only.items() if _COLUMN[name] in table.c]


def _zone_rows(conn: Connection, asked: Asked) -> list[Mapping[str, Any]]:
    return [dict(row) for row in conn.execute(sa.select(t.occupancy).where(*_where(t.occupancy, asked))).mappings()]


def _since_the_last_word(conn: Connection, asked: Asked, zone: ZoneInfo, now: datetime) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for word in conn.execute(sa.select(t.zone_now)).mappings():
        if asked.only.get("zone", word["zone_id"]) != word["zone_id"]:
            continue
        for key, sums, peak in passages.parts(word, now, zone):
            if asked.since.isoformat() <= key["day"] <= asked.until.isoformat():
                found.append({**key, **sums, "peak": peak})
    return found


def _together(when: str, key: str, zones: list[dict[str, int]]) -> OccupancyRow:
    """Zones side by side: an average is the sum of theirs, of those of which anything was known."""
    known = [z for z in zones if z["known_s"]]
    seconds = sum(z["known_s"] for z in zones), sum(z["unknown_s"] for z in zones)
    return OccupancyRow(
        when,
        key,
        average=round(sum(z["occupied_s"] / z["known_s"] for z in known), 1) if known else None,
        capacity=round(sum(z["capacity_s"] / z["known_s"] for z in known), 1) if known else None,
        peak=zones[0]["peak"] if len(zones) == 1 and known else None,
        known=round(seconds[0] / sum(seconds), 3) if sum(seconds) else 0.0,
    )
