"""A week in which every payment channel of a mall is down for a day in its turn: each car leaves, the ledger sums to zero, the books are
those of the companies, and the files of all days agree in the end.

Lanes, stays, prices and payments are the product's; seven companies answer on real sockets, as `tests.builders.week_of_failures` has
it. `python -m tests.prove.week [CARS] [SEED]`. Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import structlog

from tests.builders.week_of_failures import CHANNELS, a_week

CARS = 140
"""Twenty a day."""


def main(cars: int = CARS, seed: int = 1) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        week = a_week(Path(folder), cars=cars, seed=seed)
    for what in week.wrong[:40]:
        print(f"  {what}")
    paid = ", ".join(f"{name} {count}" for name, count in sorted(week.paid.items()))
    print(
        f"  paid at the counter: {paid}; {week.debts} left first and were charged by plate or owe; {week.by_person} were helped by a"
        f" person; {time.monotonic() - began:.0f} s"
    )
    holds = not week.wrong and week.left == week.cars >= min(cars, CARS)
    print(
        f"week: {week.left} of {week.cars} cars left while {len(CHANNELS)} channels failed in turn, {len(week.wrong)} differences or"
        f" broken rules, goal all and 0; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
