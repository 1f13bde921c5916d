"""A car's body from the front as polygons in metres: x from its middle to the right, y above the road, z back from its nose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from lpr.drawing.painting import Colour, Picture, Points, fill, line, shade_below
from lpr.drawing.perspective import View

PLATE_Y_M = 0.475  # the middle of the plate

_PAINTS: tuple[Colour, ...] = (
    (236, 238, 238),
    (196, 198, 198),
    (128, 130, 132),
    (38, 36, 36),
    (60, 58, 62),
    (118, 62, 30),
    (38, 32, 150),
    (52, 74, 112),
    (96, 118, 70),
)


@dataclass(frozen=True, slots=True)
class Body:
    """One car's paint (BGR) and proportions (m), the same in every frame; `seed` decides what is inside."""

    paint: Colour
    half_width: float
    roof_y: float
    bonnet_y: float
    grille_kind: int
    seed: int

    @classmethod
    def of(cls, rng: np.random.Generator) -> Self:
        """A saloon or something taller, drawn from `rng`."""
        tall = rng.random() < 0.4
        return cls(
            paint=_PAINTS[int(rng.integers(len(_PAINTS)))],
            half_width=float(rng.uniform(0.88, 0.95)),
            roof_y=float(rng.uniform(1.58, 1.70) if tall else rng.uniform(1.42, 1.48)),
            bonnet_y=float(rng.uniform(0.92, 1.00) if tall else rng.uniform(0.80, 0.86)),
            grille_kind=int(rng.integers(3)),
            seed=int(rng.integers(2**31)),
        )


@dataclass(frozen=True, slots=True)
class Lamps:
    """Where the headlights came to lie, in px."""

    left: tuple[float, float]
    right: tuple[float, float]
    radius: float


