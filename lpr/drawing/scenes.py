"""What a gate camera sees: a lane, perhaps a car in it, by day or by night; pure functions of what is asked and a random generator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.lanes import draw_lane
from lpr.drawing.painting import Picture, Points, glow
from lpr.drawing.perspective import View
from lpr.drawing.vehicles import Drawn, Vehicle, draw_vehicle

_FAR_M = 4.4
_NEAR_M = 2.25
_NOISE_SLACK_PX = 128


class Light(StrEnum):
    """The light of a scene."""

    DAY = "day"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture (H x W x 3, BGR, uint8) and the true plate corners (4 x 2 px, clockwise from the top left)."""

    image: Picture
    corners: Points


def distance_at(approach: float) -> float:
    """Metres between camera and car: 0 is where the car comes into view, 1 is where it waits for the barrier."""
    return _FAR_M + (_NEAR_M - _FAR_M) * min(1.0, max(0.0, approach))


def draw_scene(
    vehicle: Vehicle,
    rng: np.random.Generator,
    *,
    approach: float = 0.6,
    light: Light = Light.DAY,
    view: View | None = None,
    place: int = 0,
    moving: float = 0.3,
) -> Scene:
    """A car in the lane at `approach` (0 far to 1 near); `place` picks the surroundings, `moving` (0-1) the blur of its speed."""
    view = view or View()
    picture = _background(place, view).copy()
    drift = float(np.random.default_rng(vehicle.body.seed).uniform(-0.14, 0.14)) + float(rng.normal(0, 0.004))
    drawn = draw_vehicle(
        picture, vehicle, view, distance=distance_at(approach), drift=drift, lamps_lit=light is Light.NIGHT
    )
    lit = _by_night(picture, drawn, rng) if light is Light.NIGHT else _by_day(picture, rng)
    return Scene(_through_the_lens(lit, rng, light, moving), drawn.plate_corners)


def draw_empty_lane(
    rng: np.random.Generator, *, light: Light = Light.DAY, view: View | None = None, place: int = 0
) -> Picture:
    """The lane with nobody in it (H x W x 3, BGR, uint8)."""
    view = view or View()
    picture = _background(place, view)
    lit = _by_night(picture, None, rng) if light is Light.NIGHT else _by_day(picture, rng)
    return _through_the_lens(lit, rng, light, 0.0)


@lru_cache(maxsize=8)
def _background(place: int, view: View) -> Picture:
    picture = draw_lane(place, view)
    picture.flags.writeable = False
    return picture


@lru_cache(maxsize=4)
def _gate_lamp(width: int, height: int) -> NDArray[np.float32]:
    """How much of the daylight each pixel gets at night (H x W x 3): little, more in the lane's middle, a little blue."""
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    y = (np.arange(height, dtype=np.float32) / height - 0.62)[:, None]
    lamp = 0.13 + 0.34 * np.exp(-(x**2 / 0.09 + y**2 / 0.14))
    return np.asarray(lamp[..., None] * np.array((1.10, 1.0, 0.92)), np.float32)


@lru_cache(maxsize=4)
def _noise(width: int, height: int) -> NDArray[np.float32]:
    """One field of noise, larger than the picture, fine in brightness and coarse in colour; each frame takes a piece by chance."""
    rng = np.random.default_rng(0)
    rows, columns = height + _NOISE_SLACK_PX, width + _NOISE_SLACK_PX
    grain = rng.standard_normal((rows, columns, 1), dtype=np.float32)
    coarse = rng.standard_normal((rows // 2, columns // 2, 3), dtype=np.float32)
    return np.asarray(grain + 0.5 * cv2.resize(coarse, (columns, rows)), np.float32)


def _by_day(picture: Picture, rng: np.random.Generator) -> NDArray[np.float32]:
    return picture.astype(np.float32) * np.float32(rng.uniform(0.94, 1.04))


def _by_night(picture: Picture, drawn: Drawn | None, rng: np.random.Generator) -> NDArray[np.float32]:
    """Little light from around, the gate's own lamp on the lane's middle, and the glare of two headlights."""
    height, width = picture.shape[:2]
    gain = _gate_lamp(width, height).copy()
    if drawn is None:
        return np.asarray(picture * gain, np.float32)
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.round(drawn.plate_corners * 16).astype(np.int32)], 1.0, lineType=cv2.LINE_AA, shift=4)
    back = np.float32(rng.uniform(0.62, 0.85))  # the plate's film throws the light back
    gain += mask[..., None] * np.maximum(0, back - gain)
    lit = np.asarray(picture * gain, np.float32)
    halo = np.zeros_like(lit)
    strength = float(rng.uniform(0.75, 1.1))
    for centre in (drawn.lamps.left, drawn.lamps.right):
        glow(halo, centre, drawn.lamps.radius * 1.5, (255 * strength, 250 * strength, 236 * strength))
        glow(halo, centre, drawn.lamps.radius * 5.5, (34 * strength, 33 * strength, 30 * strength))
    return lit + halo


def _through_the_lens(lit: NDArray[np.float32], rng: np.random.Generator, light: Light, moving: float) -> Picture:
    """Blur of speed and of the lens, the sensor's noise, and the softness of a camera's own compression."""
    length = 1 + round(moving * float(rng.uniform(0, 7)))
    if length > 1:
        kernel = np.zeros((length, 3), np.float32)
        kernel[:, 1] = 1 / length  # an approaching car moves down the picture
        lit = np.asarray(cv2.filter2D(lit, -1, kernel), np.float32)
    lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), float(rng.uniform(0.4, 0.8))), np.float32)
    sigma = float(rng.uniform(3.0, 6.0) if light is Light.NIGHT else rng.uniform(1.0, 2.5))
    height, width = lit.shape[:2]
    top, left = (int(at) for at in rng.integers(0, _NOISE_SLACK_PX, 2))
    grain = _noise(width, height)[top : top + height, left : left + width] * np.float32(sigma)
    picture = np.clip(lit + grain, 0, 255).astype(np.uint8)
    quality = int(rng.integers(72, 92))
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
