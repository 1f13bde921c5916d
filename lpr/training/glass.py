"""Glass and chrome: headlamps full of mirrors, oval badges with letters, rings, meshes in a frame. A detector's hardest negatives.

Each is painted as a small flat picture with a mask and laid into the scene by perspective.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.training.backgrounds import cloud, colour
from lpr.training.poses import Brush

Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]

_HIGH, _WIDE = 64, 112


def lay(brush: Brush, patch: Picture, mask: Mask, x: float, y: float, wide: float, high: float) -> None:
    """Lay a patch where its mask (0-255) is, `wide` x `high` plate widths round a place."""
    corners = brush.pose.project(
        [
            (x - wide / 2, y - high / 2),
            (x + wide / 2, y - high / 2),
            (x + wide / 2, y + high / 2),
            (x - wide / 2, y + high / 2),
        ]
    )
    picture = brush.picture
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (picture.shape[1], picture.shape[0]))
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    across = max(2.0, float(np.linalg.norm(corners[1] - corners[0])))
    share = min(1.0, 1.3 * across / patch.shape[1])
    if share < 1:
        size = (max(4, round(patch.shape[1] * share)), max(4, round(patch.shape[0] * share)))
        patch = np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_AREA), np.uint8)
        mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = mask.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    transform = cv2.getPerspectiveTransform(source, (corners - (x0, y0)).astype(np.float32))
    size = (int(x1 - x0), int(y1 - y0))
    laid = cv2.warpPerspective(patch, transform, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    weight = (cv2.warpPerspective(mask, transform, size).astype(np.float32) / 255)[..., None]
    there = picture[y0:y1, x0:x1]
    there[:] = (there * (1 - weight) + laid * weight + 0.5).astype(np.uint8)


def headlamp(brush: Brush, x: float, y: float, wide: float, high: float, rng: np.random.Generator) -> None:
    """A lamp behind clear glass: mirrors, ribs, bulbs, bright spots, a dark seam round it."""
    base = float(rng.uniform(50, 220))
    field = cloud(_HIGH, _WIDE, rng, roughness=float(rng.uniform(0.6, 1.0)))
    contrast = float(rng.uniform(8, 55))
    tint = rng.normal(0, 8, 3).astype(np.float32)
    patch = np.clip(base + contrast * field[..., None] + tint, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 3))):  # reflectors
        at = (int(rng.integers(10, _WIDE - 10)), int(rng.integers(16, _HIGH - 16)))
        radius = int(rng.integers(8, 30))
        for share in (1.0, 0.8, 0.5, 0.2):
            tone = float(rng.uniform(20, 255))
            cv2.circle(patch, at, max(1, int(radius * share)), (tone, tone, tone), -1, cv2.LINE_AA)
    if rng.random() < 0.35:  # ribs of the glass
        step = int(rng.integers(3, 10))
        patch[:, ::step] = np.clip(patch[:, ::step].astype(int) + int(rng.integers(-60, 60)), 0, 255)
    for _ in range(int(rng.integers(2, 16))):  # what it mirrors
        at = (int(rng.integers(_WIDE)), int(rng.integers(_HIGH)))
        axes = (int(rng.integers(1, 16)), int(rng.integers(1, 7)))
        tone = float(rng.choice([255, 240, 20, 60, 150]))
        cv2.ellipse(patch, at, axes, float(rng.uniform(0, 180)), 0, 360, (tone, tone, tone), -1, cv2.LINE_AA)
    if rng.random() < 0.35:  # the indicator
        left = 0 if rng.random() < 0.5 else int(_WIDE * 0.72)
        amber = np.array([40, 140, 235], np.float32)
        part = patch[:, left : left + int(_WIDE * 0.28)]
        part[:] = (part * 0.4 + amber * 0.6).astype(np.uint8)
    patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), float(rng.uniform(0.4, 1.4))), np.uint8)
    mask = _shape(rng)
    if rng.random() < 0.6:
        seam = np.full_like(patch, int(rng.choice([15, 30, 200])))
        lay(brush, seam, _wider(mask, 5), x, y, wide * 1.04, high * 1.06)
    lay(brush, patch, mask, x, y, wide, high)


def _shape(rng: np.random.Generator) -> Mask:
    """A lamp's outline: a rounded box, an egg, an almond, a slanted quadrilateral."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    power = float(rng.uniform(0.25, 1.2))
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    down = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    points = np.stack([across, down], axis=1) * float(rng.uniform(0.85, 1.0))
    points[:, 1] *= 1 + float(rng.uniform(-0.5, 0.5)) * points[:, 0]  # higher at one end
    points[:, 1] += float(rng.normal(0, 0.2)) * points[:, 0]
    points[:, 0] += float(rng.normal(0, 0.15)) * points[:, 1]
    points = np.clip(points, -1, 1) * (_WIDE / 2 - 3, _HIGH / 2 - 3) + (_WIDE / 2, _HIGH / 2)
    mask = np.zeros((_HIGH, _WIDE), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    return mask


def _wider(mask: Mask, by: int) -> Mask:
    return np.asarray(cv2.dilate(mask, np.ones((by, by), np.uint8)), np.uint8)


def badge(brush: Brush, x: float, y: float, wide: float, rng: np.random.Generator) -> None:
    """A maker's mark: letters in an oval, rings in a row, or letters of chrome."""
    patch = np.empty((_HIGH, _WIDE, 3), np.uint8)
    ground, ink = colour(rng), colour(rng)
    patch[:] = ground.astype(np.uint8)
    mask = np.zeros((_HIGH, _WIDE), np.uint8)
    kind = rng.integers(3)
    letters = "".join(str(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) for _ in range(int(rng.integers(2, 8))))
    font, thick = int(rng.integers(0, 6)), int(rng.integers(2, 7))
    if kind == 0:
        cv2.ellipse(mask, (_WIDE // 2, _HIGH // 2), (_WIDE // 2 - 3, _HIGH // 2 - 6), 0, 0, 360, 255, -1, cv2.LINE_AA)
        cv2.ellipse(
            patch, (_WIDE // 2, _HIGH // 2), (_WIDE // 2 - 6, _HIGH // 2 - 9), 0, 0, 360, ink.tolist(), 3, cv2.LINE_AA
        )
        _write(patch, letters[:4], font, thick, ink.tolist())
    elif kind == 1:
        count, radius = int(rng.integers(1, 5)), int(rng.integers(12, 20))
        for i in range(count):
            at = (int(_WIDE / 2 + (i - (count - 1) / 2) * radius * 1.45), _HIGH // 2)
            cv2.circle(mask, at, radius, 255, int(rng.integers(2, 6)), cv2.LINE_AA)
        patch[:] = np.clip(ink + cloud(_HIGH, _WIDE, rng)[..., None] * 40, 0, 255).astype(np.uint8)
    else:
        _write(mask, letters, font, thick, [255])
    lay(brush, patch, mask, x, y, wide, wide * _HIGH / _WIDE)


def _write(picture: NDArray[np.uint8], text: str, font: int, thick: int, shade: list[float]) -> None:
    (wide, high), _ = cv2.getTextSize(text, font, 1.0, thick)
    scale = min(0.78 * _WIDE / max(1, wide), 0.5 * _HIGH / max(1, high))
    at = (int((_WIDE - wide * scale) / 2), int((_HIGH + high * scale) / 2))
    cv2.putText(picture, text, at, font, scale, shade, max(1, round(thick * scale)), cv2.LINE_AA)


def framed_mesh(brush: Brush, x: float, y: float, wide: float, high: float, rng: np.random.Generator) -> None:
    """A grille of upright, lying or crossing bars in a chrome frame with round corners."""
    dark = np.full(3, float(rng.uniform(5, 70)), np.float32)
    patch = np.empty((_HIGH, _WIDE, 3), np.uint8)
    patch[:] = dark.astype(np.uint8)
    bar = np.clip(dark + float(rng.uniform(20, 200)) + rng.normal(0, 8, 3), 0, 255).tolist()
    step, thick = int(rng.integers(4, 16)), int(rng.integers(1, 5))
    slant, kind = int(rng.integers(-14, 15)), rng.integers(4)
    if kind != 1:
        for at in range(-20, _WIDE + 20, step):
            cv2.line(patch, (at, 0), (at + slant, _HIGH), bar, thick, cv2.LINE_AA)
    if kind in (1, 2):
        for at in range(0, _HIGH, step):
            cv2.line(patch, (0, at), (_WIDE, at), bar, thick, cv2.LINE_AA)
    if kind == 3:
        for at in range(-20, _WIDE + 20, step):
            cv2.line(patch, (at + 14, 0), (at - 14, _HIGH), bar, thick, cv2.LINE_AA)
    mask = _shape(rng)
    frame = np.full_like(patch, int(rng.uniform(90, 250)))
    lay(brush, frame, _wider(mask, 7), x, y, wide * 1.05, high * 1.08)
    lay(brush, patch, mask, x, y, wide, high)
