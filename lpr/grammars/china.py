"""Plates of mainland China as GA 36-2018 writes them, and the older ones that still drive; colours and rows decide between kinds.

A kind that the standard does not allow cannot be read, however clear the picture: the table below is the whole language.
Motorcycles write as cars do, on two rows. Temporary, emergency and the newer embassy forms are known at second hand.
"""

from __future__ import annotations

from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateColour, PlateKind

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_DIGITS = "0123456789"
_ALL_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS = _ALL_LETTERS.replace("I", "").replace("O", "")
_ANY = _DIGITS + _LETTERS
_OFFICE = _LETTERS + "O"  # the second place: the issuing office; O is the old police one
_PURE_AND_HYBRID = "DFABCEGHJK"  # GA 36-2018 table 5: D A B C E run on electricity alone, F G H J K do not
_FORCES = "VKHBSLJNGCEZ"  # the first letter of a military plate: the arm or the command

_OTHER, _RARE, _RARER = -1.0, -2.0, -4.0
_K, _C = PlateKind, PlateColour
_BLUE_YELLOW_BLACK = frozenset({_C.BLUE, _C.YELLOW, _C.BLACK})
_YELLOW, _GREEN, _WHITE, _BLACK = (frozenset({colour}) for colour in (_C.YELLOW, _C.GREEN, _C.WHITE, _C.BLACK))
_ONE, _EITHER, _TWO = frozenset({1}), frozenset({1, 2}), frozenset({2})
_FIVE, _FOUR = (_ANY,) * 5, (_ANY,) * 4


def _digits(count: int) -> tuple[str, ...]:
    return (_DIGITS,) * count


TEMPLATES = (
    Template(_K.CIVIL, (PROVINCES, _OFFICE, *_FIVE), 0.0, _BLUE_YELLOW_BLACK, _EITHER),
    Template(_K.NEW_ENERGY_SMALL, (PROVINCES, _LETTERS, _PURE_AND_HYBRID, _ANY, *_digits(4)), 0.0, _GREEN, _ONE),
    # The left third of a large one is yellow.
    Template(_K.NEW_ENERGY_LARGE, (PROVINCES, _LETTERS, *_digits(5), _PURE_AND_HYBRID), _OTHER, _GREEN | _YELLOW, _ONE),
    Template(_K.POLICE, (PROVINCES, _OFFICE, *_FOUR, "警"), _OTHER, _WHITE, _EITHER),
    Template(_K.LEARNER, (PROVINCES, _LETTERS, *_FOUR, "学"), _OTHER, _YELLOW, _EITHER),
    Template(_K.TRAILER, (PROVINCES, _LETTERS, *_FOUR, "挂"), _OTHER, _YELLOW, _EITHER),
    Template(_K.HONG_KONG, ("粤", "Z", *_FOUR, "港"), _OTHER, _BLACK, _EITHER),
    Template(_K.MACAU, ("粤", "Z", *_FOUR, "澳"), _OTHER, _BLACK, _EITHER),
    Template(_K.CONSULATE, (PROVINCES, _LETTERS, *_FOUR, "领"), _OTHER, _BLACK, _ONE),
    Template(_K.CONSULATE, (*_digits(6), "领"), _RARER, _BLACK, _ONE),
    Template(_K.EMBASSY, ("使", *_digits(6)), _RARE, _BLACK, _ONE),
    Template(_K.EMBASSY, (*_digits(6), "使"), _RARER, _BLACK, _ONE),
    Template(_K.ARMED_POLICE, ("W", "J", PROVINCES, *_digits(4), _ANY), _RARE, _WHITE, _EITHER),
    # Before 2012: WJ, two digits, five signs.
    Template(_K.ARMED_POLICE, ("W", "J", *_digits(6), _ANY), _RARE, _WHITE, _EITHER),
    Template(_K.ARMED_POLICE, ("W", "J", *_digits(4), _ANY), _RARE, _WHITE, _EITHER),  # headquarters
    Template(_K.MILITARY, (_FORCES, _LETTERS, *_digits(5)), _RARE, _WHITE, _EITHER),
    Template(_K.CIVIL_AVIATION, ("民", "航", _LETTERS, *_digits(4)), _RARE, _GREEN, _EITHER),
    Template(_K.EMERGENCY, (PROVINCES, _LETTERS, *_digits(4), "应", "急"), _RARE, _WHITE, _ONE),
    Template(_K.TEMPORARY, (PROVINCES, _LETTERS, *_FOUR, "临试超"), _RARE, _WHITE | _YELLOW | {_C.BLUE}, _ONE),
    Template(_K.TRACTOR, (PROVINCES, *_digits(7)), _RARE, _GREEN | _YELLOW, _TWO),
    Template(_K.TRACTOR, (PROVINCES, *_digits(6), "学"), _RARER, _YELLOW, _TWO),
)

_THIRD_LETTER = -2.0  # GA 36-2018 4.2: at most two of the five are letters; some cities have begun to run out


def _prior(text: str, kind: PlateKind) -> float:
    if kind is not PlateKind.CIVIL:
        return 0.0
    letters = sum(sign not in _DIGITS for sign in text[2:])
    old_police = _RARE if text[1] == "O" else 0.0
    return max(0, letters - 2) * _THIRD_LETTER + old_police


def _region_length(text: str) -> int:
    return 1 if text[:1] in PROVINCES else 0


def china() -> TemplateGrammar:
    """The grammar of mainland China."""
    return TemplateGrammar(TEMPLATES, prior=_prior, region_length=_region_length)
