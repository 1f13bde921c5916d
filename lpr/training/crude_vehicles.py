"""Crude fronts and rears of vehicles, flat, with a plate's place: lamps, grilles, bumpers, windows, badges, in random proportions.

Only for training the detector. Nothing here is shared with `lpr.drawing.vehicles`, which is kept for proofs. Coordinates are a
`Pose`'s: plate widths from the plate's centre, y down.
"""

from __future__ import annotations

import cv2
import numpy as np

from lpr.training.backgrounds import colour
from lpr.training.glass import badge, framed_mesh, headlamp
from lpr.training.poses import Brush, Picture, Pose, Shade
from lpr.training.vehicle_details import lamp, roof_sign, side_view, vents, wheel


def draw_vehicle(picture: Picture, pose: Pose, rng: np.random.Generator) -> None:
    """A vehicle round the place of its plate."""
    brush = Brush(picture, pose)
    paint = _paint(rng)
    kind = rng.choice(["front", "rear", "truck", "panel", "small"], p=[0.36, 0.3, 0.14, 0.14, 0.06])
    draw = {"front": _front, "rear": _rear, "truck": _truck, "panel": _panel, "small": _small}[str(kind)]
    if rng.random() < 0.2:  # another car beside it
        aside = float(rng.choice([-1, 1]) * rng.uniform(4, 8))
        x, y = pose.project([(aside, float(rng.uniform(-2, 0.5)))])[0]
        side_view(Brush(picture, Pose(pose.turn, pose.scale, pose.distance, (x, y))), _paint(rng), rng)
    draw(brush, paint, rng)
    for _ in range(int(rng.integers(0, 4))):
        vents(brush, float(rng.uniform(-1.9, 1.9)), float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.9)), rng)
    if rng.random() < 0.35:
        _beside_the_plate(brush, paint, rng)
    if rng.random() < 0.08:
        roof_sign(brush, 0.0, float(rng.uniform(-3, -1.5)), rng)


def _beside_the_plate(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    """A recess with lamps or reflectors close by at the plate's height: what makes a detector reach too far to the sides."""
    reach, high = float(rng.uniform(0.53, 1.3)), float(rng.uniform(0.17, 0.34))
    if rng.random() < 0.6:
        tone = _lit(paint, float(rng.uniform(0.25, 1.5))) if rng.random() < 0.6 else colour(rng)
        brush.shaded(-reach, -high, reach, high, tone, _lit(tone, float(rng.uniform(0.6, 1.3))))
    state, kind = rng.integers(2**31), rng.integers(3)
    wide, tall = float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.1, 0.5))
    gap = float(rng.uniform(0.01, 0.3))
    for side in (-1, 1):
        again, x = np.random.default_rng(state), side * (0.5 + gap + wide / 2)
        if kind == 0:
            lamp(brush, x, 0, wide, tall, again, rear=bool(state % 2))
        elif kind == 1:
            headlamp(brush, x, 0, wide, tall, again)
        else:
            brush.box(x - wide / 2, -tall / 2, x + wide / 2, tall / 2, colour(again))
    if rng.random() < 0.3:  # lights above the plate, a handle, a seam
        brush.box(-0.5, -0.2 - gap, 0.5, -0.17 - gap / 2, np.full(3, float(rng.uniform(10, 250)), np.float32))


def _paint(rng: np.random.Generator) -> Shade:
    if rng.random() < 0.6:  # white, silver, grey, black
        return np.clip(float(rng.choice([235, 190, 120, 60, 28])) + rng.normal(0, 8, 3), 5, 250).astype(np.float32)
    hsv = np.array([[[rng.integers(0, 180), rng.integers(90, 240), rng.integers(50, 240)]]], np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32)


def _lit(paint: Shade, gain: float) -> Shade:
    return np.clip(paint * gain + 20 * max(0.0, gain - 1), 0, 255).astype(np.float32)


