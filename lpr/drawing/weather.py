"""Rain: streaks in the air, drops on the lens, wet ground that mirrors; and the sun that shines into the lens."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from lpr.drawing.lighting import Lighting
from lpr.drawing.meshes import Floats, Mesh, floats
from lpr.drawing.painting import glow, thrice
from lpr.drawing.perspective import View
from lpr.drawing.rendering import render

_SLACK_PX = 160
_MIRROR = 0.55


def mirror_in_wet_ground(picture: Floats, wet: Floats, mesh: Mesh, colours: Floats, view: View) -> None:
    """Add the mirror image of a thing below itself, drawn long by the ripples; `wet` (H x W x 1) says where and how well."""
    layer = render(mesh.across(1), colours, view, finer=0.5)
    if layer is None:
        return
    height, width = layer.cover.shape[:2]
    long = max(2.0, view.height / 60)
    light = np.asarray(cv2.GaussianBlur(layer.light, (0, 0), sigmaX=long * 0.3, sigmaY=long), np.float32)
    cover = np.asarray(cv2.GaussianBlur(layer.cover, (0, 0), sigmaX=long * 0.3, sigmaY=long), np.float32)[..., None]
    here = slice(layer.top, layer.top + height), slice(layer.left, layer.left + width)
    share = wet[here] * np.float32(_MIRROR)
    picture[here] *= thrice(1 - share * cover)
    picture[here] += thrice(share) * light


def fall(picture: Floats, rng: np.random.Generator, lighting: Lighting) -> None:
    """Streaks of rain, brighter than what is behind them; each frame has others."""
    height, width = picture.shape[:2]
    field = _streaks(width, height, int(rng.integers(3)))
    top, left = (int(at) for at in rng.integers(0, _SLACK_PX, 2))
    piece = thrice(field[top : top + height, left : left + width])
    bright = floats(lighting.above) * np.float32(0.55) + floats(lighting.lamp) * np.float32(0.5)
    picture += piece * (bright * np.float32(0.8))


@lru_cache(maxsize=6)
def _streaks(width: int, height: int, number: int) -> Floats:
    """A field of streaks (H + slack x W + slack, 0-1): many short far ones, a few long near ones."""
    rng = np.random.default_rng(number)
    rows, columns = height + _SLACK_PX, width + _SLACK_PX
    field = np.zeros((rows, columns), np.float32)
    lean = float(rng.uniform(-0.18, 0.18))
    unit = height / 540
    for length, count, bright in ((14, 420, 0.20), (34, 110, 0.30), (80, 16, 0.34)):
        for x, y in rng.uniform((0, -100), (columns, rows), (count, 2)):
            long = float(rng.uniform(0.6, 1.3)) * length * unit
            end = (round((x + lean * long) * 8), round((y + long) * 8))
            thick = max(1, round(length / 40 * unit))
            cv2.line(
                field, (round(x * 8), round(y * 8)), end, bright * float(rng.uniform(0.4, 1)), thick, cv2.LINE_AA, 3
            )
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8 * unit), np.float32)


def drops_on_lens(picture: Floats, seed: int) -> None:
    """Drops that stay where they are: each shows the world small and upside down, out of focus."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(3, 14))):
        radius = int(width * float(rng.uniform(0.005, 0.022)))
        x, y = int(rng.integers(radius, width - radius)), int(rng.integers(radius, height - radius))
        around = 4 * radius
        seen = picture[max(0, y - around) : y + around, max(0, x - around) : x + around]
        small = cv2.resize(seen, (2 * radius, 2 * radius), interpolation=cv2.INTER_AREA)[::-1, ::-1]
        mask = _drop(radius)
        here = picture[y - radius : y + radius, x - radius : x + radius]
        here *= 1 - mask
        here += small * mask * np.linspace(0.75, 1.2, 2 * radius, dtype=np.float32)[:, None, None]


@lru_cache(maxsize=64)
def _drop(radius: int) -> Floats:
    grid = (np.arange(2 * radius, dtype=np.float32) - radius + 0.5) / radius
    out = np.sqrt(grid[None] ** 2 + (grid[:, None] * 0.9) ** 2)
    return np.asarray(np.clip((1 - out) * 2.2, 0, 0.85), np.float32)[..., None]


def dazzle(picture: Floats, lighting: Lighting, view: View) -> None:
    """A low sun before the camera: its halo, the veil over everything, ghosts in the lens."""
    towards = np.asarray(lighting.sun_from)
    seen = view.in_camera(np.asarray(view.stands) + towards)[0]
    if not any(lighting.sun) or lighting.covered or seen[2] < 0.25:
        return
    sun = (
        float(view.width / 2 + seen[0] / seen[2] * view.scale),
        float(view.height / 2 - seen[1] / seen[2] * view.scale),
    )
    beside = max(abs(sun[0] / view.width - 0.5), abs(sun[1] / view.height - 0.5))
    strength = float(np.clip(1.6 - beside, 0.15, 1.0))
    b, g, r = lighting.sun
    picture += floats((b, g, r)) * np.float32(0.015 + 0.03 * strength)
    glow(picture, sun, view.width * 0.22, (b * 0.3 * strength, g * 0.3 * strength, r * 0.3 * strength))
    for share, size, tint in (
        (0.35, 0.030, (0.05, 0.03, 0.01)),
        (0.62, 0.018, (0.01, 0.05, 0.03)),
        (1.35, 0.045, (0.03, 0.02, 0.05)),
    ):
        at = (sun[0] + (view.width / 2 - sun[0]) * share, sun[1] + (view.height / 2 - sun[1]) * share)
        glow(picture, at, view.width * size, (tint[0] * strength, tint[1] * strength, tint[2] * strength))
