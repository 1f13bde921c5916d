"""Plates of GA 36-2018 as pictures: true sizes, true places of the signs, our own strokes, a little light, dust and screws."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.latin_signs import LATIN
from lpr.drawing.layouts import NEW_ENERGY, Layout, PlateStyle, Slot, layout_of
from lpr.drawing.province_signs import PROVINCES
from lpr.drawing.special_signs import SPECIAL
from lpr.drawing.strokes import Mask, Sign, sign_mask

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

SIGNS: dict[str, Sign] = {**LATIN, **PROVINCES, **SPECIAL}
"""Every sign that a plate may bear."""

_CORNER_MM = 9.0
_BORDER_FROM_EDGE_MM = 3.5
_BORDER_MM = 1.6
_DOT_MM = 10.0

_WHITE, _BLACK, _RED = (250, 250, 250), (22, 22, 24), (34, 28, 205)
_GROUNDS: dict[PlateStyle, tuple[Colour, Colour]] = {  # ground and signs, BGR
    PlateStyle.BLUE: ((172, 74, 18), _WHITE),
    PlateStyle.YELLOW: ((22, 178, 243), _BLACK),
    PlateStyle.YELLOW_DOUBLE: ((22, 178, 243), _BLACK),
    PlateStyle.LEARNER: ((22, 178, 243), _BLACK),
    PlateStyle.TRAILER: ((22, 178, 243), _BLACK),
    PlateStyle.POLICE: ((236, 238, 238), _BLACK),
    PlateStyle.HONG_KONG_MACAU: ((30, 28, 28), _WHITE),
    PlateStyle.CONSULATE: ((30, 28, 28), _WHITE),
    PlateStyle.EMBASSY: ((30, 28, 28), _WHITE),
}
_YELLOW, _MINT, _PALE = (22, 178, 243), (112, 192, 74), (240, 246, 240)
_IN_RED = frozenset("警使领")


def draw_plate(text: str, style: PlateStyle, rng: np.random.Generator, *, px_per_mm: float = 2.0) -> Picture:
    """The plate as a BGR picture (H x W x 3, uint8), the same for the same `rng` state; ValueError if `text` cannot be set."""
    layout = layout_of(style)
    if len(text) != len(layout.slots):
        raise ValueError(f"a {style} plate has {len(layout.slots)} signs")
    if any(character not in SIGNS for character in text):
        raise ValueError("a sign that plates do not bear")
    size = (round(layout.height * px_per_mm), round(layout.width * px_per_mm))
    ink, red = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for character, slot in zip(text, layout.slots, strict=True):
        _stamp(red if character in _IN_RED else ink, SIGNS[character], slot, px_per_mm)
    if style not in NEW_ENERGY:
        _draw_dot(ink, layout, px_per_mm)
    signs = np.maximum(ink, red)
    _draw_border(ink, px_per_mm)
    ground, paint = _colours(style, layout, size)
    plate = _blend(ground * np.float32(rng.uniform(0.93, 1.0)), paint, ink)
    plate = _blend(plate, _RED, red)
    plate = _emboss(plate, signs, px_per_mm)
    if style in NEW_ENERGY:
        _draw_badge(plate, layout, px_per_mm)
    _add_screws(plate, layout, px_per_mm, rng)
    _add_dirt(plate, rng)
    return np.clip(plate, 0, 255).astype(np.uint8)


def _stamp(ink: Mask, sign: Sign, slot: Slot, px_per_mm: float) -> None:
    left, top = round(slot.x * px_per_mm), round(slot.y * px_per_mm)
    right, bottom = round((slot.x + slot.width) * px_per_mm), round((slot.y + slot.height) * px_per_mm)
    ink[top:bottom, left:right] = sign_mask(sign, slot.width, slot.height, (right - left, bottom - top))


def _draw_dot(ink: Mask, layout: Layout, px_per_mm: float) -> None:
    centre = (round(layout.mark[0] * px_per_mm), round(layout.mark[1] * px_per_mm))
    cv2.circle(ink, centre, round(_DOT_MM / 2 * px_per_mm), 255, -1, cv2.LINE_AA)


def _draw_badge(plate: NDArray[np.float32], layout: Layout, px_per_mm: float) -> None:
    """New-energy plates carry a round badge in the gap; this one, a disc with a plug, is our own drawing."""

    def at(x: float, y: float) -> tuple[int, int]:
        return round((layout.mark[0] + x) * px_per_mm), round((layout.mark[1] + y) * px_per_mm)

    cv2.circle(plate, at(0, 0), round(11 * px_per_mm), (70, 120, 30), -1, cv2.LINE_AA)
    cv2.circle(plate, at(0, 0), round(9.2 * px_per_mm), (244, 246, 244), -1, cv2.LINE_AA)
    cv2.ellipse(plate, at(0, 0), (round(9.2 * px_per_mm),) * 2, 0, 200, 340, (166, 110, 30), -1, cv2.LINE_AA)
    cv2.rectangle(plate, at(-4, -2), at(4, 4), (90, 150, 40), -1)
    cv2.line(plate, at(-2, -6), at(-2, -2), (90, 150, 40), max(1, round(1.6 * px_per_mm)), cv2.LINE_AA)
    cv2.line(plate, at(2, -6), at(2, -2), (90, 150, 40), max(1, round(1.6 * px_per_mm)), cv2.LINE_AA)
    cv2.line(plate, at(0, 4), at(0, 9), (90, 150, 40), max(1, round(1.8 * px_per_mm)), cv2.LINE_AA)


def _rounded(size: tuple[int, int], inset: float, radius: float) -> Mask:
    mask = np.zeros(size, np.uint8)
    height, width = size
    low, right, bottom = round(inset), round(width - 1 - inset), round(height - 1 - inset)
    r = max(1, round(radius))
    cv2.rectangle(mask, (low + r, low), (right - r, bottom), 255, -1)
    cv2.rectangle(mask, (low, low + r), (right, bottom - r), 255, -1)
    for x in (low + r, right - r):
        for y in (low + r, bottom - r):
            cv2.circle(mask, (x, y), r, 255, -1, cv2.LINE_AA)
    return mask


def _draw_border(ink: Mask, px_per_mm: float) -> None:
    outer = _rounded(ink.shape[:2], _BORDER_FROM_EDGE_MM * px_per_mm, _CORNER_MM * px_per_mm)
    inner_at = _BORDER_FROM_EDGE_MM + _BORDER_MM
    inner = _rounded(ink.shape[:2], inner_at * px_per_mm, (_CORNER_MM - _BORDER_MM) * px_per_mm)
    np.maximum(ink, cv2.subtract(outer, inner), out=ink)


def _colours(style: PlateStyle, layout: Layout, size: tuple[int, int]) -> tuple[NDArray[np.float32], Colour]:
    """The ground (H x W x 3) and the signs' colour, BGR."""
    ground = np.empty((*size, 3), np.float32)
    if style not in NEW_ENERGY:
        ground[:], paint = _GROUNDS[style]
        return ground, paint
    if style is PlateStyle.GREEN_SMALL:
        down = np.linspace(0, 1, size[0], dtype=np.float32)[:, None, None]
        ground[:] = np.array(_PALE, np.float32) * (1 - down) + np.array(_MINT, np.float32) * down
    else:
        office = layout.slots[1]
        yellow_until = round((office.x + office.width + 6) / layout.width * size[1])
        ground[:, :yellow_until], ground[:, yellow_until:] = _YELLOW, _MINT
    return ground, _BLACK


