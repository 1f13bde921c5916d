"""Accuracy and cost together: our pipeline against RapidOCR's default one, on the same pictures in one run, both as they come.

Drawn gate frames (1080p, simulated), and real photographs where PLATE_DATA names them. CPU time of all threads, picture by picture.
"""

from __future__ import annotations

import sys

from benchmarks.plate_sides import all_pictures, compare

GOAL = 10.0


def test_lpr_pipeline() -> None:
    """Every picture goes through both; the ratio is printed."""
    print()
    for group in compare(all_pictures(), {"ours": sys.executable, "rapidocr": sys.executable}):
        ratio = group.times("rapidocr")
        better = group.spent["ours"].read >= group.spent["rapidocr"].read
        print(
            f"lpr pipeline against RapidOCR's default: {group.row()}; {ratio:.1f} times less CPU, goal {GOAL:.0f} at no "
            f"lower accuracy, {'holds' if ratio >= GOAL and better else 'falls short'}"
        )
        assert ratio > 0
