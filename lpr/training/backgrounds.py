"""What lies behind everything: noise, leaves, walls, roads, windows; strongly random, none of it from a photograph.

Pictures are BGR, uint8. Nothing here is shared with `lpr.drawing.lanes`, which is kept for proofs.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def draw_background(height: int, width: int, rng: np.random.Generator) -> Picture:
    """One texture, or two or three above each other as sky, walls and road are."""
    bands = int(rng.choice([1, 2, 3], p=[0.35, 0.4, 0.25]))
    cuts = [0, *sorted(int(cut) for cut in rng.integers(height // 8, height - height // 8, bands - 1)), height]
    picture = np.empty((height, width, 3), np.uint8)
    for top, bottom in pairwise(cuts):
        if bottom > top:
            draw = _TEXTURES[int(rng.choice(len(_TEXTURES), p=_SHARES))]
            picture[top:bottom] = draw(bottom - top, width, rng)
    if rng.random() < 0.4:
        _light(picture, rng)
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 4.0))), np.uint8)
    return picture


def colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour as the street has it: mostly grey, at times strong (3 values, BGR, 0-255)."""
    grey = float(rng.uniform(15, 245))
    strength = float(rng.choice([6.0, 25.0, 90.0], p=[0.5, 0.3, 0.2]))
    return np.clip(grey + rng.normal(0, strength, 3), 0, 255).astype(np.float32)


