"""The sizes of GA 36-2018 plates and the places of their signs, in mm from the top left corner.

Single rows are 140 high with signs of 90: 15.5 + 45 + 12 + 45 + 34 + 5*45 + 4*12 + 15.5 = 440, and for new-energy plates
15.5 + 45 + 9 + 43 + 49 + 6*43 + 5*9 + 15.5 = 480. Double rows are 440 x 220 with signs of 80 x 60 above and 65 x 110 below.
The text of the standard was not at hand: the 440 row agrees with public descriptions of it; the gaps of new-energy plates and the places
on double rows are known at second hand, and checked only in that the sums close; motorcycle, tractor, armed police, emergency and paper
plates have the sizes that are publicly told and places by eye.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache


class PlateStyle(StrEnum):
    """The looks of Chinese plates that this room draws."""

    BLUE = "blue"  # small cars
    YELLOW = "yellow"  # large cars, front
    YELLOW_DOUBLE = "yellow_double"  # large cars, rear
    GREEN_SMALL = "green_small"
    GREEN_LARGE = "green_large"
    POLICE = "police"
    LEARNER = "learner"
    TRAILER = "trailer"
    HONG_KONG_MACAU = "hong_kong_macau"
    CONSULATE = "consulate"
    EMBASSY = "embassy"
    BLACK = "black"  # cars of foreigners, before 2008
    MILITARY = "military"
    MILITARY_DOUBLE = "military_double"
    ARMED_POLICE = "armed_police"
    ARMED_POLICE_OLD = "armed_police_old"  # before 2013: two small digits for the region
    ARMED_POLICE_DOUBLE = "armed_police_double"
    EMERGENCY = "emergency"  # fire and rescue
    CIVIL_AVIATION = "civil_aviation"  # inside airports
    TRACTOR_GREEN = "tractor_green"
    TRACTOR_YELLOW = "tractor_yellow"
    MOTORCYCLE_YELLOW = "motorcycle_yellow"
    MOTORCYCLE_BLUE = "motorcycle_blue"  # light motorcycles
    MOTORCYCLE_BLACK = "motorcycle_black"
    MOTORCYCLE_POLICE = "motorcycle_police"
    TEMPORARY = "temporary"  # paper
    TRIAL = "trial"  # paper, for cars on trial and oversize ones


class SignSet(StrEnum):
    """The standard shapes its signs for each cell anew."""

    ORDINARY = "ordinary"  # 45 x 90
    GREEN = "green"  # new-energy plates: 45 x 90 and 43 x 90, thinner, rounder
    UPPER = "upper"  # upper row of double plates: 80 x 60
    LOWER = "lower"  # lower row of double plates: 65 x 110


_S = PlateStyle
NEW_ENERGY = (_S.GREEN_SMALL, _S.GREEN_LARGE)
MOTORCYCLES = (_S.MOTORCYCLE_YELLOW, _S.MOTORCYCLE_BLUE, _S.MOTORCYCLE_BLACK, _S.MOTORCYCLE_POLICE)
TRACTORS = (_S.TRACTOR_GREEN, _S.TRACTOR_YELLOW)
PAPER = (_S.TEMPORARY, _S.TRIAL)
_LARGE_DOUBLE = (_S.YELLOW_DOUBLE, _S.TRAILER, _S.MILITARY_DOUBLE)
DOUBLE_ROW = (*_LARGE_DOUBLE, _S.ARMED_POLICE_DOUBLE, *TRACTORS, *MOTORCYCLES)
_BY_LAST_SIGN = {
    "警": _S.POLICE,
    "学": _S.LEARNER,
    "挂": _S.TRAILER,
    "港": _S.HONG_KONG_MACAU,
    "澳": _S.HONG_KONG_MACAU,
    "领": _S.CONSULATE,
    "急": _S.EMERGENCY,
    "临": _S.TEMPORARY,
    "试": _S.TRIAL,
    "超": _S.TRIAL,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one sign stands: its top left corner, its size, and in whose shapes."""

    x: float
    y: float
    width: float
    height: float
    signs: SignSet = SignSet.ORDINARY


@dataclass(frozen=True, slots=True)
class Layout:
    """A plate's size, the places of its signs in reading order, and the centre of the separating mark where there is one."""

    width: float
    height: float
    slots: tuple[Slot, ...]
    mark: tuple[float, float]
    marked: bool = True


