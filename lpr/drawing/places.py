"""What stands round a lane, in metres: a street's entrance, a mall's forecourt, a garage under ground, a ramp; by the place's number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lpr.drawing.bodywork import Body, BodyKind
from lpr.drawing.car_fronts import build_front
from lpr.drawing.car_rears import build_rear
from lpr.drawing.materials import Material, worked
from lpr.drawing.meshes import Finish, Floats, Mesh, ball, box, floats, linear, merged, patch, tube

LANE_HALF_M = 1.45
CEILING_M = 2.7
_WHITE_PAINT = linear(205, 210, 212)
_GREY = Finish(linear(150, 152, 152))
_METAL = Finish(linear(120, 122, 124), 0.05)
_KERB_YELLOW = Finish(linear(40, 180, 228))
_RED = Finish(linear(46, 74, 222))


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Something that stands there, and what it is made of."""

    mesh: Mesh
    material: Material = Material.PLAIN


def is_covered(place: int) -> bool:
    """Whether there is a roof: even places lie outdoors, odd ones in a garage or on its ramp."""
    return place % 2 == 1


@lru_cache(maxsize=4)
def things_at(place: int) -> tuple[Thing, ...]:
    """Everything but the ground."""
    rng = np.random.default_rng(place)
    build = (_street, _garage, _forecourt, _ramp)[place % 4]
    return (*build(rng), *_islands(rng, narrow=build is _ramp))


def ground_of(place: int, at: Floats) -> Floats:
    """The ground's own colour at points (N x 3): its stuff, the lane's lines, the cuts of the loop, arrows."""
    rng = np.random.default_rng(place)
    material = (Material.ASPHALT, Material.FLOOR, Material.PAVING, Material.CONCRETE)[place % 4]
    grounds = {
        Material.ASPHALT: ((84, 84, 84), (100, 101, 102), (116, 117, 118)),
        Material.FLOOR: ((92, 116, 74), (126, 128, 128), (110, 88, 62), (84, 86, 130)),
        Material.PAVING: ((132, 140, 146), (150, 150, 150), (108, 116, 128)),
        Material.CONCRETE: ((118, 122, 124), (136, 138, 138)),
    }[material]
    base = floats(linear(*grounds[int(rng.integers(len(grounds)))]))
    tone = base * worked(material, at, place)
    x, z = at[:, 0], at[:, 2]
    worn = worked(Material.ASPHALT, at, place + 9)[:, 0]
    line = np.abs(np.abs(x) - (LANE_HALF_M - 0.2)) < 0.06
    stop = (np.abs(z - float(rng.uniform(1.7, 2.1))) < 0.1) & (np.abs(x) < LANE_HALF_M - 0.2)
    arrow = _arrow(x, z - float(rng.uniform(5.5, 8.0)))
    painted = (line | stop | arrow) & (worn > 0.8)
    tone = np.where(painted[:, None], floats(_WHITE_PAINT) * np.clip(worn, 0.6, 1.1)[:, None], tone)
    near, far = 3.2, 4.1
    across = (np.abs(x) < 0.9) & ((np.abs(z - near) < 0.012) | (np.abs(z - far) < 0.012))
    lengthways = (np.abs(np.abs(x) - 0.9) < 0.010) & (z > near) & (z < far)
    return np.asarray(np.where((across | lengthways)[:, None], tone * np.float32(0.3), tone), np.float32)


def _arrow(x: Floats, z: Floats) -> Floats:
    shaft = (np.abs(x) < 0.08) & (z > 0.9) & (z < 3.0)
    head = (z > 0) & (z < 0.9) & (np.abs(x) < 0.32 * z / 0.9)
    return np.asarray(shaft | head)


