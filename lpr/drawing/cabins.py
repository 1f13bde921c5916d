"""What fronts and rears of cars share: bonnet or boot lid, windscreen with what is behind it, roof, flanks, wheels, mirrors."""

from __future__ import annotations

import numpy as np

from lpr.drawing.bodywork import (
    DARK_GLASS,
    GLASS,
    HOLE,
    PLASTIC,
    RIM,
    RUBBER,
    Body,
    Face,
    painted,
)
from lpr.drawing.meshes import (
    Finish,
    Floats,
    Mesh,
    along,
    ball,
    between,
    both,
    box,
    floats,
    linear,
    merged,
    patch,
    tube,
    wheel,
)

_SEATS = Finish(linear(40, 40, 42))
_DASHBOARD = Finish(linear(30, 30, 30), 0.01)
_LINING = Finish(linear(58, 58, 60))
_SKIN = (linear(120, 150, 196), linear(104, 132, 178), linear(92, 118, 162))
LENGTH_M = 4.5
_INSIDE = 0.45


def skin(body: Body, face: Face, low_y: float) -> Mesh:
    """The painted face itself, from `low_y` up to the edge of the bonnet."""
    w = body.half_width
    x = floats(np.sin(np.linspace(-np.pi / 2, np.pi / 2, 61)) * w)  # closer together where it bends
    share = np.linspace(0, 1, 30, dtype=np.float32)[:, None]
    y = low_y + 0.05 * (np.abs(x) / w) ** 2 + share * (edge_y(body, x) - low_y)
    at = np.broadcast_to(x, y.shape).astype(np.float32), y.astype(np.float32)
    return patch(np.stack([*at, face(*at)], axis=2), painted(body))


def edge_y(body: Body, x: Floats | float) -> Floats:
    """How high the edge of the bonnet or boot lid is at x."""
    return np.asarray(body.bonnet_y - 0.055 * (np.abs(x) / body.half_width) ** 2.4, np.float32)


def lid(body: Body, face: Face, *, crease: float) -> Mesh:
    """Bonnet or boot lid with the tops of the wings: from the face's edge to the windscreen, with two creases."""
    w = body.half_width
    x = np.linspace(-1, 1, 49, dtype=np.float32)
    front_y = edge_y(body, x * w)
    front = np.stack([x * w, front_y, face(floats(x * w), front_y)], axis=1)
    cowl = np.stack(
        [x * w * 0.97, body.cowl_y - 0.10 * np.abs(x) ** 3.0, body.cowl_z + 0.30 * np.abs(x) ** 2.4], axis=1
    )
    share = np.linspace(0, 1, 18)[:, None, None]
    at = front[None] * (1 - share) + cowl[None] * share
    rise = np.sin(np.linspace(0, np.pi, 18)) ** 0.8
    bulge = 0.035 * rise[:, None] * (1 - np.abs(x) ** 4)[None]
    folds = 0.012 * np.exp(-(((np.abs(x) - crease) / 0.05) ** 2))
    at[..., 1] += bulge + folds[None] * rise[:, None]
    return patch(at, painted(body), inside=(0, 0, 1.5))


def greenhouse(body: Body, rng: np.random.Generator, *, rear: bool) -> tuple[Mesh, Mesh]:
    """Pillars, roof and flanks with what is inside (solid), and the windscreen (pane)."""
    w, belt, sill = body.half_width, body.cowl_y, body.cowl_y - 0.02
    roof = body.roof_y
    top_w = w * (0.70 if body.roof_y < 1.55 else 0.80)
    low = _bow(w * 0.90, sill, body.cowl_z, 0.26)
    high = _bow(top_w, roof - 0.05, body.roof_z, 0.10)
    glass_low, glass_high = (
        _bow(w * 0.83, sill + 0.015, body.cowl_z, 0.24),
        _bow(top_w * 0.91, roof - 0.085, body.roof_z - 0.02, 0.085),
    )
    paint = painted(body)
    pillar = patch(between([glass_low[-1], glass_high[-1]], [low[-1], high[-1]], 3, 8), paint)
    header = patch(between(glass_high, high, 3, 24), paint)
    back = high + floats((0, 0.02, 1.5))
    crown = between(high, back, 8, 25)
    crown[..., 1] += 0.045 * np.sin(np.linspace(0, np.pi / 2, 8))[:, None] * (1 - (np.linspace(-1, 1, 25) ** 4))[None]
    top = patch(crown, paint, inside=(0, 0, 2))
    windscreen = patch(_bulged(glass_low, glass_high), GLASS)
    solid = [both(pillar), header, top, _flank(body, belt), _dim(merged(_inside(body, rng, rear=rear)))]
    frame = patch(between(glass_low * (1.012, 1, 1) - (0, 0.035, 0.012), glass_low, 2, 24), HOLE)
    solid.append(frame)
    if not rear:
        solid.append(_wipers(glass_low))
        mirrors = ball(
            (w + 0.13, belt + 0.07, body.cowl_z + 0.42), (0.115, 0.075, 0.06), paint if rng.random() < 0.7 else PLASTIC
        )
        arm = tube(
            (w * 0.90, belt + 0.0, body.cowl_z + 0.42),
            (w + 0.1, belt + 0.05, body.cowl_z + 0.42),
            (0.025, 0.02),
            PLASTIC,
        )
        solid.append(both(merged([mirrors, arm])))
    return merged(solid), windscreen


def _bow(half: float, y: float, z: float, sweep: float) -> Floats:
    """A line across the car that sweeps back towards its ends (25 x 3)."""
    x = np.linspace(-1, 1, 25)
    return np.stack([x * half, y - 0.03 * np.abs(x) ** 2.5, z + sweep * np.abs(x) ** 2.2], axis=1).astype(np.float32)


