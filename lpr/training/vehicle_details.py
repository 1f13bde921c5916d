"""Details of crude vehicles that a detector takes for plates at first: lamps with reflectors, wheels, side windows, roof signs, vents."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lpr.training.backgrounds import colour
from lpr.training.poses import Brush, Shade

_AMBER, _RED = (20, 130, 235), (30, 25, 175)


def lamp(brush: Brush, x: float, y: float, wide: float, high: float, rng: np.random.Generator, *, rear: bool) -> None:
    """A lamp behind glass: a shell of any shape with rings, bars, cells and a bright spot in it."""
    shell = np.array(_RED, np.float32) if rear else np.full(3, float(rng.uniform(60, 235)), np.float32)
    shell = np.clip(shell * float(rng.uniform(0.5, 1.25)) + rng.normal(0, 12, 3), 0, 255).astype(np.float32)
    lift, cut = float(rng.normal(0, 0.12)) * high, float(rng.uniform(0, 0.35)) * wide
    outline = [(x - wide / 2, y - high / 2), (x + wide / 2 - cut, y - high / 2 + lift)]
    outline += [(x + wide / 2, y + high / 2 + lift), (x - wide / 2 + cut, y + high / 2)]
    if rng.random() < 0.5:
        rim = np.full(3, float(rng.uniform(20, 230)), np.float32)
        brush.polygon([(x + (a - x) * 1.1, y + (b - y) * 1.15) for a, b in outline], rim)
    brush.polygon(outline, shell)
    for _ in range(int(rng.integers(1, 5))):
        _fitting(brush, x, y, wide, high, shell, rng, rear=rear)


def _fitting(
    brush: Brush, x: float, y: float, wide: float, high: float, shell: Shade, rng: np.random.Generator, *, rear: bool
) -> None:
    at, kind = x + float(rng.uniform(-0.32, 0.32)) * wide, rng.integers(4)
    glass = np.full(3, float(rng.uniform(90, 255)), np.float32)
    if rear:
        glass = np.array([(245, 245, 245), _AMBER, _RED, (60, 60, 230)][int(rng.integers(4))], np.float32)
    if kind == 0:  # rings
        radius = min(wide, high) * float(rng.uniform(0.2, 0.45))
        for share in (1.0, 0.75, 0.4):
            brush.ellipse(
                at, y, radius * share, radius * share, shell + (glass - shell) * np.float32(rng.uniform(-0.4, 1))
            )
    elif kind == 1:  # cells beside each other
        count = int(rng.integers(2, 9))
        for i in range(count):
            a = x - wide * 0.4 + wide * 0.8 * i / count
            brush.box(
                a, y - high * 0.3, a + wide * 0.5 / count, y + high * 0.3, glass * np.float32(rng.uniform(0.5, 1))
            )
    elif kind == 2:  # a bar
        up = float(rng.uniform(-0.3, 0.2)) * high
        brush.box(x - wide * 0.4, y + up, x + wide * 0.4, y + up + high * float(rng.uniform(0.08, 0.3)), glass)
    else:  # a part of another colour
        part = np.array(_AMBER, np.float32) if rng.random() < 0.5 else glass
        brush.box(at - wide * 0.15, y - high * 0.45, at + wide * 0.15, y + high * 0.45, part)


def wheel(brush: Brush, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """A tyre and a rim with spokes."""
    brush.ellipse(x, y, radius, radius, np.full(3, float(rng.uniform(8, 45)), np.float32))
    rim = np.full(3, float(rng.uniform(70, 225)), np.float32)
    brush.ellipse(x, y, radius * 0.68, radius * 0.68, rim)
    dark = rim * np.float32(rng.uniform(0.15, 0.6))
    count, start = int(rng.integers(4, 13)), float(rng.uniform(0, 6))
    for angle in np.linspace(start, start + 2 * np.pi, count, endpoint=False):
        away, size = radius * 0.45, radius * 1.1 / count
        brush.ellipse(x + away * np.cos(angle), y + away * np.sin(angle), size, size, dark)
    brush.ellipse(x, y, radius * 0.14, radius * 0.14, dark)


def side_view(brush: Brush, paint: Shade, rng: np.random.Generator) -> None:
    """A car from the side, about four plates long: windows in a row, doors, handles, wheels; no plate on it."""
    half, top, sill = float(rng.uniform(3, 4.6)), float(rng.uniform(-1.2, -0.6)), float(rng.uniform(0.4, 0.9))
    glass = colour(rng) * np.float32(0.5)
    brush.shaded(-half * 0.62, top - 0.95, half * 0.55, top + 0.1, paint * np.float32(0.9), paint, taper=0.6)
    edges = np.linspace(-half * 0.5, half * 0.45, int(rng.integers(3, 6)))
    for left, right in pairwise(edges):
        brush.shaded(float(left) + 0.05, top - 0.82, float(right) - 0.05, top - 0.05, glass * np.float32(1.5), glass)
        brush.box(float(right) - 0.02, top, float(right), sill - 0.1, paint * np.float32(0.5))
        brush.box(
            float(right) - 0.5, top + 0.25, float(right) - 0.2, top + 0.33, paint * np.float32(rng.uniform(0.4, 1.3))
        )
    brush.shaded(-half, top, half, sill, np.minimum(paint * np.float32(1.2), 255), paint * np.float32(0.6), taper=0.15)
    for x in (-half * 0.62, half * 0.62):
        wheel(brush, x, sill, float(rng.uniform(0.5, 0.75)), rng)
    lamp(brush, -half + 0.25, top + 0.3, 0.5, 0.3, rng, rear=True)
    lamp(brush, half - 0.25, top + 0.3, 0.5, 0.3, rng, rear=False)


def roof_sign(brush: Brush, x: float, y: float, rng: np.random.Generator) -> None:
    """A taxi's lamp or a bus's display, without readable signs."""
    wide = float(rng.uniform(0.3, 0.8))
    brush.shaded(x - wide, y - 0.2, x + wide, y, colour(rng), colour(rng), taper=float(rng.uniform(0, 0.2)))
    for _ in range(int(rng.integers(0, 6))):
        at = x + float(rng.uniform(-wide, wide)) * 0.8
        brush.box(at, y - 0.15, at + float(rng.uniform(0.02, 0.15)), y - 0.05, colour(rng))


def vents(brush: Brush, x: float, y: float, rng: np.random.Generator) -> None:
    """Short slats in a dark field beside the plate, fog lamps, tow eyes, reflectors, stickers, parking sensors."""
    wide, high = float(rng.uniform(0.15, 0.6)), float(rng.uniform(0.06, 0.25))
    dark = np.full(3, float(rng.uniform(5, 60)), np.float32)
    brush.box(x - wide, y - high, x + wide, y + high, dark, taper=float(rng.uniform(-0.1, 0.2)))
    light = dark + np.float32(rng.uniform(10, 190))
    for i in range(int(rng.integers(0, 7))):
        a = y - high + 2 * high * (i + 0.3) / 7
        brush.box(x - wide * 0.9, a, x + wide * 0.9, a + high * 0.12, light)
    if rng.random() < 0.4:
        brush.ellipse(x, y, high * 0.7, high * 0.7, colour(rng))
    if rng.random() < 0.3:
        brush.box(x - wide * 0.7, y - high * 0.4, x + wide * 0.7, y + high * 0.4, np.array(_RED, np.float32))
