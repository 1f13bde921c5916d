"""The lane without a car: road, kerbs, and what stands behind, drawn once per place."""

from __future__ import annotations

import cv2
import numpy as np

from lpr.drawing.painting import Colour, Picture, fill, line
from lpr.drawing.perspective import View

_LANE_HALF_M = 1.45
_FAR_M = 30.0


def draw_lane(place: int, view: View) -> Picture:
    """The empty lane in even light (H x W x 3, BGR, uint8); the same for the same `place`: even ones lie outdoors, odd ones in a garage."""
    rng = np.random.default_rng(place)
    picture = np.zeros((view.height, view.width, 3), np.uint8)
    if place % 2:
        _draw_garage(picture, view, rng)
    else:
        _draw_street(picture, view, rng)
    _soften_far(picture, view)
    _draw_road(picture, view, rng)
    _draw_islands(picture, view)
    return picture


def _horizon(view: View) -> float:
    return float(view.project([(0.0, 0.0, 400.0)])[0, 1])


def _draw_street(picture: Picture, view: View, rng: np.random.Generator) -> None:
    width = float(view.width)
    horizon = _horizon(view) + 0.10 * view.height
    frame = np.array([(0.0, -0.2 * view.height), (width, -0.2 * view.height), (width, horizon), (0.0, horizon)])
    fill(picture, frame, (236, 214, 190), (238, 230, 220))
    x = -0.05 * width
    while x < width:
        broad, tall = float(rng.uniform(0.10, 0.24)) * width, float(rng.uniform(0.10, 0.34)) * view.height
        grey = float(rng.uniform(130, 205))
        wall: Colour = (grey * 0.98, grey * 0.98, grey)
        house = np.array([(x, horizon - tall), (x + broad, horizon - tall), (x + broad, horizon), (x, horizon)])
        fill(picture, house, wall, (grey * 0.8, grey * 0.8, grey * 0.82))
        for row in np.arange(horizon - tall + 8, horizon - 6, 16):
            for column in np.arange(x + 8, x + broad - 12, 18):
                pane = np.array([(column, row), (column + 9, row), (column + 9, row + 9), (column, row + 9)])
                fill(picture, pane, (128, 116, 104), (156, 146, 134))
        x += broad * 0.92
    for _ in range(16):
        centre = (int(rng.uniform(0, width)), int(horizon + rng.uniform(-14, 4)))
        green = float(rng.uniform(70, 125))
        cv2.ellipse(
            picture,
            centre,
            (int(rng.uniform(18, 54)), int(rng.uniform(12, 34))),
            0,
            0,
            360,
            (green * 0.62, green, green * 0.68),
            -1,
        )


def _draw_garage(picture: Picture, view: View, rng: np.random.Generator) -> None:
    grey = float(rng.uniform(120, 160))
    everything = np.array([(0.0, 0.0), (view.width, 0.0), (view.width, view.height), (0.0, view.height)])
    fill(picture, everything, (grey * 0.75, grey * 0.78, grey * 0.80), (grey, grey * 1.02, grey * 1.03))
    for side in (-1.0, 1.0):
        wall = view.project(
            [(side * 3.2, 0, 3.0), (side * 3.2, 3.0, 3.0), (side * 3.2, 3.0, _FAR_M), (side * 3.2, 0, _FAR_M)]
        )
        fill(picture, wall, (grey * 1.15, grey * 1.16, grey * 1.16), (grey * 0.9, grey * 0.92, grey * 0.92))
        band = view.project(
            [
                (side * 3.18, 0.55, 3.0),
                (side * 3.18, 0.95, 3.0),
                (side * 3.18, 0.95, _FAR_M),
                (side * 3.18, 0.55, _FAR_M),
            ]
        )
        fill(picture, band, (40, 150, 90), (36, 128, 78))
        for z in np.arange(6.0, 24.0, 4.0):
            post = view.project([(side * 2.7, 0, z), (side * 2.7, 3.0, z), (side * 3.1, 3.0, z), (side * 3.1, 0, z)])
            fill(picture, post, (grey * 1.25, grey * 1.25, grey * 1.24), (grey, grey, grey))
    for z in np.arange(7.0, 27.0, 5.0):
        tube = view.project([(-0.9, 2.6, z), (0.9, 2.6, z), (0.9, 2.52, z), (-0.9, 2.52, z)])
        fill(picture, tube, (255, 255, 252))