def _bulged(low: Floats, high: Floats) -> Floats:
    at = between(low, high, 14, 25)
    at[..., 2] -= 0.03 * np.sin(np.linspace(0, np.pi, 14))[:, None]
    return at


def _flank(body: Body, belt: float) -> Mesh:
    """Both sides: doors, side windows, wheels in their arches, the dark below."""
    w, paint = body.half_width, painted(body)
    start, length = 0.42, LENGTH_M
    low = [(w * 0.985, 0.26, start), (w * 0.985, 0.24, length)]
    high = [
        (w * 0.975, body.bonnet_y - 0.05, start),
        (w * 0.97, belt - 0.03, body.cowl_z + 0.4),
        (w * 0.95, belt + 0.04, length),
    ]
    doors = between(low, high, 8, 24)
    doors[..., 0] += 0.035 * np.sin(np.linspace(0.3, np.pi, 8))[:, None]
    roof_w = w * (0.70 if body.roof_y < 1.55 else 0.80)
    window_low = [(w * 0.955, belt - 0.01, body.cowl_z + 0.35), (w * 0.95, belt + 0.04, length - 0.6)]
    window_high = [(roof_w + 0.01, body.roof_y - 0.07, body.roof_z + 0.25), (roof_w, body.roof_y - 0.09, length - 1.1)]
    arch = [ball((w * 0.96, 0.36, z), (0.045, 0.34, 0.38), HOLE) for z in (0.95, length - 0.9)]
    wheels = [wheel((w * 0.90, 0.32, z), 0.32, 0.21, RUBBER, RIM) for z in (0.95, length - 0.9)]
    below = box((-w * 0.8, 0.17, 0.55), (w * 0.8, 0.5, length), HOLE)
    panes = patch(between(window_low, window_high, 6, 14), DARK_GLASS)
    return merged([both(merged([patch(doors, paint), panes, *arch, *wheels])), below])


def _inside(body: Body, rng: np.random.Generator, *, rear: bool) -> list[Mesh]:
    """What one sees through the pane: dashboard or shelf, seats, driver, the light that falls through the far window."""
    w, belt, z = body.half_width, body.cowl_y, body.cowl_z
    back = z + (1.9 if not rear else 1.3)
    room = [
        patch(
            [
                [(-w * 0.86, 0.5, back), (w * 0.86, 0.5, back)],
                [(-w * 0.7, body.roof_y, back), (w * 0.7, body.roof_y, back)],
            ],
            _LINING,
        ),
        patch(
            [
                [(-w * 0.86, belt - 0.05, z), (w * 0.86, belt - 0.05, z)],
                [(-w * 0.84, belt - 0.08, z + 0.9), (w * 0.84, belt - 0.08, z + 0.9)],
            ],
            _DASHBOARD,
            inside=(0, 0, z),
        ),
        patch(
            [
                [(-w * 0.5, belt + 0.1, back - 0.02), (w * 0.5, belt + 0.1, back - 0.02)],
                [(-w * 0.42, body.roof_y - 0.16, back - 0.02), (w * 0.42, body.roof_y - 0.16, back - 0.02)],
            ],
            Finish(linear(90, 90, 88), 0.0, (0.02, 0.02, 0.02)),
        ),
    ]
    for x in (-w * 0.42, w * 0.42):
        room.append(ball((x, belt + 0.16, z + 1.02), (0.24, 0.30, 0.10), _SEATS, fine=7))
        room.append(ball((x, belt + 0.43, z + 1.04), (0.13, 0.085, 0.06), _SEATS, fine=6))
    people = [w * 0.42] if not rear else []  # seen from before, the driver sits on the right of the picture
    people += [-w * 0.42] if rear or rng.random() < 0.3 else []
    for x in people:
        room += _person(x, belt, z + (0.86 if not rear else 1.2), rng)
    if not rear:
        rim = np.linspace(0, 2 * np.pi, 17)
        ring = np.stack(
            [w * 0.42 + 0.18 * np.cos(rim), belt - 0.02 + 0.17 * np.sin(rim), z + 0.45 + 0.05 * np.sin(rim)], 1
        )
        room.append(patch(np.stack([ring, ring + floats((0, 0.016, 0.016))]), HOLE))
        room.append(box((-0.11, body.roof_y - 0.19, body.roof_z - 0.02), (0.11, body.roof_y - 0.12, body.roof_z), HOLE))
    return room


def _dim(mesh: Mesh) -> Mesh:
    """Little light comes in through the panes."""
    return Mesh(
        mesh.points, mesh.normals, mesh.colours * np.float32(_INSIDE), mesh.mirrors, mesh.shines, mesh.triangles
    )


def _person(x: float, belt: float, z: float, rng: np.random.Generator) -> list[Mesh]:
    shirt = Finish(linear(*(float(channel) for channel in rng.uniform(40, 190, 3))))
    head = Finish(_SKIN[int(rng.integers(len(_SKIN)))])
    hair = Finish(linear(24, 24, 26))
    return [
        ball((x, belt + 0.06, z), (0.19, 0.23, 0.11), shirt, fine=8),
        ball((x, belt + 0.39, z - 0.02), (0.078, 0.115, 0.09), head, fine=8),
        ball((x, belt + 0.45, z + 0.01), (0.085, 0.085, 0.095), hair, fine=8),
    ]


def _wipers(glass_low: Floats) -> Mesh:
    line = along(glass_low, 9)
    blades = []
    for start in (1, 4):
        a, b = line[start] - (0, 0.005, 0.02), line[start + 3] + (0.02, 0.05, 0.0)
        blades.append(tube(a, b, (0.012, 0.008), HOLE, sides=5))
    return merged(blades)
