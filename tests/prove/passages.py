"""Proof, SIMULATED: drawn passages by day and by night through the real pipeline and ballot; 99.9 % right, none wrong and believed.

`python -m tests.prove.passages [COUNT] [SEED] [PROCESSES]`. Vehicles, places and degradations are ones that training never uses. What
is done is kept under .cache/prove/ and not done again as long as the code and the models are the same. Pictures of failures lie beside.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cv2
import numpy as np

from lpr import Pipeline, Settings
from lpr.drawing.clips import PLACES, ClipFrame
from lpr.evaluate import wilson
from tests.builders.passages import Result, passage_of, show

ROOT = Path(__file__).resolve().parents[2]
COUNT, SEED, PROCESSES = 3_000, 20261121, 2
LEAST_RIGHT, MOST_WRONG = 0.999, 0
_PICTURES_EACH = 40  # of failures, at a place


def main(count: int = COUNT, seed: int = SEED, processes: int = PROCESSES) -> int:
    """Show what has not been shown yet, then sum up; 0 when the goal holds."""
    folder = ROOT / ".cache" / "prove" / f"passages-{seed}-{fingerprint()}"
    folder.mkdir(parents=True, exist_ok=True)
    done = {result.number for result in recorded(folder)}
    missing: dict[int, list[int]] = defaultdict(list)
    for number in range(count):
        if number not in done:
            missing[number % PLACES].append(number)
    if done:
        print(f"{len(done)} passages are done already", flush=True)
    started = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        running = [pool.submit(show_place, str(folder), seed, numbers) for numbers in missing.values()]
        for number, place in enumerate(as_completed(running), start=1):
            wrong = place.result()
            print(
                f"place {number} of {len(running)}: {wrong} not right, {time.monotonic() - started:.0f} s", flush=True
            )
    return sum_up([result for result in recorded(folder) if result.number < count])


def fingerprint() -> str:
    """Tells this code and these models from others."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "lpr").rglob("*")):
        if path.suffix in (".py", ".onnx") and "training" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def recorded(folder: Path) -> list[Result]:
    """What earlier runs wrote down; a line that was cut off counts as not done."""
    results = []
    for path in sorted(folder.glob("place-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                results.append(Result(**json.loads(line)))
            except ValueError:
                continue
    return results


def show_place(folder: str, seed: int, numbers: Iterable[int]) -> int:
    """All passages of one place, in a process of its own; how many were not read rightly."""
    cv2.setNumThreads(1)
    pipeline = _pipeline()
    wrong = 0
    for number in numbers:
        passage = passage_of(seed, number)
        result, seen = show(pipeline, passage, number)
        with (Path(folder) / f"place-{passage.site.place}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(result.plain(), ensure_ascii=False) + "\n")
        if not result.right:
            wrong += 1
            if wrong <= _PICTURES_EACH:
                _keep(Path(folder), result, seen)
    return wrong


def _pipeline() -> Pipeline:
    """The default one, unless the environment names others to compare: PASSAGES_DETECTOR, PASSAGES_READER."""
    named = {name: os.environ.get(f"PASSAGES_{name.upper()}", "") for name in ("detector", "reader")}
    return Pipeline.default(Settings.parse({name: value for name, value in named.items() if value}))


def _keep(folder: Path, result: Result, seen: list[ClipFrame]) -> None:
    """First and last frame, and the last one's plate enlarged."""
    shots = [seen[0], seen[-1]]
    pictures = [cv2.resize(shot.image, (480, 270), interpolation=cv2.INTER_AREA) for shot in shots]
    corners = seen[-1].corners
    plate = np.zeros((270, 480, 3), np.uint8)
    if corners is not None:
        x0, y0 = np.maximum(corners.min(axis=0).astype(int) - 12, 0)
        x1, y1 = corners.max(axis=0).astype(int) + 12
        cut = seen[-1].image[y0:y1, x0:x1]
        scale = min(480 / cut.shape[1], 270 / cut.shape[0])
        large = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        plate[: large.shape[0], : large.shape[1]] = large
    cv2.imwrite(
        str(folder / f"{result.number}-{'believed' if result.accepted else 'refused'}.png"),
        np.hstack([*pictures, plate]),
    )


def sum_up(results: list[Result]) -> int:
    """Shares by light, weather and style, and the closing line."""
    groups: tuple[tuple[str, Callable[[Result], str]], ...] = (
        ("light", lambda r: r.light),
        ("weather", lambda r: r.weather),
        ("end", lambda r: r.facing),
        ("dirt", lambda r: "dirty" if r.dirt else "clean"),
        ("style", lambda r: r.style),
    )
    for name, key in groups:
        for value in sorted({key(result) for result in results}):
            print(f"SIMULATED, {name} {value}: {_shares([r for r in results if key(r) == value])}")
    for result in results:
        if not result.right:
            print(f"SIMULATED passage {result.number}: {_told(result)}")
    frames = sum(r.frames for r in results)
    print(f"SIMULATED: {frames} frames, {sum(r.draw_s for r in results) / frames * 1000:.0f} ms to draw one and "
          f"{sum(r.read_s for r in results) / frames * 1000:.0f} ms to read one")  # fmt: skip
    right = sum(r.right for r in results)
    wrong = sum(r.accepted and not r.right for r in results)
    holds = len(results) >= COUNT and right >= LEAST_RIGHT * len(results) and wrong <= MOST_WRONG
    few = "" if len(results) >= COUNT else f", and at least {COUNT} passages"
    print(
        f"passages, SIMULATED: {_shares(results)}; goal: at least {LEAST_RIGHT:.1%} right, {MOST_WRONG} wrong among accepted{few}; "
        f"{'holds' if holds else 'falls short'}"
    )
    return 0 if holds else 1


def _told(result: Result) -> str:
    what = "BELIEVED" if result.accepted else "refused"
    seen = f"{result.style}, {result.light}, {result.weather}, {result.width_px:.0f} px, dirt {result.dirt}, hidden {result.hidden}"
    return f"{result.truth} read as {result.read or 'nothing'}, {what}, margin {result.margin}, {seen}"


def _shares(results: list[Result]) -> str:
    n = len(results)
    right, taken = sum(r.right for r in results), sum(r.accepted for r in results)
    wrong = sum(r.accepted and not r.right for r in results)
    return (
        f"{right} of {n} right = {right / n:.2%} ({_interval(right, n)}), accepted {taken} = {taken / n:.1%}, "
        f"wrong among accepted {wrong} ({_interval(wrong, taken)}), rejected {n - taken}"
    )


def _interval(hits: int, n: int) -> str:
    low, high = wilson(hits, n) if n else (0.0, 1.0)
    return f"{low:.2%} to {high:.2%}"


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
