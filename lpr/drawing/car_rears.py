"""The rear of a car: boot or tailgate, tail lamps, plate recess, bumper, reflectors, exhaust; one height field carries them all."""

from __future__ import annotations

import numpy as np

from lpr.drawing.bodywork import (
    CHROME,
    DARK_GLASS,
    HOLE,
    PLASTIC,
    RED_LENS,
    Body,
    BodyKind,
    Face,
    Lamp,
    Mount,
    Parts,
    painted,
)
from lpr.drawing.cabins import LENGTH_M, greenhouse, lid, skin
from lpr.drawing.meshes import Finish, Mesh, band, both, disc, linear, merged, panel, tube

_BRAKE: tuple[float, float, float] = (0.10, 0.08, 1.0)


def build_rear(body: Body, *, lit: bool) -> Parts:
    """A saloon, SUV or van from behind."""
    rng = np.random.default_rng(body.seed + 1)
    tall = body.kind is not BodyKind.SALOON
    body = _from_behind(body)
    face = _face(body, tall=tall)
    on_lid = rng.random() < (0.75 if tall else 0.6)
    plate_y = float(
        (rng.uniform(0.78, 0.88) if tall else rng.uniform(0.72, 0.78)) if on_lid else rng.uniform(0.44, 0.52)
    )
    pieces = [skin(body, face, 0.20), _bumper(body, face, rng)]
    cabin, window = greenhouse(body, rng, rear=True)
    pieces += [lid(body, face, crease=0.9), cabin]
    lamp_pieces, lamps = _lamps(body, face, plate_y, rng, lit=lit, tall=tall)
    pieces += [*lamp_pieces, *_recess(body, face, plate_y, rng, on_lid=on_lid), *_writing(body, face, plate_y, rng)]
    if rng.random() < 0.7:
        badge_y = min(body.bonnet_y - 0.045, plate_y + 0.165)
        pieces.append(disc((0.0, badge_y), (0.05, 0.042), face, CHROME, lift=0.012))
        pieces.append(disc((0.0, badge_y), (0.034, 0.026), face, painted(body), lift=0.014))
    at = (0.0, plate_y, face.at(0.0, plate_y) + (0.004 if on_lid else -0.014))
    mount = Mount(at, float(rng.uniform(0.0, 0.12)) * (1 if on_lid else 0.4), float(rng.uniform(0.003, 0.010)), PLASTIC)
    return Parts(merged(pieces), window, lamps, mount, LENGTH_M, body.half_width)


def _from_behind(body: Body) -> Body:
    """The same car's measures at its other end: a high short boot, or a tailgate with the window just above it."""
    if body.kind is BodyKind.SALOON:
        return Body(body.kind, body.paint, body.half_width, body.roof_y, 0.98, 1.04, 0.50, 1.15, body.seed)
    edge = 1.02 if body.kind is BodyKind.SUV else 1.06
    deep = 0.10 if body.kind is BodyKind.VAN else 0.16
    return Body(body.kind, body.paint, body.half_width, body.roof_y, edge, edge + 0.05, deep, deep + 0.26, body.seed)


def _face(body: Body, *, tall: bool) -> Face:
    top = body.bonnet_y
    knots = (
        (0.10, 0.30),
        (0.20, 0.10),
        (0.30, 0.015),
        (0.38, 0.0),
        (0.56, 0.0),
        (0.62, 0.045),
        (0.68, 0.085 if not tall else 0.06),
        (top - 0.06, 0.06 if not tall else 0.085),
        (top, 0.09 if not tall else 0.11),
        (top + 0.05, 0.2),
    )
    return Face(body.half_width, 0.42, knots, power=4.4)


def _bumper(body: Body, face: Face, rng: np.random.Generator) -> Mesh:
    w = body.half_width
    dark = float(rng.uniform(0.30, 0.36))
    pieces = [
        band(face, (0.215, w * 0.93), (dark, w * 0.95), PLASTIC, rows=4, columns=40),
        band(face, (0.628, w * 0.97), (0.640, w * 0.97), HOLE, lift=0.002, rows=3, columns=40),
    ]
    x = w * float(rng.uniform(0.66, 0.8))
    reflector = panel(
        [(x - 0.09, 0.37), (x + 0.09, 0.38)],
        [(x - 0.09, 0.40), (x + 0.09, 0.41)],
        face,
        RED_LENS,
        lift=0.006,
        rows=3,
        columns=10,
    )
    pieces.append(both(reflector))
    if rng.random() < 0.6:
        z = face.at(0.5, 0.25)
        pipe = tube((w * 0.58, 0.235, z - 0.02), (w * 0.58, 0.245, z + 0.2), (0.04, 0.04), CHROME)
        pieces.append(both(pipe) if rng.random() < 0.5 else pipe)
    return merged(pieces)