def _body(brush: Brush, paint: Shade, half: float, top: float, bottom: float, rng: np.random.Generator) -> None:
    """Shadow, tyres, roof with windscreen, and the body from `top` to `bottom`."""
    tyre = np.full(3, float(rng.uniform(10, 45)), np.float32)
    brush.box(-half * 1.05, bottom - 0.1, half * 1.05, bottom + float(rng.uniform(0.2, 0.6)), tyre * 0.6)
    for side in (-1, 1):
        if rng.random() < 0.3:
            wheel(brush, side * (half + 0.1), bottom, float(rng.uniform(0.35, 0.6)), rng)
        else:
            brush.box(side * half - 0.22, bottom - 0.5, side * half + 0.22, bottom + 0.45, tyre)
    roof, inset = top - float(rng.uniform(1.0, 1.7)), float(rng.uniform(0.25, 0.6))
    brush.shaded(-half + 0.1, roof, half - 0.1, top + 0.1, _lit(paint, 1.1), _lit(paint, 0.9), taper=inset)
    glass = colour(rng) * np.float32(0.6)
    brush.shaded(-half + 0.25, roof + 0.15, half - 0.25, top, glass, colour(rng) * np.float32(0.5), taper=inset * 0.9)
    for _ in range(int(rng.integers(0, 4))):  # reflections, people and papers behind the glass
        x, y = float(rng.uniform(-half * 0.6, half * 0.6)), float(rng.uniform(roof + 0.2, top))
        size = float(rng.uniform(0.05, 0.4))
        brush.ellipse(x, y, size, size * float(rng.uniform(0.3, 1.5)), colour(rng))
    brush.shaded(-half, top, half, bottom, _lit(paint, 1.25), _lit(paint, 0.6), taper=float(rng.uniform(0, 0.25)))


def _lamps(brush: Brush, half: float, y: float, rng: np.random.Generator, *, rear: bool) -> None:
    wide, high = float(rng.uniform(0.25, 0.85)), float(rng.uniform(0.12, 0.6))
    state, glassy = rng.integers(2**31), not rear and rng.random() < 0.65
    for side in (-1, 1):  # both alike
        again, x = np.random.default_rng(state), side * (half - wide / 2)
        if glassy:
            headlamp(brush, x, y, wide, high, again)
        else:
            lamp(brush, x, y, wide, high, again, rear=rear)


