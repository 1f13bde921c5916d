"""A ring of ready samples in shared memory: one process draws and degrades, the trainer takes what lies there and never waits.

A clean plate is drawn once and degraded afresh several times. What is drawn depends on the seed alone; which sample the trainer
meets when depends on the speed of both, so two trainings with one seed are alike and not equal.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.training import painter
from lpr.training.banks import make_banks
from lpr.training.degrade import HEIGHT, WIDTH, Chance, Picture, degrade
from lpr.training.plates import COLOURS, SIGNS, SLOTS, DrawnPlate, draw_any
from lpr.training.views import view_of

_SAMPLES = 60_000
_CLEAN = 6_000
_DEGRADED_EACH = 7
_EASIEST, _HARDEST = 0.08, 0.88  # what is harder nobody can read, and teaches nothing
_RAMP_FROM, RAMP_PLATES = 0.35, 120_000

_PIXELS = HEIGHT * WIDTH * 3
_AHEAD = _SAMPLES // 2
"""How far drawing may be ahead of training: then it rests."""
_USES = 1.6
"""How often a sample is met on average: drawing takes time from training, and chance decides anyhow."""

_HEAD = 16  # bytes: how many samples were made, and how many taken
_NOT_SEEN = 255  # of a colour that a grey picture does not show


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures (N x 24 x 96 x 3, BGR uint8), classes by place (N x 9; 0 is "no sign") and ground colours (N; -1: grey picture)."""

    pictures: NDArray[np.uint8]
    places: NDArray[np.int64]
    colours: NDArray[np.int64]


class Sampler:
    """Draws samples one by one; a `ramp` begins with easy ones."""

    def __init__(self, seed: int, drawn_before: int = 0) -> None:
        self._rng = np.random.default_rng([seed, drawn_before])
        self._banks = make_banks(seed)
        self._clean: list[DrawnPlate] = []
        self._made = drawn_before

    def next(self) -> tuple[Picture, NDArray[np.uint8], int]:
        """A sample (24 x 96), its classes by place (9) and its colour's number (255 where the picture is grey)."""
        if len(self._clean) < 64 or self._made % _DEGRADED_EACH == 0:
            self._draw()
        plate = self._clean[int(self._rng.integers(len(self._clean)))]
        most = min(1.0, _RAMP_FROM + (1 - _RAMP_FROM) * self._made / RAMP_PLATES)
        chance = Chance(self._rng, most * (_EASIEST + (_HARDEST - _EASIEST) * float(self._rng.random())), self._banks)
        view = view_of(plate.picture, plate.rows, chance)
        sample = degrade(view, chance)
        colour = COLOURS.index(plate.colour)
        if self._rng.random() < 0.06:
            sample = np.asarray(cv2.cvtColor(cv2.cvtColor(sample, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
            colour = _NOT_SEEN
        self._made += 1
        return sample, places_of(plate.text), colour

    def _draw(self) -> None:
        plate = draw_any(self._rng)
        if len(self._clean) < _CLEAN:
            self._clean.append(plate)
        else:
            self._clean[int(self._rng.integers(_CLEAN))] = plate


def places_of(text: str) -> NDArray[np.uint8]:
    """Each place's class: 1 + the sign's number in `SIGNS`, 0 behind the last sign."""
    places = np.zeros(SLOTS, np.uint8)
    places[: len(text)] = [1 + SIGNS.index(sign) for sign in text]
    return places


class Stock:
    """The ring, and the process that fills it; a context manager."""

    def __init__(self, seed: int, drawn_before: int = 0) -> None:
        self._rng = np.random.default_rng([seed, drawn_before, 1])
        self._memory = SharedMemory(create=True, size=_HEAD + _SAMPLES * (_PIXELS + SLOTS + 1))
        self._ring = _Ring(self._memory)
        self._before = drawn_before
        context: Any = multiprocessing.get_context("spawn")  # never a fork of a process with threads
        self._painter = context.Process(
            target=_paint, args=(self._memory.name, seed, drawn_before, os.getpid()), daemon=True
        )

    def __enter__(self) -> Stock:
        self._painter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._painter.terminate()
        self._painter.join()
        del self._ring
        self._memory.close()
        self._memory.unlink()

    @property
    def drawn(self) -> int:
        """How many samples were made so far, earlier sittings included."""
        return self._before + int(self._ring.count[0])

    def check(self) -> None:
        """ParkingError where the drawing process has ended."""
        painter.check(self._painter)

    def batch(self, size: int) -> Batch:
        """`size` random samples of those that lie in the ring."""
        filled = min(_SAMPLES, int(self._ring.count[0]))
        chosen = self._rng.integers(0, filled, size)
        self._ring.taken[0] += size
        colours = self._ring.colours[chosen].astype(np.int64)
        colours[colours == _NOT_SEEN] = -1
        return Batch(self._ring.pictures[chosen], self._ring.places[chosen].astype(np.int64), colours)


class _Ring:
    """The arrays in the shared memory."""

    def __init__(self, memory: SharedMemory) -> None:
        whole: NDArray[np.uint8] = np.ndarray((memory.size,), np.uint8, memory.buf)
        self.count, self.taken = whole[:_HEAD].view(np.int64)[:1], whole[:_HEAD].view(np.int64)[1:]
        ends = np.cumsum([_HEAD, _SAMPLES * _PIXELS, _SAMPLES * SLOTS, _SAMPLES])
        self.pictures = whole[ends[0] : ends[1]].reshape(_SAMPLES, HEIGHT, WIDTH, 3)
        self.places = whole[ends[1] : ends[2]].reshape(_SAMPLES, SLOTS)
        self.colours = whole[ends[2] : ends[3]]


def _paint(name: str, seed: int, drawn_before: int, parent: int) -> None:
    """The drawing process: fills the ring for ever, or until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    memory = SharedMemory(name=name)
    ring = _Ring(memory)
    sampler = Sampler(seed, drawn_before)
    with contextlib.suppress(KeyboardInterrupt):
        while os.getppid() == parent:
            if int(ring.count[0]) > int(ring.taken[0]) / _USES + _AHEAD:
                time.sleep(0.02)
                continue
            at = int(ring.count[0]) % _SAMPLES
            ring.pictures[at], ring.places[at], ring.colours[at] = sampler.next()
            ring.count[0] += 1
    del ring
    memory.close()
