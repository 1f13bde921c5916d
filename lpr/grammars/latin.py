"""Any plate of Latin letters and digits, 4 to 8 signs: the plain grammar for a country that has none of its own yet."""

from __future__ import annotations

from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateKind

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHORTEST, LONGEST = 4, 8


def latin() -> TemplateGrammar:
    """The grammar without country rules; it cannot tell O from 0 where the picture cannot."""
    templates = [Template(PlateKind.GENERIC, (_SIGNS,) * length) for length in range(SHORTEST, LONGEST + 1)]
    return TemplateGrammar(
        templates, colours={}, colour_mismatch=0.0, prior=lambda _text, _kind: 0.0, region_length=lambda _text: 0
    )
