"""Several readers, one list: every score against an oracle that tries everything, and no reader has a veto or a place of honour."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr import Candidate, PlateColour, PlateKind
from lpr.colour import agreed, opinion
from lpr.fusion import Codes, Evidence, fuse, score_places, score_steps
from lpr.grammars.china import TEMPLATES, china
from lpr.grammars.template import Template, TemplateGrammar
from lpr.model import Ground
from lpr.readers.base import Sight
from lpr.sign_matrix import SignMatrix, SlotMatrix
from lpr.slot_search import log_places, spell_places

pytestmark = pytest.mark.req("LPR-1")
CHINA = china()
SIGNS = ("1", "A", "B")
SMALL = TemplateGrammar(
    [Template(PlateKind.GENERIC, ("AB", "1")), Template(PlateKind.GENERIC, ("A", "AB", "1"), -1.0)],
)
WORDS = ("A1", "B1", "AA1", "AB1")


def steps(seed: int, count: int, signs: tuple[str, ...] = SIGNS) -> SignMatrix:
    return SignMatrix(signs, np.random.default_rng(seed).dirichlet(np.ones(1 + len(signs)), count))


def places(seed: int, count: int, signs: tuple[str, ...] = SIGNS) -> SlotMatrix:
    return SlotMatrix(signs, np.random.default_rng([seed, 1]).dirichlet(np.ones(1 + len(signs)), count))


def collapse(path: Sequence[int]) -> str:
    kept = [sign for place, sign in enumerate(path) if sign and (place == 0 or path[place - 1] != sign)]
    return "".join(SIGNS[sign - 1] for sign in kept)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 6))
@settings(max_examples=40, deadline=None)
def test_steps_are_summed_over_all_alignments(seed: int, count: int) -> None:
    matrix = steps(seed, count)
    totals = dict.fromkeys(WORDS, 0.0)
    for path in itertools.product(range(4), repeat=count):
        if (text := collapse(path)) in totals:
            totals[text] += math.prod(float(matrix.probabilities[step, sign]) for step, sign in enumerate(path))
    scored = score_steps([matrix], Codes.of(WORDS, SIGNS))[0]
    possible = [n for n, text in enumerate(WORDS) if totals[text] > 0]
    assert np.exp(scored[possible]) == pytest.approx([totals[WORDS[n]] for n in possible], rel=1e-6)


@given(seed=st.integers(0, 10_000), count=st.integers(3, 6))
@settings(max_examples=40, deadline=None)
def test_places_hold_the_signs_of_a_text_and_nothing_behind_them(seed: int, count: int) -> None:
    matrix = places(seed, count)
    columns = [[SIGNS.index(sign) + 1 for sign in text] + [0] * (count - len(text)) for text in WORDS]
    by_hand = [sum(math.log(matrix.probabilities[n, c]) for n, c in enumerate(row)) for row in columns]
    assert score_places(log_places(matrix, SIGNS), Codes.of(WORDS, SIGNS)) == pytest.approx(by_hand)


@given(seed=st.integers(0, 10_000), most=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_search_over_places_finds_exactly_the_likeliest_strings(seed: int, most: int) -> None:
    logs = log_places(places(seed, 4), SMALL.signs)
    ends = {state: kinds[0].prior for state, kinds in SMALL.endings(Ground()).items()}
    everything = score_places(logs, Codes.of(WORDS, SMALL.signs)) + np.array([0, 0, -1, -1])
    best_first = sorted(zip(WORDS, everything.tolist(), strict=True), key=lambda pair: -pair[1])[:most]
    found = spell_places(logs, SMALL.automaton, ends, most=most)
    assert [spelling.text for spelling in found] == [text for text, _ in best_first]
    assert [spelling.log_probability for spelling in found] == pytest.approx([score for _, score in best_first])


@st.composite
def written(draw: st.DrawFn) -> str:
    template = draw(st.sampled_from(TEMPLATES))
    return "".join(draw(st.sampled_from(place)) for place in template.places)


@given(text=written())
@settings(max_examples=60, deadline=None)
def test_every_plate_of_the_standard_survives_a_clear_look_of_either_kind(text: str) -> None:
    seen = SignMatrix.of_text(text, 0.999, CHINA.signs)
    held = SlotMatrix.of_text(text, 0.999, CHINA.signs, places=9)
    for evidence in (
        [Evidence(Sight(seen), 1.0)],
        [Evidence(Sight(seen, held), 0.5, 0.5, proposes=False)],
        [Evidence(Sight(seen, held), 0.3, 0.3, proposes=False), Evidence(Sight(seen), 0.3)],
    ):
        assert fuse(CHINA, evidence, Ground(), 3)[0].plate.text == text


def as_pairs(candidates: Sequence[Candidate]) -> list[tuple[str, float]]:
    return [(candidate.plate.text, round(candidate.log_probability, 9)) for candidate in candidates]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_readers_does_not_matter(seed: int) -> None:
    one = Evidence(Sight(steps(seed, 5), places(seed, 4)), 0.3, 0.4)
    other = Evidence(Sight(steps(seed + 1, 6)), 0.5)
    assert as_pairs(fuse(SMALL, [one, other], Ground(), 9)) == as_pairs(fuse(SMALL, [other, one], Ground(), 9))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_reader_that_knows_nothing_changes_no_margin(seed: int) -> None:
    one = Evidence(Sight(steps(seed, 5), places(seed, 4)), 0.3, 0.4)
    nothing = SlotMatrix(SIGNS, np.full((4, 4), 0.25))
    alone = fuse(SMALL, [one], Ground(), 9)
    beside = fuse(SMALL, [one, Evidence(Sight(steps(seed, 5), nothing), 0.0, 0.7)], Ground(), 9)
    shift = alone[0].log_probability - beside[0].log_probability
    assert [c.plate for c in alone] == [c.plate for c in beside]
    assert [c.log_probability - shift for c in alone] == pytest.approx([c.log_probability for c in beside])


def test_what_one_reader_does_not_even_list_the_other_may_carry_through() -> None:
    blind_to_the_province = SignMatrix.of_text("新A12345", 0.6, CHINA.signs)
    sure = SignMatrix.of_text("皖A12345", 0.99, CHINA.signs)
    held = SlotMatrix.of_text("皖A12345", 0.99, CHINA.signs, places=9)
    both = [Evidence(Sight(sure, held), 0.3, 0.3, proposes=False), Evidence(Sight(blind_to_the_province), 0.3)]
    assert fuse(CHINA, both, Ground(), 3)[0].plate.text == "皖A12345"


def test_a_bonus_is_for_plates_that_begin_so_and_for_no_others() -> None:
    seen = [Evidence(Sight(SignMatrix.of_text("京A12345", 0.9, CHINA.signs)), 1.0)]
    plain, at_home = fuse(CHINA, seen, Ground(), 8), fuse(CHINA, seen, Ground(), 8, bonus={"沪": 2.0})
    without, with_bonus = ({c.plate.text: c.log_probability for c in listed} for listed in (plain, at_home))
    assert with_bonus["京A12345"] == pytest.approx(without["京A12345"])
    for text in set(without) & set(with_bonus):
        assert with_bonus[text] - without[text] == pytest.approx(2.0 if text.startswith("沪") else 0.0)


def test_two_rows_speak_for_a_trailer_or_a_tractor_and_against_new_energy() -> None:
    def rated(text: str, rows: int | None) -> float:
        seen = [Evidence(Sight(SignMatrix.of_text(text, 0.99, CHINA.signs)), 1.0)]
        return fuse(CHINA, seen, Ground(rows=rows), 1)[0].log_probability

    assert rated("湘0112345", 2) == rated("湘0112345", None) > rated("湘0112345", 1)
    assert rated("京AD12345", 1) == rated("京AD12345", None) > rated("京AD12345", 2)


def test_opinions_on_the_ground_add_up_and_none_has_a_veto() -> None:
    blue, green = opinion(PlateColour.BLUE, 0.8), opinion(PlateColour.GREEN, 0.8)
    assert agreed([]) == {}
    assert agreed([blue, blue])[PlateColour.BLUE] > agreed([blue])[PlateColour.BLUE] > 0.7
    assert agreed([blue, green]) == pytest.approx(agreed([green, blue]))
    assert agreed([opinion(PlateColour.BLUE, 1.0), green, green, green])[PlateColour.GREEN] > 0.5
    assert sum(agreed([blue, green]).values()) == pytest.approx(1)
