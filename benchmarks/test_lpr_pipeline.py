"""CPU per frame: our lane pipeline against RapidOCR's default one, on the same drawn gate pictures.

Ours runs as a lane runs it: a region of interest, a small detector input, one thread. RapidOCR runs as it comes. Each side is a child
process (spinning threads of the one must not be billed to the other); frames go to both in random order, CPU time of all threads is
compared, and who read the plate exactly.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lpr import Frame, Pipeline, Settings
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.scenes import Light, draw_scene
from lpr.drawing.vehicles import Vehicle
from lpr.frame import Image
from tests.builders.lpr import MORNING

ROOT = Path(__file__).resolve().parents[1]
FRAMES = 24
GOAL = 10.0
LANE = Settings(detect_side_px=320, region_of_interest=(0.2, 0.35, 0.8, 1.0))


def gate_frames() -> list[tuple[str, Image]]:
    """Vehicles at the barrier, by day and by night."""
    rng = np.random.default_rng(20)
    frames = []
    for number in range(FRAMES):
        style = PlateStyle.GREEN_SMALL if number % 3 == 2 else PlateStyle.BLUE
        plate = random_number(style, rng)
        light = Light.NIGHT if number % 4 == 3 else Light.DAY
        scene = draw_scene(Vehicle.of(plate, rng, style=style), rng, approach=0.9, light=light, moving=0.1)
        frames.append((plate, scene.image))
    return frames


def ours() -> Callable[[Image], list[str]]:
    """The lane's pipeline."""
    pipeline = Pipeline.default(LANE)
    return lambda image: [read.plate.text for read in pipeline.read(Frame(image, "bench", MORNING, 1))]


def rapidocr() -> Callable[[Image], list[str]]:
    """RapidOCR as it comes, its marks stripped."""
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(params={"Global.log_level": "critical"})
    return lambda image: [text.replace("·", "").replace(" ", "") for text in (engine(image).txts or ())]


SIDES = {"ours": ours, "rapidocr": rapidocr}


def serve(read: Callable[[Image], list[str]]) -> None:
    """For every frame number on standard input: the CPU milliseconds spent and whether the plate was read."""
    frames = gate_frames()
    read(frames[0][1])  # warm
    for line in sys.stdin:
        plate, image = frames[int(line)]
        started = time.process_time()
        texts = read(image)
        print(json.dumps([(time.process_time() - started) * 1000, plate in texts]), flush=True)


def compare() -> float:
    """RapidOCR's CPU per frame over ours, the median of frames."""
    children = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.test_lpr_pipeline", name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in SIDES
    }
    spent: dict[str, list[float]] = {name: [] for name in SIDES}
    exact = dict.fromkeys(SIDES, 0)
    for number in range(FRAMES):
        for name in random.sample(sorted(SIDES), 2):
            child = children[name]
            assert child.stdin is not None
            assert child.stdout is not None
            print(number, file=child.stdin, flush=True)
            cpu_ms, right = json.loads(child.stdout.readline())
            spent[name].append(cpu_ms)
            exact[name] += right
    for child in children.values():
        child.communicate()
    ratio = statistics.median(t / o for o, t in zip(spent["ours"], spent["rapidocr"], strict=True))
    print(
        f"\nlpr pipeline, {FRAMES} gate frames: {ratio:.1f} times less CPU than RapidOCR's default "
        f"({statistics.median(spent['ours']):.0f} ms against {statistics.median(spent['rapidocr']):.0f} ms a frame), "
        f"exact {exact['ours']} against {exact['rapidocr']} of {FRAMES}, goal {GOAL:.0f}, "
        f"{'holds' if ratio >= GOAL and exact['ours'] >= exact['rapidocr'] else 'falls short'}"
    )
    return ratio


def test_lpr_pipeline() -> None:
    """Every frame goes through both; the ratio is printed."""
    assert compare() > 0


if __name__ == "__main__":
    serve(SIDES[sys.argv[1]]())
