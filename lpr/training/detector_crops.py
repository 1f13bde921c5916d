"""From one drawn scene many crops: another place, scale, tilt, light and lens each time. Plates are never mirrored.

A crop costs about two milliseconds; the scene that it is cut from costs fifty.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

WIDEST_PX = 430.0
_LEAST_CONTRAST = 14  # of 255, between the darkest and the brightest of blurred pixels
_LEAST_INSIDE = 0.97  # of a plate, to be found; with less of it in the crop it is ignored


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """One crop's plates: corners (N x 4 x 2 px), rows and kinds (N), and whether each counts (else it is ignored)."""

    corners: NDArray[np.float32]
    rows: NDArray[np.int64]
    kinds: NDArray[np.int64]
    counts: NDArray[np.bool_]


def cut_crop(
    image: Picture,
    corners: NDArray[np.float32],
    rows: NDArray[np.int64],
    kinds: NDArray[np.int64],
    counts: NDArray[np.bool_],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Picture, Truth]:
    """A crop of `size` (height, width) and its plates in its own pixels; mostly round a plate, at times anywhere."""
    height, width = size
    transform = _aim(image.shape[:2], corners[counts], size, rng)
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    source = image
    if scale < 0.6:  # reduced by area first, or the warp skips pixels
        share = max(scale * 1.3, 0.05)
        smaller = (max(1, round(image.shape[1] * share)), max(1, round(image.shape[0] * share)))
        source = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
        transform_small = transform.copy()
        transform_small[:, 0] *= image.shape[1] / smaller[0]
        transform_small[:, 1] *= image.shape[0] / smaller[1]
    else:
        transform_small = transform
    border = int(rng.choice([cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE], p=[0.6, 0.2, 0.2]))
    crop: Picture = np.asarray(
        cv2.warpAffine(source, transform_small, (width, height), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )
    moved = corners @ transform[:, :2].T.astype(np.float32) + transform[:, 2].astype(np.float32)
    keep = np.array([_touches(quad, size) for quad in moved], bool)
    if border == cv2.BORDER_REFLECT_101 and not _covers(image.shape[:2], transform, size):
        crop = _blank_beyond(crop, image.shape[:2], transform)
    clipped = np.clip(moved, 0, (width, height))
    inside = np.array([_area(a) / max(1e-3, _area(b)) for a, b in zip(clipped, moved, strict=True)], np.float32)
    whole = counts & (inside >= _LEAST_INSIDE)
    picture = photograph(crop, rng)
    for i in np.flatnonzero(whole & keep):
        whole[i] = visible(picture, moved[i])
    return picture, Truth(moved[keep].astype(np.float32), rows[keep], kinds[keep], whole[keep])


def _aim(
    shape: tuple[int, ...], plates: NDArray[np.float32], size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """A 2 x 3 transform from the scene to the crop."""
    height, width = size
    turn = float(rng.normal(0, 0.05 if rng.random() < 0.8 else 0.3))
    stretch = float(np.exp(rng.normal(0, 0.08)))
    fits = max(height / shape[0], width / shape[1])  # smaller, and the crop would show what is beyond the scene
    middle = rng.uniform(0, 1, 2) * (shape[1], shape[0])
    scale = float(np.exp(rng.uniform(np.log(fits), np.log(max(1.6, 1.5 * fits)))))
    if len(plates) and rng.random() < 0.9:
        plate = plates[int(rng.integers(len(plates)))]
        wide = float(np.linalg.norm(plate[1] - plate[0] + plate[2] - plate[3])) / 2
        widest = min(WIDEST_PX, 0.85 * width)
        wanted = float(np.exp(rng.uniform(np.log(13), np.log(widest))))
        scale = float(np.clip(wanted / wide, fits * 0.8, 2.0))
        scale = min(scale, 0.95 * width / wide)
        room = np.maximum(0, np.array([width, height]) / 2 - wide * scale * np.array([0.5, 0.3]))
        middle = plate.mean(axis=0) - rng.uniform(-1, 1, 2) * room / scale
    reach = np.minimum(np.array([width, height]) / scale / 2, np.array([shape[1], shape[0]]) / 2)
    middle = np.clip(middle, reach, (shape[1], shape[0]) - reach)
    at = np.array([width, height]) / 2
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    matrix = np.array([[cos * stretch, -sin], [sin * stretch, cos]])
    return np.column_stack([matrix, at - matrix @ middle])


def visible(picture: Picture, quad: NDArray[np.float32]) -> bool:
    """Whether night, glare and noise have left something of a plate."""
    low, high = np.maximum(quad.min(axis=0).astype(int), 0), np.ceil(quad.max(axis=0)).astype(int) + 1
    grey = cv2.cvtColor(picture[low[1] : high[1], low[0] : high[0]], cv2.COLOR_BGR2GRAY)
    few = cv2.resize(grey, (max(2, grey.shape[1] // 3), max(2, grey.shape[0] // 3)), interpolation=cv2.INTER_AREA)
    return bool(few.max() - int(few.min()) >= _LEAST_CONTRAST)


def _touches(quad: NDArray[np.float32], size: tuple[int, int]) -> bool:
    low, high = quad.min(axis=0), quad.max(axis=0)
    return bool(high[0] > 0 and high[1] > 0 and low[0] < size[1] and low[1] < size[0])


def _covers(shape: tuple[int, ...], transform: NDArray[np.float64], size: tuple[int, int]) -> bool:
    corners = np.array([(0, 0), (size[1], 0), (size[1], size[0]), (0, size[0])], np.float64)
    back = (corners - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    return bool((back >= 0).all() and (back <= (shape[1], shape[0])).all())


def _blank_beyond(crop: Picture, shape: tuple[int, ...], transform: NDArray[np.float64]) -> Picture:
    """What was mirrored in from beyond the scene may hold mirrored plates: one colour instead."""
    edge = np.array([(0, 0), (shape[1], 0), (shape[1], shape[0]), (0, shape[0])], np.float64)
    outline = edge @ transform[:, :2].T + transform[:, 2]
    mask = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    crop = np.asarray(crop, np.uint8).copy()
    crop[mask == 0] = crop.reshape(-1, 3)[int(crop.shape[1] * 0.5)]
    return crop


def _area(quad: NDArray[np.float32]) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def photograph(picture: Picture, rng: np.random.Generator) -> Picture:
    """Exposure, cast, haze, blur, few pixels, noise and JPEG."""
    levels = np.arange(256, dtype=np.float32) / 255
    if rng.random() < 0.5:
        levels = levels ** np.float32(np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.25:
        share = float(rng.uniform(0, 0.6))
        levels = levels * (1 - share) + share * float(rng.uniform(0.2, 0.95))
    gain = float(np.exp(rng.normal(-0.1, 0.35))) if rng.random() < 0.5 else 1.0
    cast = np.exp(rng.normal(0, 0.09, 3)) if rng.random() < 0.6 else np.ones(3)
    table = np.clip(levels[:, None] * (255 * gain * cast)[None], 0, 255).astype(np.uint8)[None]
    picture = np.asarray(cv2.LUT(picture, table), np.uint8)
    chance = rng.random()
    if chance < 0.06 or rng.random() < 0.2:
        share = 0.0 if chance < 0.06 else float(rng.uniform(0.3, 1.6))
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        picture = np.asarray(cv2.addWeighted(picture, share, grey, 1 - share, 0), np.uint8)
    if rng.random() < 0.25:
        share = float(rng.uniform(0.4, 0.95))
        fewer = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(fewer, (picture.shape[1], picture.shape[0])), np.uint8)
    if rng.random() < 0.4:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.5))), np.uint8)
    if rng.random() < 0.15:
        picture = np.asarray(cv2.filter2D(picture, -1, _trail(float(rng.uniform(2, 9)), rng)), np.uint8)
    if rng.random() < 0.15:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        extra = float(rng.uniform(0.3, 1.5))
        picture = np.asarray(cv2.addWeighted(picture, 1 + extra, soft, -extra, 0), np.uint8)
    if rng.random() < 0.5:
        grain = rng.standard_normal(picture.shape[:2], dtype=np.float32) * np.float32(rng.uniform(1, 16))
        picture = np.asarray(cv2.add(picture, cv2.merge([grain] * 3), dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.6:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(22, 96))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _trail(length: float, rng: np.random.Generator) -> NDArray[np.float32]:
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side, side), np.uint8)
    angle = float(rng.uniform(0, np.pi))
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    middle = np.array([side // 2, side // 2])
    start, end = np.round((middle - reach) * 16).astype(int), np.round((middle + reach) * 16).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 255, 1, cv2.LINE_AA, 4)
    field = kernel.astype(np.float32)
    return np.asarray(field / max(1.0, float(field.sum())), np.float32)
