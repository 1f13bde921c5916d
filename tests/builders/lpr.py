"""Builders for the reading room: pictures, reads, pipelines that need no models, and where the real pictures are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr import Candidate, Frame, Pipeline, PlateColour, PlateKind, PlateRead, Settings
from lpr.detectors.memory import MemoryDetector
from lpr.frame import Corners, Image
from lpr.grammars.china import china
from lpr.model import Region, confidence_of, margin_of
from lpr.readers.memory import MemoryReader
from parking.kernel.plate import Plate

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_REPOSITORY = Path(__file__).resolve().parents[2]


def real_pictures(name: str) -> Path:
    """A labelled folder of real pictures; where PLATE_DATA is set, its absence is a failure."""
    told = os.environ.get("PLATE_DATA")
    folder = (Path(told) if told else _REPOSITORY.parent / "shared" / "data") / name
    if not folder.is_dir():
        if told:
            pytest.fail(f"PLATE_DATA={told} has no folder {name}")
        pytest.skip(f"no real pictures at {folder}; PLATE_DATA says where they are")
    return folder


def a_picture(seed: int = 0, *, width: int = 320, height: int = 180) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def a_frame(image: Image | None = None, *, at: datetime = MORNING, sequence: int = 1, camera: str = "entry-1") -> Frame:
    return Frame(a_picture() if image is None else image, camera, at, sequence)


def a_box(x: float = 100, y: float = 100, width: float = 140, height: float = 44) -> Corners:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32)


def a_read(
    *listed: tuple[str, float],
    corners: Corners | None = None,
    colour: PlateColour | None = PlateColour.BLUE,
    at: datetime = MORNING,
) -> PlateRead:
    """A read of the plates listed, best first, each with its log-probability."""
    candidates = tuple(Candidate(Plate(text), likelihood, PlateKind.CIVIL) for text, likelihood in listed)
    likelihoods = [c.log_probability for c in candidates]
    return PlateRead(
        plate=candidates[0].plate,
        kind=PlateKind.CIVIL,
        colour=colour,
        confidence=confidence_of(likelihoods, -5.0),
        margin=margin_of(likelihoods),
        corners=a_box() if corners is None else corners,
        candidates=candidates,
        camera="entry-1",
        captured_at=at,
    )


def a_pipeline(
    text_of: Callable[[Image], tuple[str, float]] = lambda _strip: ("粤B12345", 0.95),
    *,
    regions: Sequence[Region] | None = None,
    settings: Settings | None = None,
) -> Pipeline:
    """A pipeline that finds and reads what it is told, with the real grammar."""
    grammar = china()
    found = (Region(a_box(), 0.9),) if regions is None else regions
    return Pipeline(
        MemoryDetector(lambda _image: found), MemoryReader(grammar.signs, text_of), grammar, settings or Settings()
    )


def a_video(path: Path, pictures: Sequence[Image], *, fps: float = 25.0) -> Path:
    """An AVI of JPEG pictures."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


class Heard:
    """Collects what is posted to it, and lets a test wait for it."""

    def __init__(self) -> None:
        self.readings: list[object] = []
        self._changed = threading.Condition()

    def __call__(self, reading: object) -> None:
        with self._changed:
            self.readings.append(reading)
            self._changed.notify_all()

    def wait_for(self, count: int, timeout_s: float = 30.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.readings) >= count, timeout_s), "nothing was posted in time"


def eventually(holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until `holds()`; AssertionError after the time-out."""
    tick = threading.Event()
    for _ in range(int(timeout_s / 0.01)):
        if holds():
            return
        tick.wait(0.01)
    raise AssertionError("it did not come about in time")
