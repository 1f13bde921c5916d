"""Twenty seeded Saturdays of a mall against the product's own code: who was closed rightly without a person, and who was charged wrongly.

`python -m tests.prove.traffic [SEEDS] [STAYS] [FIRST_SEED]` prints a table of every run beside the naive pairing, for three kinds of
day: as cameras are, with bad cameras and loops, and with fleets of look-alike plates besides. It ends in one line: name, figure, goal,
holds or falls short.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hardware_sim.scenario import Scenario
from parking.cli import simulate

SEEDS, STAYS = 20, 10_000
GOAL_RIGHT, GOAL_SHOWN = 0.995, 0.95
USUAL = Scenario(misread=0.02, missed=0.005)
DAYS = {
    "usual": USUAL,
    "bad": replace(USUAL, misread=0.05, missed=0.02),
    "fleets": replace(USUAL, misread=0.05, missed=0.02, look_alikes=1.0),
}
_COLUMNS = (
    *("visits", "closed_right", "closed_by_person", "closed_wrong", "left_open", "in_queue", "answer_among_first"),
    *("wrong_charges", "charged_absent", "naive_right", "naive_wrong", "naive_by_person", "naive_wrong_charges"),
)


@dataclass
class Sum:
    """All runs of one kind of day."""

    seeds: int = 0
    worst_right: float = 1.0
    left: int = 0
    right: int = 0
    naive_right: int = 0
    wrong: int = 0
    open: int = 0
    shown: int = 0
    broken: int = 0

    def add(self, report: dict[str, Any]) -> None:
        self.seeds += 1
        self.worst_right = min(self.worst_right, report["share_right"] or 0.0)
        self.left += sum(report[key] for key in ("closed_right", "closed_by_person", "closed_wrong", "left_open"))
        self.right += report["closed_right"]
        self.naive_right += report["naive_right"]
        self.wrong += report["wrong_charges"] + report["charged_absent"]
        self.open += report["left_open"]
        self.shown += report["answer_among_first"]
        self.broken += bool(report["violations"])

    @property
    def shown_share(self) -> float:
        return self.shown / self.open if self.open else 1.0

    @property
    def holds(self) -> bool:
        return not self.wrong and not self.broken and self.shown_share >= GOAL_SHOWN


def runs(seeds: int, stays: int, first: int) -> Iterator[tuple[str, dict[str, Any], float]]:
    """Every day of every seed: its kind, the report, the seconds of one core that it took."""
    for seed in range(first, first + seeds):
        for kind, day in DAYS.items():
            began = time.process_time()
            report = simulate.run(replace(day, seed=seed, stays=stays))
            yield kind, report, time.process_time() - began


def main(arguments: list[str]) -> int:
    """Run, print, judge."""
    numbers = [int(one) for one in arguments]
    seeds, stays, first = (*numbers, *(SEEDS, STAYS, 1)[len(numbers) :])
    sums = {kind: Sum() for kind in DAYS}
    print("day     seed  " + "  ".join(_COLUMNS) + "  seconds", flush=True)
    for kind, report, seconds in runs(seeds, stays, first):
        sums[kind].add(report)
        cells = "  ".join(f"{report[name]:>{len(name)}}" for name in _COLUMNS)
        print(f"{kind:7} {report['seed']:4}  {cells}  {seconds:7.1f}", flush=True)
        for violation in report["violations"]:
            print(f"  broken: {violation}", flush=True)
    for kind, one in sums.items():
        print(
            f"{kind}: {one.right / one.left:.4%} closed rightly without a person, naive {one.naive_right / one.left:.4%}"
        )
    usual = sums["usual"]
    holds = all(one.holds for one in sums.values()) and usual.worst_right >= GOAL_RIGHT
    wrong = sum(one.wrong for one in sums.values())
    print(
        f"traffic: {usual.worst_right:.4%} closed rightly without a person in the worst of {seeds} days of {stays} stays, {wrong} wrong"
        f" charges, goal {GOAL_RIGHT:.1%} and none, {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
