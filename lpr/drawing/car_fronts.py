"""The front of a car: bumper, grille, headlamps, badge, in several makes that nobody builds; one height field carries them all."""

from __future__ import annotations

import numpy as np

from lpr.drawing.bodywork import (
    CHROME,
    HOLE,
    LENS,
    PLASTIC,
    Body,
    BodyKind,
    Face,
    Lamp,
    Mount,
    Parts,
    painted,
)
from lpr.drawing.cabins import LENGTH_M, greenhouse, lid, skin
from lpr.drawing.meshes import Finish, Mesh, band, both, disc, linear, merged, panel

_REFLECTOR = Finish(linear(132, 130, 128), 0.30)
_HEADLIGHT = (1.0, 0.98, 0.93)


def build_front(body: Body, *, lit: bool) -> Parts:
    """A saloon, SUV or van from before."""
    rng = np.random.default_rng(body.seed)
    face = _face(body)
    plate_y = float(rng.uniform(0.44, 0.50) if body.kind is BodyKind.SALOON else rng.uniform(0.50, 0.58))
    cabin, windscreen = greenhouse(body, rng, rear=False)
    pieces = [skin(body, face, 0.17), lid(body, face, crease=float(rng.uniform(0.42, 0.66))), cabin]
    pieces.append(_bumper(body, face, plate_y, rng))
    pieces += _grille(body, face, plate_y, rng)
    lamp_pieces, lamps = _lamps(body, face, rng, lit=lit)
    pieces += lamp_pieces
    mount_finish = PLASTIC if rng.random() < 0.75 else CHROME
    at = (float(rng.choice((0.0, 0.0, 0.0, 0.02, -0.02))), plate_y, face.at(0.2, plate_y) - 0.022)
    mount = Mount(at, float(rng.uniform(-0.05, 0.08)), float(rng.uniform(0.004, 0.016)), mount_finish)
    return Parts(merged(pieces), windscreen, lamps, mount, LENGTH_M, body.half_width)


def _face(body: Body) -> Face:
    top = body.bonnet_y
    upright = body.kind is not BodyKind.SALOON
    knots = (
        (0.10, 0.26),
        (0.17, 0.12),
        (0.24, 0.03),
        (0.34, 0.0),
        (0.52, 0.0),
        (0.60, 0.035),
        (top - 0.12, 0.07 if upright else 0.10),
        (top - 0.03, 0.11 if upright else 0.17),
        (top + 0.05, 0.24 if upright else 0.34),
    )
    return Face(body.half_width, 0.50, knots)


def _bumper(body: Body, face: Face, plate_y: float, rng: np.random.Generator) -> Mesh:
    """Lower intake, fog lamps in their pockets, a lip."""
    w = body.half_width
    low, high = 0.235, plate_y - 0.105
    wide = float(rng.uniform(0.50, 0.72))
    pieces = [
        band(face, (low, w * wide), (high, w * (wide - 0.07)), HOLE, lift=0.008, rows=8, columns=36),
        band(face, (0.185, w * 0.97), (low - 0.012, w * 0.95), PLASTIC, rows=3, columns=36),
    ]
    for share in np.linspace(0.25, 0.75, int(rng.integers(1, 3))):
        y = low + (high - low) * float(share)
        bar = band(
            face, (y - 0.006, w * wide * 0.97), (y + 0.008, w * wide * 0.97), PLASTIC, lift=0.014, rows=3, columns=24
        )
        pieces.append(bar)
    x = w * float(rng.uniform(0.80, 0.86))
    tall = float(rng.uniform(0.05, 0.10))
    pocket = panel(
        [(x - 0.11, 0.29), (x + 0.07, 0.30)],
        [(x - 0.07, 0.29 + tall), (x + 0.07, 0.31 + tall)],
        face,
        HOLE,
        rows=4,
        columns=8,
    )
    fog = disc((x - 0.015, 0.30 + tall / 2), (0.036, 0.032), face, LENS, lift=0.009)
    pieces.append(both(merged([pocket, fog])))
    return merged(pieces)


def _grille(body: Body, face: Face, plate_y: float, rng: np.random.Generator) -> list[Mesh]:
    """An opening with bars and a rim, or (electric cars) a closed nose with a slim strip; and a badge."""
    w, top, low = body.half_width, body.bonnet_y - 0.075, plate_y + 0.095
    kind = 4 if body.electric else int(rng.integers(4))
    pieces: list[Mesh] = []
    if kind == 4 or top - low < 0.07:
        y = body.bonnet_y - 0.10
        strip = (
            [(-w * 0.55, y), (0.0, y + 0.012), (w * 0.55, y)],
            [(-w * 0.55, y + 0.022), (0.0, y + 0.036), (w * 0.55, y + 0.022)],
        )
        pieces.append(panel(*strip, face, CHROME if rng.random() < 0.5 else HOLE, rows=3, columns=24))
    else:
        narrow, wide = ((0.36, 0.56), (0.50, 0.46), (0.46, 0.60), (0.28, 0.50))[kind]
        outline = [(-w * narrow, low), (w * narrow, low)], [(-w * wide, top), (0.0, top + 0.012), (w * wide, top)]
        rim = CHROME if rng.random() < 0.6 else PLASTIC
        thick = float(rng.uniform(0.008, 0.020))
        around = (
            [(-w * narrow - thick, low - thick), (w * narrow + thick, low - thick)],
            [(-w * wide - thick, top + thick), (0.0, top + 0.012 + thick), (w * wide + thick, top + thick)],
        )
        pieces += [
            panel(*around, face, rim, lift=0.005, rows=6, columns=28),
            panel(*outline, face, HOLE, lift=0.009, rows=6, columns=28),
            *_bars(w, (low, top), (narrow, wide), face, rng, upright=kind == 3),
        ]
    size = float(rng.uniform(0.045, 0.062))
    y = (top - size * 0.9) if rng.random() < 0.6 else (body.bonnet_y - 0.05)
    pieces.append(disc((0.0, y), (size, size * float(rng.uniform(0.7, 1.0))), face, CHROME, lift=0.016))
    pieces.append(
        disc((0.0, y), (size * 0.72, size * 0.62), face, HOLE if rng.random() < 0.6 else painted(body), lift=0.018)
    )
    pieces.append(disc((0.0, y), (size * 0.4, size * 0.2), face, CHROME, lift=0.020))
    return pieces


