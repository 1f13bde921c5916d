"""Proof: our pipeline costs a fraction of `paddleocr`'s own one, on local models, on the same pictures in one run, and reads more.

paddleocr lives in an environment of its own, made from its lock file and thrown away; ours in this one. CPU time of all threads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.plate_sides import ROOT, all_pictures, compare

LOCK = ROOT / "requirements-paddle.lock"
GOAL = 5.0


def main() -> int:
    """Install, compare, sum up; 0 when the goal holds for every kind of picture."""
    data = ROOT.parent / "shared" / "data"
    if data.is_dir():
        os.environ.setdefault("PLATE_DATA", str(data))
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"  # it has its models; it need not look for hosts
    with tempfile.TemporaryDirectory(prefix="paddle-cost-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        print("installing the extra [paddle] ...", flush=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK], check=True)
        groups = compare(all_pictures(), {"ours": sys.executable, "paddleocr": str(python)})
    held = True
    for group in groups:
        good = group.times("paddleocr") >= GOAL and group.spent["ours"].read >= group.spent["paddleocr"].read
        held = held and good
        print(f"{group.row()}; {group.times('paddleocr'):.1f} times less CPU")
    ratios = ", ".join(f"{group.group} {group.times('paddleocr'):.1f}" for group in groups)
    print(
        f"paddleocr's own pipeline takes this many times our CPU: {ratios}; goal {GOAL:.0f} at no lower accuracy; "
        f"{'holds' if held else 'falls short'}"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
