"""What the camera at a lane sees, drawn as it happens; a scene that stands still is drawn a few times and then shown with fresh noise.

A real camera never sends the same noise twice, and neither does this one: who did would be taken for a recording.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware_sim.physical_lane import InView
from lpr.drawing.layouts import PlateStyle, style_of
from lpr.drawing.people import Walker
from lpr.drawing.scenes import Light, Weather, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle

Image = NDArray[np.uint8]
TAKES = 6  # different noise over the same scene; from these, scene and noise are told apart
NOISE_SPARE = 61  # so many pixels more than the picture, to cut fresh noise from
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
        self._noise: dict[tuple[object, ...], NDArray[np.int8]] = {}
        self._turn = 0

    def next_frame(self) -> Image:
        """The lane as it is now."""
        seen, light, weather = self._look(), self._light(), self._weather()
        walkers, step = self._people(is_empty=seen is None)
        key = (seen and (seen.plate.text, round(seen.closeness, 2)), light, weather, step if walkers else 0)
        takes = self._takes.setdefault(key, [])
        self._takes.move_to_end(key)
        while len(self._takes) > SCENES_KEPT:
            gone, _ = self._takes.popitem(last=False)
            self._noise.pop(gone, None)
        self._turn += 1
        if len(takes) < TAKES:
            takes.append(self._draw(seen, light, weather, walkers, step / STEPS_PER_S))
            if len(takes) == TAKES:
                takes[0], self._noise[key] = _developed(
                    takes, self._rng
                )  # from now on the scene is that, and noise fresh
            return takes[-1]
        return self._with_noise(takes[0], self._noise[key])

    def _with_noise(self, scene: Image, noise: NDArray[np.int8]) -> Image:
        """The scene with noise that it has not had before: a sensor never gives the same picture twice."""
        height, width = scene.shape[:2]
        down, right = self._rng.integers(0, NOISE_SPARE, 2)
        fresh = np.ascontiguousarray(noise[down : down + height, right : right + width])
        return np.asarray(cv2.add(scene, fresh, dtype=cv2.CV_8U), dtype=np.uint8)

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


def _developed(takes: list[Image], rng: np.random.Generator) -> tuple[Image, NDArray[np.int8]]:
    """What several takes have in common, and a larger field of noise as strong as theirs."""
    scene = np.mean(takes, axis=0)
    levels = (
        float(np.mean(np.abs(takes[0][::4, ::4] - scene[::4, ::4]))) * 1.25
    )  # of a normal spread, from its mean size
    height, width = scene.shape[:2]
    noise = rng.normal(0, max(0.5, levels), (height + NOISE_SPARE, width + NOISE_SPARE)).round().clip(-60, 60)
    return scene.round().astype(np.uint8), np.repeat(noise.astype(np.int8)[..., None], 3, axis=2)


def vehicle_of(plate: str) -> Vehicle:
    """The vehicle that bears a number: always the same one."""
    looks = np.random.default_rng(list(plate.encode()))
    style = style_of(plate)
    if style is PlateStyle.BLUE and looks.random() < YELLOW_SHARE:
        style = PlateStyle.YELLOW
    dirt = float(looks.uniform(0.1, 0.5)) if looks.random() < DIRTY_SHARE else 0.0
    return Vehicle.of(plate, looks, style=style, dirt=dirt)
