"""The sizes of GA 36-2018 plates and the places of their signs, in mm from the top left corner.

Single rows are 140 high with signs of 90: 15.5 + 45 + 12 + 45 + 34 + 5*45 + 4*12 + 15.5 = 440, and for new-energy plates
15.5 + 45 + 9 + 43 + 49 + 6*43 + 5*9 + 15.5 = 480. Double rows are 440 x 220 with signs of 80 x 60 above and 65 x 110 below.
The text of the standard was not at hand: the 440 row agrees with public descriptions of it; the gaps of new-energy plates and the places
on double rows are known at second hand, and checked only in that the sums close.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_EDGE_MM = 15.5


class PlateStyle(StrEnum):
    """The looks of GA 36-2018 that this room draws."""

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


NEW_ENERGY = (PlateStyle.GREEN_SMALL, PlateStyle.GREEN_LARGE)
DOUBLE_ROW = (PlateStyle.YELLOW_DOUBLE, PlateStyle.TRAILER)
_BY_LAST_SIGN = {
    "警": PlateStyle.POLICE,
    "学": PlateStyle.LEARNER,
    "挂": PlateStyle.TRAILER,
    "港": PlateStyle.HONG_KONG_MACAU,
    "澳": PlateStyle.HONG_KONG_MACAU,
    "领": PlateStyle.CONSULATE,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one sign stands: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A plate's size, the places of its signs in reading order, and the centre of the separating mark."""

    width: float
    height: float
    slots: tuple[Slot, ...]
    mark: tuple[float, float]


def layout_of(style: PlateStyle) -> Layout:
    """The geometry of a style."""
    if style in NEW_ENERGY:
        return _row(480.0, [45.0] + [43.0] * 7, [9.0, 49.0] + [9.0] * 5)
    if style in DOUBLE_ROW:
        above = [Slot(x, 15.0, 80.0, 60.0) for x in (110.0, 250.0)]
        below = [Slot(27.5 + 80.0 * i, 90.0, 65.0, 110.0) for i in range(5)]
        return Layout(440.0, 220.0, (*above, *below), (220.0, 45.0))
    if style is PlateStyle.EMBASSY:  # the country's three digits, then the car's
        return _row(440.0, [45.0] * 7, [12.0] * 3 + [34.0] + [12.0] * 2)
    return _row(440.0, [45.0] * 7, [12.0, 34.0] + [12.0] * 4)


def _row(width: float, sizes: list[float], gaps: list[float]) -> Layout:
    slots, x = [], _EDGE_MM
    for size, gap in zip(sizes, [*gaps, 0.0], strict=True):
        slots.append(Slot(x, 25.0, size, 90.0))
        x += size + gap
    wide = max(range(len(gaps)), key=gaps.__getitem__)
    return Layout(width, 140.0, tuple(slots), (slots[wide].x + sizes[wide] + gaps[wide] / 2, 70.0))


def style_of(text: str) -> PlateStyle:
    """The commonest style for a plate number: a special sign tells its class, eight signs are new-energy, the rest is blue."""
    if text[:1] == "使":
        return PlateStyle.EMBASSY
    if text[-1:] in _BY_LAST_SIGN:
        return _BY_LAST_SIGN[text[-1]]
    if len(text) == 8:
        return PlateStyle.GREEN_SMALL if text[2].isalpha() else PlateStyle.GREEN_LARGE
    return PlateStyle.BLUE
