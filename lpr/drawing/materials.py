"""What surfaces look like close by: asphalt, tiles, painted walls, windows, leaves. Pure functions of the place on the surface (m).

Each gives a factor for the surface's own colour (... x 3), the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache

import cv2
import numpy as np

from lpr.drawing.meshes import Floats, floats

_TILE = 256


class Material(IntEnum):
    """What a thing is made of."""

    PLAIN = 0
    ASPHALT = 1
    CONCRETE = 2
    FLOOR = 3  # a garage's painted floor
    PAVING = 4
    WALL = 5  # a garage's wall: a dark foot, a coloured band
    WINDOWS = 6  # a house's front
    LEAVES = 7
    KERB = 8  # yellow and black
    BOLLARD = 9  # red and white rings
    GLAZING = 10  # a shop's front, lit from within
    PILLAR = 11  # yellow and black stripes at its foot


def worked(material: Material, at: Floats, seed: int) -> Floats:
    """The factor for each of the points (N x 3) of one material."""
    return _WORK[material](at, seed) if material in _WORK else np.ones((len(at), 1), np.float32)


@lru_cache(maxsize=128)
def clouds(seed: int, coarseness: int) -> Floats:
    """A field of noise that tiles (256 x 256, mean 0, spread 1), softened by `coarseness` px."""
    field = np.random.default_rng(seed).standard_normal((_TILE, _TILE)).astype(np.float32)
    if coarseness:
        wide = np.pad(field, 4 * coarseness, mode="wrap")
        wide = np.asarray(cv2.GaussianBlur(wide, (0, 0), coarseness), np.float32)
        field = wide[4 * coarseness : -4 * coarseness, 4 * coarseness : -4 * coarseness]
    return np.asarray(field / field.std(), np.float32)


def _noise(u: Floats, v: Floats, per_m: float, seed: int, coarseness: int = 1) -> Floats:
    field = clouds(seed, coarseness)
    x = np.floor(u * per_m).astype(np.int64) % _TILE
    y = np.floor(v * per_m).astype(np.int64) % _TILE
    return np.asarray(field[y, x][:, None], np.float32)


def _asphalt(at: Floats, seed: int) -> Floats:
    x, z = at[:, 0], at[:, 2]
    worn = -0.10 * np.exp(-(((np.abs(x) - 0.75) / 0.22) ** 2))[:, None]  # where tyres run
    oil = -0.22 * np.exp(-((x / 0.35) ** 2))[:, None] * np.clip(_noise(x, z, 18, seed + 3, 12), 0, 1)
    return np.asarray(
        1 + 0.13 * _noise(x, z, 130, seed) + 0.07 * _noise(x, z, 22, seed + 1, 6) + worn + oil, np.float32
    )


def _concrete(at: Floats, seed: int) -> Floats:
    x, z = at[:, 0] + at[:, 1], at[:, 2]
    joint = 1 - 0.3 * ((z % 3.0) < 0.02)[:, None]
    return np.asarray((1 + 0.05 * _noise(x, z, 60, seed, 2) + 0.06 * _noise(x, z, 8, seed + 1, 8)) * joint, np.float32)


def _floor(at: Floats, seed: int) -> Floats:
    x, z = at[:, 0], at[:, 2]
    tyres = np.exp(-(((np.abs(x) - 0.74) / 0.13) ** 2))[:, None] * np.clip(0.5 + _noise(x, z, 5, seed + 2, 10), 0, 1)
    return np.asarray(
        1 + 0.025 * _noise(x, z, 90, seed) + 0.05 * _noise(x, z, 7, seed + 1, 9) - 0.30 * tyres, np.float32
    )


def _paving(at: Floats, seed: int) -> Floats:
    x, z = at[:, 0] / 0.6, at[:, 2] / 0.3
    x = x + 0.5 * (np.floor(z) % 2)
    seam = ((x % 1) < 0.03) | ((z % 1) < 0.06)
    tone = clouds(seed, 0)[np.floor(z).astype(int) % _TILE, np.floor(x).astype(int) % _TILE]
    return np.asarray(
        (1 + 0.07 * tone[:, None] + 0.05 * _noise(at[:, 0], at[:, 2], 70, seed)) * (1 - 0.35 * seam[:, None]),
        np.float32,
    )


def _wall(at: Floats, seed: int) -> Floats:
    y = at[:, 1]
    bands = ((0.35, 1.0, 0.55), (0.95, 0.55, 0.28), (0.30, 0.72, 1.0), (0.28, 0.30, 0.95))
    band = floats(bands[seed % len(bands)])
    rng = np.random.default_rng(seed)
    low, high = 0.9 + 0.3 * rng.random(), 1.15 + 0.4 * rng.random()
    shade = np.ones((len(at), 3), np.float32)
    shade[(y > low) & (y < high)] = band
    shade[y < 0.12] = 0.35
    stains = 1 + 0.05 * _noise(at[:, 2] + at[:, 0], y, 14, seed, 6)
    return np.asarray(shade * stains, np.float32)


def _windows(at: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    wide, tall = float(rng.uniform(2.2, 3.6)), float(rng.uniform(2.8, 3.6))
    u, v = (at[:, 0] + 0.7 * at[:, 2]) / wide, at[:, 1] / tall
    pane = (u % 1 > 0.22) & (u % 1 < 0.82) & (v % 1 > 0.28) & (v % 1 < 0.85)
    tone = 0.30 + 0.10 * clouds(seed, 0)[np.floor(v).astype(int) % _TILE, np.floor(u).astype(int) % _TILE]
    return np.where(pane[:, None], np.clip(tone, 0.12, 0.8)[:, None], 1.0).astype(np.float32)


def _leaves(at: Floats, seed: int) -> Floats:
    u, v = 1.3 * at[:, 0] - 0.7 * at[:, 2] + 0.4 * at[:, 1], at[:, 1] + 0.6 * at[:, 2] - 0.35 * at[:, 0]
    speckle, clumps = _noise(u, v, 34, seed, 1), _noise(v, u, 9, seed + 1, 2)
    return np.asarray(np.clip(0.85 + 0.40 * speckle + 0.35 * clumps, 0.12, 2.2), np.float32)


def _kerb(at: Floats, seed: int) -> Floats:  # noqa: ARG001 - all kerbs are alike
    black = (at[:, 2] % 1.0) < 0.5
    return np.where(black[:, None], floats((0.30, 0.03, 0.024)), floats((1.0, 1.0, 1.0))).astype(np.float32)


def _bollard(at: Floats, seed: int) -> Floats:  # noqa: ARG001 - all bollards are alike
    white = (at[:, 1] % 0.26) < 0.08
    return np.where(white[:, None], floats((22.0, 9.0, 1.2)), np.float32(1.0)).astype(np.float32)


def _glazing(at: Floats, seed: int) -> Floats:
    u, v = at[:, 0] / 1.5, at[:, 1] / 2.4
    frame = (u % 1 < 0.035) | (v % 1 < 0.03)
    wares = 0.7 + 0.5 * np.clip(_noise(at[:, 0], at[:, 1], 12, seed, 7), -1, 1.5)
    return np.where(frame[:, None], 0.12, wares).astype(np.float32)


def _pillar(at: Floats, seed: int) -> Floats:  # noqa: ARG001 - all pillars are alike
    striped = at[:, 1] < 1.1
    black = ((at[:, 1] + at[:, 0] + at[:, 2]) % 0.36) < 0.18
    yellow = floats((0.06, 0.62, 0.95))
    stripes = np.where(black[:, None], np.float32(0.03), yellow)
    return np.where(striped[:, None], stripes, np.float32(1.0)).astype(np.float32)


_WORK: dict[Material, Callable[[Floats, int], Floats]] = {
    Material.ASPHALT: _asphalt,
    Material.CONCRETE: _concrete,
    Material.FLOOR: _floor,
    Material.PAVING: _paving,
    Material.WALL: _wall,
    Material.WINDOWS: _windows,
    Material.LEAVES: _leaves,
    Material.KERB: _kerb,
    Material.BOLLARD: _bollard,
    Material.GLAZING: _glazing,
    Material.PILLAR: _pillar,
}
