"""A dozen drawn passages through the real pipeline and ballot: the short version of `make prove NAME=passages`. Simulated, all of it."""

from __future__ import annotations

import pytest

from lpr import Pipeline
from lpr.drawing.clips import PLACES
from tests.builders.passages import Result, passage_of, show

pytestmark = [pytest.mark.req("LPR-1"), pytest.mark.timeout(300)]
SEED = 7
NUMBERS = [place + PLACES * turn for place in (0, 1, 2) for turn in range(4)]  # three places: each is built once


@pytest.fixture(scope="module")
def results() -> list[Result]:
    pipeline = Pipeline.default()
    return [show(pipeline, passage_of(SEED, number), number)[0] for number in NUMBERS]


def test_nearly_every_passage_is_read_rightly(results: list[Result]) -> None:
    assert [(r.truth, r.read) for r in results if not r.right][1:] == []


def test_no_wrong_reading_of_a_passage_is_believed(results: list[Result]) -> None:
    assert [(r.truth, r.read) for r in results if r.accepted and not r.right] == []


def test_the_dozen_is_a_fair_sample(results: list[Result]) -> None:
    assert len({r.light for r in results}) >= 4
    assert len({r.style for r in results}) >= 4
    assert {r.facing for r in results} == {"front", "rear"}
