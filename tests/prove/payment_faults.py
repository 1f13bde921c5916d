"""Twelve ways in which a payment company fails, eight points at which our process dies, three orders of callbacks: 288 stories of one
car that parks, pays with a coupon, is paid back and leaves, each against a simulated company on its real wire, by the whole server.

Each must end with I1 to I4 true, our books as the company's, its file of the day without a difference, and nothing left for anybody to
do. The companies take turns; where a company has no such moment (it tells nothing of refunds), the next one's turn comes.

`python -m tests.prove.payment_faults [COMPANIES] [MODE...]`: with 3 every story is told at all three; only these ways to fail. Ends in
one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from itertools import product

import structlog

from tests.builders.faulty_payment import COMPANIES, MODES, ORDERS, POINTS, Ended, run

GOAL = 288
WIDTH = 15


def cell(nth: int, mode: str, point: str, order: str, companies: int) -> tuple[Ended, int]:
    """The worst that came of this combination, and how many stories were told; one in which nobody died counts for nothing."""
    told: list[Ended] = []
    runs = 0
    for turn in range(len(COMPANIES)):
        ended = run(mode, point, order, COMPANIES[(nth + turn) % len(COMPANIES)])
        runs += 1
        if ended.wrong:
            return ended, runs
        if ended.died:
            told.append(ended)
        if len(told) == companies:
            break
    return (told or [ended])[0], runs


def main(companies: int = 1, *modes: str) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began, runs, notices = time.monotonic(), 0, Counter[str]()
    table: dict[tuple[str, str], str] = {}
    wrong: list[str] = []
    for nth, (mode, point, order) in enumerate(product(modes or tuple(MODES), POINTS, ORDERS)):
        ended, told = cell(nth + nth // len(ORDERS) + nth // 24, mode, point, order, companies)
        runs += told
        notices.update(ended.notices)
        sign = "!" if ended.wrong else "+" if ended.died else "o"
        table[mode, point] = table.get((mode, point), "") + sign
        wrong += [f"  {mode} / {point} / {order}: {what}" for what in ended.wrong]
        if order == ORDERS[-1] and point == list(POINTS)[-1]:
            print(f"{mode:{WIDTH}}" + "".join(f"{table[mode, p]:^{len(p) + 2}}" for p in POINTS), flush=True)
    print(
        f"{'':{WIDTH}}"
        + "  ".join(POINTS)
        + f"\n  each sign one of {', '.join(ORDERS)}: + holds, ! does not, o nobody died"
    )
    print("\n".join(wrong), end="\n" if wrong else "")
    print(f"  {runs} stories in {time.monotonic() - began:.0f} s; a person was told of: {dict(notices) or 'nothing'}")
    good = "".join(table.values()).count("+")
    every = len("".join(table.values()))
    verdict = "falls short" if wrong or good < every else "holds" if every >= GOAL else "holds for these"
    print(f"payment_faults: {good} of {every} end well, goal {GOAL}; {verdict}")
    return 1 if verdict == "falls short" else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if sys.argv[1:] else 1, *sys.argv[2:]))
