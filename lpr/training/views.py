"""How a crop shows a plate: tilted, cut, framed, before its bumper; always 48 x 192, upright boxes and rectified strips alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr import rectify
from lpr.model import Region
from lpr.training.degrade import WORK_HEIGHT, WORK_WIDTH, Chance, Picture

Points = NDArray[np.float32]

_CUT = 0.28
"""Share of crops that cut into the plate: fixed cameras' boxes do."""

_BENT = 0.45
"""Share of plates in one row that follow a bumper's curve and are seen from the side: their far end is narrow, and it is the province."""
_STATIONS = np.linspace(-0.5, 0.5, 33, dtype=np.float32)
"""Where a bent plate's course is worked out, as shares of its width."""
_STEEPEST_RAD = 1.2


def view_of(plate: Picture, rows: int, chance: Chance) -> Picture:
    """A crop of the plate (48 x 192) as a detector would give it; two rows come side by side by `rectify.strip`."""
    plate = _framed(plate, chance)
    return _two_rows(plate, chance) if rows == 2 else _one_row(plate, chance)


def _framed(plate: Picture, chance: Chance) -> Picture:
    """With the holder round it that most plates have; it may cover the rim."""
    if chance.rng.random() > 0.5:
        return plate
    height, width = plate.shape[:2]
    kind = chance.rng.random()
    tone = chance.between(5, 50) if kind < 0.7 else chance.between(120, 235)
    colour = (tone, tone * chance.between(0.9, 1.1), tone * chance.between(0.9, 1.1))
    thick = max(1, round(height * chance.between(0.02, 0.09)))
    covers = round(height * max(0.0, chance.between(-0.04, 0.05)))
    framed = cv2.copyMakeBorder(plate, thick, thick, thick, thick, cv2.BORDER_CONSTANT, value=colour)
    if covers:
        low, right, bottom = thick + covers // 2, width + thick - covers // 2, height + thick - covers // 2
        cv2.rectangle(framed, (low, low), (right, bottom), colour, covers)
    return np.asarray(framed, np.uint8)


def _one_row(plate: Picture, chance: Chance) -> Picture:
    if chance.rng.random() < _BENT:
        return _bent(plate, chance)
    height, width = plate.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    posed = _posed(width / height, chance)
    low, scale = _box(posed, chance)
    transform = cv2.getPerspectiveTransform(source, (posed - low) * scale)
    return np.asarray(
        cv2.warpPerspective(
            plate,
            transform,
            (WORK_WIDTH, WORK_HEIGHT),
            dst=_body(chance),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        ),
        np.uint8,
    )


def _bent(plate: Picture, chance: Chance) -> Picture:
    """A plate on a cylinder that stands upright, turned away, seen from above or below and rolled.

    In units of its height; along its width the angle to the picture's plane grows evenly, so x and depth are integrals of its cosine
    and sine. Depth makes a part smaller and, seen from above, moves it up or down. Each pixel is then looked up backwards.
    """
    height, width = plate.shape[:2]
    aspect = width / height
    curve = chance.between(-0.3, 1.05)  # rad over the whole plate; most bumpers are convex
    yaw = float(np.clip(chance.rng.normal(0, 0.55), -1, 1)) * (_STEEPEST_RAD - abs(curve) / 2)
    angles = yaw + curve * _STATIONS
    step = aspect / (len(_STATIONS) - 1)
    x = np.concatenate([[0], np.cumsum(np.cos((angles[1:] + angles[:-1]) / 2))]) * step
    depth = np.concatenate([[0], np.cumsum(np.sin((angles[1:] + angles[:-1]) / 2))]) * step
    near = 1 / (1 + (depth - depth.mean()) / chance.between(8, 30))
    x, rise = (x - x.mean()) * near, (depth - depth.mean()) * chance.between(-0.55, 0.4) * near
    cos, sin = np.cos(roll := chance.rng.normal(0, 0.09)), np.sin(roll)
    shear = chance.rng.normal(0, 0.09)
    edges = np.concatenate([np.stack([x, rise + side * near], axis=1) for side in (-0.5, 0.5)])
    posed = np.stack([edges[:, 0] + shear * edges[:, 1], edges[:, 1]], axis=1) @ np.array([[cos, sin], [-sin, cos]])
    low, scale = _box(posed.astype(np.float32), chance)
    seen_x, seen_y = chance.banks.grid_x / scale[0] + low[0], chance.banks.grid_y / scale[1] + low[1]
    y = cos * seen_y - sin * seen_x
    flat = cos * seen_x + sin * seen_y - shear * y
    share = np.interp(flat, x, _STATIONS, left=-2, right=2)
    up = (y - np.interp(flat, x, rise)) / np.interp(flat, x, near)
    return np.asarray(
        cv2.remap(
            plate,
            ((share + 0.5) * width - 0.5).astype(np.float32),
            ((up + 0.5) * height - 0.5).astype(np.float32),
            cv2.INTER_LINEAR,
            dst=_body(chance),
            borderMode=cv2.BORDER_TRANSPARENT,
        ),
        np.uint8,
    )