def _bars(
    w: float,
    heights: tuple[float, float],
    shares: tuple[float, float],
    face: Face,
    rng: np.random.Generator,
    *,
    upright: bool,
) -> list[Mesh]:
    low, top = heights
    narrow, wide = shares
    finish = CHROME if rng.random() < 0.5 else PLASTIC
    thin = float(rng.uniform(0.005, 0.011))
    bars = []
    if upright:
        for x in np.linspace(-w * narrow * 0.94, w * narrow * 0.94, int(rng.integers(9, 16))):
            lean = float(x) * (wide / narrow - 1) * 0.9
            bars.append(
                panel(
                    [(x - thin / 2, low), (x + thin / 2, low)],
                    [(x + lean - thin / 2, top), (x + lean + thin / 2, top)],
                    face,
                    finish,
                    lift=0.013,
                    rows=4,
                    columns=3,
                )
            )
        return bars
    for share in np.linspace(0, 1, int(rng.integers(4, 8)))[1:-1]:
        y = low + (top - low) * float(share)
        half = w * (narrow + (wide - narrow) * float(share)) - 0.008
        bars.append(band(face, (y - thin, half), (y + thin, half), finish, lift=0.013, rows=3, columns=24))
    return bars


def _lamps(body: Body, face: Face, rng: np.random.Generator, *, lit: bool) -> tuple[list[Mesh], tuple[Lamp, ...]]:
    """Two headlamps of one of three shapes, with lenses, a bright strip, and an indicator."""
    w = body.half_width
    y = body.bonnet_y - float(rng.uniform(0.15, 0.19))
    tall = float(rng.uniform(0.045, 0.075))
    inner, outer = w * float(rng.uniform(0.52, 0.62)), w * 0.965
    kind = int(rng.integers(3))
    lower, upper = (
        (
            [(inner, y - 0.2 * tall), (inner + 0.10, y - tall), (outer, y - 0.3 * tall)],
            [(inner, y + 0.3 * tall), (w * 0.8, y + tall), (outer, y + 1.3 * tall)],
        ),
        ([(inner + 0.05, y - tall), (outer, y - 0.8 * tall)], [(inner, y + 0.8 * tall), (outer, y + 1.2 * tall)]),
        ([(inner, y - 0.1 * tall), (outer, y + 0.1 * tall)], [(inner, y + 0.6 * tall), (outer, y + 1.1 * tall)]),
    )[kind]
    housing = panel(lower, upper, face, HOLE, lift=0.004, rows=8, columns=20)
    glass = panel(lower, upper, face, Finish(linear(72, 70, 68), 0.10), lift=0.006, rows=8, columns=20)
    glow = (3.0, 2.9, 2.7) if lit else (0.0, 0.0, 0.0)
    pieces, bright = [housing, glass], []
    for x in (w * 0.71, w * 0.83) if kind != 2 else (w * 0.77,):
        size = min(0.05, tall * 0.72)
        pieces.append(disc((x, y + 0.12 * tall), (size, size), face, _REFLECTOR, lift=0.010))
        pieces.append(
            disc(
                (x, y + 0.12 * tall),
                (size * 0.66, size * 0.66),
                face,
                Finish(linear(96, 94, 92), 0.2, glow),
                lift=0.013,
            )
        )
        bright.append(x)
    strip_glow = (1.3, 1.25, 1.2) if lit or rng.random() < 0.3 else (0.0, 0.0, 0.0)
    strip = (
        [(inner + 0.03, y - 0.35 * tall), (outer - 0.06, y - 0.1 * tall)],
        [(inner + 0.03, y - 0.12 * tall), (outer - 0.06, y + 0.12 * tall)],
    )
    pieces.append(panel(*strip, face, Finish(linear(214, 212, 210), 0.2, strip_glow), lift=0.009, rows=3, columns=10))
    if not lit:
        return [both(merged(pieces))], ()
    strength = float(rng.uniform(0.7, 1.3))
    middle = float(np.mean(bright))
    lamps = tuple(
        Lamp((side * middle, y, face.at(middle, y) - 0.02), 0.055, _HEADLIGHT, strength) for side in (-1.0, 1.0)
    )
    return [both(merged(pieces))], lamps
