"""Drawn plates to train on: which looks, which numbers, how often. What the world has much of comes often, every sign about equally often.

The share of each look follows what fixed cameras see, with the rare ones made less rare, since each must be learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpr.drawing.layouts import DOUBLE_ROW, MOTORCYCLES, PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.plates import Picture, draw_plate
from lpr.model import PlateColour

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
DIGITS = "0123456789"
LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # O only on old police plates
SPECIAL = "警学挂港澳领使民航应急临试超"
SIGNS = PROVINCES + DIGITS + LETTERS + SPECIAL
"""What the reader knows, in the order of its classes; class 0 is "no sign"."""

SLOTS = 9
COLOURS = tuple(PlateColour)

_PX_PER_MM = 0.45
_FREE_LETTERS = LETTERS.replace("O", "")
_SHARES: dict[str, float] = {
    "blue": 57.0,
    "green_small": 9.0,
    "green_large": 4.0,
    "yellow": 4.5,
    "yellow_double": 4.0,
    "learner": 1.5,
    "trailer": 1.5,
    "police": 3.0,
    "hong_kong_macau": 1.5,
    "armed_police": 1.3,
    "armed_police_old": 1.3,
    "armed_police_double": 1.3,
    "tractor_yellow": 1.3,
    "tractor_green": 1.3,
}
_OTHER_SHARE = 0.9
"""Of each look that is not named above."""
_STYLES = tuple(PlateStyle)
_UP_TO = np.cumsum([_SHARES.get(style.value, _OTHER_SHARE) for style in _STYLES])
_SERIALS = frozenset(
    style
    for style in PlateStyle
    if style in (PlateStyle.BLUE, PlateStyle.POLICE, PlateStyle.LEARNER, PlateStyle.TRAILER, PlateStyle.CONSULATE)
    or style in (PlateStyle.YELLOW, PlateStyle.YELLOW_DOUBLE, PlateStyle.BLACK, *MOTORCYCLES)
)
"""Looks whose last places take letters and digits alike."""
_WITH_O = frozenset({PlateStyle.BLUE, PlateStyle.POLICE})

_COLOUR_BY_LOOK = (
    ("blue", PlateColour.BLUE),
    ("green", PlateColour.GREEN),
    ("yellow", PlateColour.YELLOW),
    ("learner", PlateColour.YELLOW),
    ("trailer", PlateColour.YELLOW),
    ("police", PlateColour.WHITE),
    ("military", PlateColour.WHITE),
    ("emergency", PlateColour.WHITE),
    ("temporary", PlateColour.WHITE),
    ("trial", PlateColour.WHITE),
    ("aviation", PlateColour.GREEN),
)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPlate:
    """A clean plate: its picture (BGR), how many rows it has, its number and the colour of its ground."""

    picture: Picture
    rows: int
    text: str
    colour: PlateColour


def draw_any(rng: np.random.Generator) -> DrawnPlate:
    """A random plate of a random look; the same for the same state of `rng`."""
    style, text = draw_number(rng)
    picture = draw_plate(text, style, rng, px_per_mm=_PX_PER_MM)
    return DrawnPlate(picture, 2 if style in DOUBLE_ROW else 1, text, colour_of(style))


def draw_number(rng: np.random.Generator) -> tuple[PlateStyle, str]:
    """A random look and a number for it."""
    style = _STYLES[int(np.searchsorted(_UP_TO, rng.random() * _UP_TO[-1]))]
    return style, number_of(style, rng)


def colour_of(style: PlateStyle) -> PlateColour:
    """The ground of a look."""
    for word, colour in _COLOUR_BY_LOOK:
        if word in style.value:
            return colour
    return PlateColour.BLACK


def number_of(style: PlateStyle, rng: np.random.Generator) -> str:
    """A number that such a plate may bear: half as the world has them, half with every sign about equally likely."""
    number = random_number(style, rng)
    if style not in _SERIALS or rng.random() < 0.5:
        return number
    start = 2
    end = len(number) - (number[-1] not in DIGITS + LETTERS)
    office = "O" if style in _WITH_O and rng.random() < 0.06 else number[1]
    return number[0] + office + _mixed(end - start, rng) + number[end:]


def _one(choice: str, rng: np.random.Generator) -> str:
    return choice[int(rng.integers(len(choice)))]


def _mixed(count: int, rng: np.random.Generator) -> str:
    share = 0.25 + 0.4 * rng.random()  # of letters: 24 letters need to come more often than in the world
    return "".join(_one(_FREE_LETTERS if rng.random() < share else DIGITS, rng) for _ in range(count))
