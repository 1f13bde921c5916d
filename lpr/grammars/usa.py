"""Plates of the United States: the commonest formats of the states, and after them whatever else has letters and digits.

L is a letter, N a digit. Personal plates are many there, so a plate in no state's format is doubted less than in Europe.
"""

from __future__ import annotations

from collections.abc import Mapping

from lpr.grammars.patterns import ANY, places
from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateKind

_NO_FORMAT = -2.5
_SHORTEST, _LONGEST = 4, 8
_BY_STATES: Mapping[str, str] = {
    "LLLNNNN": "NY PA TX OH MI NC VA WA WI GA AZ MS",
    "LLLNNN": "AL AK AR CO FL HI IA KS KY LA MN MO NE NM ND OK OR SC TN VT",
    "NLLLNNN": "CA, MD before 2010 with its digits last",
    "NNNLLL": "AR CO KS KY MN MS NM OR RI SC TN WV",
    "LLNNNNN": "IL MD CT DC",
    "LNNLLL": "FL NJ",
    "LLLNNL": "NJ FL",
    "LNNLLN": "UT, MO: letters round digits",
    "LLNLNL": "MO",
    "NLLNNN": "MA",
    "NNNLLN": "MA",
    "NNLLNN": "MA NV",
    "LLNNNN": "DC, DE, motorcycles",
    "NNNNNNN": "DE, NH",
    "NNNNNN": "DE RI",
    "NNNLNN": "NV",
    "NNLNNN": "NV",
    "NNNNLL": "ME",
    "LNNNNNN": "ID, MT",
    "LNNNNN": "IL, WV",
    "NLNNNNN": "NV, WY",
    "NLLLNN": "AZ",
    "NNLLLN": "CT",
    "NLNLNN": "PA",
    "LLLNNLN": "AZ since 2020",
    "NNNLLLN": "NV, IN",
    "NNNLL": "IN, ID",
    "NNNLNNN": "IN",
    "LLNNNLL": "CT since 2015",
    "LNNNLL": "UT",
    "LLLNNNL": "WI",
    "NLNNNL": "ID",
}


def usa() -> TemplateGrammar:
    """The grammar of the United States."""
    known = [Template(PlateKind.GENERIC, places(form)) for form in _BY_STATES]
    others = [Template(PlateKind.GENERIC, (ANY,) * length, _NO_FORMAT) for length in range(_SHORTEST, _LONGEST + 1)]
    return TemplateGrammar([*known, *others])
