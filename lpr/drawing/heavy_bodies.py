"""Trucks and buses from before and behind, and motorcycles with their riders from behind."""

from __future__ import annotations

import numpy as np

from lpr.drawing.bodywork import (
    AMBER,
    CHROME,
    GLASS,
    HOLE,
    LENS,
    PLASTIC,
    RED_LENS,
    RUBBER,
    Body,
    BodyKind,
    Face,
    Lamp,
    Mount,
    Parts,
    painted,
)
from lpr.drawing.meshes import Finish, Mesh, ball, band, both, box, disc, linear, merged, panel, patch, tube, wheel

_HEADLIGHT = (1.0, 0.98, 0.93)
_GALVANISED = Finish(linear(128, 128, 126), 0.02)
_LETTERING = Finish(linear(60, 58, 170))


def build_heavy_front(body: Body, *, lit: bool) -> Parts:
    """A small truck's or a bus's upright front."""
    rng = np.random.default_rng(body.seed)
    w, top = body.half_width, body.roof_y
    bus = body.kind is BodyKind.BUS
    face = Face(
        w,
        0.16 if bus else 0.22,
        ((0.1, 0.10), (0.28, 0.0), (0.62, 0.0), (0.70, 0.04), (1.2, 0.07), (top, 0.34)),
        power=7.0,
    )
    pane_low = body.cowl_y + (0.0 if bus else 0.05)
    pane = band(face, (pane_low, w * 0.88), (top - 0.25, w * 0.86), GLASS, lift=0.012, rows=12, columns=24)
    pieces = [*_wall(body, face, pane_low, rng), _mirrors(w, top)]
    for y in np.linspace(0.76, pane_low - 0.16, int(rng.integers(2, 5))):
        pieces.append(band(face, (y, w * 0.6), (y + 0.04, w * 0.6), HOLE, lift=0.005, rows=3, columns=16))
    pieces.append(disc((0.0, (pane_low + 0.72) / 2), (0.08, 0.06), face, CHROME, lift=0.012))
    y, x = float(rng.uniform(0.46, 0.56)), w * 0.80
    pieces.append(_headlamps(face, x, y, lit=lit))
    mount = Mount((0.0, 0.545, face.at(0.0, 0.545) - 0.045), 0.0, 0.008, PLASTIC)
    places = [(side * (x - 0.06), y, -0.06) for side in (-1.0, 1.0)] if lit else []
    lamps = tuple(Lamp(at, 0.06, _HEADLIGHT, float(rng.uniform(0.7, 1.2))) for at in places)
    return Parts(merged(pieces), pane, lamps, mount, 6.0, w)


def _wall(body: Body, face: Face, pane_low: float, rng: np.random.Generator) -> list[Mesh]:
    """The front itself with its bumper, the frame of the windscreen, flanks and wheels."""
    w, top, paint = body.half_width, body.roof_y, painted(body)
    bumper = paint if rng.random() < 0.4 else PLASTIC
    return [
        band(face, (0.30, w), (top, w), paint, lift=0.0, rows=40, columns=41),
        band(face, (0.26, w * 0.99), (0.66, w * 0.99), bumper, lift=0.03, rows=10, columns=41),
        band(face, (0.34, w * 0.55), (0.42, w * 0.55), HOLE, lift=0.034, rows=3, columns=16),
        band(face, (pane_low - 0.04, w * 0.9), (top - 0.22, w * 0.88), HOLE, lift=0.004, rows=12, columns=24),
        _side(w, top, 6.0, paint),
        both(wheel((w * 0.84, 0.42, 0.95), 0.42, 0.26, RUBBER, _GALVANISED)),
    ]


def _mirrors(w: float, top: float) -> Mesh:
    arm = tube((w * 0.96, top - 0.5, 0.25), (w + 0.14, top - 0.5, 0.06), (0.025, 0.02), PLASTIC)
    return both(merged([ball((w + 0.16, top - 0.75, 0.05), (0.10, 0.24, 0.07), PLASTIC), arm]))


def _headlamps(face: Face, x: float, y: float, *, lit: bool) -> Mesh:
    glow = (3.0, 2.9, 2.7) if lit else (0.0, 0.0, 0.0)
    edge = [(x - 0.16, y - 0.09), (x + 0.12, y - 0.09)], [(x - 0.16, y + 0.09), (x + 0.14, y + 0.10)]
    return both(
        merged(
            [
                panel(*edge, face, HOLE, lift=0.036, rows=4, columns=8),
                disc((x - 0.06, y), (0.07, 0.07), face, LENS, lift=0.040),
                disc((x - 0.06, y), (0.045, 0.045), face, Finish(linear(100, 98, 96), 0.2, glow), lift=0.043),
                disc((x + 0.07, y), (0.045, 0.05), face, AMBER, lift=0.040),
            ]
        )
    )


