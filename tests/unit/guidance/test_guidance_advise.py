"""Signs promise less than there is rather than more, and nothing at all when nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.advise import Advice, face
from guidance.signs.base import UNKNOWN_FACE, Colour, Face, FaceKind
from tests.builders.guidance import view

SMALL = Advice.for_capacity(30)
FULL = Face(FaceKind.FULL, "FULL", Colour.RED)


@pytest.mark.parametrize(
    ("free", "text", "colour"),
    [
        (30, "30", Colour.GREEN),
        (4, "4", Colour.GREEN),
        (3, "3", Colour.YELLOW),
        (1, "1", Colour.YELLOW),
        (0, "FULL", Colour.RED),
    ],
)
def test_a_small_zone_shows_every_bay(free: int, text: str, colour: Colour) -> None:
    shown = face(view(free), 0.0, None, SMALL)
    assert (shown.text, shown.colour) == (text, colour)


@pytest.mark.req("GUIDE-1")
def test_a_zone_that_is_not_known_shows_dashes() -> None:
    assert face(view(12, known=False), 0.0, None, SMALL) == UNKNOWN_FACE
    assert face(None, 0.0, None, SMALL) == UNKNOWN_FACE


@pytest.mark.req("GUIDE-1")
def test_a_zone_not_heard_of_for_too_long_shows_dashes() -> None:
    assert face(view(12), 90.0, None, SMALL).text == "12"
    assert face(view(12), 90.1, None, SMALL).text == "----"
    assert face(view(12), float("inf"), None, SMALL).text == "----"


def test_after_full_one_free_bay_does_not_bring_the_number_back_but_two_do() -> None:
    assert face(view(1), 0.0, FULL, SMALL) == FULL
    assert face(view(2), 0.0, FULL, SMALL).text == "2"
    assert face(view(1), 0.0, face(view(2), 0.0, FULL, SMALL), SMALL).text == "1"


def test_a_zone_of_one_bay_comes_back_from_full() -> None:
    assert face(view(1, capacity=1), 0.0, FULL, Advice.for_capacity(1)).text == "1"


def test_a_large_zone_is_full_a_little_early_and_rounds_down() -> None:
    large = Advice.for_capacity(3297)
    assert face(view(32, capacity=3297), 0.0, None, large).text == "FULL"
    assert face(view(239, capacity=3297), 0.0, None, large).text == "220"
    assert face(view(60, capacity=3297), 0.0, FULL, large).text == "FULL"


def test_the_word_for_full_is_the_signs_own() -> None:
    assert face(view(0), 0.0, None, SMALL, "满").text == "满"


@given(st.integers(1, 5000), st.data())
def test_no_sign_ever_promises_a_bay_that_is_not_free_and_none_hides_more_than_two_percent(
    capacity: int, data: st.DataObject
) -> None:
    advice, before = Advice.for_capacity(capacity), None
    for free in data.draw(st.lists(st.integers(0, capacity), min_size=1, max_size=20)):
        was_full = before is not None and before.kind is FaceKind.FULL
        before = face(view(free, capacity=capacity), 0.0, before, advice)
        assert 0 <= before.free <= free
        if before.kind is FaceKind.NUMBER:
            assert before.text == str(before.free) != "0"
            assert (free - before.free) * 100 <= capacity
        elif not was_full:
            assert free * 50 <= capacity
