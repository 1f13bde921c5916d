"""Plates of GA 36-2018 as pictures: true sizes, true places of the signs, our own strokes; age, light, dust and screws by chance.

Training draws millions: blanks and sign masks are kept, and a plate is put together from them in about a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from lpr.drawing.grounds import BORDERS, RED, Colour, Picture, blank, holes_of, look_of
from lpr.drawing.layouts import PAPER, PlateStyle, SignSet, Slot, layout_of
from lpr.drawing.signs import SIGN_SETS, SIGNS
from lpr.drawing.strokes import Mask, sign_mask

__all__ = ["SIGNS", "Picture", "draw_plate"]

_PENS = (0.88, 0.94, 1.0, 1.06, 1.12)  # how fat the paint came out
_RELIEFS = (0.0, 0.5, 1.0, 1.6)  # how the light falls on the pressed edges
_RELIEF_MM = 1.1
_RELIEF_GAIN = 16 / 255
_OPTIONAL_MARK = frozenset({PlateStyle.ARMED_POLICE, PlateStyle.ARMED_POLICE_OLD, PlateStyle.ARMED_POLICE_DOUBLE}) | {
    PlateStyle.TRACTOR_GREEN,
    PlateStyle.TRACTOR_YELLOW,
}
_DUST = (120.0, 132.0, 140.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Pressed:
    """One sign ready for its slot, a rim around it: where its paint lies, and where its relief is lit and shaded (uint8)."""

    paint: Mask
    light: Mask
    shade: Mask
    rim: int


def draw_plate(
    text: str, style: PlateStyle, rng: np.random.Generator, *, px_per_mm: float = 2.0, wear: float = 0.3
) -> Picture:
    """The plate as a BGR picture (H x W x 3, uint8), the same for the same `rng` state; ValueError if `text` cannot be set.

    `wear` (0 new to 1 battered) widens the spread of colours, of the paint's fatness and of the dust.
    """
    layout = layout_of(style)
    if len(text) != len(layout.slots):
        raise ValueError(f"a {style} plate has {len(layout.slots)} signs")
    if any(character not in SIGNS for character in text):
        raise ValueError("a sign that plates do not bear")
    marked = style not in _OPTIONAL_MARK or rng.random() < 0.6
    border = BORDERS[int(rng.integers(len(BORDERS))) if rng.random() < wear else 0]
    pen = _PENS[int(np.clip(round(rng.normal(2, 2.4 * wear)), 0, len(_PENS) - 1))]
    relief = 0.0 if style in PAPER else _RELIEFS[int(rng.integers(len(_RELIEFS))) if rng.random() < 2 * wear else 2]
    tone = _ageing(rng, wear)
    plate = _aged(blank(style, px_per_mm, border, marked), tone)
    look = look_of(style)
    inks = tone.of(look.paint), tone.of(RED)
    for place, (character, slot) in enumerate(zip(text, layout.slots, strict=True)):
        red = character in look.red_signs or place < look.red_places
        _press(plate, character, slot, inks[red], px_per_mm, pen, relief)
    _add_screws(plate, style, px_per_mm, rng)
    if rng.random() < 0.25 + wear:
        plate = _dusty(plate, rng, wear)
    return plate


@dataclass(frozen=True, slots=True)
class _Tone:
    """What became of every value, per channel, by sun and by the maker's paint: `gain` times as much and `more`."""

    gain: tuple[float, ...]
    more: tuple[float, ...]

    def of(self, colour: Colour) -> tuple[float, ...]:
        return tuple(value * gain + more for value, gain, more in zip(colour, self.gain, self.more, strict=True))


def _ageing(rng: np.random.Generator, wear: float) -> _Tone:
    gain = rng.uniform(0.93, 1.0) * (1 + wear * rng.uniform(-0.12, 0.1, 3))
    bleached = wear * float(rng.beta(1, 4)) * 0.7
    pale = rng.uniform(120, 225) + wear * rng.uniform(-20, 20, 3)
    return _Tone(tuple((gain * (1 - bleached)).tolist()), tuple((pale * bleached).tolist()))


