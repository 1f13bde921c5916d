"""Solid things as triangles with a finish: smooth patches, boxes, tubes, balls. Metres; x right, y up, z away from the viewer.

Colours are BGR and linear in light (0-1), so that lamps and sun may be added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
Surface = Callable[[Floats, Floats], Floats]
"""How far back (z) a face lies at x, y."""


def floats(values: ArrayLike) -> Floats:
    """Numbers as the rasteriser wants them."""
    return np.asarray(values, np.float32)


def linear(b: float, g: float, r: float) -> Colour:
    """A colour as a screen shows it (BGR, 0-255) in linear light (0-1)."""
    return ((b / 255) ** 2, (g / 255) ** 2, (r / 255) ** 2)


@dataclass(frozen=True, slots=True)
class Finish:
    """What a surface is made of: its colour, how much it mirrors seen straight on (0-1), and the light that it sends out itself."""

    colour: Colour
    mirror: float = 0.0
    shines: Colour = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Points and normals (N x 3), their colours, mirroring and own light, and triangles (M x 3, indices)."""

    points: Floats
    normals: Floats
    colours: Floats
    mirrors: Floats
    shines: Floats
    triangles: NDArray[np.int32]

    @classmethod
    def of(cls, points: ArrayLike, normals: ArrayLike, triangles: ArrayLike, finish: Finish) -> Self:
        """A mesh of one finish."""
        at = np.asarray(points, np.float32).reshape(-1, 3)
        count = len(at)
        return cls(
            at,
            np.asarray(normals, np.float32).reshape(-1, 3),
            np.tile(np.asarray(finish.colour, np.float32), (count, 1)),
            np.full((count, 1), finish.mirror, np.float32),
            np.tile(np.asarray(finish.shines, np.float32), (count, 1)),
            np.asarray(triangles, np.int32).reshape(-1, 3),
        )

    def moved(self, by: Sequence[float], yaw: float = 0.0) -> Mesh:
        """The same thing turned by `yaw` (radians, about the vertical through its origin) and then moved."""
        turn = turned(yaw)
        at = self.points @ turn.T + np.asarray(by, np.float32)
        return Mesh(at, self.normals @ turn.T, self.colours, self.mirrors, self.shines, self.triangles)

    def across(self, axis: int) -> Mesh:
        """The mirror image at the plane where coordinate `axis` is zero."""
        flip = np.ones(3, np.float32)
        flip[axis] = -1
        return Mesh(
            self.points * flip, self.normals * flip, self.colours, self.mirrors, self.shines, self.triangles[:, ::-1]
        )


def turned(yaw: float) -> Floats:
    """The rotation about the vertical by `yaw` radians (3 x 3)."""
    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Many as one."""
    offsets = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.points for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
        np.concatenate([mesh.mirrors for mesh in meshes]),
        np.concatenate([mesh.shines for mesh in meshes]),
        np.concatenate([mesh.triangles + offset for mesh, offset in zip(meshes, offsets, strict=True)]),
    )


def both(mesh: Mesh) -> Mesh:
    """The thing and its mirror image left and right."""
    return merged([mesh, mesh.across(0)])


def patch(points: ArrayLike, finish: Finish, *, inside: Sequence[float] = (0.0, 0.6, 40.0)) -> Mesh:
    """A smooth surface through a grid of points (rows x columns x 3); its outer side is the one turned away from `inside`."""
    at = np.asarray(points, np.float32)
    normals = np.cross(np.gradient(at, axis=1), np.gradient(at, axis=0))
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = normals / np.maximum(length, 1e-9)
    if float((normals * (at - np.asarray(inside, np.float32))).sum()) < 0:
        normals = -normals
    rows, columns = at.shape[:2]
    return Mesh.of(at, normals, _two_per_cell(rows, columns), finish)


def _two_per_cell(rows: int, columns: int) -> NDArray[np.int32]:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    cells = [np.stack([one.ravel() for one in three], axis=1) for three in ((a, b, c), (a, c, d))]
    return np.concatenate(cells).astype(np.int32)


def along(points: ArrayLike, count: int) -> Floats:
    """`count` points at even distances on a polyline (K x D)."""
    at = np.asarray(points, np.float32)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(at, axis=0), axis=1))])
    steps = np.linspace(0, way[-1], count)
    return np.stack([np.interp(steps, way, at[:, i]) for i in range(at.shape[1])], axis=1).astype(np.float32)


def between(lower: ArrayLike, upper: ArrayLike, rows: int, columns: int) -> Floats:
    """The grid (rows x columns x D) that leads from one polyline to another."""
    low, high = along(lower, columns), along(upper, columns)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    return np.asarray(low[None] * (1 - share) + high[None] * share, np.float32)


def panel(
    lower: ArrayLike,
    upper: ArrayLike,
    surface: Surface,
    finish: Finish,
    *,
    lift: float = 0.003,
    rows: int = 6,
    columns: int = 16,
) -> Mesh:
    """What lies on a face between two polylines (K x 2: x, y), `lift` m before it; a negative lift sinks it in."""
    flat = between(lower, upper, rows, columns)
    back = surface(flat[..., 0], flat[..., 1]) - np.float32(lift)
    return patch(np.concatenate([flat, back[..., None]], axis=2), finish)


def band(
    surface: Surface,
    low: tuple[float, float],
    high: tuple[float, float],
    finish: Finish,
    *,
    lift: float = 0.003,
    rows: int = 6,
    columns: int = 16,
) -> Mesh:
    """A strip across a face, the same left and right: its height and half its width, below and above."""
    lower, upper = ([(-half, y), (half, y)] for y, half in (low, high))
    return panel(lower, upper, surface, finish, lift=lift, rows=rows, columns=columns)


def box(low: Sequence[float], high: Sequence[float], finish: Finish) -> Mesh:
    """An upright box from its lowest to its highest corner."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    middle = ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
    sides = [
        [[(x0, y0, z0), (x1, y0, z0)], [(x0, y1, z0), (x1, y1, z0)]],
        [[(x0, y0, z1), (x1, y0, z1)], [(x0, y1, z1), (x1, y1, z1)]],
        [[(x0, y0, z0), (x0, y0, z1)], [(x0, y1, z0), (x0, y1, z1)]],
        [[(x1, y0, z0), (x1, y0, z1)], [(x1, y1, z0), (x1, y1, z1)]],
        [[(x0, y0, z0), (x1, y0, z0)], [(x0, y0, z1), (x1, y0, z1)]],
        [[(x0, y1, z0), (x1, y1, z0)], [(x0, y1, z1), (x1, y1, z1)]],
    ]
    return merged([patch(side, finish, inside=middle) for side in sides])


