"""A mall's day of demand: who comes when, in what car, to which level, for how long, and how long they wait before giving up.

Pure and repeatable: the same seed gives the same day on every machine, whatever PYTHONHASHSEED says. Nobody here exists.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

from parking.kernel.plate import Plate

# How busy a mall's entry is through the (local) day, from midnight; only the proportions matter.
_BUSY_BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 6, 14, 30, 55, 75, 80, 70, 75, 70, 60, 75, 95, 90, 55, 20, 6, 2)
_STEP_S = 60.0

# Where the cars of a mall in Zhejiang come from: province sign, offices, cars in a thousand.
_HOMES = (
    ("浙", "ABCDEFGHJKL", 700),
    ("沪", "ABCDEFGHJKLMN", 80),
    ("苏", "ABCDEFGHJKLMN", 70),
    ("皖", "ABCDEFGHJKLMNPRS", 50),
    ("赣", "ABCDEFGHJKLM", 25),
    ("闽", "ABCDEFGHJ", 15),
    ("鲁", "ABCDEFGHJKLMNPQRSUVY", 12),
    ("豫", "ABCDEFGHJKLMNPQRSU", 12),
    ("粤", "ABCDEFGHJKLMNPQRSTUVWXY", 10),
    ("京", "ACEFGHJKLMNPQ", 6),
    ("鄂", "ABCDEFGHJKLMNPQRS", 5),
    ("湘", "ABCDEFGHJKLMNU", 4),
    ("川", "ABCDEFHJKLMQRSTUVWXYZ", 4),
    ("渝", "ABCDFGHN", 3),
    ("冀", "ABCDEFGHJRT", 2),
    ("新", "ABCDEFGHJKLMNPQR", 1),
    ("琼", "ABCDEF", 1),
)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which read like 1 and 0
_ELECTRIC, _HYBRID = "DABCE", "FGHJK"
_GREEN_SHARE = 0.3

# Why people come: share in a thousand, median stay in minutes, spread (sigma of its logarithm).
_ERRANDS = ((180, 14.0, 0.5), (430, 95.0, 0.45), (300, 160.0, 0.3), (90, 300.0, 0.3))
_SHORTEST, _LONGEST = timedelta(minutes=3), timedelta(hours=14)


class CarKind(StrEnum):
    """What the plate looks like: blue with seven signs, green (new energy) with eight."""

    BLUE = "blue"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One car: it comes at `at` (UTC), stays for `dwell` on `level`, and leaves a queue that lasts longer than `patience`."""

    at: datetime
    plate: Plate
    kind: CarKind
    dwell: timedelta
    level: str
    patience: timedelta


def arrivals(
    seed: int,
    start: datetime,
    hours: float,
    per_hour: float,
    levels: Sequence[str] = ("b1", "b2"),
    utc_offset: timedelta = timedelta(hours=8),
) -> Iterator[Arrival]:
    """The cars that come from `start` (aware) on, in order; `per_hour` on average over the span, more in its busier hours.

    No plate comes twice. Of the levels the first, nearest to the entry, is liked best. ValueError for a span or rate below zero.
    """
    if start.tzinfo is None:
        raise ValueError("traffic starts at an aware time")
    if not (hours >= 0 and per_hour >= 0 and math.isfinite(hours) and math.isfinite(per_hour)):
        raise ValueError("hours and per_hour are not below zero")
    dice = Random(seed)  # noqa: S311 - repeatability is the point
    return _arrivals(dice, start, hours * 3600.0, per_hour / 3600.0, tuple(levels), utc_offset)


def _arrivals(
    dice: Random, start: datetime, span_s: float, per_s: float, levels: tuple[str, ...], utc_offset: timedelta
) -> Iterator[Arrival]:
    local = start.astimezone(UTC) + utc_offset
    steps = math.ceil(span_s / _STEP_S)
    busy = [_busy(local + timedelta(seconds=_STEP_S * i)) for i in range(steps)]
    mean = sum(busy) / len(busy) if busy else 1.0
    seen: set[str] = set()  # only ever asked, never walked through: its order does not matter
    owed = dice.expovariate(1.0)  # how much of the busyness must still go by until the next car
    for number in range(steps):
        now_s = number * _STEP_S
        until_s = min(now_s + _STEP_S, span_s)
        rate = per_s * busy[number] / mean
        while rate > 0 and owed <= rate * (until_s - now_s):
            now_s += owed / rate
            owed = dice.expovariate(1.0)
            yield _car(dice, start + timedelta(seconds=round(now_s, 3)), levels, seen)
        owed -= rate * (until_s - now_s)


def _busy(local: datetime) -> float:
    """How busy it is, between the values of this hour's and the next hour's middle."""
    position = local.hour + local.minute / 60.0 - 0.5
    here = math.floor(position)
    share = position - here
    return _BUSY_BY_HOUR[here % 24] * (1 - share) + _BUSY_BY_HOUR[(here + 1) % 24] * share


def _car(dice: Random, at: datetime, levels: tuple[str, ...], seen: set[str]) -> Arrival:
    kind = CarKind.GREEN if dice.random() < _GREEN_SHARE else CarKind.BLUE
    while (text := _number(dice, kind)) in seen:
        pass
    seen.add(text)
    level = dice.choices(levels, weights=[1.0 / (n + 1) for n in range(len(levels))])[0]
    patience = timedelta(seconds=round(min(max(dice.lognormvariate(math.log(600), 0.5), 120), 3600)))
    return Arrival(at, Plate.parse(text), kind, _dwell(dice), level, patience)


def _number(dice: Random, kind: CarKind) -> str:
    province, offices, _ = dice.choices(_HOMES, weights=[share for *_, share in _HOMES])[0]
    office = dice.choice(offices[:4]) if dice.random() < 0.6 else dice.choice(offices)  # the large towns come first
    if kind is CarKind.GREEN:
        power = dice.choices((_ELECTRIC, _HYBRID), weights=(3, 1))[0]
        fourth = dice.choice(_LETTERS) if dice.random() < 0.3 else str(dice.randrange(10))
        return province + office + dice.choice(power) + fourth + f"{dice.randrange(10_000):04d}"
    signs = list(f"{dice.randrange(100_000):05d}")
    for place in dice.sample(range(5), dice.choices((0, 1, 2), weights=(2, 5, 3))[0]):
        signs[place] = dice.choice(_LETTERS)
    return province + office + "".join(signs)


def _dwell(dice: Random) -> timedelta:
    _, median_min, spread = dice.choices(_ERRANDS, weights=[share for share, *_ in _ERRANDS])[0]
    drawn = timedelta(seconds=round(60.0 * dice.lognormvariate(math.log(median_min), spread)))
    return min(max(drawn, _SHORTEST), _LONGEST)