def _body(chance: Chance) -> Picture:
    """A piece of bodywork to stand behind the plate."""
    bodies = chance.banks.bodies
    return bodies[int(chance.rng.integers(len(bodies)))].copy()


def _posed(aspect: float, chance: Chance) -> Points:
    """The plate's corners before a camera, in units of its height: turned, sheared, seen from the side."""
    corners = np.array([[0, 0], [aspect, 0], [aspect, 1], [0, 1]], np.float32) - np.array([aspect / 2, 0.5], np.float32)
    if chance.rng.random() < 0.4:  # straightened by its corners: little is left
        return corners + chance.rng.normal(0, 0.035 * (0.3 + 0.7 * chance.difficulty), (4, 2)).astype(np.float32)
    turn, shear = chance.between(-0.19, 0.19), chance.between(-0.3, 0.3)
    if chance.rng.random() < 0.3:
        turn *= 1.8
    away = chance.between(-0.2, 0.2)  # one end is further away
    squeeze = 1 - chance.strength(0.42)
    x, y = corners[:, 0] * squeeze, corners[:, 1]
    near = 1 + away * x / aspect * 2 * 0.5
    x, y = x * near, y * near
    x = x + shear * y
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=1).astype(np.float32)


def _box(outline: Points, chance: Chance) -> tuple[Points, Points]:
    """The box round a plate's outline, with a margin or cut, that becomes 48 x 192: its upper left corner, and pixels a unit."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    size = high - low
    if chance.rng.random() < _CUT:  # cuts into the plate on some sides, in shares of the box
        edges = np.array(
            [chance.between(-0.045, 0.03) for _ in range(2)] + [chance.between(-0.17, 0.06) for _ in range(2)]
        )
    else:
        edges = np.array(
            [chance.between(-0.015, 0.045) for _ in range(2)] + [chance.between(-0.05, 0.12) for _ in range(2)]
        )
        if chance.rng.random() < 0.12:  # a loose box
            edges = edges + np.array(
                [chance.between(0, 0.1), chance.between(0, 0.1), chance.between(0, 0.25), chance.between(0, 0.25)]
            )
    left, top = low[0] - edges[0] * size[0], low[1] - edges[2] * size[1]
    width, height = size[0] * (1 + edges[0] + edges[1]), size[1] * (1 + edges[2] + edges[3])
    return np.array([left, top], np.float32), np.array([WORK_WIDTH / width, WORK_HEIGHT / height], np.float32)


def _two_rows(plate: Picture, chance: Chance) -> Picture:
    """Straightened by corners that are a little off, then laid side by side as at run time."""
    height, width = plate.shape[:2]
    reach = 0.02 + 0.03 * chance.difficulty
    around = chance.between(-0.03, 0.10) * height
    body = chance.banks.bodies[int(chance.rng.integers(len(chance.banks.bodies)))]
    edge = round(0.2 * height)
    ground = np.asarray(cv2.resize(body, (width + 2 * edge, height + 2 * edge)), np.uint8)
    ground[edge : edge + height, edge : edge + width] = plate
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + edge
    corners += np.array([[-around, -around], [around, -around], [around, around], [-around, around]], np.float32)
    corners += chance.rng.normal(0, reach * height * 0.6, (4, 2)).astype(np.float32)
    strip = rectify.strip(ground, Region(corners=corners, score=1.0, rows=2))
    return np.asarray(cv2.resize(strip, (WORK_WIDTH, WORK_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
