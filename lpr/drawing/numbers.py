"""Plate numbers as they are issued under GA 36-2018: which signs may stand where, drawn at random."""

from __future__ import annotations

import numpy as np

from lpr.drawing.layouts import PlateStyle
from lpr.drawing.province_signs import PROVINCES

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # I and O are not issued
_DIGITS = "0123456789"
_ENERGY = "DF"  # D: battery electric, F: other new energy
_LAST_SIGNS = {
    PlateStyle.POLICE: "警",
    PlateStyle.LEARNER: "学",
    PlateStyle.TRAILER: "挂",
    PlateStyle.CONSULATE: "领",
}


def random_number(style: PlateStyle, rng: np.random.Generator, *, province: str | None = None) -> str:
    """A valid number for a plate of `style`; every province is equally likely unless one is given."""
    province = province or str(rng.choice(list(PROVINCES)))
    office = _one(_LETTERS, rng)
    if style is PlateStyle.GREEN_SMALL:  # energy letter, then a letter or a digit, then four digits
        second = _one(_LETTERS if rng.random() < 0.3 else _DIGITS, rng)
        return province + office + _one(_ENERGY, rng) + second + _digits(4, rng)
    if style is PlateStyle.GREEN_LARGE:  # five digits, then the energy letter
        return province + office + _digits(5, rng) + _one(_ENERGY, rng)
    if style is PlateStyle.EMBASSY:
        return "使" + _digits(6, rng)
    if style is PlateStyle.HONG_KONG_MACAU:
        return "粤Z" + _serial(4, rng) + _one("港澳", rng)
    if style in _LAST_SIGNS:
        return province + office + _serial(4, rng) + _LAST_SIGNS[style]
    return province + office + _serial(5, rng)


def _serial(count: int, rng: np.random.Generator) -> str:
    """Digits with at most two letters among them."""
    signs = list(_digits(count, rng))
    for place in rng.permutation(count)[: int(rng.integers(0, 3))]:
        signs[place] = _one(_LETTERS, rng)
    return "".join(signs)


def _one(signs: str, rng: np.random.Generator) -> str:
    return signs[int(rng.integers(len(signs)))]


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(_one(_DIGITS, rng) for _ in range(count))
