"""Proof: how well the pipeline reads all real pictures at hand, set by set, against the baseline measured before it was written.

Site prior off, nothing trained or tuned on these pictures. One line per set, and the last line sums up.
"""

from __future__ import annotations

import sys

from lpr import Pipeline, Settings
from lpr.evaluate import evaluate
from tests.builders.lpr import real_pictures

# (set, grammar, least exact, least without province): PP-OCRv6 + grammar as measured on the whole sets, less two points.
GOALS = (
    ("ccpd_crops", "china", 0.871, 0.958),
    ("ccpd_full", "china", 0.720, 0.720),
    ("easypr_full", "china", 0.845, 0.922),
    ("special_cn", "china", 0.577, 0.577),
    ("openalpr_eu", "latin", 0.0, 0.0),  # no goal: its labels write O for 0
)


def main() -> int:
    """Measure every set; 0 when all goals hold."""
    pipelines = {name: Pipeline.default(Settings(grammar=name)) for name in ("china", "latin")}
    held, figures = True, []
    for name, grammar, exact, rest in GOALS:
        report = evaluate(real_pictures(name), pipelines[grammar]).report()
        good = report["exact"] >= exact and report["without_province"] >= rest
        held = held and good
        low, high = report["exact_interval"]
        print(
            f"{name}: n {report['n']}, exact {report['exact']:.1%} ({low:.1%} to {high:.1%}), without province "
            f"{report['without_province']:.1%}, accepted {report['accepted']:.1%}, of them wrong {report['wrong_accepted']:.1%} "
            f"of all, {report['latency_ms']:.0f} ms ({report['latency_ms_p95']:.0f} ms p95); goal {exact:.1%} / {rest:.1%}",
            flush=True,
        )
        figures.append(f"{name} {report['exact']:.1%}")
    print(
        f"lpr accuracy: exact {', '.join(figures)}; goal: the measured baseline less two points; {'holds' if held else 'falls short'}"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
