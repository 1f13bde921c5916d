"""People on foot: they walk through the picture, some with umbrellas; their stride follows the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from lpr.drawing.meshes import Finish, Mesh, ball, box, linear, merged, tube

_SKIN = Finish(linear(118, 146, 190))
_SHOE = Finish(linear(36, 34, 34))
_STRIDE_M = 1.35


@dataclass(frozen=True, slots=True)
class Walker:
    """One person: where they are at second 0 (x, z in m), how they move (m/s), and how they look (`seed`)."""

    at: tuple[float, float]
    moves: tuple[float, float]
    seed: int
    umbrella: bool = False

    @classmethod
    def of(
        cls, rng: np.random.Generator, *, near: float, far: float, crosses_at_s: float, umbrella: bool = False
    ) -> Self:
        """Somebody who crosses the lane's middle at `crosses_at_s`, between `near` and `far` m from the camera."""
        pace = float(rng.uniform(0.9, 1.5)) * (1.0 if rng.random() < 0.5 else -1.0)
        drift = float(rng.uniform(-0.25, 0.25))
        z = float(rng.uniform(near, far))
        return cls((-pace * crosses_at_s, z - drift * crosses_at_s), (pace, drift), int(rng.integers(2**31)), umbrella)

    def where(self, seconds: float) -> tuple[float, float]:
        """x and z in m."""
        return self.at[0] + self.moves[0] * seconds, self.at[1] + self.moves[1] * seconds


def build_walker(walker: Walker, seconds: float) -> Mesh:
    """The person at a moment, in the world."""
    rng = np.random.default_rng(walker.seed)
    coat = Finish(linear(*(float(channel) for channel in rng.uniform(25, 200, 3))))
    trousers = Finish(linear(*(float(c) for c in np.array((58, 48, 42)) * rng.uniform(0.5, 1.7))))
    hair = Finish(linear(26, 25, 28))
    tall = float(rng.uniform(0.92, 1.06))
    way = float(np.hypot(*walker.moves)) * seconds
    swing = float(np.sin(2 * np.pi * way / _STRIDE_M))
    parts = []
    for side, sign in ((0.09, 1.0), (-0.09, -1.0)):
        knee = (side, 0.48, 0.17 * swing * sign)
        foot = (side, 0.08, 0.34 * swing * sign - 0.06)
        hand = (side * 2.9, 0.86, -0.25 * swing * sign)
        parts += [
            tube((side, 0.90, 0.0), knee, (0.085, 0.065), trousers),
            tube(knee, foot, (0.062, 0.045), trousers),
            ball((side, 0.05, foot[2] + 0.05), (0.045, 0.045, 0.12), _SHOE, fine=6),
            tube((side * 2.1, 1.40, 0.0), hand, (0.055, 0.042), coat, sides=9),
            ball(hand, (0.04, 0.05, 0.04), _SKIN, fine=6),
        ]
    parts += [
        ball((0.0, 1.15, 0.0), (0.19, 0.33, 0.12), coat, fine=9),
        ball((0.0, 1.40, 0.0), (0.21, 0.09, 0.10), coat, fine=7),
        tube((0.0, 1.44, 0.0), (0.0, 1.56, 0.01), (0.05, 0.05), _SKIN, sides=8),
        ball((0.0, 1.63, 0.02), (0.075, 0.11, 0.09), _SKIN, fine=8),
        ball((0.0, 1.67, -0.015), (0.085, 0.095, 0.10), hair, fine=8),
    ]
    if rng.random() < 0.4:
        bag = Finish(linear(*(float(channel) for channel in rng.uniform(30, 190, 3))))
        parts.append(box((-0.34, 0.50, -0.10), (-0.26, 0.80, 0.22), bag))
    if walker.umbrella:
        parts += _umbrella(rng)
    mesh = merged(parts)
    size = Mesh(mesh.points * np.float32(tall), mesh.normals, mesh.colours, mesh.mirrors, mesh.shines, mesh.triangles)
    x, z = walker.where(seconds)
    return size.moved((x, 0.0, z), float(np.arctan2(walker.moves[0], walker.moves[1])))


def _umbrella(rng: np.random.Generator) -> list[Mesh]:
    cloth = Finish(linear(*(float(channel) for channel in rng.uniform(25, 220, 3))), 0.01)
    stick = tube((0.2, 1.0, 0.1), (0.12, 2.0, 0.05), (0.012, 0.012), _SHOE, sides=6)
    return [stick, ball((0.12, 1.88, 0.05), (0.55, 0.22, 0.55), cloth, fine=9)]