def tube(
    start: Sequence[float], end: Sequence[float], radii: tuple[float, float], finish: Finish, *, sides: int = 12
) -> Mesh:
    """A round limb from `start` to `end`, open at its ends, thick as `radii` say at either."""
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    across = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    round_ = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    ring = np.cos(round_) * across + np.sin(round_) * np.cross(axis, across)
    return patch(
        np.stack([a + ring * radii[0], b + ring * radii[1]]), finish, inside=tuple(float(at) for at in (a + b) / 2)
    )


def ball(centre: Sequence[float], radii: Sequence[float], finish: Finish, *, fine: int = 10) -> Mesh:
    """An ellipsoid."""
    down = np.linspace(0.02, np.pi - 0.02, fine)[:, None]
    round_ = np.linspace(0, 2 * np.pi, 2 * fine + 1)[None]
    unit = np.stack(
        [np.sin(down) * np.cos(round_), np.cos(down) * np.ones_like(round_), np.sin(down) * np.sin(round_)], 2
    )
    return patch(unit * np.asarray(radii) + np.asarray(centre), finish, inside=tuple(centre))


def disc(
    centre: Sequence[float], radii: tuple[float, float], surface: Surface, finish: Finish, *, lift: float = 0.004
) -> Mesh:
    """A round or oval spot on a face, around `centre` (x, y), `lift` m before it."""
    round_ = np.linspace(0, 2 * np.pi, 25)[None]
    out = np.linspace(0.02, 1.0, 4)[:, None]
    x = (centre[0] + out * radii[0] * np.cos(round_)).astype(np.float32)
    y = (centre[1] + out * radii[1] * np.sin(round_)).astype(np.float32)
    return patch(np.stack([x, y, surface(x, y) - np.float32(lift)], axis=2), finish)


def wheel(centre: Sequence[float], radius: float, width: float, rubber: Finish, rim: Finish) -> Mesh:
    """A wheel whose axle lies left to right."""
    x, y, z = centre
    around = np.linspace(0, 2 * np.pi, 29)
    profile = ((-0.5, 0.62), (-0.5, 0.93), (-0.38, 1.0), (0.38, 1.0), (0.5, 0.93), (0.5, 0.62))
    rings = [
        np.stack(
            [np.full_like(around, x + s * width), y + radius * r * np.sin(around), z + radius * r * np.cos(around)], 1
        )
        for s, r in profile
    ]
    hub = [
        np.stack(
            [
                np.full_like(around, x + s * width * 0.45),
                y + radius * r * np.sin(around),
                z + radius * r * np.cos(around),
            ],
            1,
        )
        for s, r in ((-1.0, 0.62), (-1.02, 0.02))
    ]
    far = [ring * (-1, 1, 1) + (2 * x, 0, 0) for ring in hub]
    return merged(
        [
            patch(np.stack(rings), rubber, inside=centre),
            patch(np.stack(hub), rim, inside=centre),
            patch(np.stack(far), rim, inside=centre),
        ]
    )
