"""Plates of no country in particular: letters and digits on a white, yellow, black or blue ground, long, square or American.

The detector must find them all alike; which country's they are is the grammar's business.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.latin_signs import LATIN
from lpr.drawing.strokes import sign_mask

Picture = NDArray[np.uint8]

_SHAPES_MM = ((520, 110, 0.5), (340, 220, 0.14), (300, 150, 0.24), (400, 130, 0.08), (280, 200, 0.04))
_GROUNDS = (
    ((236, 238, 238), 0.62),
    ((30, 190, 235), 0.14),
    ((26, 26, 28), 0.08),
    ((150, 70, 30), 0.06),
    ((200, 215, 190), 0.05),
    ((60, 40, 160), 0.05),
)
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
_LETTERS, _DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_CELL = (64, 32)  # pixels, height and width, of one sign as it is kept
_EU_BLUE, _STATE_INKS = (150, 60, 10), ((120, 40, 20), (40, 40, 170), (40, 90, 30), (25, 25, 25))


def draw_latin_plate(rng: np.random.Generator, px_per_mm: float) -> tuple[Picture, int]:
    """A plate as a BGR picture, and its number of rows (1 or 2)."""
    shares = np.array([share for *_, share in _SHAPES_MM])
    width_mm, height_mm, _ = _SHAPES_MM[int(rng.choice(len(_SHAPES_MM), p=shares / shares.sum()))]
    rows = 2 if width_mm / height_mm < 1.8 else 1
    grounds = np.array([share for _, share in _GROUNDS])
    ground = np.array(_GROUNDS[int(rng.choice(len(_GROUNDS), p=grounds))][0], np.float32)
    ground = np.clip(ground + rng.normal(0, 10, 3), 0, 255)
    size = (max(6, round(height_mm * px_per_mm)), max(12, round(width_mm * px_per_mm)))
    plate = np.empty((*size, 3), np.uint8)
    plate[:] = ground.astype(np.uint8)
    if rng.random() < 0.25:
        _shade(plate, rng)
    bright = float(ground.mean()) > 110
    ink = np.array(_STATE_INKS[int(rng.integers(len(_STATE_INKS)))] if bright else (240, 240, 240), np.float32)
    if rng.random() < 0.75:
        inset = max(1, round(size[0] * float(rng.uniform(0.015, 0.05))))
        pen = max(1, round(size[0] * 0.02))
        cv2.rectangle(plate, (inset, inset), (size[1] - 1 - inset, size[0] - 1 - inset), ink.tolist(), pen)
    left = 0.03
    if width_mm >= 400 and rng.random() < 0.6:
        left = _band(plate, rng)
    american = width_mm == 300
    for row in range(rows if not american or rng.random() < 0.3 else 1):
        _write_row(plate, ink, row, rows if not american else 1, left, american, rng)
    if american:
        _captions(plate, rng)
        rows = 1
    return plate, rows


def _shade(plate: Picture, rng: np.random.Generator) -> None:
    other = rng.uniform(80, 250, 3).astype(np.float32)
    down = np.linspace(0, float(rng.uniform(0.2, 0.8)), plate.shape[0], dtype=np.float32)[:, None, None]
    plate[:] = (plate * (1 - down) + other * down).astype(np.uint8)


def _band(plate: Picture, rng: np.random.Generator) -> float:
    """The country's blue band at the left (at times also at the right); the share of the width that it takes."""
    height, width = plate.shape[:2]
    band = round(height * float(rng.uniform(0.35, 0.5)))
    cv2.rectangle(plate, (0, 0), (band, height), _EU_BLUE, -1)
    for angle in np.linspace(0, 2 * np.pi, 9):
        at = (round(band / 2 + band * 0.28 * np.cos(angle)), round(height * 0.3 + band * 0.28 * np.sin(angle)))
        cv2.circle(plate, at, max(1, height // 40), (40, 210, 245), -1, cv2.LINE_AA)
    letter = str(rng.choice(list(_LETTERS)))
    cv2.putText(plate, letter, (band // 4, round(height * 0.9)), 0, height / 90, (245, 245, 245), 1, cv2.LINE_AA)
    if rng.random() < 0.2:
        cv2.rectangle(plate, (width - band, 0), (width, height), _EU_BLUE, -1)
    return band / width + 0.02


def _write_row(
    plate: Picture, ink: NDArray[np.float32], row: int, rows: int, left: float, american: bool, rng: np.random.Generator
) -> None:
    height, width = plate.shape[:2]
    signs = _number(int(rng.integers(3, 6) if rows == 2 else rng.integers(5, 9)), rng)
    top, bottom = (0.24, 0.78) if american else ((0.08, 0.47), (0.53, 0.92))[row] if rows == 2 else (0.14, 0.86)
    font = None if rng.random() < 0.5 else int(rng.choice(_FONTS))
    room = (0.97 - left) * width
    cell = min(room / len(signs), (bottom - top) * height * float(rng.uniform(0.5, 0.8)))
    x = left * width + (room - cell * len(signs)) / 2
    gap = float(rng.uniform(0.75, 0.92))
    for sign in signs:
        x0, x1 = round(x), max(round(x) + 1, round(x + cell * gap))
        y0, y1 = round(top * height), max(round(top * height) + 1, round(bottom * height))
        if sign != " ":
            mask = cv2.resize(_sign(sign, font), (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
            there = plate[y0:y1, x0:x1]
            share = (mask[: there.shape[0], : there.shape[1]].astype(np.float32) / 255)[..., None]
            there[:] = (there * (1 - share) + ink * share).astype(np.uint8)
        x += cell


def _number(length: int, rng: np.random.Generator) -> str:
    signs = [str(rng.choice(list(_LETTERS if rng.random() < 0.45 else _DIGITS))) for _ in range(length)]
    if length > 4 and rng.random() < 0.6:
        signs[int(rng.integers(2, length - 1))] = " " if rng.random() < 0.7 else "-"
    return "".join(signs)


def _sign(sign: str, font: int | None) -> NDArray[np.uint8]:
    """A sign that fills its cell (uint8, 0-255): our own strokes, or one of OpenCV's fonts stretched to it."""
    if font is None and sign in LATIN:
        return sign_mask(LATIN[sign], 45.0, 90.0, (_CELL[1], _CELL[0]))
    canvas = np.zeros((80, 80), np.uint8)
    cv2.putText(canvas, sign, (12, 62), font or 0, 2.0, 255, 7, cv2.LINE_AA)
    ys, xs = np.nonzero(canvas)
    if sign == "-" or not len(xs):
        return np.asarray(canvas[8:72, 8:72], np.uint8)
    return np.asarray(canvas[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1], np.uint8)


def _captions(plate: Picture, rng: np.random.Generator) -> None:
    """The state's name above and a motto below, as small text."""
    height, width = plate.shape[:2]
    colour = tuple(int(c) for c in rng.integers(20, 160, 3))
    for y, chance in ((0.17, 0.9), (0.95, 0.5)):
        if rng.random() < chance:
            text = "".join(str(rng.choice(list(_LETTERS))) for _ in range(int(rng.integers(5, 12))))
            scale = height / 190
            (wide, _), _ = cv2.getTextSize(text, 0, scale, 1)
            cv2.putText(plate, text, (max(0, (width - wide) // 2), round(height * y)), 0, scale, colour, 1, cv2.LINE_AA)