def _soften_far(picture: Picture, view: View) -> None:
    """The camera is focused on the stop line; what lies far behind is soft."""
    cv2.GaussianBlur(picture, (0, 0), view.width / 300, dst=picture)


def _draw_road(picture: Picture, view: View, rng: np.random.Generator) -> None:
    horizon = int(_horizon(view) + 0.055 * view.height)
    grey = float(rng.uniform(96, 122))
    width, height = float(view.width), float(view.height)
    ground = np.array([(0.0, max(horizon, -200)), (width, max(horizon, -200)), (width, height), (0.0, height)])
    fill(picture, ground, (grey * 1.18, grey * 1.18, grey * 1.18), (grey * 0.86, grey * 0.86, grey * 0.88))
    top = max(0, horizon)
    rows = view.height - top
    coarse = cv2.resize(
        rng.normal(0, 1, (max(1, rows // 6), view.width // 8)).astype(np.float32),
        (view.width, rows),
        interpolation=cv2.INTER_CUBIC,
    )
    fine = rng.normal(0, 1, (rows, view.width)).astype(np.float32)
    grain = (coarse * 3.2 + fine * 4.0)[..., None]
    picture[top:] = np.clip(picture[top:] + grain, 0, 255).astype(np.uint8)
    for x in (-_LANE_HALF_M + 0.18, _LANE_HALF_M - 0.18):
        stripe = view.project([(x - 0.06, 0, 1.2), (x + 0.06, 0, 1.2), (x + 0.06, 0, _FAR_M), (x - 0.06, 0, _FAR_M)])
        fill(picture, stripe, (206, 210, 212), (222, 226, 228), opacity=0.85)
    for z in (3.3, 4.1):  # the saw cuts of the loop
        line(picture, view.project([(-0.9, 0, z), (0.9, 0, z)]), (62, 62, 64), 2)
    for x in (-0.9, 0.9):
        line(picture, view.project([(x, 0, 3.3), (x, 0, 4.1)]), (62, 62, 64), 2)


def _draw_islands(picture: Picture, view: View) -> None:
    """Kerbs in yellow and black on both sides, and posts."""
    for side in (-1.0, 1.0):
        near, far = side * _LANE_HALF_M, side * (_LANE_HALF_M + 0.9)
        top = view.project([(near, 0.15, 1.5), (far, 0.15, 1.5), (far, 0.15, 12.0), (near, 0.15, 12.0)])
        fill(picture, top, (150, 152, 152), (168, 170, 170))
        for block in range(21):
            z0, z1 = 1.5 + block * 0.5, 2.0 + block * 0.5
            paint: Colour = (36, 190, 236) if block % 2 else (38, 38, 40)
            fill(picture, view.project([(near, 0, z0), (near, 0.15, z0), (near, 0.15, z1), (near, 0, z1)]), paint)
        for z in (11.0, 8.5, 6.0):
            post = [(side * 1.62, 0.15, z), (side * 1.62, 0.85, z), (side * 1.70, 0.85, z), (side * 1.70, 0.15, z)]
            fill(picture, view.project(post), (48, 80, 228), (36, 60, 180))
            for y in (0.40, 0.62):
                ring = [
                    (side * 1.62, y, z),
                    (side * 1.62, y + 0.07, z),
                    (side * 1.70, y + 0.07, z),
                    (side * 1.70, y, z),
                ]
                fill(picture, view.project(ring), (236, 238, 238))
