"""Three lots and a surge: shorter times to park than "nearest free" and "most free", no lot over-full, nobody sent in circles.

Cars come to our full mall and are sent on; a lot's feed is a minute old; who finds a lot full is sent on from there.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from typing import Any

from guidance.neighbours.base import Lot, LotState
from guidance.neighbours.choose import Memory, hear, send
from parking.kernel.ids import LotId
from tests.builders.guidance import NOON

LOTS = (
    Lot(LotId("near"), 220, 120.0, 180.0),
    Lot(LotId("middle"), 300, 240.0, 300.0),
    Lot(LotId("far"), 500, 420.0, 420.0),
)
START_FREE = {"near": 90, "middle": 120, "far": 260}
FEED_S, SURGE_S, SEARCH_S, BETWEEN_S, WAIT_S = 60, 3600, 150.0, 240.0, 600.0
MORE_THAN_THE_NEAREST, MORE_THAN_TWO = 200.0, 420.0
Policy = Callable[[dict[LotId, int], set[LotId], float], Lot | None]


@dataclass
class Outcome:
    """How it went for all cars; `turned` found their lot full, `back` were sent where they had been."""

    minutes: list[float] = field(default_factory=list)
    turned: int = 0
    back: int = 0
    fullest: float = 0.0

    def row(self, name: str) -> str:
        ordered = sorted(self.minutes)
        mean, p95 = sum(ordered) / len(ordered), ordered[int(len(ordered) * 0.95)]
        return (
            f"{name:<13} mean {mean:5.2f} min  p95 {p95:5.2f} min  turned away {self.turned:4d}  "
            f"A-B-A {self.back:3d}  fullest {self.fullest:6.1%}"
        )

    @property
    def mean(self) -> float:
        return sum(self.minutes) / len(self.minutes)

    @property
    def p95(self) -> float:
        return sorted(self.minutes)[int(len(self.minutes) * 0.95)]


class Ours:
    """The product's own choosing, fed by feeds alone."""

    def __init__(self) -> None:
        self.memory = Memory()

    def feed(self, free: dict[LotId, int], at_s: float) -> None:
        at = NOON + timedelta(seconds=at_s)
        self.memory = hear(self.memory, [LotState(lot, n, True, at) for lot, n in free.items()])

    def __call__(self, feed: dict[LotId, int], tried: set[LotId], at_s: float) -> Lot | None:
        chosen, self.memory = send(LOTS, self.memory, NOON + timedelta(seconds=at_s), tried)
        return chosen


def nearest_free(feed: dict[LotId, int], tried: set[LotId], at_s: float) -> Lot | None:
    return next((lot for lot in LOTS if feed[lot.id] > 0 and lot.id not in tried), None)


def most_free(feed: dict[LotId, int], tried: set[LotId], at_s: float) -> Lot | None:
    return max((lot for lot in LOTS if lot.id not in tried), key=lambda lot: feed[lot.id], default=None)


def run(policy: Policy, seed: int, cars_an_hour: float = MORE_THAN_TWO) -> Outcome:
    """One surge of an hour, and all its cars until each has parked."""
    chance = random.Random(seed)
    free = {lot.id: START_FREE[lot.id] for lot in LOTS}
    feed, outcome = dict(free), Outcome()
    events: list[tuple[float, int, str, Any]] = [(0.0, 0, "feed", None)]
    serial = 1
    at = 0.0
    while at < SURGE_S:
        at += chance.expovariate(cars_an_hour / 3600.0)
        heappush(events, (at, serial, "car", (at, frozenset())))
        serial += 1
    for _ in range(240):  # the lots' own guests come and go
        guest = (chance.choice(LOTS).id, chance.choice((-1, 1)))
        heappush(events, (chance.uniform(0, SURGE_S * 1.5), serial, "own", guest))
        serial += 1
    open_cars = sum(1 for e in events if e[2] == "car")
    while events and open_cars:
        at, _, what, about = heappop(events)
        if what == "feed":
            feed = dict(free)
            if isinstance(policy, Ours):
                policy.feed(feed, at)
            heappush(events, (at + FEED_S, serial, "feed", None))
        elif what == "own":
            lot_id, change = about
            capacity = next(one.capacity for one in LOTS if one.id == lot_id)
            free[lot_id] = min(capacity, max(0, free[lot_id] + change))
        elif what == "car":
            began, tried = about
            chosen = policy(feed, set(tried), at)
            if chosen is None:
                heappush(events, (at + WAIT_S, serial, "car", (began, frozenset())))  # waits, then asks again
            else:
                way = chosen.drive_s if not tried else BETWEEN_S
                heappush(events, (at + way, serial, "there", (began, tried, chosen)))
        else:
            began, tried, lot = about
            if free[lot.id] > 0:
                free[lot.id] -= 1
                outcome.minutes.append((at + SEARCH_S + lot.walk_s - began) / 60.0)
                open_cars -= 1
            else:
                outcome.turned += 1
                outcome.back += lot.id in tried
                heappush(events, (at + SEARCH_S, serial, "car", (began, tried | {lot.id})))
            outcome.fullest = max(outcome.fullest, 1 - free[lot.id] / lot.capacity)
        serial += 1
    return outcome


def table(seeds: Sequence[int], cars_an_hour: float) -> dict[str, Outcome]:
    """All policies over the same surges."""
    makers: dict[str, Callable[[], Policy]] = {
        "nearest free": lambda: nearest_free,
        "most free": lambda: most_free,
        "by share": Ours,
    }
    found: dict[str, Outcome] = {}
    for name, make in makers.items():
        total = found[name] = Outcome()
        for seed in seeds:
            one = run(make(), seed, cars_an_hour)
            total.minutes += one.minutes
            total.turned += one.turned
            total.back += one.back
            total.fullest = max(total.fullest, one.fullest)
    return found


def main(size: int = 5) -> int:
    holds, said = True, []
    for surge, others_p95 in ((MORE_THAN_THE_NEAREST, float.__lt__), (MORE_THAN_TWO, float.__le__)):
        found = table(range(size), surge)
        print(f"{surge:.0f} cars an hour")
        for name, outcome in found.items():
            print("  " + outcome.row(name))
        ours, nearest, most = found["by share"], found["nearest free"], found["most free"]
        holds &= all(ours.mean < o.mean and others_p95(ours.p95, o.p95) for o in (nearest, most))
        holds &= ours.fullest <= 1.0 and ours.back == 0
        said.append(
            f"mean {ours.mean:.2f} min (nearest {nearest.mean:.2f}, most free {most.mean:.2f}), p95 {ours.p95:.2f} "
            f"({nearest.p95:.2f}, {most.p95:.2f}), turned away {ours.turned} ({nearest.turned}, {most.turned})"
        )
    print(
        f"overflow: {size} surges each; {'; '.join(said)}; goal: mean lower than both, p95 lower (in the larger surge, where "
        f"more must go far than one in twenty, not higher): {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
