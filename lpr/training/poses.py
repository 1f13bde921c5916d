"""A flat thing before a camera: a pose takes points of its plane to pixels, a brush draws shapes there.

Coordinates are in plate widths, the plate's centre is the origin, y points down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Shade = NDArray[np.float32]

_BITS = 3


@dataclass(frozen=True, slots=True)
class Pose:
    """A flat thing before a camera: `turn` (3 x 3 rotation), `scale` px a plate width, `distance` in plate widths, `centre` px."""

    turn: NDArray[np.float64]
    scale: float
    distance: float
    centre: tuple[float, float]

    def project(self, points: Sequence[tuple[float, float]] | Points) -> Points:
        """Pixels (N x 2) of points in the plane of the thing."""
        flat = np.asarray(points, np.float64)
        turned = flat @ self.turn[:, :2].T
        depth = np.maximum(1 + turned[:, 2] / self.distance, 0.25)
        return np.asarray(turned[:, :2] / depth[:, None] * self.scale + self.centre, np.float64)


def random_pose(centre: tuple[float, float], scale: float, rng: np.random.Generator) -> Pose:
    """Mostly upright and seen a little from the side; at times far from it."""
    hard = rng.random() < 0.3
    yaw = float(rng.normal(0, 0.5 if hard else 0.25))
    pitch = float(rng.normal(0.05, 0.35 if hard else 0.18))
    roll = float(rng.normal(0, 0.25 if hard else 0.06))
    yaw, pitch, roll = (float(np.clip(v, -most, most)) for v, most in ((yaw, 1.05), (pitch, 0.8), (roll, 0.75)))
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return Pose(around_z @ around_x @ around_y, scale, float(rng.uniform(7, 30)), centre)


class Brush:
    """Draws shapes of a pose's plane onto a picture, in place."""

    def __init__(self, picture: Picture, pose: Pose) -> None:
        self.picture = picture
        self.pose = pose

    def polygon(self, points: Sequence[tuple[float, float]] | Points, shade: Shade) -> None:
        corners = np.clip(self.pose.project(points), -4000, 4000)
        cv2.fillPoly(
            self.picture, [np.round(corners * (1 << _BITS)).astype(np.int32)], shade.tolist(), cv2.LINE_AA, _BITS
        )

    def box(self, x0: float, y0: float, x1: float, y1: float, shade: Shade, *, taper: float = 0.0) -> None:
        """A rectangle, its upper side narrower by `taper` at each end."""
        self.polygon([(x0 + taper, y0), (x1 - taper, y0), (x1, y1), (x0, y1)], shade)

    def shaded(
        self, x0: float, y0: float, x1: float, y1: float, top: Shade, bottom: Shade, *, taper: float = 0
    ) -> None:
        """A rectangle in bands from one shade to another."""
        bands = 6
        for i in range(bands):
            a, b = i / bands, (i + 1) / bands
            inset_a, inset_b = taper * (1 - a), taper * (1 - b)
            high, low = y0 + (y1 - y0) * a, y0 + (y1 - y0) * b + 0.01
            self.polygon(
                [(x0 + inset_a, high), (x1 - inset_a, high), (x1 - inset_b, low), (x0 + inset_b, low)],
                top + (bottom - top) * np.float32(a),
            )

    def ellipse(self, x: float, y: float, rx: float, ry: float, shade: Shade) -> None:
        angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        self.polygon(np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1), shade)
