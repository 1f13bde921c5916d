"""Which strokes draw a sign: the standard shapes some signs anew for other cells; those it does not are stretched."""

from __future__ import annotations

from lpr.drawing.green_signs import GREEN
from lpr.drawing.latin_signs import LATIN
from lpr.drawing.layouts import SignSet
from lpr.drawing.lower_signs import LOWER
from lpr.drawing.province_signs import PROVINCES
from lpr.drawing.special_signs import SPECIAL
from lpr.drawing.strokes import Sign
from lpr.drawing.upper_signs import UPPER

SIGNS: dict[str, Sign] = {**LATIN, **PROVINCES, **SPECIAL}
"""Every sign that a plate may bear, in its ordinary shape."""

SIGN_SETS: dict[SignSet, dict[str, Sign]] = {
    SignSet.ORDINARY: SIGNS,
    SignSet.GREEN: {**SIGNS, **GREEN, "O": GREEN["0"]},
    SignSet.UPPER: {**SIGNS, **UPPER},
    SignSet.LOWER: {**SIGNS, **LOWER, "O": LOWER["0"]},
}
"""Every sign in every set of shapes."""
