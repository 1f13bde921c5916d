"""A plate before its signs are pressed: ground, border, mark and badge in the colours of GA 36-2018, drawn once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.drawing.layouts import MOTORCYCLES, NEW_ENERGY, PAPER, Layout, PlateStyle, layout_of
from lpr.drawing.strokes import Mask

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

_DOT_MM = 10.0
_WHITE, _BLACK = (250, 250, 250), (22, 22, 24)
RED: Colour = (34, 28, 205)
_SKY, _SUN, _MINT, _PALE, _SNOW = (172, 74, 18), (22, 178, 243), (112, 192, 74), (240, 246, 240), (236, 238, 238)
_NIGHT, _LEAF, _PAPER = (30, 28, 28), (70, 120, 20), (246, 240, 226)


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of ground and signs (BGR), and the signs or places that are red."""

    ground: Colour
    paint: Colour
    red_signs: str = ""
    red_places: int = 0  # so many from the first


_S = PlateStyle
_LOOKS: dict[PlateStyle, Look] = {
    _S.BLUE: Look(_SKY, _WHITE),
    _S.MOTORCYCLE_BLUE: Look(_SKY, _WHITE),
    **dict.fromkeys((_S.YELLOW, _S.YELLOW_DOUBLE, _S.LEARNER, _S.TRAILER), Look(_SUN, _BLACK)),
    **dict.fromkeys((_S.MOTORCYCLE_YELLOW, _S.TRACTOR_YELLOW), Look(_SUN, _BLACK)),
    **dict.fromkeys((_S.GREEN_SMALL, _S.GREEN_LARGE), Look(_MINT, _BLACK)),
    **dict.fromkeys((_S.POLICE, _S.MOTORCYCLE_POLICE), Look(_SNOW, _BLACK, red_signs="警")),
    **dict.fromkeys((_S.HONG_KONG_MACAU, _S.BLACK, _S.MOTORCYCLE_BLACK), Look(_NIGHT, _WHITE)),
    **dict.fromkeys((_S.CONSULATE, _S.EMBASSY), Look(_NIGHT, _WHITE, red_signs="使领")),
    **dict.fromkeys((_S.MILITARY, _S.MILITARY_DOUBLE), Look(_SNOW, _BLACK, red_places=2)),
    **dict.fromkeys((_S.ARMED_POLICE, _S.ARMED_POLICE_DOUBLE), Look(_SNOW, _BLACK, red_places=3)),
    _S.ARMED_POLICE_OLD: Look(_SNOW, _BLACK, red_places=2),
    _S.EMERGENCY: Look(_SNOW, _BLACK, red_signs="应急"),
    _S.CIVIL_AVIATION: Look(_LEAF, _WHITE),
    _S.TRACTOR_GREEN: Look(_LEAF, _WHITE),
    **dict.fromkeys((_S.TEMPORARY, _S.TRIAL), Look(_PAPER, _BLACK)),
}


def look_of(style: PlateStyle) -> Look:
    """The colours of a style."""
    return _LOOKS[style]


@dataclass(frozen=True, slots=True)
class Border:
    """The line around a plate, in mm."""

    from_edge: float = 3.5
    width: float = 1.6
    corner: float = 9.0


BORDERS = (Border(), Border(2.6, 1.4, 8.0), Border(4.5, 1.8, 10.0), Border(3.2, 2.2, 9.0))


@lru_cache(maxsize=128)
def blank(style: PlateStyle, px_per_mm: float, border: Border, marked: bool) -> Picture:
    """The plate without its signs (H x W x 3, BGR, uint8), read-only."""
    layout, look = layout_of(style), look_of(style)
    size = (round(layout.height * px_per_mm), round(layout.width * px_per_mm))
    ground = _ground(style, layout, look, size, px_per_mm)
    ink = _line(size, border, px_per_mm) if style not in PAPER else np.zeros(size, np.uint8)
    if marked and style not in NEW_ENERGY:
        share = 0.5 if layout.width < 400 else 1.0
        centre = (round(layout.mark[0] * px_per_mm), round(layout.mark[1] * px_per_mm))
        cv2.circle(ink, centre, max(1, round(_DOT_MM / 2 * share * px_per_mm)), 255, -1, cv2.LINE_AA)
    alpha = (ink.astype(np.float32) / 255)[..., None]
    ground += (np.array(look.paint, np.float32) - ground) * alpha
    if style in NEW_ENERGY:
        _draw_badge(ground, layout, px_per_mm)
    plate = np.clip(np.round(ground), 0, 255).astype(np.uint8)
    plate.flags.writeable = False
    return plate


def _ground(
    style: PlateStyle, layout: Layout, look: Look, size: tuple[int, int], px_per_mm: float
) -> NDArray[np.float32]:
    ground = np.empty((*size, 3), np.float32)
    ground[:] = look.ground
    if style is _S.GREEN_SMALL:
        down = np.linspace(0, 1, size[0], dtype=np.float32)[:, None, None]
        ground[:] = np.array(_PALE, np.float32) * (1 - down) + np.array(_MINT, np.float32) * down
    elif style is _S.GREEN_LARGE:
        office = layout.slots[1]
        ground[:, : round((office.x + office.width + 6) * px_per_mm)] = _SUN
    elif style in PAPER:  # pale blue waves, as on banknotes
        y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) / px_per_mm
        wave = np.sin((y + 5 * np.sin(x / 9)) * 1.1) * np.sin((x + 4 * np.sin(y / 7)) * 0.7)
        ground -= (np.clip(wave, 0, 1)[..., None] * np.array((10, 34, 52), np.float32)).astype(np.float32)
    return ground


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


def _line(size: tuple[int, int], border: Border, px_per_mm: float) -> Mask:
    outer = _rounded(size, border.from_edge * px_per_mm, border.corner * px_per_mm)
    inner_at = border.from_edge + max(border.width, 1 / px_per_mm)
    inner = _rounded(size, inner_at * px_per_mm, (border.corner - border.width) * px_per_mm)
    return np.asarray(cv2.subtract(outer, inner), np.uint8)


def holes_of(style: PlateStyle, *, both_rows: bool) -> list[tuple[float, float]]:
    """Where the screws go, in mm; on double rows they lie beside the upper row."""
    if style in PAPER:
        return []
    layout = layout_of(style)
    reach = 140.0 if layout.height > 200 else 72.0 if style in MOTORCYCLES else layout.width / 4
    upper = 25.0 if layout.height > 200 else 13.0
    rows = (upper, layout.height - 13.0) if both_rows else (upper,)
    return [(layout.width / 2 + side * reach, y) for y in rows for side in (-1, 1)]
