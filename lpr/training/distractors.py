"""What looks like a plate and is none: writing without a plate's ground, empty rectangles, slats, lamps, overlays of a camera.

Every one is drawn so that a person would not call it a plate: signs stand alone, or on grounds whose shape, colour or number of
lines no plate has; coloured grounds of a plate's shape bear no signs.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.plates import SIGNS
from lpr.drawing.strokes import sign_mask
from lpr.training.backgrounds import colour
from lpr.training.glass import badge, framed_mesh, headlamp
from lpr.training.poses import Brush, Pose
from lpr.training.vehicle_details import lamp, roof_sign, side_view, vents, wheel

Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]

_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PLATE_COLOURS = ((170, 80, 20), (30, 180, 240), (110, 190, 75), (238, 238, 238), (28, 26, 26))
_CELL = (40, 24)  # height and width of one sign of a line, px


def draw_distractor(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """One thing that is no plate, about one plate width across, in place."""
    draw = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
    draw(picture, pose, rng)


def draw_overlay(picture: Picture, rng: np.random.Generator) -> None:
    """A camera's clock and place, or a publisher's mark, flat on the picture."""
    height, width = picture.shape[:2]
    digits = "".join(str(d) for d in rng.integers(0, 10, 14))
    clock = f"20{digits[:2]}-{digits[2:4]}-{digits[4:6]} {digits[6:8]}:{digits[8:10]}:{digits[10:12]}"
    text = clock if rng.random() < 0.6 else _words(rng)
    scale = float(rng.uniform(0.3, 1.4))
    thick = int(rng.integers(1, 4))
    shade = (245, 245, 245) if rng.random() < 0.6 else tuple(int(c) for c in colour(rng))
    at = (int(rng.uniform(0, 0.7) * width), int(rng.choice([0.06, 0.12, 0.9, 0.97, rng.uniform(0.05, 0.95)]) * height))
    if rng.random() < 0.5:
        cv2.putText(picture, text, at, int(rng.integers(0, 8)), scale, (10, 10, 10), thick + 2, cv2.LINE_AA)
    cv2.putText(picture, text, at, int(rng.integers(0, 8)), scale, shade, thick, cv2.LINE_AA)


def line_of_signs(rng: np.random.Generator, count: int) -> Mask:
    """A line of writing as a mask (uint8, 0-255): plate signs, a plain font, or both."""
    if rng.random() < 0.5:
        pool = list(SIGNS) if rng.random() < 0.5 else list(_LATIN)
        signs = [str(rng.choice(pool)) for _ in range(count)]
        gap = int(rng.integers(1, 10))
        line = np.zeros((_CELL[0], count * (_CELL[1] + gap)), np.uint8)
        for i, sign in enumerate(signs):
            if sign in SIGNS:
                x = i * (_CELL[1] + gap)
                line[:, x : x + _CELL[1]] = sign_mask(SIGNS[sign], 45.0, 90.0, (_CELL[1], _CELL[0]))
        return line
    text = _words(rng)[: max(2, count)]
    font, thick = int(rng.integers(0, 8)), int(rng.integers(1, 6))
    (wide, high), below = cv2.getTextSize(text, font, 1.2, thick)
    line = np.zeros((high + below + 6, wide + 6), np.uint8)
    cv2.putText(line, text, (3, high + 2), font, 1.2, 255, thick, cv2.LINE_AA)
    return line


def _words(rng: np.random.Generator) -> str:
    kind = rng.integers(4)
    if kind == 0:  # a telephone number
        return "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(7, 12))))
    if kind == 1:  # a name
        return "".join(str(rng.choice(list(_LATIN[:26]))) for _ in range(int(rng.integers(3, 12))))
    if kind == 2:
        return "".join(str(rng.choice(list(_LATIN[:26].lower()))) for _ in range(int(rng.integers(4, 14))))
    return "".join(str(rng.choice(list(_LATIN + "  -.:"))) for _ in range(int(rng.integers(3, 12))))


def _paste_mask(picture: Picture, mask: Mask, corners: NDArray[np.float64], shade: NDArray[np.float32]) -> None:
    height, width = mask.shape
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (picture.shape[1], picture.shape[0]))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    transform = cv2.getPerspectiveTransform(source, (corners - (x0, y0)).astype(np.float32))
    shrink = max(1.0, width / max(1.0, float(np.linalg.norm(corners[1] - corners[0]))))
    soft = cv2.GaussianBlur(mask, (0, 0), 0.4 * shrink) if shrink > 1.3 else mask
    warped = cv2.warpPerspective(soft, transform, (int(x1 - x0), int(y1 - y0)))
    share = (warped.astype(np.float32) / 255)[..., None]
    there = picture[y0:y1, x0:x1]
    there[:] = (there + (shade - there) * share).astype(np.uint8)


def _quad(pose: Pose, half: float, high: float, x: float = 0.0, y: float = 0.0) -> NDArray[np.float64]:
    return pose.project([(x - half, y - high), (x + half, y - high), (x + half, y + high), (x - half, y + high)])


def _bare_writing(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """Signs straight on whatever is there: a phone number on a tailgate, a brand, a house number."""
    mask = line_of_signs(rng, int(rng.integers(2, 10)))
    half = float(rng.uniform(0.2, 0.9))
    shade = colour(rng) if rng.random() < 0.5 else np.full(3, float(rng.choice([20, 240])), np.float32)
    _paste_mask(picture, mask, _quad(pose, half, half * mask.shape[0] / mask.shape[1]), shade)


def _board(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """A shop or road sign: a ground of no plate's shape, or several lines of writing."""
    lines = int(rng.choice([1, 2, 3, 4, 5], p=[0.35, 0.15, 0.25, 0.15, 0.1]))
    half = float(rng.uniform(0.4, 1.4))
    high = half * float(
        rng.choice([rng.uniform(0.05, 0.13), rng.uniform(0.8, 1.6)] if lines < 3 else [rng.uniform(0.5, 1.2)])
    )
    ground = np.array(_PLATE_COLOURS[int(rng.integers(5))], np.float32) if rng.random() < 0.6 else colour(rng)
    ground = np.clip(ground + rng.normal(0, 12, 3), 0, 255).astype(np.float32)
    brush = Brush(picture, pose)
    if rng.random() < 0.5:
        brush.box(-half * 1.04, -high - half * 0.04, half * 1.04, high + half * 0.04, colour(rng))
    brush.box(-half, -high, half, high, ground)
    ink = np.full(3, 245.0 if ground.mean() < 120 else 25.0, np.float32) if rng.random() < 0.8 else colour(rng)
    if lines == 1 and high > half * 0.5:  # writing of another size than a plate's in a tall board
        mask = line_of_signs(rng, int(rng.integers(1, 4)))
        _paste_mask(picture, mask, _quad(pose, half * 0.8, half * 0.3, 0, float(rng.uniform(-0.4, 0.4)) * high), ink)
        return
    for i in range(lines):
        mask = line_of_signs(rng, int(rng.integers(3, 14)))
        wide = half * float(rng.uniform(0.4, 0.95))
        y = -high + (2 * i + 1) * high / lines
        _paste_mask(picture, mask, _quad(pose, wide, high / lines * float(rng.uniform(0.4, 0.75)), 0, y), ink)