def mirrored(points: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The other half of a symmetric outline, appended in reverse."""
    return [*points, *((-x, y, z) for x, y, z in reversed(points))]


def _shaded(paint: Colour, gain: float, lift: float = 0.0) -> Colour:
    b, g, r = (min(255.0, channel * gain + lift) for channel in paint)
    return (b, g, r)


class Brush:
    """Paints polygons of one car at one distance."""

    def __init__(self, picture: Picture, view: View, distance: float, drift: float) -> None:
        self.picture = picture
        self._view = view
        self._shift = np.array([drift, 0.0, distance])

    def px(self, points: Sequence[tuple[float, float, float]]) -> Points:
        return self._view.project(np.asarray(points) + self._shift)

    def fill(
        self,
        points: Sequence[tuple[float, float, float]],
        top: Colour,
        bottom: Colour | None = None,
        opacity: float = 1.0,
    ) -> None:
        fill(self.picture, self.px(points), top, bottom, opacity=opacity)

    def both(
        self,
        points: Sequence[tuple[float, float, float]],
        top: Colour,
        bottom: Colour | None = None,
        opacity: float = 1.0,
    ) -> None:
        """The polygon and its mirror image."""
        self.fill(points, top, bottom, opacity)
        self.fill([(-x, y, z) for x, y, z in points], top, bottom, opacity)

    def line(self, points: Sequence[tuple[float, float, float]], colour: Colour, width_m: float) -> None:
        pixels = self.px(points)
        unit = float(np.linalg.norm(np.diff(self.px([(0, 0.5, 0), (1, 0.5, 0)]), axis=0)))
        line(self.picture, pixels, colour, width_m * unit)


def draw_body(brush: Brush, body: Body, *, lamps_lit: bool) -> Lamps:
    """Paint shadow, cabin, wheels, bonnet, nose, lamps and grille; everything but the plate."""
    _draw_shadow(brush, body)
    _draw_cabin(brush, body, np.random.default_rng(body.seed))
    _draw_wheels(brush, body)
    _draw_panels(brush, body)
    lamps = _draw_lamps(brush, body, lit=lamps_lit)
    _draw_grille(brush, body)
    return lamps


def _draw_shadow(brush: Brush, body: Body) -> None:
    w = body.half_width + 0.06
    unit = float(np.linalg.norm(np.diff(brush.px([(0, 0, 0), (1, 0, 0)]), axis=0)))
    shade_below(brush.picture, brush.px([(-w, 0, -0.22), (w, 0, -0.22), (w, 0, 3.6), (-w, 0, 3.6)]), 0.07 * unit, 0.72)


def _draw_cabin(brush: Brush, body: Body, rng: np.random.Generator) -> None:
    w, roof, paint = body.half_width, body.roof_y, body.paint
    sill = body.bonnet_y + 0.10
    z_sill, z_roof = 0.95, 1.70
    shell = mirrored(
        [
            (w * 0.93, sill - 0.08, z_sill),
            (w * 0.90, sill + 0.06, z_sill + 0.1),
            (w * 0.70, roof - 0.05, z_roof),
            (w * 0.60, roof, z_roof + 0.25),
            (0.0, roof + 0.035, z_roof + 0.3),
        ]
    )
    brush.fill(shell, _shaded(paint, 1.02, 22), _shaded(paint, 0.72))
    glass = mirrored([(w * 0.85, sill, z_sill), (w * 0.66, roof - 0.075, z_roof - 0.02), (0.0, roof - 0.045, z_roof)])
    brush.fill(glass, (118, 104, 92), (46, 42, 38))
    # seats, a driver, the belt of the dashboard, a reflection of the sky
    brush.both(
        [
            (w * 0.62, sill + 0.02, 1.2),
            (w * 0.60, sill + 0.27, 1.5),
            (w * 0.32, sill + 0.27, 1.5),
            (w * 0.28, sill + 0.02, 1.2),
        ],
        (40, 38, 36),
        (26, 25, 24),
    )
    _draw_driver(brush, w * 0.44, sill, rng)
    brush.fill(
        mirrored([(w * 0.84, sill, z_sill), (w * 0.80, sill + 0.05, z_sill + 0.08), (0.0, sill + 0.075, z_sill + 0.1)]),
        (30, 29, 28),
    )
    brush.fill(
        [
            (-w * 0.2, roof - 0.05, z_roof),
            (w * 0.28, roof - 0.05, z_roof),
            (-w * 0.30, sill, z_sill),
            (-w * 0.70, sill, z_sill),
        ],
        (226, 214, 200),
        (190, 176, 160),
        0.20,
    )
    brush.fill(
        [(-0.09, roof - 0.10, 1.55), (0.09, roof - 0.10, 1.55), (0.08, roof - 0.15, 1.55), (-0.08, roof - 0.15, 1.55)],
        (22, 22, 22),
    )
    brush.both(
        [
            (w * 0.90, sill + 0.02, 0.98),
            (w * 1.06, sill + 0.04, 0.98),
            (w * 1.10, sill + 0.10, 0.98),
            (w * 1.07, sill + 0.17, 0.98),
            (w * 0.94, sill + 0.15, 0.98),
        ],
        _shaded(paint, 1.0, 12),
        _shaded(paint, 0.5),
    )


def _draw_driver(brush: Brush, x: float, sill: float, rng: np.random.Generator) -> None:
    around = np.linspace(0, 2 * np.pi, 20)
    head = [(x + 0.085 * float(np.cos(a)), sill + 0.265 + 0.115 * float(np.sin(a)), 1.45) for a in around]
    shirt = (float(rng.uniform(40, 150)), float(rng.uniform(40, 130)), float(rng.uniform(40, 130)))
    brush.fill(
        [(x - 0.24, sill, 1.4), (x - 0.19, sill + 0.14, 1.4), (x + 0.19, sill + 0.14, 1.4), (x + 0.24, sill, 1.4)],
        shirt,
    )
    brush.fill(head, (58, 66, 84), (84, 102, 132))


def _draw_wheels(brush: Brush, body: Body) -> None:
    w = body.half_width
    brush.both(
        [(w * 0.97, 0.42, 0.45), (w * 0.98, 0.0, 0.45), (w * 0.72, 0.0, 0.45), (w * 0.70, 0.42, 0.45)],
        (26, 25, 25),
        (16, 15, 15),
    )


def _draw_panels(brush: Brush, body: Body) -> None:
    w, y, paint = body.half_width, body.bonnet_y, body.paint
    fenders = mirrored(
        [
            (w * 0.98, 0.30, 0.55),
            (w, 0.55, 0.55),
            (w * 0.98, y - 0.06, 0.60),
            (w * 0.92, y + 0.07, 0.85),
            (0.0, y + 0.12, 0.9),
        ]
    )
    brush.fill(fenders, _shaded(paint, 0.95, 12), _shaded(paint, 0.55))
    bonnet = mirrored(
        [(w * 0.88, y - 0.09, 0.30), (w * 0.90, y + 0.06, 0.90), (w * 0.5, y + 0.13, 0.98), (0.0, y + 0.145, 1.0)]
    )
    edge = [(-w * 0.6, y - 0.05, 0.14), (0.0, y - 0.035, 0.06), (w * 0.6, y - 0.05, 0.14)]
    brush.fill([*bonnet, *edge], _shaded(paint, 1.05, 34), _shaded(paint, 0.94, 6))
    brush.line([(w * 0.62, y + 0.08, 0.85), (w * 0.48, y - 0.04, 0.12)], _shaded(paint, 0.78), 0.008)
    brush.line([(-w * 0.62, y + 0.08, 0.85), (-w * 0.48, y - 0.04, 0.12)], _shaded(paint, 0.78), 0.008)
    nose = mirrored(
        [
            (w * 0.80, 0.20, 0.12),
            (w * 0.96, 0.27, 0.38),
            (w * 0.99, 0.48, 0.42),
            (w * 0.97, y - 0.10, 0.42),
            (w * 0.88, y - 0.07, 0.30),
            (w * 0.6, y - 0.04, 0.14),
            (0.0, y - 0.025, 0.06),
        ]
    )
    brush.fill(nose, _shaded(paint, 0.98, 10), _shaded(paint, 0.62))
    brush.fill(
        mirrored([(w * 0.78, 0.17, 0.10), (w * 0.90, 0.26, 0.26), (w * 0.50, 0.28, 0.03), (0.0, 0.285, -0.01)]),
        (44, 43, 42),
        (24, 24, 24),
    )


def _draw_lamps(brush: Brush, body: Body, *, lit: bool) -> Lamps:
    w, y = body.half_width, body.bonnet_y - 0.155
    outline = [
        (w * 0.57, y - 0.035, 0.10),
        (w * 0.60, y + 0.05, 0.13),
        (w * 0.93, y + 0.085, 0.38),
        (w * 0.96, y + 0.02, 0.40),
        (w * 0.90, y - 0.06, 0.32),
    ]
    brush.both(outline, (70, 68, 66), (40, 40, 40))
    inner = [(x * 0.985, y + (py - y) * 0.72, z) for x, py, z in outline]
    brush.both(inner, (214, 206, 200), (150, 146, 142))
    around = np.linspace(0, 2 * np.pi, 22)
    for x in (w * 0.70, w * 0.83):
        z = 0.16 + (x / w - 0.6) * 0.5
        lens = [(x + 0.045 * float(np.cos(a)), y + 0.006 + 0.045 * float(np.sin(a)), z) for a in around]
        core: Colour = (255, 255, 255) if lit else (120, 116, 112)
        brush.both(lens, core, core if lit else (66, 64, 62))
    brush.both(
        [(w * 0.70, 0.30, 0.18), (w * 0.72, 0.375, 0.18), (w * 0.90, 0.385, 0.33), (w * 0.89, 0.31, 0.32)],
        (36, 36, 36),
        (22, 22, 22),
    )
    fog = [(w * 0.80 + 0.036 * float(np.cos(a)), 0.342 + 0.03 * float(np.sin(a)), 0.25) for a in around]
    brush.both(fog, (188, 184, 180), (120, 118, 116))
    left, right = brush.px([(-w * 0.77, y, 0.25), (w * 0.77, y, 0.25)])
    radius = float(np.linalg.norm(right - left)) * 0.045
    return Lamps((float(left[0]), float(left[1])), (float(right[0]), float(right[1])), radius)


def _draw_grille(brush: Brush, body: Body) -> None:
    w, top = body.half_width, body.bonnet_y - 0.085
    low = PLATE_Y_M + 0.10
    narrow = 0.40 if body.grille_kind else 0.48
    rim = mirrored([(w * narrow, low - 0.012, -0.005), (w * 0.56, top + 0.012, 0.055), (0.0, top + 0.022, 0.02)])
    brush.fill(rim, (206, 204, 202), (128, 126, 124))
    grid = mirrored([(w * narrow - 0.012, low, -0.008), (w * 0.56 - 0.014, top, 0.05), (0.0, top + 0.010, 0.015)])
    brush.fill(grid, (34, 33, 32), (18, 18, 18))
    rows = 3 + body.grille_kind
    for row in range(1, rows):
        share = row / rows
        x = w * (narrow + (0.55 - narrow) * share) - 0.02
        y = low + (top - low) * share
        brush.line([(-x, y, 0.03), (0.0, y, 0.0), (x, y, 0.03)], (112, 110, 108), 0.011)
    around = np.linspace(0, 2 * np.pi, 24)
    middle = (low + top) / 2 + 0.01
    for size, shade in ((0.058, (214.0, 212.0, 210.0)), (0.042, (90.0, 88.0, 86.0)), (0.026, (206.0, 204.0, 202.0))):
        brush.fill([(size * float(np.cos(a)), middle + size * float(np.sin(a)), -0.01) for a in around], shade)
    brush.fill(
        mirrored([(w * 0.55, 0.27, 0.05), (w * 0.60, 0.385, 0.06), (0.0, 0.385, -0.01)]), (30, 30, 30), (16, 16, 16)
    )
    brush.line([(-w * 0.54, 0.325, 0.05), (0.0, 0.325, 0.0), (w * 0.54, 0.325, 0.05)], (64, 63, 62), 0.012)
