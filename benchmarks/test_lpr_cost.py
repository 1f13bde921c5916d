"""What one 1080p gate frame costs on one thread, what of it is models and what is glue, and how much memory a worker takes.

The measuring process gets finished pictures, so that drawing them is in neither its time nor its memory. A model's bare cost is the
time inside onnxruntime; the rest of a frame (scaling, straightening, grammar) is glue.
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
import onnxruntime  # type: ignore[import-untyped]  # it ships no types

from benchmarks.plate_sides import GATE_FRAMES, ROOT, drawn_gate_frames, hand_over
from lpr import Frame, Pipeline, Worker, pictures
from lpr.sources.folder import FolderSource
from parking.kernel.clock import SystemClock

ROUNDS = 3
MEDIAN_MS, P95_MS, DETECTOR_MS, READER_MS, GLUE, MEMORY_MB = 40.0, 60.0, 20.0, 1.2, 1.25, 350.0


class BareModels:
    """Counts the time inside onnxruntime, model by model (by its file's input), while others use it."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}
        self.frame_ms = 0.0
        self._run = onnxruntime.InferenceSession.run
        counting = self

        def run(session: Any, *args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            found = counting._run(session, *args, **options)
            spent = (time.perf_counter() - started) * 1000
            shape = "x".join(str(side) for side in session.get_inputs()[0].shape)
            counting.ms.setdefault(shape, []).append(spent)
            counting.frame_ms += spent
            return found

        onnxruntime.InferenceSession.run = run


def measure(folder: Path) -> dict[str, Any]:
    """In a process of its own: time per frame, time in models, memory of a worker."""
    cv2.setNumThreads(1)
    clock = SystemClock()
    models, pipeline = BareModels(), Pipeline.default()
    frames = [
        Frame(pictures.load(file), "bench", clock.now(), number) for number, file in enumerate(sorted(folder.iterdir()))
    ]
    for frame in frames[:3]:
        pipeline.read(frame)
    models.ms.clear()
    whole, bare = [], []
    for _ in range(ROUNDS):
        for frame in frames:
            models.frame_ms = 0.0
            started = time.perf_counter()
            pipeline.read(frame)
            whole.append((time.perf_counter() - started) * 1000)
            bare.append(models.frame_ms)
    del frames, frame
    _work(Worker(FolderSource(folder, "bench", clock, interval_s=0.1), pipeline, clock))
    return {
        "whole_ms": whole,
        "bare_ms": bare,
        "models": {shape: [statistics.median(ms), len(ms) / len(whole)] for shape, ms in models.ms.items()},
        "memory_mb": _resident_mb(),
    }


def _work(worker: Worker) -> None:
    """A worker over all pictures, a vehicle before it all the time."""
    worker.start()
    worker.begin("bench", lambda _reading: None)
    pause = threading.Event()
    while not worker.exhausted():
        pause.wait(0.05)
    worker.stop()


def _resident_mb() -> float:
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return float(told["VmRSS"].split()[0]) / 1024


def test_lpr_cost() -> None:
    """The figures are printed; nothing here fails for being slow."""
    with tempfile.TemporaryDirectory(prefix="lpr-cost-") as told:
        folder = Path(told)
        hand_over(drawn_gate_frames(GATE_FRAMES), folder)
        (folder / "index.json").unlink()
        command = [sys.executable, "-m", "benchmarks.test_lpr_cost", told]
        ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    whole = found["whole_ms"]
    median, p95 = statistics.median(whole), float(np.percentile(whole, 95))
    glue = sum(whole) / sum(found["bare_ms"])
    print()
    _say("1080p gate frame on one thread, median", median, MEDIAN_MS, "ms")
    _say("1080p gate frame on one thread, p95", p95, P95_MS, "ms")
    for shape, (ms, runs) in sorted(found["models"].items(), key=lambda item: -item[1][0]):
        print(f"lpr cost: model with input {shape}: {ms:.2f} ms a run, {runs:.2f} runs a frame")
    _say("pipeline against the bare cost of its models", glue, GLUE, "x")
    _say("resident memory of a worker", found["memory_mb"], MEMORY_MB, "MB")
    assert glue >= 1


def _say(what: str, figure: float, goal: float, unit: str) -> None:
    print(
        f"lpr cost: {what}: {figure:.2f} {unit}, goal {goal:g} {unit}, {'holds' if figure <= goal else 'falls short'}"
    )


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
