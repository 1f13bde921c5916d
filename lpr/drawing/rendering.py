"""Triangles to pixels: OpenCV's rasteriser on a window of the picture, drawn larger and averaged for soft edges.

Pictures here are BGR, float32, linear in light, and may exceed one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.meshes import Floats, Mesh
from lpr.drawing.painting import thrice
from lpr.drawing.perspective import View
from parking.kernel.errors import invalid

_NEAR_M, _FAR_M = 0.2, 500.0
_MOST_PX = 0.5e6  # of a window as it is drawn: beyond, edges get harder rather than frames slower


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A part of the picture from `left`, `top` on: light (h x w x 3, already times cover) and cover (h x w x 1, 0-1)."""

    left: int
    top: int
    light: Floats
    cover: Floats

    def put(self, picture: Floats) -> None:
        """Lay it over a picture, in place."""
        height, width = self.cover.shape[:2]
        below = picture[self.top : self.top + height, self.left : self.left + width]
        below *= thrice(1 - self.cover)
        below += self.light


def render(mesh: Mesh, colours: Floats, view: View, *, finer: float = 2.0) -> Layer | None:
    """The mesh in the given colours (one per point, may exceed one); None where nothing of it is in the picture."""
    seen = view.in_camera(mesh.points)
    before = seen[:, 2] > _NEAR_M
    if not before.any():
        return None
    window = _window(seen[before], view)
    if window is None:
        return None
    left, top, right, low = window
    finer = min(finer, max(1.0, (_MOST_PX / ((right - left) * (low - top))) ** 0.5))
    width, height = max(1, round((right - left) * finer)), max(1, round((low - top) * finer))
    triangles = _turned_here(mesh, seen[:, 2], view)
    light, depth = _rasterise(seen, colours, triangles, view, window, (width, height))
    cover = (depth < 0.99 * _FAR_M).astype(np.float32)
    size = (right - left, low - top)
    return Layer(
        left,
        top,
        np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32),
        np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), np.float32)[..., None],
    )


def whole(mesh: Mesh, colours: Floats, view: View, finer: float) -> tuple[Floats, Floats]:
    """The mesh over the whole picture, `finer` times as large: light (H x W x 3) and distance ahead (H x W; far where nothing is)."""
    size = (round(view.width * finer), round(view.height * finer))
    return _rasterise(view.in_camera(mesh.points), colours, mesh.triangles, view, (0, 0, view.width, view.height), size)


def _turned_here(mesh: Mesh, ahead: NDArray[np.float64], view: View) -> NDArray[np.int32]:
    """The triangles that show the camera their outer side, the nearest first: what they hide is then not painted at all."""
    first, last = mesh.triangles[:, 0], mesh.triangles[:, 2]
    facing = (mesh.normals * (np.asarray(view.stands, np.float32) - mesh.points)).sum(axis=1) > 0
    chosen = mesh.triangles[facing[first] | facing[last]]
    return np.ascontiguousarray(chosen[np.argsort(ahead[chosen[:, 0]].astype(np.float32))])


def _window(seen: NDArray[np.float64], view: View) -> tuple[int, int, int, int] | None:
    scale = view.scale / seen[:, 2]
    x, y = view.width / 2 + seen[:, 0] * scale, view.height / 2 - seen[:, 1] * scale
    left, top = max(0, int(np.floor(x.min())) - 1), max(0, int(np.floor(y.min())) - 1)
    right, low = min(view.width, int(np.ceil(x.max())) + 1), min(view.height, int(np.ceil(y.max())) + 1)
    return (left, top, right, low) if right > left and low > top else None


def _rasterise(
    seen: NDArray[np.float64],
    colours: Floats,
    triangles: NDArray[np.int32],
    view: View,
    window: tuple[int, int, int, int],
    size: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Light and depth of a window of the picture in a size of one's own."""
    if not hasattr(cv2, "triangleRasterize"):
        raise invalid(
            "drawing.opencv", f"scenes are drawn with OpenCV 5 or later, not {cv2.__version__}", field="opencv"
        )
    left, top, right, low = window
    middle_x, middle_y = (left + right) / 2 - view.width / 2, view.height / 2 - (top + low) / 2
    # the window's own middle becomes the middle of the picture: points slide sideways in proportion to their distance
    ahead = seen[:, 2]
    triangles = np.ascontiguousarray(triangles[(ahead > _NEAR_M)[triangles].all(axis=1)])
    points = np.stack(
        [
            (seen[:, 0] - middle_x / view.scale * ahead) * ((low - top) / size[1]) / ((right - left) / size[0]),
            seen[:, 1] - middle_y / view.scale * ahead,
            -ahead,
        ],
        axis=1,
    ).astype(np.float32)
    empty = np.zeros((size[1], size[0], 3), np.float32)
    far = np.full((size[1], size[0]), _FAR_M, np.float32)
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    field = 2 * float(np.arctan((low - top) / 2 / view.scale))
    light, depth = cv2.triangleRasterize(
        points, triangles, colours, empty, far, np.eye(4, dtype=np.float32), field, _NEAR_M, _FAR_M, settings
    )
    return np.asarray(light, np.float32), np.asarray(depth, np.float32)