def _islands(rng: np.random.Generator, *, narrow: bool) -> list[Thing]:
    """Kerbs in yellow and black on both sides, bollards, the barrier's cabinet, sometimes a booth or a pillar with a display."""
    things = []
    for side in (-1.0, 1.0):
        near, far = side * LANE_HALF_M, side * (LANE_HALF_M + (0.35 if narrow else 0.95))
        low, high = sorted((near, far))
        things.append(Thing(box((low, 0.0, 1.3), (high, 0.145, 13.0), _GREY), Material.CONCRETE))
        edge = sorted((near - side * 0.01, near + side * 0.10))
        things.append(Thing(_strip(edge[0], edge[1], 1.3, 13.0), Material.KERB))
        for z in (6.0, 8.5, 11.0) if rng.random() < 0.7 else (7.0,):
            x = side * (LANE_HALF_M + 0.20)
            things.append(Thing(tube((x, 0.14, z), (x, 0.88, z), (0.045, 0.045), _RED), Material.BOLLARD))
    side = 1.0 if rng.random() < 0.6 else -1.0
    x = side * (LANE_HALF_M + (0.35 if narrow else 0.55))
    cabinet = Finish(linear(*((40, 120, 230) if rng.random() < 0.5 else (205, 205, 205))), 0.03)
    z = float(rng.uniform(4.6, 6.4))
    things.append(
        Thing(
            merged(
                [
                    box((x - 0.17, 0.14, z), (x + 0.17, 1.12, z + 0.3), cabinet),
                    box((x - 0.19, 1.12, z - 0.02), (x + 0.19, 1.17, z + 0.32), _METAL),
                ]
            )
        )
    )
    if rng.random() < 0.6:  # a pillar with a display that shows who may pass
        x = -side * (LANE_HALF_M + (0.3 if narrow else 0.5))
        z = float(rng.uniform(5.0, 7.0))
        things.append(Thing(box((x - 0.14, 0.14, z), (x + 0.14, 1.5, z + 0.16), Finish(linear(60, 62, 64), 0.03))))
        lit = Finish(linear(20, 20, 60), 0.02, (0.05, 0.10, 0.55) if rng.random() < 0.5 else (0.06, 0.45, 0.10))
        for row in range(3):
            things.append(
                Thing(
                    box(
                        (x - 0.10, 1.14 + 0.1 * row, z - 0.012),
                        (x - 0.10 + float(rng.uniform(0.08, 0.2)), 1.19 + 0.1 * row, z - 0.004),
                        lit,
                    )
                )
            )
    return things


def _strip(low: float, high: float, z0: float, z1: float) -> Mesh:
    return box((low, 0.0, z0), (high, 0.155, z1), _KERB_YELLOW)


def _street(rng: np.random.Generator) -> list[Thing]:
    """Houses across the road, trees, parked cars, a passing one."""
    things, x = [], -34.0
    while x < 34.0:
        wide, tall, z = float(rng.uniform(8, 16)), float(rng.uniform(7, 24)), float(rng.uniform(30, 44))
        tone = float(rng.uniform(120, 215))
        wall = Finish(linear(tone * float(rng.uniform(0.8, 1.0)), tone * 0.95, tone))
        things.append(Thing(box((x, 0, z), (x + wide * 0.94, tall, z + 10), wall), Material.WINDOWS))
        x += wide
    things += [
        _tree((float(side * rng.uniform(4.5, 10)), float(rng.uniform(11, 26))), rng) for side in (-1, 1, -1, 1, 1)
    ]
    things += [Thing(_tree_trunk(float(rng.uniform(-9, 9)), 28.0))]
    things += _parked(rng, [(-4.6, 12.0, 0.1), (4.9, 15.0, -0.1), (-1.2, 24.0, 1.5), (5.5, 24.5, 1.5)])
    hedge = Finish(linear(44, 84, 58))
    for side in (-1.0, 1.0):
        if rng.random() < 0.6:
            low, high = sorted((side * 2.6, side * 3.4))
            things.append(Thing(box((low, 0, 6), (high, 0.9, 20), hedge), Material.LEAVES))
    return things


