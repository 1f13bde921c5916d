"""The language of plates: every kind of GA 36-2018 can be read, nothing else can, and colour decides between twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr import Candidate, PlateColour, PlateKind
from lpr.fusion import Evidence, fuse
from lpr.grammars.base import Grammar
from lpr.grammars.china import TEMPLATES, china
from lpr.grammars.latin import latin
from lpr.grammars.registry import GRAMMARS
from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import Ground
from lpr.readers.base import Sight
from lpr.sign_matrix import SignMatrix
from parking.kernel.errors import ParkingError

pytestmark = pytest.mark.req("LPR-1")
CHINA = china()

KINDS = [
    ("皖AFL605", PlateKind.CIVIL),
    ("粤OA1234", PlateKind.CIVIL),  # the old police office letter
    ("京AD12345", PlateKind.NEW_ENERGY_SMALL),
    ("京AFA2345", PlateKind.NEW_ENERGY_SMALL),
    ("沪A12345D", PlateKind.NEW_ENERGY_LARGE),
    ("沪A1234警", PlateKind.POLICE),
    ("皖Q0686学", PlateKind.LEARNER),
    ("津M1SF8挂", PlateKind.TRAILER),
    ("粤ZP560港", PlateKind.HONG_KONG),
    ("粤Z1234澳", PlateKind.MACAU),
    ("沪A0023领", PlateKind.CONSULATE),
    ("使198476", PlateKind.EMBASSY),
    ("WJ京12345", PlateKind.ARMED_POLICE),
    ("WJ京1234X", PlateKind.ARMED_POLICE),
    ("WJ1693015", PlateKind.ARMED_POLICE),
    ("VA30093", PlateKind.MILITARY),
    ("民航B9016", PlateKind.CIVIL_AVIATION),
    ("湘1012345", PlateKind.TRACTOR),
    ("京A1234应急", PlateKind.EMERGENCY),
    ("京A1234试", PlateKind.TEMPORARY),
]


def listed(grammar: Grammar, matrix: SignMatrix, colour: PlateColour | None, most: int) -> tuple[Candidate, ...]:
    return fuse(grammar, [Evidence(Sight(matrix), 1.0)], Ground.of(colour), most)


def seen(text: str, score: float = 0.95, grammar: Grammar = CHINA) -> SignMatrix:
    return SignMatrix.of_text(text, score, grammar.signs)


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_every_kind_is_read_and_named(text: str, kind: PlateKind) -> None:
    best = listed(CHINA, seen(text), None, 4)[0]
    assert (best.plate.text, best.kind) == (text, kind)
    assert CHINA.kind_of(text) is kind


def test_the_table_holds_every_kind_but_the_generic_one() -> None:
    assert {template.kind for template in TEMPLATES} == set(PlateKind) - {PlateKind.GENERIC}


@pytest.mark.parametrize(
    "text", ["", "A", "AFL605", "皖IFL605", "皖AFLI05", "京AX12345", "沪A12345X", "粤AP560港", "皖A12345678"]
)
def test_what_the_standard_does_not_allow_is_no_plate(text: str) -> None:
    assert CHINA.kind_of(text) is None


@st.composite
def written(draw: st.DrawFn) -> str:
    template = draw(st.sampled_from(TEMPLATES))
    return "".join(draw(st.sampled_from(place)) for place in template.places)


@given(text=written())
@settings(max_examples=80, deadline=None)
def test_whatever_the_standard_can_write_is_read_back_from_a_clear_picture(text: str) -> None:
    assert listed(CHINA, seen(text, 0.999), None, 3)[0].plate.text == text


@given(seed=st.integers(0, 10_000), steps=st.integers(0, 24), sharp=st.floats(0.01, 1.0))
@settings(max_examples=60, deadline=None)
def test_nothing_but_plates_is_ever_read_and_the_best_comes_first(seed: int, steps: int, sharp: float) -> None:
    rows = np.random.default_rng(seed).dirichlet(np.full(1 + len(CHINA.signs), sharp), steps)
    candidates = listed(CHINA, SignMatrix(CHINA.signs, rows), None, 8)
    assert all(CHINA.kind_of(candidate.plate.text) is not None for candidate in candidates)
    likelihoods = [candidate.log_probability for candidate in candidates]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert len({candidate.plate for candidate in candidates}) == len(candidates) <= 8


def test_green_ground_prefers_eight_signs_and_blue_seven() -> None:
    """The last sign of a new-energy plate is half hidden: only the ground tells whether it is there."""
    rows = seen("京AD12345").probabilities.copy()
    last = rows[-2].copy()
    rows[-2] = 0.5 * last
    rows[-2, 0] += 0.5
    matrix = SignMatrix(CHINA.signs, rows)
    assert listed(CHINA, matrix, PlateColour.GREEN, 4)[0].plate.text == "京AD12345"
    assert listed(CHINA, matrix, PlateColour.BLUE, 4)[0].plate.text == "京AD1234"
    green, blue = (
        {c.plate.text: c.log_probability for c in listed(CHINA, matrix, colour, 8)}
        for colour in (PlateColour.GREEN, PlateColour.BLUE)
    )
    assert green["京AD12345"] > blue["京AD12345"]
    assert green["京AD1234"] < blue["京AD1234"]


def test_three_letters_in_five_are_doubted() -> None:
    three, two = (listed(CHINA, seen(text), None, 1)[0].log_probability for text in ("皖AABC12", "皖AAB312"))
    assert three < two - 1


def test_a_zero_in_the_place_of_the_old_police_letter_is_spelled_as_the_letter() -> None:
    assert CHINA.spelled("粤0A2160") == "粤OA2160"
    assert CHINA.spelled("皖AFL605") == "皖AFL605"
    assert CHINA.spelled("WHAT") == "WHAT"


def test_the_province_is_what_comes_off() -> None:
    assert CHINA.without_region("皖AFL605") == "AFL605"
    assert CHINA.without_region("使198476") == "使198476"


def test_the_plain_latin_grammar_reads_other_countries() -> None:
    plain = latin()
    for text in ("WA56660", "GWAGEN", "BS47040"):
        best = listed(plain, seen(text, grammar=plain), None, 3)[0]
        assert (best.plate.text, best.kind) == (text, PlateKind.GENERIC)
    assert plain.kind_of("皖AFL605") is None
    assert plain.without_region("WA56660") == "WA56660"


def test_a_country_of_ones_own_is_a_list_of_templates() -> None:
    """Two letters, three digits, no colour rules: a whole grammar in four lines."""
    mine: Grammar = TemplateGrammar(
        [Template(PlateKind.GENERIC, ("AB", "XY", "01", "01", "01"))],
        region_length=lambda _text: 2,
    )
    assert listed(mine, seen("AX010", grammar=mine), None, 1)[0].plate.text == "AX010"
    assert mine.without_region("AX010") == "010"


def test_an_unknown_grammar_lists_the_known_ones() -> None:
    with pytest.raises(ParkingError, match="known: brazil, china, europe, latin, usa"):
        GRAMMARS.get("mars")
