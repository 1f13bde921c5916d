"""A ring of drawn scenes in shared memory: one process draws, the trainer cuts many crops from what lies there and never waits.

What is drawn depends on the seed alone; which scene the trainer meets when depends on the speed of both.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.detectors.corner_net import prepare
from lpr.detectors.halves import Halves
from lpr.detectors.quads import decode
from lpr.engine import Engine
from lpr.training import painter
from lpr.training.detector_crops import Truth, cut_crop
from lpr.training.scenes import HEIGHT, WIDTH, draw_training_scene

Picture = NDArray[np.uint8]

SCENES = 1200
ENOUGH_TO_START = 60
_MOST_PLATES = 8
_PIXELS = HEIGHT * WIDTH * 3
_NUMBERS = _MOST_PLATES * 11  # per plate: eight coordinates, rows (0: no plate), kind, whether it counts
_MOST_FOUND = 16
_FOUND_NUMBERS = _MOST_FOUND * 8
_LEAST_FOUND = 0.08
_HEAD = 24  # bytes: scenes drawn, crops taken, and the scene that is being drawn over
_CROPS_EACH = 12  # when the trainer is slower than this, drawing rests


class SceneRing:
    """The ring, and the process that fills it; a context manager."""

    def __init__(self, seed: int, drawn_before: int = 0, finder: Path | None = None) -> None:
        """With a `finder`, the first look's ONNX file, each scene comes with what that finds in it, right or wrong."""
        self._memory = SharedMemory(create=True, size=_HEAD + SCENES * (_PIXELS + 4 * (_NUMBERS + _FOUND_NUMBERS)))
        self._slots = _Slots(self._memory)
        self._slots.writing[0] = -1
        self._before = drawn_before
        context: Any = multiprocessing.get_context("spawn")  # never a fork of a process with threads
        self._painter = context.Process(
            target=_paint, args=(self._memory.name, seed, drawn_before, os.getpid(), finder), daemon=True
        )

    def __enter__(self) -> SceneRing:
        self._painter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._painter.terminate()
        self._painter.join()
        del self._slots
        self._memory.close()
        self._memory.unlink()

    @property
    def drawn(self) -> int:
        """How many scenes were drawn so far, earlier sittings included."""
        return self._before + int(self._slots.drawn[0])

    def check(self) -> None:
        """ParkingError where the drawing process has ended."""
        painter.check(self._painter)

    def scene(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        """A random scene of those that lie in the ring, its plates as numbers (N x 11), and what the finder finds (M x 4 x 2)."""
        filled = min(SCENES, int(self._slots.drawn[0]))
        at = int(rng.integers(filled))
        while at == int(self._slots.writing[0]):
            at = int(rng.integers(filled))
        numbers = self._slots.numbers[at].reshape(_MOST_PLATES, 11).copy()
        found = self._slots.found[at].reshape(_MOST_FOUND, 4, 2)
        return self._slots.pictures[at], numbers[numbers[:, 8] > 0], found[found.any(axis=(1, 2))].copy()

    def took(self, crops: int) -> None:
        """Tells the drawing how much was used, so that it keeps up."""
        self._slots.taken[0] += crops

    def crops(
        self, count: int, size: tuple[int, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], list[Truth]]:
        """`count` crops of `size` (height, width), and the plates of each."""
        pictures = np.empty((count, *size, 3), np.uint8)
        truths = []
        for i in range(count):
            image, numbers, _ = self.scene(rng)
            pictures[i], truth = cut_crop(
                image,
                numbers[:, :8].reshape(-1, 4, 2),
                numbers[:, 8].astype(np.int64),
                numbers[:, 9].astype(np.int64),
                numbers[:, 10] > 0,
                size,
                rng,
            )
            truths.append(truth)
        self.took(count)
        return pictures, truths


class _Slots:
    """The arrays in the shared memory."""

    def __init__(self, memory: SharedMemory) -> None:
        assert memory.buf is not None
        whole = np.frombuffer(memory.buf, np.uint8)
        head = whole[:_HEAD].view(np.int64)
        self.drawn, self.taken, self.writing = head[:1], head[1:2], head[2:]
        ends = np.cumsum([_HEAD, SCENES * 4 * _NUMBERS, SCENES * 4 * _FOUND_NUMBERS, SCENES * _PIXELS])
        self.numbers = whole[ends[0] : ends[1]].view(np.float32).reshape(SCENES, _NUMBERS)
        self.found = whole[ends[1] : ends[2]].view(np.float32).reshape(SCENES, _FOUND_NUMBERS)
        self.pictures = whole[ends[2] : ends[3]].reshape(SCENES, HEIGHT, WIDTH, 3)


def draw_numbered(seed: int, number: int) -> tuple[Picture, NDArray[np.float32]]:
    """Scene `number` of a seed, and its plates as numbers (8 x 11)."""
    scene = draw_training_scene(np.random.default_rng([seed, number]))
    numbers = np.zeros((_MOST_PLATES, 11), np.float32)
    plates = [(plate.corners, plate.rows, plate.kind, 1) for plate in scene.plates]
    plates += [(corners, 1, 0, 0) for corners in scene.hidden]
    for i, (corners, rows, kind, counts) in enumerate(plates[:_MOST_PLATES]):
        numbers[i] = [*corners.ravel(), rows, kind, counts]
    return scene.image, numbers


def found_in(picture: Picture, engine: Engine) -> NDArray[np.float32]:
    """What a first look takes for plates, true or not (N x 4 x 2)."""
    batch, scale = prepare(Halves(picture), WIDTH)
    quads = decode(engine.run(batch)[0], batch.shape[2], batch.shape[3], _LEAST_FOUND)
    return np.array([quad.corners * scale for quad in quads], np.float32).reshape(-1, 4, 2)


def _paint(name: str, seed: int, drawn_before: int, parent: int, finder: Path | None) -> None:
    """The drawing process: fills the ring for ever, or until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    memory = SharedMemory(name=name)
    slots = _Slots(memory)
    engine = None if finder is None else Engine(finder)
    with contextlib.suppress(KeyboardInterrupt):
        while os.getppid() == parent:
            done = int(slots.drawn[0])
            if done > SCENES and done * _CROPS_EACH > int(slots.taken[0]) + SCENES * _CROPS_EACH:
                time.sleep(0.02)
                continue
            picture, numbers = draw_numbered(seed, drawn_before + done)
            found = np.zeros(_FOUND_NUMBERS, np.float32)
            if engine is not None:
                quads = found_in(picture, engine)[:_MOST_FOUND]
                found[: 8 * len(quads)] = quads.ravel()
            slots.writing[0] = done % SCENES
            slots.pictures[done % SCENES] = picture
            slots.numbers[done % SCENES] = numbers.ravel()
            slots.found[done % SCENES] = found
            slots.writing[0] = -1
            slots.drawn[0] = done + 1
    del slots
    memory.close()
