"""Plate numbers as they are issued (GA 36-2018, section 5.9): which signs may stand where, drawn at random."""

from __future__ import annotations

import numpy as np

from lpr.drawing.plates import PlateStyle
from lpr.drawing.province_signs import PROVINCES

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # I and O are not issued
_DIGITS = "0123456789"
_ENERGY = "DF"  # D: battery electric, F: other new energy


def random_number(style: PlateStyle, rng: np.random.Generator, *, province: str | None = None) -> str:
    """A valid number for a plate of `style`; every province is equally likely unless one is given."""
    province = province or str(rng.choice(list(PROVINCES)))
    office = _one(_LETTERS, rng)
    if style is PlateStyle.GREEN_SMALL:  # energy letter, then a letter or a digit, then four digits
        second = _one(_LETTERS if rng.random() < 0.3 else _DIGITS, rng)
        return province + office + _one(_ENERGY, rng) + second + _digits(4, rng)
    if style is PlateStyle.GREEN_LARGE:  # five digits, then the energy letter
        return province + office + _digits(5, rng) + _one(_ENERGY, rng)
    serial = list(_digits(5, rng))
    for place in rng.permutation(5)[: int(rng.integers(0, 3))]:  # at most two letters
        serial[place] = _one(_LETTERS, rng)
    return province + office + "".join(serial)


def _one(signs: str, rng: np.random.Generator) -> str:
    return signs[int(rng.integers(len(signs)))]


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(_one(_DIGITS, rng) for _ in range(count))
