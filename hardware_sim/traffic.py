"""A mall's demand, by hour and weekday: who comes when, in what car, to which level, for how long, how long they wait in a queue.

Pure and repeatable: the same seed gives the same day on every machine, whatever PYTHONHASHSEED says. Nobody here exists.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from random import Random

from parking.kernel.plate import Plate

# How busy a mall's entry is through the (local) day, from midnight; only the proportions matter.
_BUSY_BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 6, 14, 30, 55, 75, 80, 70, 75, 70, 60, 75, 95, 90, 55, 20, 6, 2)
_BUSY_BY_WEEKDAY = (80, 78, 82, 88, 105, 140, 127)
"""From Monday on."""
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

# Groups of plates that a camera takes for each other, as fleets have them: one beginning, one of these ends.
_LOOK_ALIKE_ENDS = ("888", "88B", "8B8", "B88", "8BB", "BB8")
_COMES_AGAIN_AFTER = timedelta(minutes=45)
"""Nobody comes again sooner after he means to have left: he may have had to wait."""


class CarKind(StrEnum):
    """What the plate looks like: blue with seven signs, green (new energy) with eight."""

    BLUE = "blue"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One car: it comes at `at` (UTC), stays for `dwell` on `level`, and leaves a queue that lasts longer than `patience`.

    `is_twin`: it carries the plate of another car, which means to be inside still.
    """

    at: datetime
    plate: Plate
    kind: CarKind
    dwell: timedelta
    level: str
    patience: timedelta
    is_twin: bool = False


@dataclass(frozen=True, slots=True)
class Mix:
    """What is special about some of the cars, as shares of all: those of a fleet of `look_alikes`, those that `return` after they
    have left, and those with a `cloned` plate, whose twin is inside."""

    look_alikes: float = 0.0
    returns: float = 0.0
    cloned: float = 0.0


def arrivals(
    seed: int,
    start: datetime,
    hours: float,
    per_hour: float,
    levels: Sequence[str] = ("b1", "b2"),
    utc_offset: timedelta = timedelta(hours=8),
    mix: Mix | None = None,
    count: int | None = None,
) -> Iterator[Arrival]:
    """The cars that come from `start` (aware) on, in order; `per_hour` on average over the span, more in its busier hours.

    With `count`, exactly so many in all. No plate comes twice, but as `mix` says. Of the levels the first, nearest to the entry, is
    liked best. ValueError for a span or rate below zero.
    """
    if start.tzinfo is None:
        raise ValueError("traffic starts at an aware time")
    if not (hours >= 0 and per_hour >= 0 and math.isfinite(hours) and math.isfinite(per_hour)):
        raise ValueError("hours and per_hour are not below zero")
    when = Random(f"{seed} when")  # noqa: S311 - repeatability is the point
    if count is not None:
        moments = iter(_spread(when, start, hours * 3600.0, count, utc_offset))
    else:
        moments = _moments(when, start, hours * 3600.0, per_hour / 3600.0, utc_offset)
    cars = _Cars(Random(seed), tuple(levels), mix or Mix())  # noqa: S311 - repeatable
    return map(cars.next, moments)


def busiest_hour(start: datetime, hours: float, utc_offset: timedelta = timedelta(hours=8)) -> float:
    """How many times busier than the mean the busiest minute of a span is."""
    busy = _busy_steps(start, hours * 3600.0, utc_offset)
    return max(busy) * len(busy) / sum(busy) if busy else 1.0


def _busy_steps(start: datetime, span_s: float, utc_offset: timedelta) -> list[float]:
    local = start.astimezone(UTC) + utc_offset
    return [_busy(local + timedelta(seconds=_STEP_S * i)) for i in range(math.ceil(span_s / _STEP_S))]


def _spread(dice: Random, start: datetime, span_s: float, count: int, utc_offset: timedelta) -> list[datetime]:
    """So many moments, more in the busier hours."""
    busy = list(accumulate(_busy_steps(start, span_s, utc_offset)))
    drawn = sorted(dice.random() for _ in range(count))
    found = []
    for share in drawn:
        step = bisect_left(busy, share * busy[-1])
        before = busy[step - 1] if step else 0.0
        within = (share * busy[-1] - before) / (busy[step] - before)
        found.append(start + timedelta(seconds=round(min((step + within) * _STEP_S, span_s), 3)))
    return found


