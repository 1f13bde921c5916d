"""The brushes of a scene: soft polygons with a gradient, and light. Pictures are BGR uint8 and are painted in place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[float, float, float]

_SUBPIXEL_BITS = 4


def fill(picture: Picture, outline: Points, top: Colour, bottom: Colour | None = None, *, opacity: float = 1.0) -> None:
    """Fill a polygon (N x 2, px) with a gradient from its top to its bottom; soft edges; what is outside is cut off."""
    height, width = picture.shape[:2]
    left, upper = np.floor(outline.min(axis=0)).astype(int) - 1
    right, lower = np.ceil(outline.max(axis=0)).astype(int) + 2
    span = max(1, lower - upper)
    x0, y0, x1, y1 = max(0, left), max(0, upper), min(width, right), min(height, lower)
    if x0 >= x1 or y0 >= y1:
        return
    region = picture[y0:y1, x0:x1]
    mask = np.zeros(region.shape[:2], np.uint8)
    inside = np.clip(outline - (x0, y0), -30000, 30000)  # OpenCV keeps 16 bits before the point
    corners = np.round(inside * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    down = ((np.arange(y0, y1, dtype=np.float32) - upper) / span)[:, None, None]
    first, last = np.array(top, np.float32), np.array(bottom or top, np.float32)
    share = (mask.astype(np.float32) * np.float32(opacity / 255))[..., None]
    region[:] = (region * (1 - share) + (first + (last - first) * down) * share + 0.5).astype(np.uint8)


def line(picture: Picture, points: Points, colour: Colour, width_px: float) -> None:
    """A polyline (N x 2, px)."""
    corners = np.round(np.clip(points, -30000, 30000) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(picture, [corners], False, colour, max(1, round(width_px)), cv2.LINE_AA, _SUBPIXEL_BITS)


def shade_below(picture: Picture, outline: Points, blur_px: float, strength: float) -> None:
    """Darken a polygon with a wide soft edge: a shadow on the ground."""
    height, width = picture.shape[:2]
    small = (max(1, width // 4), max(1, height // 4))
    mask = np.zeros((small[1], small[0]), np.float32)
    cv2.fillPoly(mask, [np.round(np.clip(outline, -30000, 30000) / 4).astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, blur_px / 4)).astype(np.float32)
    share = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)[..., None] * np.float32(strength)
    picture[:] = (picture * (1 - share)).astype(np.uint8)


def glow(light: NDArray[np.float32], centre: tuple[float, float], radius_px: float, colour: Colour) -> None:
    """Add a lamp's halo, falling off with the distance, to a light map (H x W x 3, float32)."""
    height, width = light.shape[:2]
    reach = radius_px * 4
    x0, x1 = max(0, int(centre[0] - reach)), min(width, int(centre[0] + reach) + 1)
    y0, y1 = max(0, int(centre[1] - reach)), min(height, int(centre[1] + reach) + 1)
    if x0 >= x1 or y0 >= y1:
        return
    dx = ((np.arange(x0, x1, dtype=np.float32) - centre[0]) / radius_px) ** 2
    dy = ((np.arange(y0, y1, dtype=np.float32) - centre[1]) / radius_px) ** 2
    # exp(-(a + b)) = exp(-a) exp(-b): two rows instead of a field of exponentials
    fall = np.outer(np.exp(-dy * 1.2), np.exp(-dx * 1.2)) + 0.25 * np.outer(np.exp(-dy / 3.5), np.exp(-dx / 3.5))
    light[y0:y1, x0:x1] += fall[..., None].astype(np.float32) * np.array(colour, np.float32)


def paste(picture: Picture, patch: Picture, corners: Points) -> None:
    """Paste `patch` by perspective onto `corners` (4 x 2, clockwise from top left), reduced without aliasing."""
    height, width = picture.shape[:2]
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 3, (width, height))
    if x0 >= x1 or y0 >= y1:
        return
    factor = 3  # drawn larger, then averaged
    target = ((corners - (x0, y0)) * factor).astype(np.float32)
    source = np.array([(0, 0), (patch.shape[1], 0), (patch.shape[1], patch.shape[0]), (0, patch.shape[0])], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = (int(x1 - x0) * factor, int(y1 - y0) * factor)
    large = cv2.warpPerspective(patch, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round(target).astype(np.int32)], 255)
    small = (int(x1 - x0), int(y1 - y0))
    colour = cv2.resize(large, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = (cv2.resize(mask, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255)[..., None]
    region = picture[y0:y1, x0:x1]
    region[:] = (region * (1 - share) + colour * share + 0.5).astype(np.uint8)