def _tree(at: tuple[float, float], rng: np.random.Generator) -> Thing:
    green = Finish(linear(float(rng.uniform(30, 52)), float(rng.uniform(78, 116)), float(rng.uniform(48, 84))))
    x, z = at
    crowns = [
        ball(
            (x + float(rng.uniform(-1, 1)), float(rng.uniform(2.8, 5.5)), z + float(rng.uniform(-1, 1))),
            [float(side) for side in rng.uniform(0.9, 1.9, 3)],
            green,
            fine=9,
        )
        for _ in range(7)
    ]
    return Thing(merged([*crowns, _tree_trunk(x, z)]), Material.LEAVES)


def _tree_trunk(x: float, z: float) -> Mesh:
    return tube((x, 0, z), (x, 3.2, z), (0.17, 0.12), Finish(linear(52, 64, 76)))


def _parked(rng: np.random.Generator, spots: list[tuple[float, float, float]]) -> list[Thing]:
    """Cars that stand about; they bear no plates, or too far to read."""
    things = []
    for x, z, yaw in spots:
        if rng.random() < 0.75:
            body = Body.of(rng, kind=BodyKind.SALOON if rng.random() < 0.6 else BodyKind.SUV)
            build = build_rear if rng.random() < 0.5 else build_front
            things.append(Thing(build(body, lit=False).solid.moved((x, 0.0, z), yaw)))
    return things


def _garage(rng: np.random.Generator) -> list[Thing]:
    """Ceiling with tubes and pipes, pillars, walls with a band, parked cars, a green sign."""
    wall = Finish(linear(178, 182, 184))
    half = float(rng.uniform(6.0, 8.0))
    things = [
        Thing(_slab(-half, half, CEILING_M, 0.6, 40, Finish(linear(120, 122, 122))), Material.CONCRETE),
        Thing(box((-half, 0, 27), (half, CEILING_M, 27.2), wall), Material.WALL),
        *(Thing(_beside(side * half, CEILING_M, 27, wall), Material.WALL) for side in (-1.0, 1.0)),
    ]
    for z in np.arange(6.5, 25, 5.2):
        for x in (-3.1, 3.1):
            things.append(Thing(box((x - 0.3, 0, z), (x + 0.3, CEILING_M, z + 0.6), wall), Material.PILLAR))
    glow = Finish(linear(230, 230, 230), 0.0, (2.2, 2.3, 2.2))
    for x in (-1.3, 1.3):
        for z in np.arange(4.0, 26, 4.0):
            things.append(Thing(box((x - 0.06, CEILING_M - 0.14, z), (x + 0.06, CEILING_M - 0.08, z + 2.4), glow)))
    pipe = Finish(linear(*((70, 70, 190) if rng.random() < 0.5 else (150, 152, 154))), 0.03)
    for x in (float(rng.uniform(-2.4, -1.8)), float(rng.uniform(1.8, 2.6))):
        things.append(Thing(tube((x, CEILING_M - 0.22, 2), (x, CEILING_M - 0.22, 27), (0.07, 0.07), pipe)))
    sign = Finish(linear(60, 150, 40), 0.0, (0.18, 0.75, 0.12))
    things.append(Thing(box((-0.5, 2.15, 13.0), (0.5, 2.42, 13.06), sign)))
    spots = [(s * float(rng.uniform(4.7, 5.3)), z, s * 1.57) for z in (8.8, 11.4, 14.2, 17.0) for s in (-1.0, 1.0)]
    return things + _parked(rng, spots)


def _beside(x: float, tall: float, end: float, finish: Finish) -> Mesh:
    """A wall along the lane, in short pieces: what lies behind the camera is left out."""
    zs, ys = np.meshgrid(np.linspace(0.8, end, 40), np.linspace(0, tall, 6))
    return patch(np.stack([np.full_like(zs, x), ys, zs], axis=2), finish, inside=(3 * x, 1, 10))


def _slab(x0: float, x1: float, y: float, z0: float, z1: float, finish: Finish) -> Mesh:
    xs, zs = np.meshgrid(np.linspace(x0, x1, 12), np.linspace(z0, z1, 24))
    return patch(np.stack([xs, np.full_like(xs, y), zs], axis=2), finish, inside=(0, y + 10, 10))