def _moments(dice: Random, start: datetime, span_s: float, per_s: float, utc_offset: timedelta) -> Iterator[datetime]:
    busy = _busy_steps(start, span_s, utc_offset)
    mean = sum(busy) / len(busy) if busy else 1.0
    owed = dice.expovariate(1.0)  # how much of the busyness must still go by until the next car
    for number in range(len(busy)):
        now_s = number * _STEP_S
        until_s = min(now_s + _STEP_S, span_s)
        rate = per_s * busy[number] / mean
        while rate > 0 and owed <= rate * (until_s - now_s):
            now_s += owed / rate
            owed = dice.expovariate(1.0)
            yield start + timedelta(seconds=round(now_s, 3))
        owed -= rate * (until_s - now_s)


def _busy(local: datetime) -> float:
    """How busy it is, between the values of this hour's and the next hour's middle."""
    position = local.hour + local.minute / 60.0 - 0.5
    here = math.floor(position)
    share = position - here
    hourly = _BUSY_BY_HOUR[here % 24] * (1 - share) + _BUSY_BY_HOUR[(here + 1) % 24] * share
    return hourly * _BUSY_BY_WEEKDAY[local.weekday()] / 100.0


class _Cars:
    """One car after the other; remembers the plates that it gave away."""

    def __init__(self, dice: Random, levels: tuple[str, ...], mix: Mix) -> None:
        self._dice = dice
        self._levels = levels
        self._mix = mix
        self._seen: set[str] = set()  # only ever asked, never walked through: its order does not matter
        self._known: list[tuple[datetime, Plate, CarKind]] = []
        """Who was here, and when all of that plate mean to have left."""
        self._fleets: list[str] = []

    def next(self, at: datetime) -> Arrival:
        dice, levels = self._dice, self._levels
        plate, kind, twin_leaves = self._plate(at)
        level = dice.choices(levels, weights=[1.0 / (n + 1) for n in range(len(levels))])[0]
        patience = timedelta(seconds=round(min(max(dice.lognormvariate(math.log(600), 0.5), 120), 3600)))
        car = Arrival(at, plate, kind, _dwell(dice), level, patience, is_twin=twin_leaves is not None)
        if self._mix.returns or self._mix.cloned:
            leaves = at + car.dwell
            self._known.append((max(leaves, twin_leaves or leaves), plate, kind))
        return car

    def _plate(self, at: datetime) -> tuple[Plate, CarKind, datetime | None]:
        """A plate that never came, unless the mix says that it is one that was here, is here (until when), or looks like another."""
        mix, dice = self._mix, self._dice
        special = dice.random() if mix.returns or mix.cloned or mix.look_alikes else 1.0
        if special < mix.returns + mix.cloned and self._known:
            comes_again = special < mix.returns
            leaves, plate, kind = self._known.pop(dice.randrange(len(self._known)))
            if (leaves + _COMES_AGAIN_AFTER <= at) if comes_again else (at < leaves):
                return plate, kind, None if comes_again else leaves
            self._known.append((leaves, plate, kind))
        elif special < mix.returns + mix.cloned + mix.look_alikes:
            return self._look_alike(), CarKind.BLUE, None
        kind = CarKind.GREEN if dice.random() < _GREEN_SHARE else CarKind.BLUE
        while (text := _number(dice, kind)) in self._seen:
            pass
        self._seen.add(text)
        return Plate.parse(text), kind, None

    def _look_alike(self) -> Plate:
        """One of a fleet; a fleet whose ends are all given away makes room for a new one."""
        while True:
            if len(self._fleets) < 3:
                self._fleets.append(_number(self._dice, CarKind.BLUE)[:4])
            beginning = self._dice.choice(self._fleets)
            free = [end for end in _LOOK_ALIKE_ENDS if beginning + end not in self._seen]
            if free:
                text = beginning + self._dice.choice(free)
                self._seen.add(text)
                return Plate.parse(text)
            self._fleets.remove(beginning)


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
