"""Plates of Europe by the formats of its countries: which place holds a letter and which a digit settles 0 and O, 1 and I, 8 and B.

L is a letter, N a digit; other signs stand for themselves. A plate in no country's format (a name, a kind not listed) is possible
but must be read that much more clearly. Formats are those in use or still driving, as publicly described by the countries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lpr.grammars.patterns import ANY, LETTERS, coded, places
from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import PlateKind

_ONE_OF_MANY, _OLD, _RARE, _NO_FORMAT = -1.0, -2.5, -3.0, -5.0
_SHORTEST, _LONGEST = 4, 8
_SHORT = 4  # there are few numbers so short, and lamps and lettering look like them

_GREEK, _CYRILLIC, _UKRAINIAN = "ABEZHIKMNOPTYX", "ABCEHKMOPTXY", "ABCEHIKMOPTX"
_CONSONANTS = "BCDFGHJKLMNPRSTVWXYZ"
_WITHOUT_IO = LETTERS.replace("I", "").replace("O", "")
_ITALIAN, _FRENCH = LETTERS.translate({ord(c): None for c in "IOQU"}), LETTERS.translate({ord(c): None for c in "IOU"})
_CZECH, _POLISH = LETTERS.translate({ord(c): None for c in "GOQW"}), LETTERS.translate({ord(c): None for c in "BDIOQZ"})
_CZECH_REGIONS, _VOIVODESHIPS = "ABCEHJKLMPSTUZ", "BCDEFGKLNOPRSTWZ"
_SWEDISH, _DUTCH = LETTERS.translate({ord(c): None for c in "IQV"}), "BDFGHJKLNPRSTVXZ"

# country: letters, formats in use, formats of older plates
_FORMATS: Mapping[str, tuple[str, str, str]] = {
    "F": (_FRENCH, "LLNNNLL", "NNNNLLNN NNNLLNN NNNLLLNN"),
    "I": (_ITALIAN, "LLNNNLL", "LLNNNNN"),
    "E": (_CONSONANTS, "NNNNLLL", ""),
    "E, by province": (LETTERS, "", "LNNNNLL LNNNNL LLNNNNLL LLNNNNL"),
    "P": (LETTERS, "LLNNLL NNLLNN NNNNLL", "LLNNNN"),
    "CZ": (LETTERS, "", "LLLNNNN LLNNNN"),
    "SK": (LETTERS, "", "LLLNNNN"),
    "GB": (LETTERS, "LLNNLLL", "LNNNLLL LNNLLL LNLLL LLLNNNL LLLNNL LLLNL"),
    "NL": (_DUTCH, "LLNNNL LNNNLL LLLNNL LNNLLL NLLNNN NNNLLN NNLLLN NLLLNN", "LLNNLL LLLLNN NNLLLL NNNNLL LLNNNN"),
    "B": (LETTERS, "NLLLNNN", "LLLNNN NNNLLL"),
    "H": (LETTERS, "LLLNNN LLLLNNN", ""),
    "BG": (_CYRILLIC, "LLNNNNLL LNNNNLL", ""),
    "GR": (_GREEK, "LLLNNNN", ""),
    "S": (_SWEDISH, "LLLNNN LLLNNL", ""),
    "N, DK": (LETTERS, "LLNNNNN", ""),
    "FIN, LT": (LETTERS, "LLLNNN", "LLLNN LLNNN"),
    "EST": (LETTERS, "NNNLLL", ""),
    "LV, L": (LETTERS, "LLNNNN", "LLNNN"),
    "IRL": (LETTERS, "NNNLNNNNN NNNLNNNN NNLNNNNN NNNLLNNNN NNLLNNNN", "NNLNNNN NNLLNNN NNLNNN"),
    "UA": (_UKRAINIAN, "LLNNNNLL", ""),
    "RUS": (_CYRILLIC, "LNNNLLNN LNNNLLNNN", ""),
    "BIH": ("AEJKMOT", "LNNLNNN", "NNNLNNN"),
    "SRB, MK": (LETTERS, "LLNNNLL LLNNNNLL", ""),
    "BY": (_UKRAINIAN, "NNNNLLN", ""),
}
# country: its district codes, and the formats behind them
_DISTRICTS: Mapping[str, tuple[str, str]] = {
    "SK": (
        "BA BB BJ BL BN BR BS BY CA DK DS DT GA GL HC HE IL KA KE KK KM KN KS LC LE LM LV MA MI ML MT MY NM NO NR NZ PB PD PE PK "
        "PN PO PP PT PU PV RA RK RS RV SA SB SC SE SI SK SL SN SO SP SV TN TO TR TS TT TV VK VT ZA ZC ZH ZM ZV",
        "NNNLL",
    ),
    "HR": (
        "BJ BM DA DE DJ DU GS IM KA KC KR KT KZ MA NA NG OG OS PU PZ RI SB SI SK SL ST VK VT VU VZ ZD ZG ZU CK",
        "NNNLL NNNNLL NNNNL NNNL",
    ),
    "RO": (
        "AB AG AR BC BH BN BR BT BV BZ CJ CL CS CT CV DB DJ GJ GL GR HD HR IF IL IS MH MM MS NT OT PH SB SJ SM SV TL TM TR VL VN "
        "VS B",
        "NNLLL",
    ),
    "RO, Bucharest": ("B", "NNNLLL"),
    "SI": ("CE GO KK KP KR LJ MB MS NM PO SG", "LLNNN NNLLL NNNLL LNNNL LNLNN NNLNN"),
    "CH": (
        "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
        "NNNNNN NNNNN NNNN NNN",
    ),
    "TR": (" ".join(f"{number:02}" for number in range(1, 82)), "TNNNN TNNNNN TTNNN TTNNNN TTTNN TTTNNN"),
}
_POLISH_SERIALS = {
    2: "NNNNN NNNNP NNNPP NPNNN NPPNN",
    3: "PNNN NNPP NPNN NNPN NPPN PPNN NNNNN NNNNP NNNPP",
}


def _templates() -> Iterator[Template]:
    for letters, now, before in _FORMATS.values():
        for formats, prior in ((now, 0.0), (before, _OLD)):
            for form in formats.split():
                yield Template(PlateKind.GENERIC, places(form, L=letters), prior)
    for codes, formats in _DISTRICTS.values():
        for form in formats.split():
            for each in coded(codes, form, T=_WITHOUT_IO):
                yield Template(PlateKind.GENERIC, each)
    for form in ("NRNNNNN", "NRLNNNN"):
        yield Template(PlateKind.GENERIC, places(form, R=_CZECH_REGIONS, L=_CZECH))
    for district, serials in _POLISH_SERIALS.items():
        for serial in serials.split():
            yield Template(
                PlateKind.GENERIC, places("V" + "L" * (district - 1) + serial, P=_POLISH, V=_VOIVODESHIPS), _ONE_OF_MANY
            )
    yield from _german()
    yield from _austrian()
    for length in range(_SHORTEST, _LONGEST + 1):
        yield Template(PlateKind.GENERIC, (ANY,) * length, _NO_FORMAT)


def _german() -> Iterator[Template]:
    """District of one to three letters (umlauts stand there), one or two letters, one to four digits, H or E behind; eight at most."""
    for letters in range(2, 6):
        for digits in range(1, 5):
            form = (
                "Ü" + "Ü" * min(2, letters - 2) + "L" * (letters - 1 - min(2, letters - 2)) + "1" + "N" * (digits - 1)
            )
            prior = _RARE if len(form) <= _SHORT else 0.0
            if 3 <= len(form) <= _LONGEST:
                yield Template(PlateKind.GENERIC, places(form, Ü=LETTERS + "ÄÖÜ", **{"1": "123456789"}), prior)
            if 3 <= len(form) < _LONGEST:
                old = places(form + "S", Ü=LETTERS, S="EH", **{"1": "123456789"})
                yield Template(PlateKind.GENERIC, old, prior + _RARE)


def _austrian() -> Iterator[Template]:
    """District of one or two letters, one to five digits, one to three letters; names stand the other way round, as in Germany."""
    for district in (1, 2):
        for digits in range(1, 6):
            for letters in range(1, 4):
                if 5 <= district + digits + letters <= 7:
                    prior = 0.0 if digits >= 3 else _OLD
                    yield Template(PlateKind.GENERIC, places("L" * district + "N" * digits + "L" * letters), prior)
        for digits in range(4, 7):  # until 1990, and of the state
            yield Template(PlateKind.GENERIC, places("L" * district + "N" * digits), _OLD)


def europe() -> TemplateGrammar:
    """The grammar of Europe."""
    return TemplateGrammar(tuple(_templates()))