def _forecourt(rng: np.random.Generator) -> list[Thing]:
    """A mall's own front: glass, lit from within, a canopy's edge, planters."""
    shine = float(rng.uniform(0.12, 0.3))
    glass = Finish(linear(96, 92, 88), 0.0, (shine * 0.75, shine * 0.95, shine * 1.1))
    stone = Finish(linear(168, 176, 182))
    z = float(rng.uniform(15, 20))
    things = [
        Thing(box((-18, 0, z), (18, 4.8, z + 0.4), glass), Material.GLAZING),
        Thing(box((-18, 4.8, z - 2.5), (18, 6.0, z + 0.4), Finish(linear(120, 122, 126), 0.04))),
        Thing(box((-18, 6.0, z), (18, 16, z + 4), stone), Material.CONCRETE),
    ]
    for x in np.arange(-15, 16, 6.0):
        things.append(Thing(box((x - 0.35, 0, z - 1.2), (x + 0.35, 4.8, z - 0.5), stone), Material.CONCRETE))
    for side in (-1.0, 1.0):
        for near in (6.5, 9.5, 12.5):
            x = side * float(rng.uniform(3.4, 4.6))
            things.append(Thing(box((x - 0.6, 0, near), (x + 0.6, 0.5, near + 1.2), stone), Material.CONCRETE))
            green = Finish(linear(40, float(rng.uniform(80, 110)), 60))
            things.append(Thing(ball((x, 0.85, near + 0.6), (0.62, 0.52, 0.6), green, fine=8), Material.LEAVES))
    word = Finish(linear(60, 50, 200), 0.0, (0.12, 0.10, 0.9))
    x = float(rng.uniform(-4, -1))
    for _ in range(6):
        wide = float(rng.uniform(0.4, 0.8))
        things.append(Thing(box((x, 5.05, z - 2.58), (x + wide, 5.75, z - 2.5), word)))
        x += wide + 0.22
    return things + _parked(rng, [(-6.2, 12.5, 1.57), (6.4, 11.5, -1.57)])


def _ramp(rng: np.random.Generator) -> list[Thing]:
    """Walls close on both sides, a roof, and a bright opening where the ramp comes up."""
    wall = Finish(linear(172, 176, 178))
    half = LANE_HALF_M + 0.36
    end = float(rng.uniform(13, 18))
    things = [
        *(Thing(_beside(side * half, 3.2, end, wall), Material.WALL) for side in (-1.0, 1.0)),
        Thing(_slab(-half - 0.3, half + 0.3, CEILING_M, 0.6, end, Finish(linear(116, 118, 118))), Material.CONCRETE),
    ]
    rise = np.linspace(0, 1, 30)[:, None]
    x = np.linspace(-half, half, 6)[None]
    slope = np.stack([x + 0 * rise, 0.002 + 2.3 * rise**1.6 + 0 * x, 7.5 + (end + 4 - 7.5) * rise + 0 * x], axis=2)
    things.append(Thing(patch(slope, Finish(linear(120, 122, 124)), inside=(0, -20, 10)), Material.CONCRETE))
    day = Finish(linear(200, 200, 200), 0.0, (1.05, 1.0, 0.96))
    things.append(Thing(box((-half - 3, 1.2, end + 5), (half + 3, 6, end + 5.1), day)))
    glow = Finish(linear(230, 230, 230), 0.0, (1.9, 2.0, 1.9))
    for z in np.arange(4.0, end - 1, 3.5):
        for side in (-1.0, 1.0):
            low, high = sorted((side * (half - 0.02), side * (half - 0.10)))
            things.append(Thing(box((low, 2.05, z), (high, 2.15, z + 1.2), glow)))
    rail = Finish(linear(150, 152, 156), 0.2)
    for side in (-1.0, 1.0):
        things.append(
            Thing(tube((side * (half - 0.08), 0.95, 2), (side * (half - 0.08), 0.95, end), (0.03, 0.03), rail))
        )
    return things