def _empty(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """A plate's ground without signs, with or without a rim."""
    half, ground = 0.5, np.array(_PLATE_COLOURS[int(rng.integers(5))], np.float32)
    ground = np.clip(ground + rng.normal(0, 20, 3), 0, 255).astype(np.float32)
    high = float(rng.choice([0.15, 0.16, 0.25, rng.uniform(0.05, 0.6)]))
    brush = Brush(picture, pose)
    if rng.random() < 0.5:
        brush.box(-half - 0.02, -high - 0.02, half + 0.02, high + 0.02, colour(rng))
    brush.shaded(-half, -high, half, high, ground, ground * np.float32(rng.uniform(0.6, 1.0)))
    for _ in range(int(rng.integers(0, 4))):  # a reflection or a stain
        brush.ellipse(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-high, high)), 0.1, 0.05, colour(rng))


def _slats(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """Upright or lying bars in a plate's shape: what a grille or a radiator shows through a bumper."""
    brush = Brush(picture, pose)
    half, high = 0.5, float(rng.uniform(0.1, 0.3))
    dark, light = np.full(3, float(rng.uniform(5, 90)), np.float32), colour(rng)
    brush.box(-half, -high, half, high, dark)
    count, upright = int(rng.integers(4, 22)), rng.random() < 0.6
    fill = float(rng.uniform(0.2, 0.7))
    for i in range(count):
        a, b = -1 + 2 * i / count, -1 + 2 * (i + fill) / count
        if upright:
            brush.box(half * a, -high * 0.9, half * b, high * 0.9, light)
        else:
            brush.box(-half, high * a, half, high * b, light)


def _lights(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """A row of lamps, reflectors, stripes or stickers."""
    brush = Brush(picture, pose)
    count, size = int(rng.integers(1, 7)), float(rng.uniform(0.03, 0.15))
    for i in range(count):
        x, shade = -0.5 + (i + 0.5) / count, np.full(3, float(rng.uniform(100, 255)), np.float32)
        if rng.random() < 0.5:
            brush.ellipse(x, 0, size, size, shade if rng.random() < 0.5 else colour(rng))
        else:
            brush.box(x - size, -size, x + size, size, shade if rng.random() < 0.5 else colour(rng))


def _person(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    brush = Brush(picture, pose)
    skin, coat, legs = np.array([130, 160, 205], np.float32), colour(rng), colour(rng) * np.float32(0.6)
    brush.box(-0.3, 0.6, -0.02, 2.2, legs)
    brush.box(0.02, 0.6, 0.3, 2.2, legs)
    brush.box(-0.42, -0.8, 0.42, 0.75, coat, taper=0.05)
    brush.ellipse(0, -1.1, 0.2, 0.26, skin * np.float32(rng.uniform(0.4, 1.1)))
    if rng.random() < 0.4:
        _paste_mask(picture, line_of_signs(rng, 5), _quad(pose, 0.25, 0.08, 0, -0.3), colour(rng))


def _part_of_a_car(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """A lamp, a wheel, a vent, a roof sign or a whole car from the side."""
    brush, kind = Brush(picture, pose), rng.integers(12)
    if kind <= 1:
        lamp(brush, 0, 0, float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.15, 0.6)), rng, rear=bool(kind))
    elif kind == 2:
        wheel(brush, 0, 0, float(rng.uniform(0.3, 0.8)), rng)
    elif kind == 3:
        vents(brush, 0, 0, rng)
    elif kind == 4:
        roof_sign(brush, 0, 0, rng)
    elif kind <= 7:
        headlamp(brush, 0, 0, float(rng.uniform(0.5, 1.2)), float(rng.uniform(0.25, 0.8)), rng)
    elif kind == 8:
        framed_mesh(brush, 0, 0, float(rng.uniform(0.6, 1.3)), float(rng.uniform(0.2, 0.6)), rng)
    elif kind <= 10:
        badge(brush, 0, 0, float(rng.uniform(0.5, 1.1)), rng)
    else:
        side_view(Brush(picture, Pose(pose.turn, pose.scale / 3, pose.distance, pose.centre)), colour(rng), rng)


_KINDS: tuple[Callable[[Picture, Pose, np.random.Generator], None], ...] = (
    _bare_writing, _board, _empty, _slats, _lights, _person, _part_of_a_car,
)  # fmt: skip
_SHARES = (0.2, 0.17, 0.11, 0.08, 0.06, 0.05, 0.33)
