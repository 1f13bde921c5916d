"""Proof that whose stay it is costs the same however many there are: CPU per entry and exit at 10^7 stays against 10^3.

`python -m tests.prove.matching [STAYS]`; ten million take about half an hour and 6 GB of disk. A short version is in the benchmarks.
"""

from __future__ import annotations

import sys

from benchmarks.test_session_matching import GOAL, ratio

SMALL, LARGE = 1_000, 10_000_000


def main(arguments: list[str]) -> int:
    """0 when the proof holds."""
    large = int(arguments[0]) if arguments else LARGE
    found, at_small, at_large = ratio(SMALL, large)
    verdict = "holds" if found <= GOAL else "falls short"
    print(
        f"matching: CPU per event at {large:,} stays over {SMALL:,}: {found:.2f} ({at_small:.0f} to {at_large:.0f} us), "
        f"goal <= {GOAL}: {verdict}"
    )
    return 0 if found <= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
