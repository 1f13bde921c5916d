"""The beam against an oracle that tries every alignment, and the rules of CTC one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.beam import spell
from lpr.grammars.template import Template, automaton_of
from lpr.model import PlateKind
from lpr.sign_matrix import SignMatrix

pytestmark = pytest.mark.req("LPR-1")
SIGNS = ("A", "B", "1")
LANGUAGE = automaton_of([Template(PlateKind.GENERIC, ("AB", "1")), Template(PlateKind.GENERIC, ("A", "A", "1"))])


def collapse(path: tuple[int, ...]) -> str:
    kept = [sign for place, sign in enumerate(path) if sign and (place == 0 or path[place - 1] != sign)]
    return "".join(SIGNS[sign - 1] for sign in kept)


def by_trying_everything(rows: np.ndarray) -> dict[str, float]:
    totals: dict[str, float] = {}
    for path in itertools.product(range(4), repeat=len(rows)):
        text = collapse(path)
        totals[text] = totals.get(text, 0.0) + math.prod(float(row[sign]) for row, sign in zip(rows, path, strict=True))
    return {text: total for text, total in totals.items() if text in {"A1", "B1", "AA1"} and total > 0}


@given(seed=st.integers(0, 10_000), steps=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_the_beam_finds_every_string_with_the_sum_over_all_alignments(seed: int, steps: int) -> None:
    matrix = SignMatrix(("1", "A", "B"), np.random.default_rng(seed).dirichlet(np.ones(4), steps))
    expected = by_trying_everything(matrix.select(SIGNS).probabilities)
    found = {s.text: math.exp(s.log_probability) for s in spell(matrix, LANGUAGE, width=50)}
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_repeated_sign_needs_a_gap_in_between() -> None:
    def matrix(gap: float) -> SignMatrix:
        rows = np.array([[0, 1, 0, 0], [gap, 1 - gap, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=float)
        return SignMatrix(SIGNS, rows)

    assert [s.text for s in spell(matrix(0.0), LANGUAGE)] == ["A1"]
    assert [s.text for s in spell(matrix(0.9), LANGUAGE)] == ["AA1", "A1"]


def test_a_hidden_first_sign_is_still_found_when_all_else_is_clear() -> None:
    clear = [[1e-6, 1e-6, 1e-6, 1.0]]
    hidden = [[0.999998, 1e-6, 1e-9, 1e-6]]
    found = spell(SignMatrix(SIGNS, np.array(hidden + [[1, 0, 0, 0]] * 3 + clear)), LANGUAGE, width=2)
    assert found[0].text == "A1"


def test_a_matrix_that_fits_no_string_gives_none() -> None:
    assert spell(SignMatrix(SIGNS, np.array([[1.0, 0, 0, 0]] * 3)), LANGUAGE) == []
    assert spell(SignMatrix(SIGNS, np.zeros((0, 4))), LANGUAGE) == []


def test_a_sign_that_the_reader_does_not_know_is_never_read() -> None:
    matrix = SignMatrix(("A",), np.array([[0.1, 0.9], [0.5, 0.5]]))
    assert spell(matrix, LANGUAGE) == []


def test_a_matrix_must_have_one_column_per_sign_and_one_for_none() -> None:
    with pytest.raises(ValueError, match="expected steps x 4"):
        SignMatrix(SIGNS, np.ones((2, 3)))