def build_heavy_rear(body: Body, *, lit: bool) -> Parts:
    """A box truck's doors or a bus's rear wall, low lamps, an underrun bar, and the plate."""
    rng = np.random.default_rng(body.seed + 1)
    w, top = body.half_width, body.roof_y
    bus = body.kind is BodyKind.BUS
    floor = 0.50 if bus else float(rng.uniform(0.86, 0.98))
    face = Face(w, 0.12 if bus else 0.012, ((0.0, 0.0), (3.3, 0.02)), power=8.0)
    wall = painted(body) if bus or rng.random() < 0.5 else Finish(linear(206, 208, 208), 0.02)
    pieces = [
        band(face, (floor, w), (top, w), wall, lift=0.0, rows=24, columns=31),
        _side(w, top, 6.0, wall, floor),
        both(merged([wheel((w * x, 0.42, 0.85), 0.42, 0.24, RUBBER, _GALVANISED) for x in (0.86, 0.62)])),
        box((-w * 0.9, 0.5, 0.12), (w * 0.9, floor, 5.5), HOLE),
    ]
    pieces += _bus_back(w, top, face, rng) if bus else _truck_back(w, top, floor, face, rng)
    braking = rng.random() < 0.5
    glow = (0.12, 0.1, 1.2) if braking or lit else (0.0, 0.0, 0.0)
    y = 0.66 if not bus else 0.82
    lamp = [
        box((w * 0.70, y - 0.075, -0.03), (w * 0.95, y + 0.075, 0.05), PLASTIC),
        box((w * 0.71, y - 0.06, -0.045), (w * 0.78, y + 0.06, -0.02), AMBER),
        box((w * 0.79, y - 0.06, -0.045), (w * 0.89, y + 0.06, -0.02), Finish(RED_LENS.colour, 0.08, glow)),
        box((w * 0.90, y - 0.06, -0.045), (w * 0.94, y + 0.06, -0.02), LENS),
    ]
    pieces.append(both(merged(lamp)))
    lamps = tuple(Lamp((s * w * 0.84, y, -0.05), 0.06, (0.1, 0.08, 1.0), 0.3) for s in (-1.0, 1.0)) if any(glow) else ()
    x = 0.0 if bus or rng.random() < 0.5 else -w * 0.36
    plate_y = 0.72 if not bus else 0.98
    if not bus:
        pieces.append(box((x - 0.25, plate_y - 0.14, -0.010), (x + 0.25, plate_y + 0.14, 0.03), _GALVANISED))
    mount = Mount((x, plate_y, -0.020), 0.0, 0.006, PLASTIC)
    return Parts(merged(pieces), None, lamps, mount, 6.0, w)


def _side(w: float, top: float, length: float, finish: Finish, floor: float = 0.55) -> Mesh:
    low = [(w, floor, 0.20), (w, floor, length)]
    high = [(w, top, 0.36), (w, top, length)]
    roof = patch([[(-w, top, 0.3), (w, top, 0.3)], [(-w, top, length), (w, top, length)]], finish, inside=(0, 0, 1))
    return merged(
        [both(patch(np.stack([np.linspace(a, b, 12) for a, b in zip(low, high, strict=True)], 1), finish)), roof]
    )


def _truck_back(w: float, top: float, floor: float, face: Face, rng: np.random.Generator) -> list[Mesh]:
    """Two doors with their rods and hinges, the magnified number, marks that reflect, the bar below."""
    pieces = [
        band(face, (floor + 0.04, 0.008), (top - 0.05, 0.008), HOLE, rows=6, columns=2),
        box((-w * 0.92, 0.44, -0.02), (w * 0.92, 0.54, 0.06), _GALVANISED),
        box((-w, floor - 0.05, -0.02), (w, floor, 0.1), PLASTIC),
    ]
    for x in (-w * 0.55, -w * 0.12, w * 0.12, w * 0.55):
        pieces.append(tube((x, floor + 0.02, -0.03), (x, top - 0.08, -0.03), (0.016, 0.016), _GALVANISED, sides=7))
        pieces.append(box((x - 0.04, floor + 0.35, -0.05), (x + 0.14, floor + 0.39, -0.02), _GALVANISED))
    for i, x in enumerate(np.linspace(-w * 0.95, w * 0.75, 9)):
        finish = Finish(linear(40, 34, 190)) if i % 2 else Finish(linear(225, 228, 228))
        pieces.append(
            panel(
                [(x, floor + 0.02), (x + w * 0.19, floor + 0.02)],
                [(x, floor + 0.07), (x + w * 0.19, floor + 0.07)],
                face,
                finish,
                lift=0.004,
                rows=2,
                columns=3,
            )
        )
    if rng.random() < 0.6:
        pieces.append(
            band(
                face,
                (1.75, w * 0.45),
                (2.0, w * 0.45),
                _LETTERING,
                rows=2,
                columns=4,
            )
        )
    return pieces


