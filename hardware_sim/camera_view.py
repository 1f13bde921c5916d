"""What the camera at a lane sees, drawn as it happens; a scene that stands still is drawn a few times and then repeated.

A real camera never sends the same noise twice in a row, and neither does this one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hardware_sim.physical_lane import InView
from lpr.drawing.layouts import PlateStyle, style_of
from lpr.drawing.people import Walker
from lpr.drawing.scenes import Light, Weather, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle

Image = NDArray[np.uint8]
TAKES = 6  # different noise over the same scene
SCENES_KEPT = 4
YELLOW_SHARE = 0.08  # of the plates with seven signs: trucks and buses
DIRTY_SHARE = 0.25
WALK_EVERY_S, WALK_LASTS_S = 24.0, 6.0
STEPS_PER_S = 4  # people move in steps, so that few pictures have to be drawn


class CameraView:
    """`next_frame` for a simulated camera: H x W x 3, BGR, uint8; people walk by where `seconds` tells the time."""

    def __init__(
        self,
        look: Callable[[], InView | None],
        light: Callable[[], Light],
        *,
        place: int,
        seed: int,
        weather: Callable[[], Weather] = lambda: Weather.DRY,
        seconds: Callable[[], float] | None = None,
    ) -> None:
        self._look = look
        self._light = light
        self._weather = weather
        self._seconds = seconds
        self._place = place
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._takes: OrderedDict[tuple[object, ...], list[Image]] = OrderedDict()
        self._turn = 0

    def next_frame(self) -> Image:
        """The lane as it is now."""
        seen, light, weather = self._look(), self._light(), self._weather()
        walkers, step = self._people(is_empty=seen is None)
        key = (seen and (seen.plate.text, round(seen.closeness, 2)), light, weather, step if walkers else 0)
        takes = self._takes.setdefault(key, [])
        self._takes.move_to_end(key)
        while len(self._takes) > SCENES_KEPT:
            self._takes.popitem(last=False)
        self._turn += 1
        if len(takes) < TAKES:
            takes.append(self._draw(seen, light, weather, walkers, step / STEPS_PER_S))
            return takes[-1]
        return takes[self._turn % TAKES]

    def _people(self, *, is_empty: bool) -> tuple[tuple[Walker, ...], int]:
        """Who walks by now, and how many steps of time they have been under way."""
        if self._seconds is None:
            return (), 0
        turn, since_s = divmod(self._seconds(), WALK_EVERY_S)
        rng = np.random.default_rng((self._seed, int(turn)))
        if since_s > WALK_LASTS_S or rng.random() < 0.3:
            return (), 0
        near, far = (2.6, 6.0) if is_empty and rng.random() < 0.4 else (6.0, 9.0)
        umbrella = self._weather() is Weather.RAIN
        walker = Walker.of(rng, near=near, far=far, crosses_at_s=WALK_LASTS_S / 2, umbrella=umbrella)
        return (walker,), int(since_s * STEPS_PER_S)

    def _draw(
        self, seen: InView | None, light: Light, weather: Weather, walkers: tuple[Walker, ...], seconds: float
    ) -> Image:
        if seen is None:
            return draw_empty_lane(
                self._rng, light=light, place=self._place, weather=weather, walkers=walkers, seconds=seconds
            )
        return draw_scene(
            vehicle_of(seen.plate.text),
            self._rng,
            approach=seen.closeness,
            light=light,
            place=self._place,
            moving=0.0 if seen.closeness >= 1 else 0.3,
            weather=weather,
            walkers=walkers,
            seconds=seconds,
        ).image


def vehicle_of(plate: str) -> Vehicle:
    """The vehicle that bears a number: always the same one."""
    looks = np.random.default_rng(list(plate.encode()))
    style = style_of(plate)
    if style is PlateStyle.BLUE and looks.random() < YELLOW_SHARE:
        style = PlateStyle.YELLOW
    dirt = float(looks.uniform(0.1, 0.5)) if looks.random() < DIRTY_SHARE else 0.0
    return Vehicle.of(plate, looks, style=style, dirt=dirt)
