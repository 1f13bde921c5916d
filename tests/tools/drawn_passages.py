"""A labelled folder of drawn passages, for `lpr evaluate`: pictures, boxes, corners, light and which pictures show one vehicle.

Vehicles, places and weather are those that training never used. `--spoiled N` makes of each picture N that are hard to read (small,
blurred, noisy, packed hard), so that mistakes can be counted: at a gate there are too few of them to tell which sign is taken for which.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.clips import ClipFrame, Passage, Phase, draw_frame, plan_passage
from lpr.drawing.painting import Points
from lpr.drawing.scenes import DARK
from lpr.frame import Image

COLUMNS = ("file", "plate", "x", "y", "w", "h", "note", "passage")
_MOST_HIDDEN = 0.05
_LEAST_PX = 60.0  # of width; what is further away is read when it has come nearer
_TRIES = 12
_SPOILED_PX = (38.0, 90.0)  # of a plate's width
_LEAST_SHOWN = 0.36  # a smaller picture might be taken for a crop


def main(arguments: Sequence[str]) -> int:
    """Draw and write; the folder must not be there yet."""
    asked = _asked(arguments)
    (asked.folder / "img").mkdir(parents=True)
    with (asked.folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number in range(asked.passages):
            rng = np.random.default_rng((asked.seed, number))
            passage = plan_passage(rng)
            for shown, (image, corners) in enumerate(_pictures(passage, asked.looks, asked.spoiled, rng)):
                name = f"img/{number:05}-{shown}.jpg"
                cv2.imwrite(str(asked.folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
                table.writerow([name, passage.vehicle.plate, *_box(corners), _note(passage, corners), f"p{number:05}"])
            file.flush()
    return 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--looks", type=int, default=4, help="pictures drawn of each passage")
    parser.add_argument("--spoiled", type=int, default=0, help="hard pictures made of each of them, in its place")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def _pictures(passage: Passage, looks: int, spoiled: int, rng: np.random.Generator) -> Iterator[tuple[Image, Points]]:
    for frame in _frames(passage, looks, rng):
        assert frame.corners is not None
        if not spoiled:
            yield frame.image, frame.corners
        for _ in range(spoiled):
            share = float(rng.uniform(*_SPOILED_PX) / max(1.0, float(np.ptp(frame.corners[:, 0]))))
            shown = max(share, _LEAST_SHOWN)
            yield _spoil(frame.image, share, shown, rng), frame.corners * shown


def _spoil(image: Image, share: float, shown: float, rng: np.random.Generator) -> Image:
    """The picture with the detail of a smaller one, out of focus or moved, noisy, darker or paler, and packed hard."""
    small: NDArray[Any] = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA).astype(np.float32)
    if rng.random() < 0.5:
        small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.3, 1.3)))
    else:
        kernel = np.zeros((9, 9), np.float32)
        slope, reach = rng.uniform(-0.5, 0.5), int(rng.integers(0, 3))
        for step in range(-reach, reach + 1):
            kernel[4 + round(slope * step), 4 + step] = 1.0
        small = cv2.filter2D(small, -1, kernel / kernel.sum())
    pale: NDArray[Any] = small * float(rng.uniform(0.35, 1.1)) + float(rng.uniform(0, 40))
    if shown > share:  # as by a camera's digital zoom
        pale = cv2.resize(pale, (round(image.shape[1] * shown), round(image.shape[0] * shown)))
    noisy = pale + rng.normal(0, float(rng.uniform(1, 12)), pale.shape)
    _, packed = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 70))]
    )
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)


def _frames(passage: Passage, count: int, rng: np.random.Generator) -> list[ClipFrame]:
    """Frames at random moments at which the whole plate is in sight, in the order of time."""
    found: list[ClipFrame] = []
    for at_s in rng.uniform(0.3 * passage.arrives_s, passage.ends_s, _TRIES * count):
        if len(found) == count or passage.phase_at(at_s) in (Phase.BEFORE, Phase.AFTER):
            continue
        frame = draw_frame(passage, float(at_s))
        if frame.corners is not None and frame.hidden <= _MOST_HIDDEN and np.ptp(frame.corners[:, 0]) >= _LEAST_PX:
            found.append(frame)
    return sorted(found, key=lambda frame: frame.at_s)


def _box(corners: Points) -> list[str]:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return [f"{value:.1f}" for value in (*low, *(high - low))]


def _note(passage: Passage, corners: Points) -> str:
    points = ";".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    light = "night" if passage.light in DARK else "day"
    return f"{passage.vehicle.style.value} {light} {passage.light.value} {passage.weather.value} corners={points}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
