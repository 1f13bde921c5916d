"""The brushes of a scene: soft shadows, halos, plates in perspective. Pictures are BGR, float32, linear in light, painted in place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.meshes import Colour, Floats, floats

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

_SMALLER = 4  # soft things are drawn this much smaller


def thrice(share: Floats) -> Floats:
    """A field (h x w or h x w x 1) for all three colours: ten times faster to multiply with than numpy's broadcasting."""
    return np.asarray(
        cv2.cvtColor(np.ascontiguousarray(share).reshape(share.shape[:2]), cv2.COLOR_GRAY2BGR), np.float32
    )


def _soft(shape: tuple[int, ...], outline: Points, blur_px: float) -> tuple[tuple[slice, slice], Floats] | None:
    """Where a polygon (N x 2, px) with a blurred edge lies in the picture, and how much of each pixel there it covers (h x w x 1)."""
    edge = 3 * blur_px + 2 * _SMALLER
    low = np.maximum(np.floor(outline.min(axis=0) - edge), 0).astype(int)
    high = np.minimum(np.ceil(outline.max(axis=0) + edge), (shape[1], shape[0])).astype(int)
    width, height = (int(side) for side in high - low)
    if width < _SMALLER or height < _SMALLER:
        return None
    mask = np.zeros((height // _SMALLER, width // _SMALLER), np.float32)
    at = np.clip((outline - low) / _SMALLER, -8000, 8000) * 4
    cv2.fillPoly(mask, [np.round(at).astype(np.int32)], 1.0, lineType=cv2.LINE_8, shift=2)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.5, blur_px / _SMALLER)), np.float32)
    large = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))), large[..., None]


def darken(picture: Floats, outline: Points, blur_px: float, strength: float) -> None:
    """A shadow with a soft edge."""
    soft = _soft(picture.shape, outline, blur_px)
    if soft is not None:
        picture[soft[0]] *= thrice(1 - soft[1] * np.float32(strength))


def brighten(picture: Floats, outline: Points, blur_px: float, light: Colour) -> None:
    """A patch of light with a soft edge."""
    soft = _soft(picture.shape, outline, blur_px)
    if soft is not None:
        picture[soft[0]] += thrice(soft[1]) * floats(light)


def glow(picture: Floats, centre: tuple[float, float], radius_px: float, light: Colour) -> None:
    """Add a lamp's halo, falling off with the distance."""
    height, width = picture.shape[:2]
    reach = radius_px * 4
    x0, x1 = max(0, int(centre[0] - reach)), min(width, int(centre[0] + reach) + 1)
    y0, y1 = max(0, int(centre[1] - reach)), min(height, int(centre[1] + reach) + 1)
    if x0 >= x1 or y0 >= y1:
        return
    dx = ((np.arange(x0, x1, dtype=np.float32) - centre[0]) / radius_px) ** 2
    dy = ((np.arange(y0, y1, dtype=np.float32) - centre[1]) / radius_px) ** 2
    # exp(-(a + b)) = exp(-a) exp(-b): two rows instead of a field of exponentials
    fall = np.outer(np.exp(-dy * 1.2), np.exp(-dx * 1.2)) + 0.18 * np.outer(np.exp(-dy / 3.5), np.exp(-dx / 3.5))
    picture[y0:y1, x0:x1] += thrice(fall.astype(np.float32)) * floats(light)


def paste(picture: Floats, patch: Picture, corners: Points, gain: Floats, veil: Floats) -> None:
    """Paste `patch` (as a screen shows it) by perspective onto `corners` (4 x 2, clockwise from top left), reduced without aliasing.

    `gain` (3) is the light that falls on it, `veil` (3) what it mirrors.
    """
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
    colour = cv2.resize(large, small, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    share = (cv2.resize(mask, small, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255))[..., None]
    region = picture[y0:y1, x0:x1]
    region *= 1 - share
    region += (colour * colour * gain + veil) * share