def _bus_back(w: float, top: float, face: Face, rng: np.random.Generator) -> list[Mesh]:
    """A window, the engine's grille, a bumper."""
    pieces = [
        band(face, (1.75, w * 0.82), (top - 0.35, w * 0.80), GLASS, rows=8, columns=24),
        band(face, (0.50, w * 0.97), (0.70, w * 0.97), PLASTIC, lift=0.03, rows=4, columns=31),
    ]
    for y in np.linspace(1.25, 1.55, int(rng.integers(4, 7))):
        pieces.append(
            band(
                face,
                (y, w * 0.5),
                (y + 0.02, w * 0.5),
                HOLE,
                rows=2,
                columns=8,
            )
        )
    return pieces


def build_motorcycle(body: Body, *, lit: bool) -> Parts:
    """A motorcycle with its rider from behind; the plate hangs under the seat."""
    rng = np.random.default_rng(body.seed)
    paint = painted(body)
    jacket = Finish(linear(*(float(c) for c in rng.uniform(20, 150, 3))))
    trousers, helmet = Finish(linear(46, 40, 36)), Finish(linear(*(float(c) for c in rng.uniform(30, 235, 3))), 0.05)
    glow = (0.1, 0.08, 1.1) if lit else (0.0, 0.0, 0.0)
    solid = [
        wheel((0.0, 0.30, 0.34), 0.30, 0.13, RUBBER, _GALVANISED),
        tube((0.0, 0.62, 0.02), (0.0, 0.50, 0.55), (0.10, 0.09), HOLE),
        ball((0.0, 0.74, 0.38), (0.15, 0.13, 0.42), paint),
        ball((0.0, 0.86, 0.40), (0.14, 0.06, 0.36), HOLE),
        box((-0.17, 0.90, 0.0), (0.17, 1.20, 0.34), PLASTIC)
        if rng.random() < 0.4
        else ball((0.0, 0.80, 0.12), (0.1, 0.06, 0.1), paint),
        ball((0.0, 0.755, 0.02), (0.075, 0.04, 0.05), Finish(RED_LENS.colour, 0.1, glow)),
        both(ball((0.15, 0.71, 0.05), (0.035, 0.025, 0.03), AMBER, fine=6)),
        both(tube((0.14, 0.88, 0.5), (0.24, 0.42, 0.75), (0.085, 0.06), trousers)),
        both(tube((0.24, 0.42, 0.75), (0.20, 0.12, 0.6), (0.06, 0.05), trousers)),
        both(ball((0.20, 0.10, 0.66), (0.05, 0.05, 0.13), HOLE, fine=6)),
        ball((0.0, 1.17, 0.52), (0.19, 0.32, 0.14), jacket),
        ball((0.0, 1.38, 0.53), (0.20, 0.10, 0.11), jacket),
        both(tube((0.18, 1.40, 0.54), (0.31, 1.16, 0.72), (0.06, 0.048), jacket, sides=14)),
        both(tube((0.31, 1.16, 0.72), (0.36, 1.12, 1.0), (0.048, 0.04), jacket)),
        both(ball((0.18, 1.40, 0.54), (0.075, 0.07, 0.07), jacket, fine=7)),
        tube((0.0, 1.45, 0.54), (0.0, 1.56, 0.54), (0.06, 0.06), jacket, sides=8),
        ball((0.0, 1.64, 0.55), (0.125, 0.145, 0.145), helmet),
        both(tube((0.20, 1.12, 1.0), (0.42, 1.16, 0.9), (0.02, 0.02), HOLE)),
        both(
            merged(
                [
                    tube((0.36, 1.14, 0.95), (0.46, 1.32, 0.92), (0.01, 0.01), HOLE, sides=6),
                    ball((0.46, 1.34, 0.92), (0.07, 0.045, 0.02), PLASTIC, fine=6),
                ]
            )
        ),
        tube((0.16, 0.34, 0.15), (0.16, 0.36, 0.75), (0.05, 0.04), CHROME),
    ]
    lamps = (Lamp((0.0, 0.755, -0.03), 0.05, (0.1, 0.08, 1.0), 0.2),) if lit else ()
    mount = Mount((0.0, 0.60, -0.02), float(rng.uniform(0.1, 0.3)), 0.008, PLASTIC)
    return Parts(merged(solid), None, lamps, mount, 2.0, 0.4)
