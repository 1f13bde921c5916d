"""Other countries: their formats settle what a camera cannot, and what is in no format can still be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.fusion import Evidence, fuse
from lpr.grammars.base import Grammar
from lpr.grammars.registry import GRAMMARS
from lpr.model import Ground, PlateKind
from lpr.readers.base import Sight
from lpr.sign_matrix import SignMatrix

pytestmark = pytest.mark.req("LPR-1")
EUROPE, BRAZIL, USA = (GRAMMARS.get(name)() for name in ("europe", "brazil", "usa"))
TWINS = {"0": "O", "O": "0", "1": "I", "I": "1", "8": "B", "B": "8"}

OF_EUROPE = """
BAB1234 MKL123E HHA12H FRAB123 AB123CD AA229AA 1234BCD 12AB34 AB12CD WA56660 KR1234 RK857AI 4B04979 1AB2345 AB12CDE X123ABC 12ABC3
1ABC234 W12345A GU123AB ZH123456 ABC123 AABC123 B123ABC CJ12ABC CA1234AB ZG1234AB LJAB123 ABE1234 AB12345 123ABC AB1234 131D12345
AA1234BB A123BC77 34ABC123 A12B345 BG123AB 1234AB7
""".split()  # noqa: SIM905 - a list would be three screens


def read(grammar: Grammar, text: str, score: float = 0.99, instead: dict[int, float] | None = None) -> str:
    """What is read where the reader sees `text`; at the places in `instead` it gives that share to the sign's twin."""
    matrix = SignMatrix.of_text(text, score, grammar.signs)
    for place, share in (instead or {}).items():
        row = matrix.probabilities[2 * place + 1]
        twin = 1 + grammar.signs.index(TWINS[text[place]])
        here = 1 + grammar.signs.index(text[place])
        row[twin], row[here] = share * score, (1 - share) * score
    found = fuse(grammar, [Evidence(Sight(matrix), 1.0)], Ground(), 3)
    return found[0].plate.text if found else ""


@pytest.mark.parametrize("text", OF_EUROPE)
def test_the_formats_of_europe_are_known(text: str) -> None:
    assert read(EUROPE, text) == text
    assert EUROPE.kind_of(text) is PlateKind.GENERIC


@pytest.mark.parametrize(
    ("text", "hidden"), [("RK026AJ", 2), ("RK350AO", 6), ("4B04979", 1), ("4B04979", 2), ("LM101BE", 2), ("WA56860", 4)]
)
def test_a_format_settles_what_the_picture_leaves_open(text: str, hidden: int) -> None:
    assert read(EUROPE, text, instead={hidden: 0.65}) == text


def test_an_umlaut_stands_in_a_german_district_and_nowhere_else() -> None:
    assert read(EUROPE, "MÜAB123") == "MÜAB123"
    assert read(EUROPE, "KRAÜ123") != "KRAÜ123"


def test_a_name_in_no_format_is_read_when_it_is_clear() -> None:
    for text in ("GWAGEN", "KMBORAK"):
        assert read(EUROPE, text) == text


def test_numbers_so_short_that_lettering_looks_like_them_are_rare() -> None:
    priors = {}
    for text in ("CE1", "CE12", "CE123", "CEL123"):
        ended = EUROPE.automaton.end_of(text)
        assert ended is not None
        priors[text] = EUROPE.endings(Ground())[ended][0].prior
    assert priors["CE1"] <= -3.0
    assert priors["CE12"] <= -2.0
    assert priors["CEL123"] == 0.0


def test_people_write_o_for_zero_and_the_authority_does_not() -> None:
    assert EUROPE.spelled("RKO26AJ") == "RK026AJ"
    assert EUROPE.spelled("4BO4979") == "4B04979"
    assert EUROPE.spelled("BA302OZ") == "BA302OZ"
    assert EUROPE.spelled("GWAGEN") == "GWAGEN"
    assert BRAZIL.spelled("ABCI234") == "ABC1234"


@pytest.mark.parametrize(("text", "hidden"), [("AOB1234", 1), ("ABC1D03", 5), ("IBC1234", 0)])
def test_brazil_has_two_formats_and_they_settle_every_place(text: str, hidden: int) -> None:
    assert read(BRAZIL, text, instead={hidden: 0.8} if text[hidden] in TWINS else None) == text


@pytest.mark.parametrize("text", ["ABC1234", "7ABC123", "123ABC", "AB12345", "ABC123", "GOTMILK", "A1B2C3D4"])
def test_plates_of_the_states_are_read_and_so_are_names(text: str) -> None:
    assert read(USA, text) == text


@pytest.mark.parametrize("grammar", [EUROPE, BRAZIL, USA], ids=["europe", "brazil", "usa"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_string_of_a_language_is_read_back_from_a_clear_picture(grammar: Grammar, data: st.DataObject) -> None:
    automaton, state, text = grammar.automaton, 0, ""
    best = min((kinds[0].prior for kinds in grammar.endings(Ground()).values()), default=0.0)
    while state not in automaton.accepts or (len(text) < 8 and data.draw(st.booleans())):
        ways = [column for column, after in enumerate(automaton.successor[state]) if after >= 0]
        if not ways:
            break
        column = data.draw(st.sampled_from(ways))
        state, text = int(automaton.successor[state, column]), text + automaton.signs[column]
    assert best < 0 or grammar is BRAZIL
    assert read(grammar, text, 0.9999) == text
    assert grammar.kind_of(text) is PlateKind.GENERIC
