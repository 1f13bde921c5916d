"""Strokes to masks: a sign is a few centrelines with their pens, in millimetres on the cell that it was drawn for (GA 36-2018).

Ends are cut square and corners are mitred, as a stamped plate has them; what leaves the cell is cut off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

CELL_WIDTH_MM = 45
CELL_HEIGHT_MM = 90
_GRID_PX_PER_MM = 8
_SUBPIXEL_BITS = 4
_CURVE_STEPS = 14
# in a cell of another shape the stroke follows the stretch by these powers, along each axis and evenly by area, as GA 36's rows do
_PEN_FOLLOWS, _PEN_GROWS = 0.4, 0.13
_LONGEST_MITRE = 5.5

Points = NDArray[np.float64]
Mask = NDArray[np.uint8]

_TOKEN = re.compile(r"([MLHVCQZWT])|(-?\d+(?:\.\d+)?)")
_NUMBERS_TAKEN = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0, "W": 1, "T": 2}


@dataclass(frozen=True, slots=True)
class Sign:
    """Centrelines in SVG path notation (absolute M L H V C Q Z, each M begins a stroke) and the pen's width, all in mm.

    Two letters of our own change the pen for the strokes that follow: W w (even), T a b (from a at the start to b at the end).
    """

    width: float
    path: str
    cell: tuple[float, float] = (CELL_WIDTH_MM, CELL_HEIGHT_MM)  # width and height of what the numbers are drawn on


@dataclass(slots=True)
class Stroke:
    """One centreline (N x 2, mm), whether it is closed, and the pen's width at its two ends in mm."""

    points: Points
    closed: bool
    pen: tuple[float, float]


@dataclass(slots=True)
class _Line:
    points: list[tuple[float, float]]
    pen: tuple[float, float]
    closed: bool = False


def strokes(sign: Sign) -> list[Stroke]:
    """The strokes of a sign with curves made straight; ValueError if the path is malformed."""
    tokens = [(m.group(1), m.group(2)) for m in _TOKEN.finditer(sign.path)]
    lines: list[_Line] = []
    pen = (sign.width, sign.width)
    position = 0
    while position < len(tokens):
        command = tokens[position][0]
        if not command or (not lines and command not in "MWT"):
            raise ValueError(f"a path starts with M and its numbers follow a letter: {sign.path!r}")
        taken = _NUMBERS_TAKEN[command]
        numbers = [float(number) for _, number in tokens[position + 1 : position + 1 + taken] if number]
        if len(numbers) != taken:
            raise ValueError(f"{command} takes {taken} numbers: {sign.path!r}")
        if command in "WT":
            pen = (numbers[0], numbers[-1])
        elif command == "M":
            lines.append(_Line([(numbers[0], numbers[1])], pen))
        else:
            _extend(lines[-1], command, numbers)
        position += 1 + taken
    return [Stroke(np.array(line.points), line.closed, line.pen) for line in lines]


def _extend(line: _Line, command: str, numbers: list[float]) -> None:
    x, y = line.points[-1]
    if command == "Z":
        line.closed = True
    elif command == "H":
        line.points.append((numbers[0], y))
    elif command == "V":
        line.points.append((x, numbers[0]))
    elif command == "L":
        line.points.append((numbers[0], numbers[1]))
    else:
        line.points.extend(_bezier([(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]))


def _bezier(control: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points after the first on a Bezier curve, by de Casteljau's construction."""
    points = []
    for step in range(1, _CURVE_STEPS + 1):
        t = step / _CURVE_STEPS
        level = control
        while len(level) > 1:
            level = [(ax + (bx - ax) * t, ay + (by - ay) * t) for (ax, ay), (bx, by) in pairwise(level)]
        points.append(level[0])
    return points


def _edges(points: Points, closed: bool, pen: tuple[float, float]) -> tuple[Points, Points]:
    """Left and right edge points of a stroke, mitred at the corners; a pen that changes does so evenly along the way."""
    if closed:
        points = np.vstack([points, points[:1]])
    keep = np.r_[True, np.any(np.abs(np.diff(points, axis=0)) > 1e-9, axis=1)]
    points = points[keep]
    along = np.diff(points, axis=0)
    lengths = np.linalg.norm(along, axis=1, keepdims=True)
    along /= lengths
    way = np.vstack([np.zeros((1, 1)), np.cumsum(lengths, axis=0)]) / lengths.sum()
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1)
    before = np.vstack([normals[-1:] if closed else normals[:1], normals])
    after = np.vstack([normals, normals[:1] if closed else normals[-1:]])
    mitre = before + after
    reach = 1 + np.sum(before * after, axis=1, keepdims=True)
    mitre = mitre / np.maximum(reach, 1e-6)
    length = np.linalg.norm(mitre, axis=1, keepdims=True)
    mitre *= np.minimum(1, _LONGEST_MITRE / np.maximum(length, 1e-9))
    mitre *= (pen[0] + (pen[1] - pen[0]) * way) / 2
    return points + mitre, points - mitre


def draw_strokes(
    sign: Sign,
    *,
    width_mm: float = CELL_WIDTH_MM,
    height_mm: float = CELL_HEIGHT_MM,
    px_per_mm: float = _GRID_PX_PER_MM,
    pen: float = 1.0,
) -> Mask:
    """The sign as a mask (uint8, 0 or 255) that fills a cell of `height_mm` x `width_mm`, its strokes `pen` times as wide."""
    cell = np.array((width_mm / sign.cell[0], height_mm / sign.cell[1]))
    follows = cell**_PEN_FOLLOWS * cell.prod() ** _PEN_GROWS
    mask = np.zeros((round(height_mm * px_per_mm), round(width_mm * px_per_mm)), np.uint8)
    scale = follows * (px_per_mm * (1 << _SUBPIXEL_BITS))
    half_pixel = (1 << _SUBPIXEL_BITS) / 2
    for stroke in strokes(sign):
        left, right = _edges(stroke.points * cell / follows, stroke.closed, (stroke.pen[0] * pen, stroke.pen[1] * pen))
        for i in range(len(left) - 1):
            quad = np.array([left[i], left[i + 1], right[i + 1], right[i]]) * scale - half_pixel
            cv2.fillPoly(mask, [np.round(quad).astype(np.int32)], 255, shift=_SUBPIXEL_BITS)
    return mask


@lru_cache(maxsize=512)
def sign_mask(sign: Sign, width_mm: float, height_mm: float, size_px: tuple[int, int], pen: float = 1.0) -> Mask:
    """The sign drawn for a cell in mm, as a mask of `size_px` (width, height) with soft edges (0-255); read-only, shared.

    `pen` makes every stroke so many times as wide.
    """
    drawn = draw_strokes(sign, width_mm=width_mm, height_mm=height_mm, pen=pen)
    mask = np.asarray(cv2.resize(drawn, size_px, interpolation=cv2.INTER_AREA), np.uint8)
    mask.flags.writeable = False
    return mask
