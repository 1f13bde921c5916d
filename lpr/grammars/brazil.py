"""Plates of Brazil: three letters and four digits, and since 2018 those of Mercosul with a letter in the fifth place."""

from __future__ import annotations

from lpr.grammars.patterns import places
from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateKind

_FORMATS = ("LLLNNNN", "LLLNLNN")


def brazil() -> TemplateGrammar:
    """The grammar of Brazil."""
    return TemplateGrammar([Template(PlateKind.GENERIC, places(form)) for form in _FORMATS])
