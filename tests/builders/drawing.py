"""Builders for drawn plates, gate scenes and the simulated cameras that send them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.layouts import PlateStyle
from lpr.drawing.scenes import Light, Scene, draw_scene
from lpr.drawing.vehicles import Vehicle

Picture = NDArray[np.uint8]
LOW_LATENCY = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|analyzeduration;0|probesize;32"


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def a_vehicle(plate: str = "京A12345", *, seed: int = 3, style: PlateStyle | None = None) -> Vehicle:
    return Vehicle.of(plate, chance(seed), style=style)


def a_scene(
    plate: str = "京A12345",
    *,
    seed: int = 3,
    style: PlateStyle | None = None,
    light: Light = Light.DAY,
    approach: float = 0.6,
    moving: float = 0.0,
    place: int = 0,
) -> Scene:
    vehicle = a_vehicle(plate, seed=seed, style=style)
    return draw_scene(vehicle, chance(seed), light=light, approach=approach, moving=moving, place=place)


def difference(one: Picture, other: Picture) -> NDArray[np.int32]:
    """By how much two pictures differ at each pixel, the largest of three channels."""
    return np.asarray(cv2.absdiff(one, other).max(axis=2), np.int32)


class NumberedFrames:
    """`next_frame` for a camera: a soft picture with the frame's number as a row of eight light and dark blocks."""

    def __init__(self, width: int = 320, height: int = 240) -> None:
        down = np.linspace(40, 200, height, dtype=np.float32)[:, None, None]
        across = np.linspace(0.6, 1.0, width, dtype=np.float32)[None, :, None]
        self._ground = (down * across * np.array((0.9, 1.0, 0.8), np.float32)).astype(np.uint8)
        self.sent = 0

    def __call__(self) -> Picture:
        self.sent += 1
        return self.picture(self.sent)

    def picture(self, number: int) -> Picture:
        picture = self._ground.copy()
        for bit in range(8):
            picture[16:48, 16 + 32 * bit : 48 + 32 * bit] = 230 if number >> bit & 1 else 20
        return picture

    @staticmethod
    def number_of(picture: Picture) -> int:
        """The number that a picture shows, read from the middle of each block."""
        return sum(1 << bit for bit in range(8) if picture[24:40, 24 + 32 * bit : 40 + 32 * bit].mean() > 125)


@contextmanager
def watching(url: str, *, silence_ms: int = 10_000) -> Iterator[cv2.VideoCapture]:
    """An OpenCV reader of a stream that gives up after `silence_ms`."""
    wanted = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, silence_ms]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, wanted)
    try:
        yield capture
    finally:
        capture.release()


def camera_threads() -> list[str]:
    """The threads now alive beside the main one; a stopped camera leaves none of its own."""
    return sorted(t.name for t in threading.enumerate() if "camera" in t.name or "process_request" in t.name)
