"""A pinhole camera at a gate: metres in front of the lane to pixels. X to the right, Y up, Z away from the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """A camera: picture size and focal length in px, where it stands and what it looks at in m."""

    width: int = 960
    height: int = 540
    focal_px: float = 1250.0
    stands: tuple[float, float, float] = (-0.75, 1.35, 0.0)
    looks_at: tuple[float, float, float] = (0.0, 0.62, 3.5)

    def project(self, points: ArrayLike) -> Points:
        """Pixels (N x 2) of points in the world (N x 3, m); what lies behind the camera is pulled just before it."""
        eye = np.asarray(self.stands, np.float64)
        ahead = np.asarray(self.looks_at, np.float64) - eye
        ahead /= np.linalg.norm(ahead)
        right = np.cross(np.array([0.0, 1.0, 0.0]), ahead)
        right /= np.linalg.norm(right)
        up = np.cross(ahead, right)
        seen = (np.asarray(points, np.float64).reshape(-1, 3) - eye) @ np.stack([right, up, ahead]).T
        depth = np.maximum(seen[:, 2], 0.05)
        scale = self.width / 960 * self.focal_px / depth
        return np.stack([self.width / 2 + seen[:, 0] * scale, self.height / 2 - seen[:, 1] * scale], axis=1)
