"""Whether a Chinese tax number can be one, before anybody is asked. Pure.

Since 2015 it is the unified social credit code of GB 32100-2015: 18 signs without I, O, S, V and Z, the last of which is worked out
from the others. Older numbers have 15 signs (a region and an organisation code of GB 11714), those of sole traders 20.
"""

from __future__ import annotations

import re
from enum import StrEnum

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_OLD_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OLD_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
LENGTHS = (15, 18, 20)


class Fault(StrEnum):
    """Why it cannot be one."""

    LENGTH = "length"
    SIGNS = "signs"
    CHECK = "check"


def normal(text: str) -> str:
    """As it is printed: capitals, without the blanks that people put in between."""
    return "".join(text.split()).upper()


def check_sign(first_17: str) -> str:
    """The 18th sign of a unified social credit code."""
    total = sum(SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(first_17))
    return SIGNS[-total % 31]


def fault(number: str) -> Fault | None:
    """What is wrong with a number in its normal form; None if it may be one."""
    if len(number) not in LENGTHS:
        return Fault.LENGTH
    if len(number) == 18:
        if any(sign not in SIGNS for sign in number):
            return Fault.SIGNS
        return None if check_sign(number[:17]) == number[17] else Fault.CHECK
    if len(number) == 20:
        return None if re.fullmatch(r"[0-9A-Z]{20}", number) else Fault.SIGNS
    if not re.fullmatch(r"[0-9]{6}[0-9A-Z]{9}", number):
        return Fault.SIGNS
    return None if _old_check(number[6:14]) == number[14] else Fault.CHECK


def _old_check(first_8: str) -> str:
    """The ninth sign of an organisation code, GB 11714."""
    total = sum(_OLD_SIGNS.index(sign) * weight for sign, weight in zip(first_8, _OLD_WEIGHTS, strict=True))
    left = 11 - total % 11
    return {10: "X", 11: "0"}.get(left, str(left))
