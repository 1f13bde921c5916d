"""Drawn plates to train on: which looks, which numbers, how often. What the world has much of comes often, every sign about equally often.

The share of each look follows what fixed cameras see, with the rare ones made less rare, since each must be learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpr.drawing.layouts import DOUBLE_ROW, PlateStyle
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
    "green_small": 10.0,
    "green_large": 5.0,
    "yellow": 5.0,
    "yellow_double": 4.0,
    "learner": 1.5,
    "trailer": 2.0,
    "police": 3.5,
    "hong_kong_macau": 2.0,
    "consulate": 1.5,
    "embassy": 1.5,
}
_OTHER_SHARE = 1.1
"""Of each look that is not named above."""

_COLOUR_BY_LOOK = (
    ("blue", PlateColour.BLUE),
    ("green", PlateColour.GREEN),
    ("yellow", PlateColour.YELLOW),
    ("learner", PlateColour.YELLOW),
    ("trailer", PlateColour.YELLOW),
    ("police", PlateColour.WHITE),
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
    styles = list(PlateStyle)
    shares = np.array([_SHARES.get(style.value, _OTHER_SHARE) for style in styles])
    style = styles[int(np.searchsorted(np.cumsum(shares), rng.random() * shares.sum()))]
    text = number_of(style, rng)
    picture = draw_plate(text, style, rng, px_per_mm=_PX_PER_MM)
    return DrawnPlate(picture, 2 if style in DOUBLE_ROW else 1, text, colour_of(style))


def colour_of(style: PlateStyle) -> PlateColour:
    """The ground of a look."""
    for word, colour in _COLOUR_BY_LOOK:
        if word in style.value:
            return colour
    return PlateColour.BLACK


def number_of(style: PlateStyle, rng: np.random.Generator) -> str:
    """A number that such a plate may bear, every sign about equally likely."""
    province, office = _one(PROVINCES, rng), _one(_FREE_LETTERS, rng)
    match style:
        case PlateStyle.GREEN_SMALL:
            head = _one("DF", rng) if rng.random() < 0.7 else _one("ABCEGHJK", rng)
            return province + office + head + _mixed(1, rng) + _digits(4, rng)
        case PlateStyle.GREEN_LARGE:
            return province + office + _digits(5, rng) + _one("DF", rng)
        case PlateStyle.POLICE:
            return province + ("O" if rng.random() < 0.35 else office) + _mixed(4, rng) + "警"
        case PlateStyle.LEARNER:
            return province + office + _mixed(4, rng) + "学"
        case PlateStyle.TRAILER:
            return province + office + _mixed(4, rng) + "挂"
        case PlateStyle.HONG_KONG_MACAU:
            return "粤Z" + _mixed(4, rng) + _one("港澳", rng)
        case PlateStyle.CONSULATE:
            return province + office + _mixed(4, rng) + "领"
        case PlateStyle.EMBASSY:
            return "使" + _digits(6, rng)
    return province + office + _mixed(5, rng)


def _one(choice: str, rng: np.random.Generator) -> str:
    return choice[int(rng.integers(len(choice)))]


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(_one(DIGITS, rng) for _ in range(count))


def _mixed(count: int, rng: np.random.Generator) -> str:
    share = 0.25 + 0.4 * rng.random()  # of letters: 24 letters need to come more often than in the world
    return "".join(_one(_FREE_LETTERS if rng.random() < share else DIGITS, rng) for _ in range(count))
