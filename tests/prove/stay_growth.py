"""Ten million stays in the store on a disk: what a car's arrival and leaving cost then, against a thousand.

`python -m tests.prove.stay_growth [STAYS]` prints one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.test_stay_growth import GOAL, INSIDE, medians, report
from tests.builders.stay_growth import mall_with

FEW, MANY = 1_000, 10_000_000


def main(arguments: list[str]) -> int:
    many = int(arguments[0]) if arguments else MANY
    with tempfile.TemporaryDirectory() as folder:
        stories = {size: mall_with(size, INSIDE, f"sqlite:///{Path(folder) / str(size)}.db") for size in (FEW, many)}
        ratio = report(medians(stories))
        for story in stories.values():
            story.database.close()
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
