"""Any plate of Latin letters and digits, 4 to 8 signs: the plain grammar for a country that has none of its own yet.

The one thing it knows of the world: letters stand in blocks and digits stand in blocks. That decides most of O and 0, I and 1.
"""

from __future__ import annotations

from itertools import pairwise

from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateKind

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHORTEST, LONGEST = 4, 8
_CHANGE = -1.0  # from a letter to a digit or back: plates of Europe and America change once or twice


def _prior(text: str, _kind: PlateKind) -> float:
    return _CHANGE * sum(one.isdigit() != other.isdigit() for one, other in pairwise(text))


def latin() -> TemplateGrammar:
    """The grammar without country rules."""
    templates = [Template(PlateKind.GENERIC, (_SIGNS,) * length) for length in range(SHORTEST, LONGEST + 1)]
    return TemplateGrammar(templates, prior=_prior)
