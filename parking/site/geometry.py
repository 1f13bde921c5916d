"""Points, segments and outlines in the plane, in metres. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

Point = tuple[float, float]
TOUCHING_M = 0.05
"""Drawings are never exact: what is nearer than this is the same place."""


def apart(a: Point, b: Point) -> float:
    """Metres between two points."""
    return hypot(a[0] - b[0], a[1] - b[1])


def along(a: Point, b: Point, share: float) -> Point:
    """The point at `share` (0 to 1) of the way from `a` to `b`."""
    return round(a[0] + (b[0] - a[0]) * share, 3), round(a[1] + (b[1] - a[1]) * share, 3)


def nearest_share(a: Point, b: Point, p: Point) -> float:
    """Where on the segment from `a` to `b`, as a share of it, lies the point nearest to `p`."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    if square == 0:
        return 0.0
    return min(1.0, max(0.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square))


def crossing(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Where the segments `ab` and `cd` cross, as shares of each; None where they do not, or run side by side."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    turn = rx * sy - ry * sx
    if abs(turn) < 1e-9:
        return None
    t = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / turn
    u = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / turn
    return (t, u) if 0 <= t <= 1 and 0 <= u <= 1 else None


def inside(outline: Sequence[Point], p: Point) -> bool:
    """Whether `p` lies within the closed line `outline`; exactly on it counts either way."""
    is_in = False
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y1 > p[1]) != (y2 > p[1]) and p[0] < (x2 - x1) * (p[1] - y1) / (y2 - y1) + x1:
            is_in = not is_in
    return is_in


def from_edge(outline: Sequence[Point], p: Point) -> float:
    """Metres from `p` to the closed line `outline`."""
    closed = zip(outline, [*outline[1:], outline[0]], strict=True)
    return min(apart(p, along(a, b, nearest_share(a, b, p))) for a, b in closed)


def middle(points: Sequence[Point]) -> Point:
    """The mean of the corners."""
    return round(sum(p[0] for p in points) / len(points), 3), round(sum(p[1] for p in points) / len(points), 3)
