"""Plates of mainland China as GA 36-2018 writes them, and the older ones that still drive; colours decide between kinds.

A kind that the standard does not allow cannot be read, however clear the picture: the table below is the whole language.
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

_RARE = -2.0
_K = PlateKind

TEMPLATES = (
    Template(_K.CIVIL, (PROVINCES, _OFFICE, *(_ANY,) * 5)),
    Template(_K.NEW_ENERGY_SMALL, (PROVINCES, _LETTERS, _PURE_AND_HYBRID, _ANY, *(_DIGITS,) * 4)),
    Template(_K.NEW_ENERGY_LARGE, (PROVINCES, _LETTERS, *(_DIGITS,) * 5, _PURE_AND_HYBRID), -1.0),
    Template(_K.POLICE, (PROVINCES, _OFFICE, *(_ANY,) * 4, "警"), -1.0),
    Template(_K.LEARNER, (PROVINCES, _LETTERS, *(_ANY,) * 4, "学"), -1.0),
    Template(_K.TRAILER, (PROVINCES, _LETTERS, *(_ANY,) * 4, "挂"), -1.0),
    Template(_K.HONG_KONG, ("粤", "Z", *(_ANY,) * 4, "港"), -1.0),
    Template(_K.MACAU, ("粤", "Z", *(_ANY,) * 4, "澳"), -1.0),
    Template(_K.CONSULATE, (PROVINCES, _LETTERS, *(_ANY,) * 4, "领"), -1.0),
    Template(_K.EMBASSY, ("使", *(_DIGITS,) * 6), _RARE),
    Template(_K.ARMED_POLICE, ("W", "J", PROVINCES, *(_DIGITS,) * 4, _ANY), _RARE),
    Template(_K.ARMED_POLICE, ("W", "J", *(_DIGITS,) * 6, _ANY), _RARE),  # before 2012: WJ, two digits, five signs
    Template(_K.ARMED_POLICE, ("W", "J", *(_DIGITS,) * 4, _ANY), _RARE),  # headquarters
    Template(_K.MILITARY, ("VKHBSLJNGCEZ", _LETTERS, *(_DIGITS,) * 5), _RARE),
    Template(_K.CIVIL_AVIATION, ("民", "航", _LETTERS, *(_DIGITS,) * 4), _RARE),
    Template(_K.EMERGENCY, (PROVINCES, _LETTERS, *(_DIGITS,) * 4, "应", "急"), _RARE),
    Template(_K.TEMPORARY, (PROVINCES, _LETTERS, *(_ANY,) * 4, "临试超"), _RARE),
    Template(_K.TRACTOR, (PROVINCES, _DIGITS, _DIGITS, *(_DIGITS,) * 5), _RARE),
)

_C = PlateColour
COLOURS = {
    _K.CIVIL: frozenset({_C.BLUE, _C.YELLOW, _C.BLACK}),
    _K.NEW_ENERGY_SMALL: frozenset({_C.GREEN}),
    _K.NEW_ENERGY_LARGE: frozenset({_C.GREEN, _C.YELLOW}),  # its left third is yellow
    _K.POLICE: frozenset({_C.WHITE}),
    _K.LEARNER: frozenset({_C.YELLOW}),
    _K.TRAILER: frozenset({_C.YELLOW}),
    _K.HONG_KONG: frozenset({_C.BLACK}),
    _K.MACAU: frozenset({_C.BLACK}),
    _K.CONSULATE: frozenset({_C.BLACK}),
    _K.EMBASSY: frozenset({_C.BLACK}),
    _K.ARMED_POLICE: frozenset({_C.WHITE}),
    _K.MILITARY: frozenset({_C.WHITE}),
    _K.CIVIL_AVIATION: frozenset({_C.GREEN}),
    _K.EMERGENCY: frozenset({_C.WHITE}),
    _K.TEMPORARY: frozenset({_C.BLUE, _C.WHITE, _C.YELLOW}),
    _K.TRACTOR: frozenset({_C.GREEN, _C.YELLOW}),
}
_COLOUR_MISMATCH = -2.5
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
    return TemplateGrammar(
        TEMPLATES, colours=COLOURS, colour_mismatch=_COLOUR_MISMATCH, prior=_prior, region_length=_region_length
    )