def _aged(fresh: Picture, tone: _Tone) -> Picture:
    channels = zip(cv2.split(fresh), tone.gain, tone.more, strict=True)
    return np.asarray(cv2.merge([cv2.convertScaleAbs(one, alpha=gain, beta=more) for one, gain, more in channels]))


def _press(
    plate: Picture,
    character: str,
    slot: Slot,
    ink: tuple[float, ...],
    px_per_mm: float,
    pen: float,
    relief: float,
) -> None:
    """Lay one sign on the plate, its relief around it included."""
    left, top = round(slot.x * px_per_mm), round(slot.y * px_per_mm)
    size = (round((slot.x + slot.width) * px_per_mm) - left, round((slot.y + slot.height) * px_per_mm) - top)
    sign = _pressed(character, slot.signs, (slot.width, slot.height), size, pen)
    rows, columns = slice(top - sign.rim, top + size[1] + sign.rim), slice(left - sign.rim, left + size[0] + sign.rim)
    region = plate[rows, columns]
    bare = cv2.bitwise_not(sign.paint)
    inked = cv2.multiply(region, cv2.merge((bare, bare, bare)), scale=1 / 255)
    inked = cv2.add(inked, cv2.merge([cv2.convertScaleAbs(sign.paint, alpha=value / 255) for value in ink]))
    if relief:
        for edge, apply in ((sign.light, cv2.add), (sign.shade, cv2.subtract)):
            inked = apply(inked, cv2.merge((cv2.convertScaleAbs(edge, alpha=relief),) * 3))
    plate[rows, columns] = inked


@lru_cache(maxsize=6000)
def _pressed(
    character: str, signs: SignSet, cell_mm: tuple[float, float], size_px: tuple[int, int], pen: float
) -> _Pressed:
    px_per_mm = size_px[0] / cell_mm[0]
    rim = 1 + round(1.5 * _RELIEF_MM * px_per_mm)
    paint = np.pad(sign_mask(SIGN_SETS[signs][character], *cell_mm, size_px, pen), rim)
    soft = cv2.GaussianBlur(paint.astype(np.float32), (0, 0), _RELIEF_MM * px_per_mm)
    slope = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3) + 0.5 * cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3)
    slope *= np.float32(_RELIEF_GAIN * px_per_mm)
    return _Pressed(paint, np.clip(slope, 0, 255).astype(np.uint8), np.clip(-slope, 0, 255).astype(np.uint8), rim)


def _add_screws(plate: Picture, style: PlateStyle, px_per_mm: float, rng: np.random.Generator) -> None:
    bright = float(rng.uniform(120, 190))
    for x, y in holes_of(style, both_rows=rng.random() < 0.6):
        centre = (round(x * px_per_mm), round(y * px_per_mm))
        cv2.circle(plate, centre, max(1, round(6 * px_per_mm)), (bright * 0.55,) * 3, -1, cv2.LINE_AA)
        cv2.circle(plate, centre, max(1, round(5 * px_per_mm)), (bright,) * 3, -1, cv2.LINE_AA)
        arm = round(2.6 * px_per_mm)
        cv2.line(plate, (centre[0] - arm, centre[1]), (centre[0] + arm, centre[1]), (bright * 0.5,) * 3, 1, cv2.LINE_AA)


def _dusty(plate: Picture, rng: np.random.Generator, wear: float) -> Picture:
    """A faint uneven film of dust, heavier below."""
    film = rng.uniform(0, 1, (5, 14, 1)) * np.linspace(0.3, 1.0, 5)[:, None, None] * rng.uniform(0, 0.14 + 0.3 * wear)
    size = (plate.shape[1], plate.shape[0])
    clear = cv2.resize(np.repeat(255 * (1 - film), 3, axis=2).astype(np.uint8), size)
    dust = cv2.resize((film * np.array(_DUST)).astype(np.uint8), size)
    return np.asarray(cv2.add(cv2.multiply(plate, clear, scale=1 / 255), dust), np.uint8)