def cloud(height: int, width: int, rng: np.random.Generator, *, roughness: float = 0.6) -> NDArray[np.float32]:
    """1/f noise about 0 with a spread of about 1 (height x width)."""
    field = np.zeros((height, width), np.float32)
    cells, strength = int(rng.integers(2, 6)), 1.0
    while cells < max(height, width):
        coarse = rng.standard_normal((max(2, cells * height // width + 1), cells + 1), dtype=np.float32)
        field += strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        cells, strength = cells * 3, strength * roughness
    return field


def _smooth(height: int, width: int, rng: np.random.Generator) -> Picture:
    first, second = colour(rng), colour(rng)
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = (first * (1 - share) + second * share) + np.zeros((1, width, 1), np.float32)
    return _bytes(picture + rng.uniform(0, 4) * rng.standard_normal((height, width, 1), dtype=np.float32))


def _noisy(height: int, width: int, rng: np.random.Generator) -> Picture:
    field = cloud(height, width, rng, roughness=float(rng.uniform(0.4, 0.85)))[..., None]
    return _bytes(colour(rng) + field * rng.uniform(-45, 45, 3).astype(np.float32))


def _asphalt(height: int, width: int, rng: np.random.Generator) -> Picture:
    grain = rng.standard_normal((height, width, 1), dtype=np.float32) * np.float32(rng.uniform(3, 22))
    field = cloud(height, width, rng)[..., None] * np.float32(rng.uniform(2, 14))
    picture = _bytes(np.float32(rng.uniform(40, 170)) + field + grain + rng.normal(0, 4, 3).astype(np.float32))
    for _ in range(int(rng.integers(0, 4))):  # road markings
        at = rng.uniform(0, 1, (2, 2)) * (width, height)
        aside = rng.uniform(-0.1, 0.1, 2) * width
        quad = np.array([at[0], at[1], at[1] + aside, at[0] + aside])
        shade = (210, 220, 225) if rng.random() < 0.6 else (60, 180, 220)
        cv2.fillPoly(picture, [quad.astype(np.int32)], shade, cv2.LINE_AA)
    return picture


def _leaves(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Dead leaves: shapes of every size that cover each other."""
    picture = _smooth(height, width, rng)
    for _ in range(int(rng.integers(20, 160))):
        size = float(np.exp(rng.uniform(np.log(4), np.log(0.5 * max(height, width)))))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        shade = tuple(float(c) for c in colour(rng))
        turn = float(rng.uniform(0, 180) if rng.random() < 0.5 else 0)
        aspect = float(np.exp(rng.uniform(-1.5, 1.5)))
        shape = rng.integers(3)
        if shape == 0:
            axes = (max(1, int(size / 2)), max(1, int(size * aspect / 2)))
            cv2.ellipse(picture, (int(x), int(y)), axes, turn, 0, 360, shade, -1, cv2.LINE_AA)
        elif shape == 1:
            box = cv2.boxPoints(((x, y), (size, size * aspect), turn))
            cv2.fillPoly(picture, [box.astype(np.int32)], shade, cv2.LINE_AA)
        else:
            points = rng.normal((x, y), size / 2, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(picture, [points.astype(np.int32)], shade, cv2.LINE_AA)
    return picture


def _wall(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Brick, tiles, paving or a front of windows: rows of like rectangles with joints, at times slanted."""
    high = float(np.exp(rng.uniform(np.log(5), np.log(70))))
    wide = high * float(np.exp(rng.uniform(-0.4, 1.5)))
    base, joint = colour(rng), colour(rng)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = joint.astype(np.uint8)
    gap, offset = float(rng.uniform(0.05, 0.4)), float(rng.choice([0.0, 0.5]))
    spread = float(rng.uniform(2, 40))
    for row in range(int(height / high) + 2):
        for column in range(-1, int(width / wide) + 2):
            x, y = (column + offset * (row % 2)) * wide, row * high
            shade = np.clip(base + rng.normal(0, spread), 0, 255)
            corner = (int(x + wide * (1 - gap)), int(y + high * (1 - gap)))
            cv2.rectangle(picture, (int(x), int(y)), corner, shade.tolist(), -1)
    if rng.random() < 0.5:
        picture = _slant(picture, rng)
    return picture


def _slats(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Bars and slats: shutters, fences, grilles, stairs."""
    period = float(np.exp(rng.uniform(np.log(3), np.log(50))))
    wave = np.sin(np.arange(max(height, width), dtype=np.float32) * np.float32(2 * np.pi / period))
    line = np.clip(wave * np.float32(rng.uniform(0.8, 8)), -1, 1) * 0.5 + 0.5
    field = line[:height, None] if rng.random() < 0.5 else line[None, :width]
    share = np.broadcast_to(field, (height, width))[..., None]
    picture = _bytes(colour(rng) * share + colour(rng) * (1 - share))
    return _slant(picture, rng) if rng.random() < 0.5 else picture


def _foliage(height: int, width: int, rng: np.random.Generator) -> Picture:
    base = np.array((40, 90, 60), np.float32) + rng.normal(0, 25, 3).astype(np.float32)
    fine = rng.standard_normal((height // 3 + 1, width // 3 + 1, 3), dtype=np.float32)
    fine = np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    field = cloud(height, width, rng, roughness=0.9)[..., None]
    picture = _bytes(base + field * np.float32(rng.uniform(10, 30)) + fine * np.float32(rng.uniform(10, 40)))
    for _ in range(int(rng.integers(0, 12))):  # trunks and branches
        ends = (rng.uniform(0, 1, (2, 2)) * (width, height)).astype(int)
        cv2.line(picture, ends[0].tolist(), ends[1].tolist(), (30, 40, 50), int(rng.integers(1, 12)), cv2.LINE_AA)
    return picture


def _slant(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + rng.uniform(-0.25, 0.25, (4, 2)).astype(np.float32) * (width, height)
    transform = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(picture, transform, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _light(picture: Picture, rng: np.random.Generator) -> None:
    """Sun and shade in large patches with soft or hard edges."""
    height, width = picture.shape[:2]
    field = cloud(height // 4 + 1, width // 4 + 1, rng, roughness=0.35)
    field = np.tanh(field * np.float32(rng.uniform(0.5, 6)))
    gain = 1 + np.asarray(cv2.resize(field, (width, height)), np.float32)[..., None] * np.float32(rng.uniform(0.1, 0.5))
    picture[:] = np.clip(picture * gain, 0, 255).astype(np.uint8)


def _bytes(field: NDArray[np.float32]) -> Picture:
    return np.clip(field, 0, 255).astype(np.uint8)


_TEXTURES: tuple[Callable[[int, int, np.random.Generator], Picture], ...] = (
    _smooth, _noisy, _asphalt, _leaves, _wall, _slats, _foliage,
)  # fmt: skip
_SHARES = (0.14, 0.14, 0.18, 0.22, 0.14, 0.06, 0.12)
