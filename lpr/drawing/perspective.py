"""A pinhole camera at a gate: metres in front of the lane to pixels. X to the right, Y up, Z away from the camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
_NEAREST_M = 0.05


@dataclass(frozen=True, slots=True)
class View:
    """A camera: picture size and focal length in px, where it stands and what it looks at in m."""

    width: int = 960
    height: int = 540
    focal_px: float = 1250.0  # for a picture 960 px wide
    stands: tuple[float, float, float] = (-0.75, 1.35, 0.0)
    looks_at: tuple[float, float, float] = (0.0, 0.62, 3.5)

    @property
    def scale(self) -> float:
        """Pixels across one metre at one metre's distance."""
        return self.width / 960 * self.focal_px

    def project(self, points: ArrayLike) -> Points:
        """Pixels (N x 2) of points in the world (N x 3, m); what lies behind the camera is pulled just before it."""
        seen = self.in_camera(points)
        scale = self.scale / np.maximum(seen[:, 2], _NEAREST_M)
        return np.stack([self.width / 2 + seen[:, 0] * scale, self.height / 2 - seen[:, 1] * scale], axis=1)

    def in_camera(self, points: ArrayLike) -> Points:
        """The points (N x 3) as the camera has them: right, up, ahead."""
        return (np.asarray(points, np.float64).reshape(-1, 3) - self.stands) @ _axes(self).T

    def rays(self, shrink: float = 1.0) -> Points:
        """The direction that each pixel looks in (H x W x 3, not normalised), of a picture `shrink` times as large."""
        width, height = round(self.width * shrink), round(self.height * shrink)
        x = (np.arange(width) + 0.5 - width / 2) / (self.scale * shrink)
        y = (height / 2 - np.arange(height) - 0.5) / (self.scale * shrink)
        right, up, ahead = _axes(self)
        return np.asarray(x[None, :, None] * right + y[:, None, None] * up + ahead)


@lru_cache(maxsize=64)
def _axes(view: View) -> Points:
    """The camera's right, up and ahead as rows (3 x 3)."""
    eye = np.asarray(view.stands, np.float64)
    ahead = np.asarray(view.looks_at, np.float64) - eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross(np.array([0.0, 1.0, 0.0]), ahead)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(ahead, right), ahead])