def _grille(brush: Brush, x0: float, y0: float, x1: float, y1: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.4:
        framed_mesh(brush, (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, rng)
        return
    dark = np.full(3, float(rng.uniform(8, 55)), np.float32)
    bar = dark + np.float32(rng.uniform(10, 170))
    brush.box(x0, y0, x1, y1, dark, taper=float(rng.uniform(-0.15, 0.15)))
    count, style = int(rng.integers(2, 12)), rng.integers(3)
    fill = float(rng.uniform(0.2, 0.6))
    for i in range(count):
        a, b = i / count, (i + fill) / count
        if style != 1:
            brush.box(x0, y0 + (y1 - y0) * a, x1, y0 + (y1 - y0) * b, bar)
        if style != 0:
            brush.box(x0 + (x1 - x0) * a, y0, x0 + (x1 - x0) * b, y1, bar)


def _badge(brush: Brush, x: float, y: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.6:
        badge(brush, x, y, float(rng.uniform(0.2, 0.7)), rng)
        return
    size = float(rng.uniform(0.08, 0.22))
    shine = np.full(3, float(rng.uniform(120, 245)), np.float32)
    brush.ellipse(x, y, size, size * float(rng.uniform(0.6, 1.0)), shine)
    brush.ellipse(x, y, size * 0.75, size * 0.6, shine * np.float32(rng.uniform(0.2, 0.9)))
    brush.box(x - size * 0.5, y - size * 0.1, x + size * 0.5, y + size * 0.1, shine)


def _front(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    half, top, bottom = float(rng.uniform(1.7, 2.2)), float(rng.uniform(-1.6, -0.9)), float(rng.uniform(0.35, 0.9))
    _body(brush, paint, half, top, bottom, rng)
    lamps_at = float(rng.uniform(-0.9, -0.45))
    reach = float(rng.uniform(0.5, 1.2))
    if rng.random() < 0.85:
        _grille(
            brush, -reach, lamps_at - float(rng.uniform(0.1, 0.3)), reach, lamps_at + float(rng.uniform(0.1, 0.3)), rng
        )
    _lamps(brush, half, lamps_at, rng, rear=False)
    _badge(brush, float(rng.normal(0, 0.03)), lamps_at - float(rng.uniform(-0.1, 0.45)), rng)
    if rng.random() < 0.75:  # the lower grille, before or below the plate
        y = float(rng.uniform(-0.35, 0.35))
        reach = float(rng.uniform(0.7, 1.6))
        _grille(brush, -reach, y, reach, y + float(rng.uniform(0.15, 0.5)), rng)
    for side in (-1, 1):
        if rng.random() < 0.5:
            brush.ellipse(side * half * 0.78, bottom - 0.3, 0.16, 0.13, colour(rng))
    if rng.random() < 0.4:
        brush.box(-half, bottom - 0.15, half, bottom - 0.08, _lit(paint, 1.5))


def _rear(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    half, top, bottom = float(rng.uniform(1.6, 2.1)), float(rng.uniform(-1.3, -0.6)), float(rng.uniform(0.6, 1.5))
    _body(brush, paint, half, top, bottom, rng)
    _lamps(brush, half, float(rng.uniform(-0.7, 0.0)), rng, rear=True)
    if rng.random() < 0.6:  # the recess that holds the plate
        reach = float(rng.uniform(0.6, 0.95))
        high = float(rng.uniform(0.2, 0.4))
        brush.shaded(-reach, -high, reach, high, _lit(paint, float(rng.uniform(0.4, 0.9))), _lit(paint, 0.9))
    if rng.random() < 0.6:
        brush.box(-0.6, -0.36, 0.6, -0.25, np.full(3, float(rng.uniform(100, 240)), np.float32))
    _badge(brush, float(rng.normal(0, 0.05)), float(rng.uniform(-0.7, -0.4)), rng)
    line = float(rng.uniform(0.3, 0.7))
    brush.box(-half, line, half, line + 0.03, _lit(paint, 0.4))
    if rng.random() < 0.5:
        brush.box(-half, bottom - 0.3, half, bottom, np.full(3, float(rng.uniform(15, 60)), np.float32))
    for side in (-1, 1):
        if rng.random() < 0.4:
            brush.box(side * half * 0.8 - 0.2, bottom - 0.4, side * half * 0.8 + 0.2, bottom - 0.3, colour(rng))


def _truck(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    half, top, bottom = float(rng.uniform(2.2, 3.2)), float(rng.uniform(-6.0, -3.0)), float(rng.uniform(0.3, 1.0))
    brush.box(-half, bottom - 0.1, half, bottom + 0.9, np.full(3, float(rng.uniform(10, 60)), np.float32))
    brush.shaded(-half, top, half, bottom, _lit(paint, 1.1), _lit(paint, 0.7))
    glass = colour(rng) * np.float32(0.5)
    brush.shaded(-half * 0.9, top + 0.3, half * 0.9, (top - 1) * 0.5, glass, glass * np.float32(1.5), taper=0.1)
    if rng.random() < 0.7:
        _grille(brush, -half * 0.6, -1.7, half * 0.6, float(rng.uniform(-0.8, -0.4)), rng)
    _lamps(brush, half, float(rng.uniform(-0.6, 0.1)), rng, rear=bool(rng.random() < 0.4))
    brush.box(-half, float(rng.uniform(-0.5, -0.3)), half, bottom, _lit(paint, float(rng.uniform(0.3, 1.3))))
    for _ in range(int(rng.integers(0, 10))):  # reflective stripes, red and white
        x, y = float(rng.uniform(-half, half)), float(rng.choice([-0.45, bottom - 0.1, -2.0]))
        brush.box(x, y, x + 0.25, y + 0.08, np.array([30, 30, 190], np.float32))


def _panel(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    """A close view: one surface with edges and seams."""
    reach = float(rng.uniform(0.8, 3.0))
    brush.shaded(-reach, -reach, reach, reach, _lit(paint, 1.15), _lit(paint, 0.7))
    for _ in range(int(rng.integers(0, 7))):
        y = float(rng.uniform(-reach, reach))
        brush.box(-reach, y, reach, y + float(rng.uniform(0.01, 0.15)), _lit(paint, float(rng.uniform(0.2, 1.7))))
    if rng.random() < 0.5:
        y = float(rng.uniform(-0.9, 0.6))
        _grille(
            brush, -float(rng.uniform(0.6, 2)), y, float(rng.uniform(0.6, 2)), y + float(rng.uniform(0.2, 0.6)), rng
        )


def _small(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    """A motorcycle or tractor from behind: a wheel, a mudguard, one lamp."""
    tyre = np.full(3, float(rng.uniform(10, 50)), np.float32)
    brush.box(-0.35, 0.0, 0.35, 3.0, tyre)
    brush.shaded(-0.7, -0.9, 0.7, 0.7, _lit(paint, 1.1), _lit(paint, 0.6), taper=0.2)
    brush.ellipse(0, -0.7, 0.3, 0.16, np.array([30, 30, 180], np.float32))
    for side in (-1, 1):
        brush.ellipse(side * 0.65, -0.55, 0.11, 0.09, np.array([20, 120, 220], np.float32))
        brush.box(side * 0.8 - 0.1, -2.4, side * 0.8 + 0.1, -0.8, colour(rng))
