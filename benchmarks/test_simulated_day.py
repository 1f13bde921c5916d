"""What one car's whole visit costs in `parking simulate`: lanes, journal, server, money, the lanes' copy, all of the product's own code.

CPU time for each further stay, found by two days of unlike length, so that the start of the program does not count. The goal is a day
of 10 000 stays in a minute on one core. Beside it stands how long a fixed piece of plain Python takes, as the measure of the machine.
"""

from __future__ import annotations

import time
from dataclasses import replace

from hardware_sim.scenario import Scenario
from parking.cli import simulate

SHORT, LONG = 40, 240
PER_HOUR = 400.0
GOAL_MS = 6.0
DAY = Scenario(seed=7, misread=0.02, missed=0.005)


def a_day(stays: int) -> float:
    """Seconds of CPU for a day of so many stays, all as close together as in a large mall."""
    began = time.process_time()
    report = simulate.run(replace(DAY, stays=stays, hours=stays / PER_HOUR))
    assert report["ok"]
    assert report["visits"] == stays
    return time.process_time() - began


def plain_python() -> float:
    """Seconds of CPU for a hundred thousand turns of a plain loop."""
    began = time.process_time()
    kept: dict[int, tuple[int, str]] = {}
    for number in range(100_000):
        kept[number % 1_000] = (number, str(number))
    return time.process_time() - began


def test_a_simulated_stay() -> None:
    a_day(SHORT)  # warm
    before = plain_python()
    short, long = a_day(SHORT), a_day(LONG)
    machine = (before + plain_python()) / 2
    each_ms = (long - short) / (LONG - SHORT) * 1e3
    print(
        f"\na simulated stay: {each_ms:.1f} ms of CPU (as long as {each_ms / machine * 100:,.0f} turns of a plain loop),"
        f" goal {GOAL_MS} ms, {'holds' if each_ms <= GOAL_MS else 'falls short'}"
    )
