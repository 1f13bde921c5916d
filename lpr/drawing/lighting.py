"""What light there is at a place, and what it makes of a surface: sky, sun, ceiling lamps, the camera's own lamp, mirror images.

All colours are BGR and linear; one is a white sheet that a well set camera shows just below white.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from lpr.drawing.meshes import Colour, Floats, Mesh, floats

CEILING_M = 2.7


class Light(StrEnum):
    """The light of a scene."""

    DAY = "day"
    NIGHT = "night"
    DUSK = "dusk"
    LOW_SUN = "low_sun"
    INFRARED = "infrared"  # night seen by a camera with invisible lamps: grey


class Weather(StrEnum):
    """What falls from the sky."""

    DRY = "dry"
    RAIN = "rain"


DARK = (Light.NIGHT, Light.DUSK, Light.INFRARED)
"""When drivers have their headlights on."""


@dataclass(frozen=True, slots=True)
class Lighting:
    """Light from above and below, from the sun, from the lamp beside the camera (what a white sheet gets of it 3 m away)."""

    above: Colour
    below: Colour
    sun: Colour
    sun_from: tuple[float, float, float]
    lamp: Colour
    lamp_at: tuple[float, float, float]
    covered: bool
    zenith: Colour
    horizon: Colour
    tubes: float = 0.0  # how bright the ceiling's lamps are


@lru_cache(maxsize=256)
def lighting_of(light: Light, weather: Weather, *, covered: bool, seed: int = 0) -> Lighting:
    """The light of an hour; `seed` picks where the sun stands and how bright it is."""
    rng = np.random.default_rng(seed + 77)
    side = float(rng.uniform(-0.9, 0.9))
    overcast = rng.random() < 0.35 or weather is Weather.RAIN
    lamp_at = (float(rng.uniform(-1.2, 0.4)), float(rng.uniform(1.6, 2.6)), 0.0)
    if covered:
        return _indoors(light, lamp_at, rng)
    if light is Light.DAY:
        sun = 0.0 if overcast else float(rng.uniform(0.5, 0.8))
        high = float(rng.uniform(0.7, 1.3))
        return Lighting(
            _times((1.04, 1.0, 0.96), 0.62 if overcast else 0.42),
            _times((0.94, 1.0, 1.02), 0.17),
            _times((0.86, 0.97, 1.06), sun),
            _unit((side, high, float(rng.uniform(-0.8, 0.25)))),
            (0.0, 0.0, 0.0),
            lamp_at,
            covered=False,
            zenith=(0.86, 0.86, 0.84) if overcast else (0.78, 0.56, 0.36),
            horizon=(0.95, 0.95, 0.93) if overcast else (1.0, 0.96, 0.90),
        )
    if light is Light.LOW_SUN:
        towards = 1.0 if rng.random() < 0.5 else -1.0  # before the camera, or behind it
        return Lighting(
            _times((1.06, 0.98, 0.94), 0.30),
            _times((0.86, 0.96, 1.06), 0.13),
            _times((0.60, 0.86, 1.12), float(rng.uniform(0.75, 1.05))),
            _unit((side, float(rng.uniform(0.18, 0.38)), towards)),
            (0.0, 0.0, 0.0),
            lamp_at,
            covered=False,
            zenith=(0.62, 0.50, 0.40),
            horizon=(0.74, 0.95, 1.20),
        )
    if light is Light.DUSK:
        dim = float(rng.uniform(0.07, 0.16))
        return Lighting(
            _times((1.30, 1.0, 0.84), dim),
            _times((1.1, 1.0, 0.95), dim * 0.3),
            (0.0, 0.0, 0.0),
            (0.0, 1.0, 0.0),
            _times((0.90, 1.0, 1.04), float(rng.uniform(0.16, 0.30))),
            lamp_at,
            covered=False,
            zenith=_times((1.5, 1.0, 0.75), dim * 1.3),
            horizon=_times((1.0, 1.05, 1.25), dim * 2.2),
        )
    return _outdoors_at_night(light, lamp_at, rng)


def _outdoors_at_night(light: Light, lamp_at: tuple[float, float, float], rng: np.random.Generator) -> Lighting:
    street = float(rng.uniform(0.010, 0.030))
    lamp = float(rng.uniform(0.22, 0.42)) * (1.35 if light is Light.INFRARED else 1.0)
    return Lighting(
        _times((0.72, 0.96, 1.2), street),
        _times((0.8, 1.0, 1.1), street * 0.25),
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        _times((1.05, 1.0, 0.94), lamp),
        lamp_at,
        covered=False,
        zenith=(0.004, 0.003, 0.003),
        horizon=_times((0.8, 1.0, 1.3), street * 0.6),
    )


def _indoors(light: Light, lamp_at: tuple[float, float, float], rng: np.random.Generator) -> Lighting:
    """Under a roof it is the same by day and by night, but for what comes in and for lamps that save energy."""
    level = {Light.DAY: 0.34, Light.LOW_SUN: 0.38, Light.DUSK: 0.22, Light.NIGHT: 0.10, Light.INFRARED: 0.03}[light]
    level *= float(rng.uniform(0.85, 1.2))
    tint = (1.0, 1.02, 0.98) if rng.random() < 0.5 else (0.88, 1.0, 1.06)
    lamp = {Light.NIGHT: 0.22, Light.INFRARED: 0.40}.get(light, 0.0)
    return Lighting(
        _times(tint, level),
        _times(tint, level * 0.34),
        _times(tint, level * 0.45),
        _unit((0.1, 1.0, -0.35)),
        _times((1.05, 1.0, 0.94), lamp),
        lamp_at,
        covered=True,
        zenith=_times(tint, level * 0.55),
        horizon=_times(tint, level * 0.5),
        tubes=level * 9.0,
    )


def _times(colour: Colour, by: float) -> Colour:
    b, g, r = (channel * by for channel in colour)
    return (b, g, r)


def _unit(direction: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = np.asarray(direction) / np.linalg.norm(direction)
    return (float(x), float(y), float(z))


def falling_on(points: Floats, normals: Floats, lighting: Lighting) -> Floats:
    """The light that reaches surfaces (N x 3 each, any leading shape), for a white one."""
    up = normals[..., 1:2] * np.float32(0.5) + np.float32(0.5)
    light = floats(lighting.below) * (1 - up) + floats(lighting.above) * up
    if any(lighting.sun):
        light = light + np.maximum(normals @ floats(lighting.sun_from), 0)[..., None] * floats(lighting.sun)
    if any(lighting.lamp):
        towards = floats(lighting.lamp_at) - points
        far = np.sqrt((towards * towards).sum(axis=-1, keepdims=True)) + np.float32(1e-6)
        facing = np.maximum((normals * towards).sum(axis=-1, keepdims=True) / far, 0)
        light = light + facing * (np.float32(9.0) / (far * far + np.float32(1.5))) * floats(lighting.lamp)
    return np.asarray(light, np.float32)


def shade(mesh: Mesh, eye: tuple[float, float, float], lighting: Lighting) -> Floats:
    """What the eye gets from each point of a mesh (N x 3)."""
    points, normals = mesh.points, mesh.normals
    sight = floats(eye) - points
    sight /= np.sqrt((sight * sight).sum(axis=1, keepdims=True)) + np.float32(1e-6)
    facing = (normals * sight).sum(axis=1, keepdims=True)
    bounced = 2 * facing * normals - sight
    grazing = (1 - np.clip(facing, 0, 1)) ** 5 * np.clip(mesh.mirrors * 12, 0, 0.55)
    mirrored = np.clip(mesh.mirrors + grazing, 0, 1)
    under = np.clip(points[:, 1:2] / np.float32(0.45), 0.25, 1)  # little light reaches what is close to the road
    seen = mesh.colours * falling_on(points, normals, lighting) * (1 - mirrored) * under
    return np.asarray(seen + mirrored * _surroundings(points, bounced, lighting) + mesh.shines, np.float32)


def _surroundings(points: Floats, towards: Floats, lighting: Lighting) -> Floats:
    """What a mirror at `points` shows of the world in the directions `towards` (N x 3): sky or ceiling, skyline, road."""
    high = floats(towards[:, 1:2])
    if lighting.covered:
        overhead = _ceiling(points, towards, lighting)
    else:
        share = np.sqrt(np.clip(high, 0, 1))
        overhead = floats(lighting.horizon) * (1 - share) + floats(lighting.zenith) * share
        skyline = floats(0.10 + 0.06 * np.sin(5 * towards[:, :1] + 1.3) + 0.05 * np.sin(13 * towards[:, :1]))
        overhead = overhead * (0.32 + 0.68 * _ramp(high, floats(skyline - 0.03), floats(skyline + 0.05)))
    road = floats(lighting.below) * np.float32(0.55)
    above = _ramp(high, -0.06, 0.02)
    light = road * (1 - above) + overhead * above
    if any(lighting.sun) and not lighting.covered:
        spot = np.maximum(towards @ floats(lighting.sun_from), 0)[:, None] ** 400
        light = light + spot * np.float32(25.0) * floats(lighting.sun)
    if any(lighting.lamp):
        lamp = floats(lighting.lamp_at) - points
        lamp /= np.sqrt((lamp * lamp).sum(axis=1, keepdims=True)) + np.float32(1e-6)
        spot = np.maximum((towards * lamp).sum(axis=1, keepdims=True), 0) ** 300
        light = light + spot * np.float32(14.0) * floats(lighting.lamp)
    return np.asarray(light, np.float32)


def _ceiling(points: Floats, towards: Floats, lighting: Lighting) -> Floats:
    """Rows of tubes along the lane."""
    far = floats((CEILING_M - points[:, 1:2]) / np.maximum(towards[:, 1:2], 0.03))
    x, z = points[:, :1] + far * towards[:, :1], points[:, 2:] + far * towards[:, 2:]
    beside = np.abs(np.abs(x) - 1.3)
    lit = _ramp(floats(beside), 0.34, 0.10) * _ramp(floats(np.abs(z % 4.0 - 2.0)), 1.5, 1.2) * _ramp(far, 40.0, 12.0)
    return np.asarray(floats(lighting.zenith) * (0.5 + lit * lighting.tubes), np.float32)


def _ramp(value: Floats, start: Floats | float, end: Floats | float) -> Floats:
    """0 at `start`, 1 at `end`, smooth between."""
    share = np.clip((value - start) / (np.asarray(end) - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
