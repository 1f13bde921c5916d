"""What the camera at a lane sees, drawn as it happens; a scene that stands still is drawn a few times and then repeated.

A real camera never sends the same noise twice in a row, and neither does this one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hardware_sim.physical_lane import InView
from lpr.drawing.scenes import Light, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle

Image = NDArray[np.uint8]
TAKES = 6  # different noise over the same scene
SCENES_KEPT = 4


class CameraView:
    """`next_frame` for a simulated camera: H x W x 3, BGR, uint8."""

    def __init__(self, look: Callable[[], InView | None], light: Callable[[], Light], *, place: int, seed: int) -> None:
        self._look = look
        self._light = light
        self._place = place
        self._rng = np.random.default_rng(seed)
        self._takes: OrderedDict[tuple[str, float, Light], list[Image]] = OrderedDict()
        self._turn = 0

    def next_frame(self) -> Image:
        """The lane as it is now."""
        seen, light = self._look(), self._light()
        key = (seen.plate.text, round(seen.closeness, 2), light) if seen else ("", 0.0, light)
        takes = self._takes.setdefault(key, [])
        self._takes.move_to_end(key)
        while len(self._takes) > SCENES_KEPT:
            self._takes.popitem(last=False)
        self._turn += 1
        if len(takes) < TAKES:
            takes.append(self._draw(seen, light))
            return takes[-1]
        return takes[self._turn % TAKES]

    def _draw(self, seen: InView | None, light: Light) -> Image:
        if seen is None:
            return draw_empty_lane(self._rng, light=light, place=self._place)
        looks = np.random.default_rng(list(seen.plate.text.encode()))
        moving = 0.0 if seen.closeness >= 1 else 0.3
        vehicle = Vehicle.of(seen.plate.text, looks)
        return draw_scene(
            vehicle, self._rng, approach=seen.closeness, light=light, place=self._place, moving=moving
        ).image
