"""What a bay camera sees: the bays side by side, each with its car or without; drawn when something changes, then shown again.

One housing with a lens for each bay, as they are sold: the picture is as many bays wide as it has.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware_sim.bay_plan import boxes_of
from hardware_sim.camera_view import vehicle_of
from lpr.drawing.perspective import View
from lpr.drawing.scenes import draw_empty_lane, draw_scene
from parking.kernel.clock import Clock

Image = NDArray[np.uint8]
LENS = View(width=480, height=360, focal_px=900)
PLACE = 5  # of the drawn places: under a roof
NEAR = 0.8
FLAPS = 6  # a flapping bay changes its mind after so many pictures


@dataclass(frozen=True, slots=True)
class _Parked:
    """A car in a bay, and whether its plate can be seen."""

    plate: str
    readable: bool = True


class BayView:
    """`next_frame` for a simulated camera over `bays`: H x W x 3, BGR, uint8; the camera writes its own time over the picture."""

    def __init__(self, bays: Sequence[str], clock: Clock, *, seed: int = 1) -> None:
        self.bays = tuple(bays)
        self._clock = clock
        self._rng = np.random.default_rng(seed)
        self._parked: dict[str, _Parked] = {}
        self._drawn: dict[_Parked | None, Image] = {}
        self._lock = threading.Lock()
        self._pictures = 0
        self.clock_off = timedelta(0)
        """How far the time that it writes over its pictures is off."""
        self.flapping: frozenset[str] = frozenset()
        """Bays that are shown with and without their car by turns."""

    def park(self, bay: str, plate: str, *, readable: bool = True) -> None:
        """A car stands in a bay from now on; KeyError for a bay that this camera does not see."""
        if bay not in self.bays:
            raise KeyError(bay)
        with self._lock:
            self._parked[bay] = _Parked(plate, readable)

    def leave(self, bay: str) -> None:
        with self._lock:
            self._parked.pop(bay, None)

    def boxes(self) -> dict[str, str]:
        """Where each bay is in the picture, as a settings file says it."""
        return boxes_of(self.bays)

    def next_frame(self) -> Image:
        """The bays as they are now."""
        with self._lock:
            parked = dict(self._parked)
        self._pictures += 1
        gone = self.flapping if self._pictures // FLAPS % 2 else frozenset()
        lenses = [self._lens(None if bay in gone else parked.get(bay)) for bay in self.bays]
        self._drawn = {one: self._drawn[one] for one in {None, *parked.values()} if one in self._drawn}
        picture = np.hstack(lenses)
        said = (self._clock.now() + self.clock_off).strftime("%Y-%m-%d %H:%M:%S")
        cv2.putText(picture, said, (10, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
        return picture

    def _lens(self, parked: _Parked | None) -> Image:
        if parked not in self._drawn:
            self._drawn[parked] = self._draw(parked)
        return self._drawn[parked]

    def _draw(self, parked: _Parked | None) -> Image:
        if parked is None:
            return draw_empty_lane(self._rng, view=LENS, place=PLACE)
        scene = draw_scene(vehicle_of(parked.plate), self._rng, approach=NEAR, view=LENS, place=PLACE, moving=0.0)
        if not parked.readable:
            cv2.fillPoly(scene.image, [np.round(scene.corners).astype(np.int32)], (60, 60, 62))
        return scene.image
