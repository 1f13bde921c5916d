"""What one 1080p gate frame costs on one thread, what of it is models and what is glue, and how much memory a worker takes.

The measuring processes get finished pictures, so that drawing them is in neither their time nor their memory. A model's bare cost is the
time inside onnxruntime; the rest of a frame (scaling, straightening, grammar) is glue. Times are CPU times of the one thread that works;
on a machine that has nothing else to do the clock on the wall, printed beside them, says the same.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.plate_sides import GATE_FRAMES, ROOT, drawn_gate_frames, hand_over
from lpr import Frame, Pipeline, Worker, pictures
from lpr.runtime import onnxruntime
from lpr.sources.folder import FolderSource
from parking.kernel.clock import SystemClock

ROUNDS = 3
MEDIAN_MS, P95_MS, GLUE, MEMORY_MB = 40.0, 60.0, 1.25, 350.0
GOALS_MS = {"corner_net": 20.0, "plate_net": 1.2}


class BareModels:
    """Counts the time inside onnxruntime, file by file, while others use it."""

    def __init__(self) -> None:
        self._by_path: dict[str, list[float]] = {}
        self.frame_ms = 0.0
        self._run = onnxruntime.InferenceSession.run
        counting = self

        def run(session: Any, *args: Any, **options: Any) -> Any:
            started = time.thread_time()
            found = counting._run(session, *args, **options)
            spent = (time.thread_time() - started) * 1000
            counting._by_path.setdefault(session._model_path, []).append(spent)
            counting.frame_ms += spent
            return found

        onnxruntime.InferenceSession.run = run

    @property
    def ms(self) -> dict[str, list[float]]:
        """Milliseconds of every run, by the model's name."""
        return {Path(path).stem: spent for path, spent in self._by_path.items()}

    def forget(self) -> None:
        self._by_path.clear()


def measure(folder: Path) -> dict[str, Any]:
    """In a process of its own: time per frame, time in models."""
    cv2.setNumThreads(1)
    clock = SystemClock()
    models, pipeline = BareModels(), Pipeline.default()
    frames = [
        Frame(pictures.load(file), "bench", clock.now(), number) for number, file in enumerate(sorted(folder.iterdir()))
    ]
    for frame in frames[:3]:
        pipeline.read(frame)
    models.forget()
    wall, whole, bare = [], [], []
    for _ in range(ROUNDS):
        for frame in frames:
            models.frame_ms = 0.0
            clock_s, cpu_s = time.perf_counter(), time.thread_time()
            pipeline.read(frame)
            whole.append((time.thread_time() - cpu_s) * 1000)
            wall.append((time.perf_counter() - clock_s) * 1000)
            bare.append(models.frame_ms)
    return {
        "whole_ms": whole,
        "wall_ms": wall,
        "bare_ms": bare,
        "models": {name: [statistics.median(ms), len(ms) / len(whole)] for name, ms in models.ms.items()},
    }


def work(folder: Path) -> dict[str, Any]:
    """In another one, which holds nothing else: the memory of a worker over all pictures, a vehicle before it all the time."""
    cv2.setNumThreads(1)
    clock = SystemClock()
    worker = Worker(FolderSource(folder, "bench", clock, interval_s=0.1), Pipeline.default(), clock)
    worker.start()
    worker.begin("bench", lambda _reading: None)
    pause = threading.Event()
    while not worker.exhausted():
        pause.wait(0.05)
    worker.stop()
    return {"memory_mb": _resident_mb()}


PARTS = {"measure": measure, "work": work}


def _resident_mb() -> float:
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return float(told["VmRSS"].split()[0]) / 1024


def test_lpr_cost() -> None:
    """The figures are printed; nothing here fails for being slow."""
    with tempfile.TemporaryDirectory(prefix="lpr-cost-") as told:
        folder = Path(told)
        hand_over(drawn_gate_frames(GATE_FRAMES), folder)
        (folder / "index.json").unlink()
        found: dict[str, Any] = {}
        for part in PARTS:
            command = [sys.executable, "-m", "benchmarks.test_lpr_cost", part, told]
            ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            found |= json.loads(ran.stdout.splitlines()[-1])
    whole = found["whole_ms"]
    glue = sum(whole) / sum(found["bare_ms"])
    print()
    _say("1080p gate frame on one thread, median", statistics.median(whole), MEDIAN_MS, "ms CPU")
    _say("1080p gate frame on one thread, p95", float(np.percentile(whole, 95)), P95_MS, "ms CPU")
    wall = found["wall_ms"]
    print(
        f"lpr cost: the same by the wall's clock: {statistics.median(wall):.1f} ms, {np.percentile(wall, 95):.1f} ms p95"
    )
    for name, (ms, runs) in sorted(found["models"].items(), key=lambda item: -item[1][0]):
        _say(f"{name}, {runs:.2f} runs a frame, a run", ms, GOALS_MS.get(name, float("inf")), "ms CPU")
    _say("pipeline against the bare cost of its models", glue, GLUE, "x")
    _say("resident memory of a worker", found["memory_mb"], MEMORY_MB, "MB")
    assert glue >= 1


def _say(what: str, figure: float, goal: float, unit: str) -> None:
    judged = f", goal {goal:g} {unit}, {'holds' if figure <= goal else 'falls short'}" if goal < float("inf") else ""
    print(f"lpr cost: {what}: {figure:.2f} {unit}{judged}")


if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]))))
