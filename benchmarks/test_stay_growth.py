"""What a car costs the server from its arrival to its leaving, with ever more stays in the store: the past must not make it dearer.

The whole event: a gate box's batch is ingested, relayed and handled by every room, the ledger books, the lanes' copy is renewed. Both
stores hold as many cars inside; the larger has a longer past. Measured in turns in one process, in CPU time, so that whatever else the
machine does falls on both. `python -m tests.prove.stay_growth` does the same with 10^7.
"""

from __future__ import annotations

import gc
import random
import statistics
import time

from tests.builders.journeys import SiteStory
from tests.builders.stay_growth import arrive_and_leave, mall_with

SIZES = (1_000, 100_000, 1_000_000)
INSIDE, ROUNDS = 100, 60
GOAL = 1.3


def medians(stories: dict[int, SiteStory], rounds: int = ROUNDS) -> dict[int, float]:
    """Seconds of CPU for one car, by the number of stays in the store."""
    spent: dict[int, list[float]] = {size: [] for size in stories}
    dice = random.Random(1)
    for number in range(rounds):
        for size in dice.sample(sorted(stories), len(stories)):
            gc.collect() if number % 20 == 0 else None
            began = time.process_time()
            arrive_and_leave(stories[size], number)
            spent[size].append(time.process_time() - began)
    return {size: statistics.median(times[5:]) for size, times in spent.items()}


def report(found: dict[int, float]) -> float:
    """Print each size, and the dearest against the smallest store."""
    smallest = found[min(found)]
    for size, seconds in sorted(found.items()):
        print(f"{size:>10} stays: {seconds * 1000:7.2f} ms of CPU for a car's arrival and leaving")
    ratio = max(found.values()) / smallest
    print(
        f"stay growth: {ratio:.2f} times the cost of {min(found)} stays, goal {GOAL}, {'holds' if ratio <= GOAL else 'falls short'}"
    )
    return ratio


def test_a_long_past_makes_no_car_dearer() -> None:
    assert report(medians({size: mall_with(size, INSIDE) for size in SIZES})) <= GOAL
