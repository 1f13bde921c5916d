"""What a vehicle is: its kind, paint and proportions (m), the same in every frame; and what its builders hand over.

A vehicle's own coordinates: x right, y above the road, z back from its nearest end; the end that the camera sees is at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np

from lpr.drawing.meshes import Colour, Finish, Floats, Mesh, floats, linear


class BodyKind(StrEnum):
    """The shapes that this room can build."""

    SALOON = "saloon"
    SUV = "suv"
    VAN = "van"
    TRUCK = "truck"
    BUS = "bus"
    MOTORCYCLE = "motorcycle"


class Facing(StrEnum):
    """Which end of the vehicle the camera sees."""

    FRONT = "front"
    REAR = "rear"


_PAINTS: tuple[tuple[Colour, float], ...] = (  # as a screen shows them (BGR), and how common
    ((238, 240, 240), 0.30),
    ((200, 203, 204), 0.10),
    ((138, 140, 142), 0.10),
    ((34, 32, 32), 0.18),
    ((74, 72, 76), 0.09),
    ((132, 72, 34), 0.07),
    ((34, 28, 150), 0.06),
    ((46, 62, 98), 0.03),
    ((84, 104, 58), 0.02),
    ((150, 178, 198), 0.03),
    ((40, 140, 214), 0.02),
)
_KINDS = ((BodyKind.SALOON, 0.50), (BodyKind.SUV, 0.36), (BodyKind.VAN, 0.14))
_SHAPES: dict[BodyKind, tuple[tuple[float, float], ...]] = {
    # half width, roof, edge of the bonnet, cowl height, cowl back, roof begins back
    BodyKind.SALOON: ((0.88, 0.93), (1.42, 1.49), (0.76, 0.83), (0.98, 1.04), (1.05, 1.25), (1.75, 1.95)),
    BodyKind.SUV: ((0.92, 0.98), (1.64, 1.76), (0.94, 1.04), (1.14, 1.22), (1.00, 1.20), (1.60, 1.85)),
    BodyKind.VAN: ((0.84, 0.95), (1.78, 1.98), (0.88, 0.98), (1.10, 1.18), (0.45, 0.70), (1.15, 1.45)),
    BodyKind.TRUCK: ((1.02, 1.14), (2.25, 2.50), (1.10, 1.25), (1.30, 1.42), (0.08, 0.14), (0.40, 0.60)),
    BodyKind.BUS: ((1.18, 1.25), (2.95, 3.15), (0.95, 1.10), (1.12, 1.25), (0.06, 0.10), (0.35, 0.50)),
    BodyKind.MOTORCYCLE: ((0.36, 0.42), (1.10, 1.20), (0.80, 0.90), (0.90, 1.00), (0.30, 0.40), (0.60, 0.80)),
}

GLASS = Finish(linear(30, 28, 26), 0.06)
DARK_GLASS = Finish(linear(24, 23, 22), 0.10)
PLASTIC = Finish(linear(34, 33, 33), 0.012)
HOLE = Finish(linear(13, 13, 13))
RUBBER = Finish(linear(30, 30, 30))
CHROME = Finish(linear(150, 150, 150), 0.62)
RIM = Finish(linear(150, 150, 152), 0.25)
LENS = Finish(linear(190, 188, 184), 0.16)
AMBER = Finish(linear(30, 120, 225), 0.06)
RED_LENS = Finish(linear(26, 22, 150), 0.09)


@dataclass(frozen=True, slots=True)
class Body:
    """One vehicle's shape, paint (BGR, as a screen shows it) and proportions (m); `seed` decides all small things."""

    kind: BodyKind
    paint: Colour
    half_width: float
    roof_y: float
    bonnet_y: float
    cowl_y: float
    cowl_z: float
    roof_z: float
    seed: int
    electric: bool = False

    @classmethod
    def of(cls, rng: np.random.Generator, *, kind: BodyKind | None = None, electric: bool = False) -> Self:
        """A vehicle drawn from `rng`: of the kinds that a mall sees unless one is asked for."""
        kind = kind or _KINDS[int(rng.choice(len(_KINDS), p=[share for _, share in _KINDS]))][0]
        paint = _PAINTS[int(rng.choice(len(_PAINTS), p=[share for _, share in _PAINTS]))][0]
        half, roof, bonnet, cowl, back, begins = (float(rng.uniform(low, high)) for low, high in _SHAPES[kind])
        return cls(kind, paint, half, roof, bonnet, cowl, back, begins, int(rng.integers(2**31)), electric)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp that shines: where it is (m), how large, in which colour (BGR, linear) and how strongly it dazzles."""

    at: tuple[float, float, float]
    radius: float
    colour: Colour
    strength: float


@dataclass(frozen=True, slots=True)
class Mount:
    """Where the plate's middle is, by how much its top leans back (radians), and its frame: a rim (m) and how it looks."""

    at: tuple[float, float, float]
    lean: float
    rim: float
    finish: Finish


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A vehicle taken apart: what is solid, its panes, its lamps, and where the plate goes."""

    solid: Mesh
    panes: Mesh | None
    lamps: tuple[Lamp, ...]
    mount: Mount
    length: float
    half_width: float


class Face:
    """An end of a vehicle as a height field: z (m back) at x, y; rounded at its corners, its profile smooth between `knots` (y, z)."""

    def __init__(
        self, half_width: float, corner_m: float, knots: tuple[tuple[float, float], ...], power: float = 3.6
    ) -> None:
        self._half_width = half_width
        self._corner_m = corner_m
        self._power = power
        heights = np.linspace(-0.2, 3.4, 721)
        raw = np.interp(heights, *np.array(knots, np.float64).T)
        kernel = np.exp(-0.5 * (np.arange(-12, 13) / 4.0) ** 2)
        self._heights, self._backs = heights, np.convolve(np.pad(raw, 12, "edge"), kernel / kernel.sum(), "valid")

    def __call__(self, x: Floats, y: Floats) -> Floats:
        out = (np.abs(x) / self._half_width) ** self._power * self._corner_m
        return np.asarray(out + np.interp(y, self._heights, self._backs), np.float32)

    def at(self, x: float, y: float) -> float:
        """z at one point."""
        return float(self(floats([x]), floats([y]))[0])


def painted(body: Body) -> Finish:
    """The body's paint under its clear coat."""
    return Finish(linear(*body.paint), 0.045)