def _blend(ground: NDArray[np.float32], paint: Colour, ink: Mask) -> NDArray[np.float32]:
    share = (ink.astype(np.float32) / 255)[..., None]
    return np.asarray(ground + (np.array(paint, np.float32) - ground) * share, np.float32)


def _emboss(plate: NDArray[np.float32], signs: Mask, px_per_mm: float) -> NDArray[np.float32]:
    """Pressed signs catch light on their upper edges and throw a shade below."""
    soft = cv2.GaussianBlur(signs.astype(np.float32) / 255, (0, 0), 1.1 * px_per_mm)
    slope = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3) + 0.5 * cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3)
    return np.asarray(plate + (slope * 16 * px_per_mm)[..., None], np.float32)


def _add_screws(plate: NDArray[np.float32], layout: Layout, px_per_mm: float, rng: np.random.Generator) -> None:
    # on double rows the holes lie beside the upper row
    upper = 25.0 if layout.height > 200 else 13.0
    reach = 140.0 if layout.height > 200 else 110.0
    rows = (upper, layout.height - 13.0) if rng.random() < 0.6 else (upper,)
    bright = float(rng.uniform(120, 190))
    for y in rows:
        for x in (layout.width / 2 - reach, layout.width / 2 + reach):
            centre = (round(x * px_per_mm), round(y * px_per_mm))
            cv2.circle(plate, centre, max(1, round(6 * px_per_mm)), (bright * 0.55,) * 3, -1, cv2.LINE_AA)
            cv2.circle(plate, centre, max(1, round(5 * px_per_mm)), (bright,) * 3, -1, cv2.LINE_AA)
            arm = round(2.6 * px_per_mm)
            cv2.line(
                plate, (centre[0] - arm, centre[1]), (centre[0] + arm, centre[1]), (bright * 0.5,) * 3, 1, cv2.LINE_AA
            )


def _add_dirt(plate: NDArray[np.float32], rng: np.random.Generator) -> None:
    """A faint uneven film of dust, heavier below."""
    coarse = rng.uniform(0, 1, (5, 14)).astype(np.float32)
    film = np.asarray(cv2.resize(coarse, (plate.shape[1], plate.shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
    film = film * np.linspace(0.3, 1.0, plate.shape[0], dtype=np.float32)[:, None]
    share = (np.clip(film, 0, 1) * np.float32(rng.uniform(0, 0.16)))[..., None]
    plate += (np.array((120, 132, 140), np.float32) - plate) * share