def _lamps(
    body: Body, face: Face, plate_y: float, rng: np.random.Generator, *, lit: bool, tall: bool
) -> tuple[list[Mesh], tuple[Lamp, ...]]:
    """Tail lamps to both sides, perhaps joined by a strip; braking cars shine."""
    w, top = body.half_width, body.bonnet_y
    y1 = top - (0.04 if not tall else float(rng.uniform(0.0, 0.05)))
    y0 = y1 - float(rng.uniform(0.11, 0.17) if not tall else rng.uniform(0.14, 0.34))
    inner = w * float(rng.uniform(0.52, 0.66) if not tall else rng.uniform(0.66, 0.76))
    braking = rng.random() < 0.5
    glow = _scaled(1.5 if braking else 0.5) if lit or braking else (0.0, 0.0, 0.0)
    shape = [(inner, y0 + 0.03), (w * 0.97, y0)], [(inner, y1 - 0.02), (w * 0.97, y1 - 0.02)]
    lens = panel(*shape, face, RED_LENS, lift=0.008, rows=8, columns=14)
    pieces = [lens]
    bands = int(rng.integers(1, 4))
    for number in range(bands):
        low = y0 + (y1 - y0) * (0.15 + 0.7 * number / bands)
        strip = [(inner + 0.03, low), (w * 0.93, low - 0.01)], [(inner + 0.03, low + 0.03), (w * 0.93, low + 0.022)]
        pieces.append(panel(*strip, face, Finish(linear(50, 46, 196), 0.08, glow), lift=0.012, rows=3, columns=10))
    white = (
        [(inner + 0.01, y0 + 0.035), (inner + 0.08, y0 + 0.03)],
        [(inner + 0.01, y0 + 0.065), (inner + 0.08, y0 + 0.06)],
    )
    pieces.append(panel(*white, face, Finish(linear(170, 168, 166), 0.12), lift=0.014, rows=3, columns=5))
    pieces = [both(merged(pieces))]
    if rng.random() < 0.3 and y1 - 0.05 > plate_y + 0.12:
        joined = [(-inner, y1 - 0.055), (inner, y1 - 0.055)], [(-inner, y1 - 0.03), (inner, y1 - 0.03)]
        pieces.append(panel(*joined, face, Finish(linear(40, 36, 150), 0.09, glow), lift=0.007, rows=3, columns=30))
    if not (lit or braking):
        return pieces, ()
    y = (y0 + y1) / 2
    x = (inner + w * 0.93) / 2
    power = 0.34 if braking else 0.14
    lamps = tuple(Lamp((side * x, y, face.at(x, y) - 0.02), 0.07, _BRAKE, power) for side in (-1.0, 1.0))
    return pieces, lamps


def _scaled(by: float) -> tuple[float, float, float]:
    return (_BRAKE[0] * by, _BRAKE[1] * by, _BRAKE[2] * by)


def _recess(body: Body, face: Face, plate_y: float, rng: np.random.Generator, *, on_lid: bool) -> list[Mesh]:
    """The hollow that the plate lies in, with a bar above it that holds its lamps."""
    half, rise = 0.275, 0.105
    if not on_lid:
        return [band(face, (plate_y - rise, half), (plate_y + rise, half), PLASTIC, lift=0.004, rows=4, columns=12)]
    edge = 0.03
    ground = painted(body) if rng.random() < 0.6 else PLASTIC
    dull = Finish(_darker(ground.colour), 0.01)
    bar = CHROME if rng.random() < 0.4 else painted(body)
    y = plate_y + rise
    return [
        panel(
            [(-half - edge, plate_y - rise), (half + edge, plate_y - rise)],
            [(-half, y), (half, y)],
            face,
            dull,
            lift=0.002,
            rows=6,
            columns=14,
        ),
        panel(
            [(-half - 0.05, y - 0.005), (half + 0.05, y - 0.005)],
            [(-half - 0.04, y + 0.03), (half + 0.04, y + 0.03)],
            face,
            bar,
            lift=0.030,
            rows=4,
            columns=14,
        ),
        panel(
            [(-half - 0.02, y - 0.02), (half + 0.02, y - 0.02)],
            [(-half - 0.02, y - 0.004), (half + 0.02, y - 0.004)],
            face,
            HOLE,
            lift=0.006,
            rows=3,
            columns=10,
        ),
    ]


def _darker(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    return (colour[0] * 0.45, colour[1] * 0.45, colour[2] * 0.45)


def _writing(body: Body, face: Face, plate_y: float, rng: np.random.Generator) -> list[Mesh]:
    """The model's name in chrome: strokes too small to read."""
    pieces = []
    y = plate_y + float(rng.uniform(0.10, 0.13))
    for side in (-1.0, 1.0) if rng.random() < 0.6 else (1.0,):
        x = side * body.half_width * 0.5 - 0.06
        if y > body.bonnet_y - 0.05:
            continue
        for _ in range(int(rng.integers(3, 7))):
            wide = float(rng.uniform(0.010, 0.020))
            pieces.append(
                panel(
                    [(x, y), (x + wide, y)],
                    [(x + wide * 0.3, y + 0.022), (x + wide, y + 0.022)],
                    face,
                    CHROME,
                    lift=0.008,
                    rows=2,
                    columns=2,
                )
            )
            x += wide + 0.008
    if body.kind is not BodyKind.SALOON and rng.random() < 0.5:  # a rear wiper's foot
        pieces.append(disc((0.0, body.bonnet_y - 0.012), (0.035, 0.025), face, DARK_GLASS, lift=0.03))
    return pieces
