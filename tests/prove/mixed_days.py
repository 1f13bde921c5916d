"""Days on which anything may go wrong at once, in shares drawn from a seed: outages, fires, power cuts, blind cameras, missing loops,
misreads, members, fleets, cars that come again, coupons, tailgating, with and without a patrol.

`python -m tests.prove.mixed_days [DAYS] [FIRST]` prints each day that is not flawless with what was special about it, and ends in one
line: name, figure, goal, holds or falls short. Left out is what no system can tell apart by itself: cloned plates, people at the desk
who err, and who pays on his phone for books that an outage keeps from knowing that he has left.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from random import Random
from typing import Any

from hardware_sim.scenario import Scenario
from parking.cli import simulate

DAYS = 40
WRONG = ("closed_wrong", "wrong_charges", "charged_absent")


def drawn(seed: int) -> Scenario:
    """One day of this seed."""
    dice = Random(f"mixed day {seed}")

    def one_of(*values: Any) -> Any:
        return dice.choice(values)

    offline = one_of(0, 0, 30, 180)
    return Scenario(
        seed=seed,
        stays=one_of(400, 800, 1200),
        hours=one_of(24.0, 24.0, 12.0, 72.0),
        misread=one_of(0, 0.02, 0.05, 0.1),
        unread=one_of(0, 0.005, 0.02),
        missed=one_of(0, 0.01, 0.02, 0.04),
        offline_min=offline,
        lost_answers=one_of(0, 0, 0.05, 0.3),
        pays_ahead=0.0 if offline else one_of(0.2, 0.7, 0.95),
        members=one_of(0, 0.15),
        look_alikes=one_of(0, 0.02, 0.3),
        returns=one_of(0, 0.2, 0.5),
        backs_out=one_of(0, 0.01, 0.05),
        tailgates=one_of(0, 0.002, 0.03),
        shops=one_of(0, 0.3),
        goods_back=one_of(0, 0.2),
        blind_min=one_of(0, 0, 30),
        fire_min=one_of(0, 0, 5),
        power_cuts=one_of(0, 0, 3),
        desk_errors=0.0,
        people=one_of(1, 2, 5),
        patrol=one_of(True, False),
        boxes=one_of(1, 1, 2, 3),
        names=one_of(0, 0.5, 1),
    )


def special(scenario: Scenario) -> dict[str, Any]:
    """What is not as on every day."""
    usual = Scenario()
    known = {field.name: getattr(scenario, field.name) for field in fields(scenario)}
    return {name: value for name, value in known.items() if value != getattr(usual, name) and name != "seed"}


def main(arguments: list[str]) -> int:
    """0 when the proof holds."""
    days, first = (int(arguments[0]) if arguments else DAYS), (int(arguments[1]) if len(arguments) > 1 else 1)
    cars, faults, waiting = 0, 0, 0
    for seed in range(first, first + days):
        scenario = drawn(seed)
        report = simulate.run(scenario)
        wrong = {key: report[key] for key in WRONG if report[key]}
        wrong |= {"broken": report["violations"]} if report["violations"] else {}
        left = {key: report[key] for key in ("left_open", "gave_up") if report[key]}
        cars, waiting = cars + report["visits"], waiting + sum(left.values())
        faults += sum(report[key] for key in WRONG) + len(report["violations"])
        if wrong or left:
            print(f"  day {seed}: wrong: {wrong or 'none'}, {left}, {special(scenario)}", flush=True)
    print(f"{waiting} cars were still open in the books at the end, or gave up waiting at a lane")
    verdict = "holds" if not faults else "falls short"
    print(f"mixed_days: {faults} wrong of {cars} cars in {days} days (SIMULATED), goal 0: {verdict}")
    return 0 if not faults else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
