"""Who reads the plates in a comparison, on which pictures, and the child process that each of them lives in.

Every side is a process of its own, so that the threads of one are never billed to another. Pictures are handed over by number, to all
sides in random order, and the CPU time of all threads of the reading process is what counts.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr import Frame, Pipeline, labels, pictures
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.perspective import View
from lpr.drawing.scenes import Light, draw_scene
from lpr.drawing.vehicles import Vehicle
from lpr.frame import Image

ROOT = Path(__file__).resolve().parents[1]
GATE_FRAMES = 24
MOST_REAL = 12  # of each set, evenly spread
REAL_SETS = ("easypr_full", "ccpd_full", "special_cn")
GATE_VIEW = View(width=1920, height=1080)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Read = Callable[[Image], list[str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture and the plates that are on it."""

    group: str
    image: Image
    plates: tuple[str, ...]


def all_pictures() -> list[Shown]:
    """Drawn gate frames (1080p, day and night), and where PLATE_DATA says so real photographs."""
    shown = drawn_gate_frames(GATE_FRAMES)
    told = os.environ.get("PLATE_DATA")
    for name in REAL_SETS if told else ():
        shown += _real(Path(str(told)) / name)
    return shown


def drawn_gate_frames(count: int) -> list[Shown]:
    """Vehicles near the barrier, every fourth by night."""
    rng = np.random.default_rng(20)
    shown = []
    for number in range(count):
        style = PlateStyle.GREEN_SMALL if number % 3 == 2 else PlateStyle.BLUE
        plate = random_number(style, rng)
        light = Light.NIGHT if number % 4 == 3 else Light.DAY
        vehicle = Vehicle.of(plate, rng, style=style)
        scene = draw_scene(vehicle, rng, approach=0.9, light=light, moving=0.1, view=GATE_VIEW)
        shown.append(Shown("drawn gate frames (simulated)", scene.image, (plate,)))
    return shown


def _real(folder: Path) -> list[Shown]:
    by_file: dict[Path, list[str]] = {}
    for label in labels.load(folder):
        by_file.setdefault(label.file, []).append(label.plate.text)
    step = max(1, len(by_file) // MOST_REAL)
    chosen = list(by_file.items())[::step][:MOST_REAL]
    return [Shown(folder.name, pictures.load(file), tuple(plates)) for file, plates in chosen]


# --- the sides -------------------------------------------------------------------------------------------------------


def ours() -> Read:
    """Our pipeline as it comes."""
    pipeline = Pipeline.default()
    return lambda image: [read.plate.text for read in pipeline.read(Frame(image, "bench", _NOON, 1))]


def rapidocr() -> Read:
    """RapidOCR as it comes; of its lines, whatever is no letter or digit is taken off."""
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(params={"Global.log_level": "critical"})
    return lambda image: [_bare(text) for text in (engine(image).txts or ())]


def paddleocr() -> Read:
    """`paddleocr`'s own pipeline on local model folders; lines as with RapidOCR."""
    from lpr import paddle_models

    temporary = tempfile.TemporaryDirectory(prefix="paddle-models-")
    folder = Path(temporary.name)
    package = paddle_models.load_paddleocr()
    engine: Any = package.PaddleOCR(
        text_detection_model_name=paddle_models.DETECTOR_NAME,
        text_detection_model_dir=str(paddle_models.make_detector_folder(folder / "detector", 960)),
        text_recognition_model_name=paddle_models.READER_NAME,
        text_recognition_model_dir=str(paddle_models.make_reader_folder(folder / "reader")),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        engine="onnxruntime",
    )

    def read(image: Image) -> list[str]:
        assert temporary.name  # the models must live as long as the engine
        return [_bare(text) for result in engine.predict(image) for text in result["rec_texts"]]

    return read


def _bare(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


SIDES: Mapping[str, Callable[[], Read]] = {"ours": ours, "rapidocr": rapidocr, "paddleocr": paddleocr}


def serve(name: str, told: Path) -> None:
    """For every picture's number on standard input: CPU milliseconds, wall milliseconds, how many of its plates were read."""
    read = SIDES[name]()
    index = json.loads((told / "index.json").read_text(encoding="utf-8"))
    read(pictures.load(told / index[0]["file"]))  # warm
    print("ready", flush=True)
    for line in sys.stdin:
        entry = index[int(line)]
        image = pictures.load(told / entry["file"])
        cpu, wall = time.process_time(), time.perf_counter()
        texts = read(image)
        spent = ((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000)
        print(json.dumps([*spent, sum(any(plate in text for text in texts) for plate in entry["plates"])]), flush=True)


# --- the comparison --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Spent:
    """What one side spent on each picture of a group and how many plates it read."""

    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All sides on one group of pictures; `plates` is how many there were to read."""

    group: str
    plates: int
    spent: Mapping[str, Spent]

    def times(self, other: str, one: str = "ours") -> float:
        """How many times the CPU the other side takes: the median over pictures."""
        pairs = zip(self.spent[one].cpu_ms, self.spent[other].cpu_ms, strict=True)
        return statistics.median(theirs / mine for mine, theirs in pairs)

    def row(self) -> str:
        """The figures of all sides in one line."""
        told = ", ".join(
            f"{name} {statistics.median(s.cpu_ms):.0f} ms CPU a picture and {s.read} of {self.plates} plates read"
            for name, s in self.spent.items()
        )
        return f"{self.group}, {len(next(iter(self.spent.values())).cpu_ms)} pictures: {told}"


def compare(shown: Sequence[Shown], sides: Mapping[str, str]) -> list[Comparison]:
    """Every picture through every side (name: its Python), one comparison per group."""
    with tempfile.TemporaryDirectory(prefix="plate-sides-") as folder:
        told = Path(folder)
        hand_over(shown, told)
        results = {shot.group: {name: Spent() for name in sides} for shot in shown}
        with _children(sides, told) as children:
            for number, shot in enumerate(shown):
                for name in random.sample(sorted(sides), len(sides)):
                    cpu_ms, wall_ms, read = children[name](number)
                    spent = results[shot.group][name]
                    spent.cpu_ms.append(cpu_ms)
                    spent.wall_ms.append(wall_ms)
                    spent.read += int(read)
    plates = {group: sum(len(shot.plates) for shot in shown if shot.group == group) for group in results}
    return [Comparison(group, plates[group], spent) for group, spent in results.items()]


def hand_over(shown: Sequence[Shown], told: Path) -> None:
    """Write the pictures into a folder as 000.png and so on, with what is on them in index.json."""
    index = []
    for number, shot in enumerate(shown):
        name = f"{number:03}.png"
        cv2.imwrite(str(told / name), shot.image)
        index.append({"file": name, "plates": shot.plates})
    (told / "index.json").write_text(json.dumps(index), encoding="utf-8")


@contextmanager
def _children(sides: Mapping[str, str], told: Path) -> Iterator[dict[str, Callable[[int], list[float]]]]:
    children = {
        name: subprocess.Popen(
            [python, "-m", "benchmarks.plate_sides", name, str(told)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name, python in sides.items()
    }

    def asking(child: subprocess.Popen[str]) -> Callable[[int], list[float]]:
        assert child.stdin is not None
        assert child.stdout is not None
        into, out = child.stdin, child.stdout
        while (line := out.readline()) and line.strip() != "ready":
            pass
        assert line, "a side did not start"

        def ask(number: int) -> list[float]:
            print(number, file=into, flush=True)
            answer: list[float] = json.loads(out.readline())
            return answer

        return ask

    try:
        yield {name: asking(child) for name, child in children.items()}
    finally:
        for child in children.values():
            child.communicate()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