@lru_cache(maxsize=64)
def layout_of(style: PlateStyle) -> Layout:
    """The geometry of a style."""
    if style in NEW_ENERGY:
        return _row(480.0, [45.0] + [43.0] * 7, [9.0, 49.0] + [9.0] * 5, signs=SignSet.GREEN)
    if style in _LARGE_DOUBLE:
        return _large_double(2)
    if style in MOTORCYCLES:  # 220 x 140
        above = [Slot(x, 14.0, 40.0, 40.0, SignSet.UPPER) for x in (55.0, 125.0)]
        below = [Slot(15.0 + 40.0 * i, 63.0, 30.0, 65.0, SignSet.LOWER) for i in range(5)]
        return Layout(220.0, 140.0, (*above, *below), (110.0, 34.0))
    if style in TRACTORS:  # 300 x 165: province and two digits above, five below
        above = [Slot(x, 17.0, 46.0, 45.0, SignSet.UPPER) for x in (59.0, 139.0, 195.0)]
        below = [Slot(22.0 + 53.0 * i, 73.0, 44.0, 76.0, SignSet.LOWER) for i in range(5)]
        return Layout(300.0, 165.0, (*above, *below), (122.0, 40.0))
    if style in PAPER:  # 220 x 140
        row = [Slot(x, 40.0, 24.0, 52.0) for x in (14.0, 41.0, 78.0, 105.0, 132.0, 159.0, 186.0)]
        return Layout(220.0, 140.0, tuple(row), (71.5, 66.0))
    return _special(style)


def _special(style: PlateStyle) -> Layout:
    if style is _S.EMBASSY:  # the country's three digits, then the car's
        return _row(440.0, [45.0] * 7, [12.0] * 3 + [34.0] + [12.0] * 2)
    if style is _S.CIVIL_AVIATION:
        return _row(440.0, [45.0] * 7, [12.0, 34.0] + [12.0] * 4)
    if style is _S.EMERGENCY:  # eight signs in the new-energy row
        return _row(480.0, [45.0] + [43.0] * 7, [9.0, 49.0] + [9.0] * 5)
    if style is _S.ARMED_POLICE:  # W, J, a small province, five signs
        row = _row(440.0, [43.0, 43.0, 36.0] + [43.0] * 5, [10.0, 8.0, 31.0] + [10.0] * 4)
        return _lowered(row, slice(2, 3), 50.0)
    if style is _S.ARMED_POLICE_OLD:  # W, J, two small digits, five signs
        row = _row(440.0, [41.0, 41.0, 24.0, 24.0] + [41.0] * 5, [8.0, 7.0, 4.0, 28.0] + [8.0] * 4)
        return _lowered(row, slice(2, 4), 48.0)
    if style is _S.ARMED_POLICE_DOUBLE:  # W, J and the province above
        return _large_double(3)
    return _row(440.0, [45.0] * 7, [12.0, 34.0] + [12.0] * 4)


def _large_double(above: int) -> Layout:
    places = (110.0, 250.0) if above == 2 else (70.0, 165.0, 290.0)
    upper = [Slot(x, 15.0, 80.0, 60.0, SignSet.UPPER) for x in places]
    lower = [Slot(27.5 + 80.0 * i, 90.0, 65.0, 110.0, SignSet.LOWER) for i in range(5)]
    return Layout(440.0, 220.0, (*upper, *lower), ((upper[-2].x + 80.0 + upper[-1].x) / 2, 45.0))


def _lowered(row: Layout, small: slice, height: float) -> Layout:
    """The row with some signs small and standing on the others' foot."""
    slots = list(row.slots)
    slots[small] = [replace(slot, y=slot.y + slot.height - height, height=height) for slot in slots[small]]
    return replace(row, slots=tuple(slots))


def _row(width: float, sizes: list[float], gaps: list[float], *, signs: SignSet = SignSet.ORDINARY) -> Layout:
    """A row of signs 90 high, centred; the mark stands in the widest gap."""
    slots, x = [], (width - sum(sizes) - sum(gaps)) / 2
    for size, gap in zip(sizes, [*gaps, 0.0], strict=True):
        slots.append(Slot(x, 25.0, size, 90.0, signs))
        x += size + gap
    wide = max(range(len(gaps)), key=gaps.__getitem__)
    return Layout(width, 140.0, tuple(slots), (slots[wide].x + sizes[wide] + gaps[wide] / 2, 70.0))


def style_of(text: str) -> PlateStyle:
    """The commonest style for a plate number: a special sign tells its class, eight signs are new-energy, the rest is blue."""
    if text[:1] == "使":
        return _S.EMBASSY
    if text[:1] == "民":
        return _S.CIVIL_AVIATION
    if text[:2] == "WJ":
        return _S.ARMED_POLICE_OLD if len(text) == 9 else _S.ARMED_POLICE
    if text[-1:] in _BY_LAST_SIGN:
        return _BY_LAST_SIGN[text[-1]]
    if len(text) == 8:
        if text[1].isdigit():
            return _S.TRACTOR_GREEN
        return _S.GREEN_SMALL if text[2].isalpha() else _S.GREEN_LARGE
    return _S.MILITARY if text[:1].isascii() else _S.BLUE
