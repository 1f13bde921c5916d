"""Plate numbers as they are issued under GA 36-2018 and its neighbours: which signs may stand where, drawn at random."""

from __future__ import annotations

import numpy as np

from lpr.drawing.layouts import TRACTORS, PlateStyle
from lpr.drawing.province_signs import PROVINCES

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # I and O are not issued
_DIGITS = "0123456789"
_ELECTRIC, _ENERGY = "DF", "DFABCEGHJK"  # D and F first; the others as cities run out of them
_MILITARY = "VKHBSLJNGCEZ"
_OLD_POLICE = 0.01  # the share of numbers with O for the office, as police cars had them
_LAST_SIGNS = {
    PlateStyle.POLICE: "警",
    PlateStyle.MOTORCYCLE_POLICE: "警",
    PlateStyle.LEARNER: "学",
    PlateStyle.TRAILER: "挂",
    PlateStyle.CONSULATE: "领",
    PlateStyle.TEMPORARY: "临",
    PlateStyle.TRIAL: "试超",
}
_NO_PROVINCE = frozenset(
    {PlateStyle.EMBASSY, PlateStyle.HONG_KONG_MACAU, PlateStyle.MILITARY, PlateStyle.MILITARY_DOUBLE}
) | {PlateStyle.ARMED_POLICE_OLD, PlateStyle.CIVIL_AVIATION}


def random_number(style: PlateStyle, rng: np.random.Generator, *, province: str | None = None) -> str:
    """A valid number for a plate of `style`; every province is equally likely unless one is given."""
    if style in _NO_PROVINCE:
        return _without_province(style, rng)
    province = province or _one("".join(PROVINCES), rng)
    office = _one(_LETTERS, rng)
    if style is PlateStyle.GREEN_SMALL:  # energy letter, then a letter or a digit, then four digits
        second = _one(_LETTERS if rng.random() < 0.3 else _DIGITS, rng)
        return province + office + _energy(rng) + second + _digits(4, rng)
    if style is PlateStyle.GREEN_LARGE:  # five digits, then the energy letter
        return province + office + _digits(5, rng) + _energy(rng)
    if style in (PlateStyle.ARMED_POLICE, PlateStyle.ARMED_POLICE_DOUBLE):
        return "WJ" + province + _digits(4, rng) + _one(_LETTERS + _DIGITS, rng)
    if style in TRACTORS:
        return province + _digits(7, rng)
    if style is PlateStyle.EMERGENCY:  # X: fire brigade, S: forest fire brigade
        return province + _one("XS" if rng.random() < 0.7 else _LETTERS, rng) + _digits(4, rng) + "应急"
    if style in _LAST_SIGNS:
        return province + office + _serial(4, rng) + _one(_LAST_SIGNS[style], rng)
    if style is PlateStyle.BLUE and rng.random() < _OLD_POLICE:
        office = "O"
    return province + office + _serial(5, rng)


def _without_province(style: PlateStyle, rng: np.random.Generator) -> str:
    if style is PlateStyle.EMBASSY:
        return "使" + _digits(6, rng)
    if style is PlateStyle.HONG_KONG_MACAU:
        return "粤Z" + _serial(4, rng) + _one("港澳", rng)
    if style is PlateStyle.CIVIL_AVIATION:
        return "民航" + _one(_LETTERS, rng) + _digits(4, rng)
    if style is PlateStyle.ARMED_POLICE_OLD:
        return "WJ" + _digits(6, rng) + _one(_DIGITS + _LETTERS, rng)
    return _one(_MILITARY, rng) + _one(_LETTERS, rng) + _digits(5, rng)


def _serial(count: int, rng: np.random.Generator) -> str:
    """Digits with at most two letters among them."""
    signs = list(_digits(count, rng))
    for place in rng.permutation(count)[: int(rng.integers(0, 3))]:
        signs[place] = _one(_LETTERS, rng)
    return "".join(signs)


def _energy(rng: np.random.Generator) -> str:
    return _one(_ELECTRIC if rng.random() < 0.75 else _ENERGY, rng)


def _one(signs: str, rng: np.random.Generator) -> str:
    return signs[int(rng.integers(len(signs)))]


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(_DIGITS[digit] for digit in rng.integers(0, 10, count))
