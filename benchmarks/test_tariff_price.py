"""A quote against the bare integer kernel: CPU time of pricing a stay whole (zones, checks, bill lines) as a share of walking
its segments in bare integers, at 3 h, 24 h and 30 days.

Both sides price the same stays in turn, round by round in random order; every total is compared, so a wrong answer has no
speed. The kernel knows one fixed offset, no lines, no currency, no checks: it is the least that such a price can cost.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from payments.tariff.parse import load
from payments.tariff.price import price

GOAL = 0.30
ROUNDS = 15
STAYS = 200
START = datetime(2026, 1, 1, tzinfo=UTC)

HEAD = """
tariff: 1
name: { zh: 基准, en: Benchmark }
currency: CNY
timezone: Asia/Shanghai
step: { minutes: 60, amount: 4.00 }
day: { cap: 40.00 }
"""
PLAIN = HEAD + "free_minutes: 15\nfirst: { minutes: 60, amount: 6.00 }\n"
BANDS = (
    HEAD
    + """
bands:
  - { name: { zh: 早, en: Early }, from: "06:00", to: "10:00", step: { minutes: 30, amount: 1.50 } }
  - { name: { zh: 夜, en: Night }, from: "20:00", to: "06:00", step: { minutes: 60, amount: 1.00 }, cap: 5.00 }
  - { name: { zh: 周末, en: Weekend }, days: [sat, sun], from: "10:00", to: "20:00", step: { minutes: 60, amount: 6.00 } }
"""
)
OFFSET_MIN = 8 * 60
FIRST_DAY = 3  # 1970-01-01 was a Thursday
NO_CAP = 1 << 60
Segment = tuple[int, int, int, int]  # until which minute of the day, minutes of a step, its price, its band


@dataclass(frozen=True)
class Table:
    """A tariff as bare integers: free minutes, first period and price, segments of working days and of weekends, caps."""

    free: int
    first: int
    first_price: int
    days: tuple[tuple[Segment, ...], tuple[Segment, ...]]
    band_caps: tuple[int, ...]
    day_cap: int


_ALL_DAY: tuple[Segment, ...] = ((1440, 60, 400, 0),)
PLAIN_TABLE = Table(15, 60, 600, (_ALL_DAY, _ALL_DAY), (NO_CAP,), 4000)
BANDS_TABLE = Table(
    0,
    0,
    0,
    (
        ((360, 60, 100, 2), (600, 30, 150, 1), (1200, 60, 400, 0), (1440, 60, 100, 2)),
        ((360, 60, 100, 2), (600, 30, 150, 1), (1200, 60, 600, 3), (1440, 60, 100, 2)),
    ),
    (NO_CAP, NO_CAP, 500, NO_CAP),
    4000,
)


def kernel(table: Table, entry: int, leave: int) -> int:
    """Minor units between two minutes since 1970: walk the segments of each day, cap each band, cap the day."""
    if leave - entry <= table.free:
        return 0
    total, at, first = 0, entry, table.first
    day = (entry + OFFSET_MIN) // 1440
    while at < leave:
        midnight = day * 1440 - OFFSET_MIN
        spent = [0] * len(table.band_caps)
        for until, step, unit, band in table.days[(day + FIRST_DAY) % 7 > 4]:
            stop = midnight + until
            if stop > leave:
                stop = leave
            if at < stop:
                if first:
                    at += first
                    spent[band] += table.first_price
                    first = 0
                    if at >= stop:
                        continue
                count = (stop - at + step - 1) // step
                at += step * count
                spent[band] += unit * count
        amount = 0
        for money, cap in zip(spent, table.band_caps, strict=True):
            amount += money if money < cap else cap
        total += amount if amount < table.day_cap else table.day_cap
        day += 1
    return total


def measure(text: str, table: Table, span: timedelta, chance: random.Random) -> list[float]:
    """Per round: kernel CPU over our CPU for the same stays."""
    tariff = load(text, name="benchmark.yaml")
    entries = [START + timedelta(minutes=chance.randrange(300 * 1440)) for _ in range(STAYS)]
    stays = [(entry, entry + span) for entry in entries]
    minutes = [(int(a.timestamp()) // 60, int(b.timestamp()) // 60) for a, b in stays]

    def ours() -> Sequence[int]:
        return [price(tariff, entered_at, leaving_at).total.minor for entered_at, leaving_at in stays]

    def bare() -> Sequence[int]:
        return [kernel(table, entry, leave) for entry, leave in minutes]

    sides = {"ours": ours, "bare": bare}
    repeats = 20 if span < timedelta(days=7) else 5
    ratios = []
    for number in range(ROUNDS + 1):
        cost: dict[str, float] = {}
        answers: dict[str, Sequence[int]] = {}
        for name in chance.sample(sorted(sides), 2):
            began = time.process_time()
            for _ in range(repeats):
                answers[name] = sides[name]()
            cost[name] = time.process_time() - began
        assert answers["ours"] == answers["bare"], f"the two sides do not agree at {span}"
        if number:  # the first round warms both
            ratios.append(cost["bare"] / cost["ours"])
    return ratios


def lower_bound(ratios: Sequence[float], chance: random.Random) -> float:
    """The lower end of the 95 % interval of the median, by bootstrap."""
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(1000))
    return medians[25]


def test_tariff_price() -> None:
    """Every total is equal on both sides; the ratios are printed."""
    chance = random.Random(20260501)
    print()
    for name, text, table in (("plain", PLAIN, PLAIN_TABLE), ("banded", BANDS, BANDS_TABLE)):
        for label, span in (("3 h", timedelta(hours=3)), ("24 h", timedelta(hours=24)), ("30 d", timedelta(days=30))):
            ratios = measure(text, table, span, chance)
            ratio, low = statistics.median(ratios), lower_bound(ratios, chance)
            verdict = "holds" if low >= GOAL else "falls short"
            print(
                f"quote, {name} tariff, {label}: {ratio:.2f} of the integer kernel (95 % from {low:.2f}), goal {GOAL:.2f}, {verdict}"
            )
