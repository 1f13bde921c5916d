"""Maps of shadow, dirt, rain, noise and bodywork, made once from a seed, so that a sample costs little.

All maps are larger than a view (48 x 192), so that each use can take another window.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

_HIGH, _WIDE = 48, 192  # a view
_MAP_HIGH, _MAP_WIDE = 96, 320
_EACH = 96


@dataclass(frozen=True, slots=True, eq=False)
class Banks:
    """Ready-made maps; all 0-1 but `waves` (pixels), `noise` (unit deviation, 3 colours) and `bodies` (BGR uint8)."""

    shadows: Maps
    clouds: Maps
    streaks: Maps
    waves: Maps
    noise: Maps
    bodies: NDArray[np.uint8]
    grid_x: Maps
    grid_y: Maps
    levels: Maps


def make_banks(seed: int) -> Banks:
    """The same banks for the same seed; about a second."""
    rng = np.random.default_rng([seed, 0xBA])
    ys, xs = np.mgrid[0:_HIGH, 0:_WIDE].astype(np.float32)
    return Banks(
        shadows=np.stack([_shadow(rng) for _ in range(_EACH)]),
        clouds=np.stack([_cloud(rng) for _ in range(_EACH)]),
        streaks=np.stack([_streaks(rng) for _ in range(_EACH // 4)]),
        waves=np.stack([_wave(rng) for _ in range(4 * _EACH)]),
        noise=rng.normal(0, 1, (256, 512, 3)).astype(np.float32),
        bodies=np.stack([_body(rng) for _ in range(_EACH)]),
        grid_x=xs,
        grid_y=ys,
        levels=np.linspace(0, 1, 256, dtype=np.float32),
    )


def _shadow(rng: np.random.Generator) -> Maps:
    """One or two polygons, or bars as of a grille or a fence, with soft or hard edges."""
    map_ = np.zeros((_MAP_HIGH, _MAP_WIDE), np.float32)
    if rng.random() < 0.75:
        for _ in range(rng.integers(1, 3)):
            middle = rng.uniform((0, 0), (_MAP_WIDE, _MAP_HIGH))
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
            reach = rng.uniform(25, 190, len(angles))
            points = middle + np.stack([np.cos(angles) * reach, np.sin(angles) * reach * 0.6], axis=1)
            cv2.fillPoly(map_, [points.astype(np.int32)], 1.0, cv2.LINE_AA)
    else:
        step, angle = rng.uniform(14, 60), rng.uniform(0, np.pi)
        ys, xs = np.mgrid[0:_MAP_HIGH, 0:_MAP_WIDE]
        map_ = (np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * 2 * np.pi / step) > 0).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(map_, (0, 0), float(rng.uniform(0.6, 6))), np.float32)
    return 1 - soft if rng.random() < 0.4 else soft


def _cloud(rng: np.random.Generator) -> Maps:
    """Patches of several sizes, stretched to 0-1."""
    map_ = np.zeros((_MAP_HIGH, _MAP_WIDE), np.float32)
    for cells, weight in ((4, 1.0), (10, 0.7), (30, 0.45)):
        coarse = rng.normal(0, 1, (cells, cells * 3)).astype(np.float32)
        map_ += weight * cv2.resize(coarse, (_MAP_WIDE, _MAP_HIGH), interpolation=cv2.INTER_CUBIC)
    return np.asarray((map_ - map_.min()) / np.ptp(map_), np.float32)


def _streaks(rng: np.random.Generator) -> Maps:
    map_ = np.zeros((_MAP_HIGH, _MAP_WIDE), np.float32)
    lean = rng.uniform(-0.5, 0.5)
    for _ in range(rng.integers(15, 90)):
        x, y, length = rng.uniform(0, _MAP_WIDE), rng.uniform(-10, _MAP_HIGH), rng.uniform(6, 30)
        cv2.line(
            map_,
            (int(x), int(y)),
            (int(x + lean * length), int(y + length)),
            float(rng.uniform(0.3, 1)),
            1,
            cv2.LINE_AA,
        )
    return np.asarray(cv2.GaussianBlur(map_, (0, 0), 0.6), np.float32)


def _wave(rng: np.random.Generator) -> Maps:
    """A smooth displacement of a pixel or so, changing from sign to sign."""
    coarse = rng.normal(0, 1, (4, 12)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (_WIDE, _HIGH), interpolation=cv2.INTER_CUBIC), np.float32)


def _body(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Bumper and surroundings: one paint with soft gradients, and a few darker or brighter lines and blocks."""
    value = float(rng.choice([rng.uniform(5, 60), rng.uniform(60, 190), rng.uniform(190, 250)], p=[0.5, 0.3, 0.2]))
    colour = np.clip(value * (1 + rng.normal(0, 0.22, 3) * (rng.random() < 0.5)), 0, 255)
    light = cv2.resize(rng.uniform(0.3, 1.5, (4, 6)).astype(np.float32), (_WIDE, _HIGH), interpolation=cv2.INTER_CUBIC)
    body = light[..., None] * colour[None, None, :].astype(np.float32)
    for _ in range(rng.integers(0, 7)):
        y = int(rng.uniform(-4, _HIGH))
        shade = float(rng.uniform(0, 240))
        lean = int(rng.normal(0, 14))
        cv2.line(body, (0, y), (_WIDE, y + lean), (shade,) * 3, int(rng.integers(1, 7)), cv2.LINE_AA)
    for _ in range(rng.integers(0, 3)):
        x, y = int(rng.uniform(0, _WIDE)), int(rng.uniform(0, _HIGH))
        block = tuple(float(c) for c in rng.uniform(0, 230, 3))
        cv2.rectangle(body, (x, y), (x + int(rng.integers(5, 70)), y + int(rng.integers(4, 20))), block, -1)
    return np.asarray(np.clip(cv2.GaussianBlur(body, (0, 0), 0.8), 0, 255), np.uint8)
