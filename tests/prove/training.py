"""Proof: one command trains the plate reader from nothing, is stopped half-way, goes on, and reads drawn plates that it never saw.

Runs in the environment of `make train`, which is brought first. A few minutes teach only the easy plates: the proof is that the
way from nothing to a shipped file works, not how good a long training gets (the model card says that).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".cache" / "train" / "bin" / "python"
MINUTES = 12.0  # of two free cores; on busy ones the goal needs longer
STOP_AFTER_S = 100.0
RIGHT_GOAL = 0.6  # share of easy unseen drawn plates read without a fault
_PLATES = 400
_INSIDE = "--inside"


def read_unseen(model: Path) -> dict[str, Any]:
    """How many easy drawn plates of another seed the exported file reads, by its places alone."""
    import numpy as np

    from lpr.engine import Engine
    from lpr.training.banks import make_banks
    from lpr.training.degrade import Chance, degrade
    from lpr.training.plates import SIGNS, draw_any
    from lpr.training.views import view_of

    rng = np.random.default_rng(987_654)
    banks = make_banks(987_654)
    engine = Engine(model)
    right = 0
    for _ in range(_PLATES):
        plate = draw_any(rng)
        chance = Chance(rng, 0.2, banks)
        sample = degrade(view_of(plate.picture, plate.rows, chance), chance)
        _, places, _ = engine.run_all(np.ascontiguousarray(sample.transpose(2, 0, 1)[None], dtype=np.uint8))
        right += "".join(SIGNS[c - 1] for c in places[0].argmax(1) if c) == plate.text
    return {"right": right, "of": _PLATES, "notes": {key: engine.note(key) for key in ("seed", "trained_minutes")}}


def main() -> int:
    subprocess.run([sys.executable, "tests/tools/setup.py", "train"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        call = [str(PYTHON), "-c", "from lpr.cli import main; main()", "train", "reader"]
        call += ["--minutes", str(MINUTES), "--seed", "11", "--out", str(out)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(call, cwd=ROOT, env=environment) as first:
            time.sleep(STOP_AFTER_S)
            first.send_signal(signal.SIGTERM)
            first.wait(60)
        stopped = (out / "checkpoint.pt").is_file()
        print(f"stopped after {STOP_AFTER_S:.0f} s, checkpoint {'there' if stopped else 'missing'}", flush=True)
        again = subprocess.run([*call, "--resume"], cwd=ROOT, env=environment, check=False).returncode
        inside = [str(PYTHON), "-m", "tests.prove.training", _INSIDE, str(out / "plate_net.onnx")]
        done = subprocess.run(inside, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    share = found["right"] / found["of"]
    holds = stopped and again == 0 and share >= RIGHT_GOAL and float(found["notes"]["trained_minutes"]) >= MINUTES
    print(
        f"training: {share:.1%} of {found['of']} unseen drawn plates after {found['notes']['trained_minutes']} min in two sittings; "
        f"goal {RIGHT_GOAL:.0%}; {'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    if _INSIDE in sys.argv:
        print(json.dumps(read_unseen(Path(sys.argv[-1]))))
        raise SystemExit(0)
    raise SystemExit(main())
