"""Drawn plates have the sizes, places and colours of GA 36-2018 and come out the same from the same seed."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from lpr.drawing.layouts import DOUBLE_ROW, NEW_ENERGY, PlateStyle, layout_of, style_of
from lpr.drawing.numbers import random_number
from lpr.drawing.plates import draw_plate
from tests.builders.drawing import chance

pytestmark = pytest.mark.req("LPR-1")

P = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
A = "A-HJ-NP-Z"
ISSUED = {
    PlateStyle.BLUE: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.YELLOW: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.YELLOW_DOUBLE: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.GREEN_SMALL: rf"[{P}][{A}][DF][{A}0-9]\d{{4}}",
    PlateStyle.GREEN_LARGE: rf"[{P}][{A}]\d{{5}}[DF]",
    PlateStyle.POLICE: rf"[{P}][{A}][{A}0-9]{{4}}警",
    PlateStyle.LEARNER: rf"[{P}][{A}][{A}0-9]{{4}}学",
    PlateStyle.TRAILER: rf"[{P}][{A}][{A}0-9]{{4}}挂",
    PlateStyle.HONG_KONG_MACAU: rf"粤Z[{A}0-9]{{4}}[港澳]",
    PlateStyle.CONSULATE: rf"[{P}][{A}][{A}0-9]{{4}}领",
    PlateStyle.EMBASSY: r"使\d{6}",
}
GROUND_BGR = {
    PlateStyle.BLUE: "b",
    PlateStyle.YELLOW: "r",
    PlateStyle.YELLOW_DOUBLE: "r",
    PlateStyle.LEARNER: "r",
    PlateStyle.TRAILER: "r",
    PlateStyle.GREEN_SMALL: "g",
    PlateStyle.GREEN_LARGE: "g",
}


def test_an_ordinary_plate_is_440_wide_with_signs_of_45_by_90_and_gaps_of_12_and_34() -> None:
    """As public descriptions of GA 36-2018 give it; the standard itself was not at hand."""
    layout = layout_of(PlateStyle.BLUE)
    assert (layout.width, layout.height) == (440, 140)
    assert {(s.width, s.height) for s in layout.slots} == {(45, 90)}
    gaps = [b.x - a.x - a.width for a, b in zip(layout.slots, layout.slots[1:], strict=False)]
    assert gaps == [12, 34, 12, 12, 12, 12]
    assert layout.slots[0].x == 440 - layout.slots[-1].x - 45 == 15.5


def test_a_new_energy_plate_is_480_wide_with_letters_of_43_and_gaps_of_9_and_49() -> None:
    """Sizes and gaps of GA 36-2018 at second hand: what is proven is that they close to 480."""
    for style in NEW_ENERGY:
        layout = layout_of(style)
        assert (layout.width, layout.height) == (480, 140)
        assert [s.width for s in layout.slots] == [45] + [43] * 7
        gaps = [b.x - a.x - a.width for a, b in zip(layout.slots, layout.slots[1:], strict=False)]
        assert gaps == [9, 49, 9, 9, 9, 9, 9]
        assert layout.slots[0].x == 480 - layout.slots[-1].x - 43 == 15.5


def test_a_double_row_plate_is_440_by_220_with_80_by_60_above_and_65_by_110_below() -> None:
    """Sizes of GA 36-2018 at second hand: what is proven is that both rows are centred on 440."""
    for style in DOUBLE_ROW:
        layout = layout_of(style)
        assert (layout.width, layout.height) == (440, 220)
        assert [(s.width, s.height) for s in layout.slots] == [(80, 60)] * 2 + [(65, 110)] * 5
        assert layout.slots[2].x == 440 - layout.slots[-1].x - 65 == 27.5


@pytest.mark.parametrize("style", list(PlateStyle))
def test_the_separating_mark_stands_in_a_gap(style: PlateStyle) -> None:
    layout = layout_of(style)
    x, y = layout.mark
    inside = [s for s in layout.slots if s.x - 5 <= x <= s.x + s.width + 5 and s.y <= y <= s.y + s.height]
    assert inside == []


@pytest.mark.parametrize("style", list(PlateStyle))
def test_numbers_of_every_class_are_as_they_are_issued_and_can_be_drawn(style: PlateStyle) -> None:
    rng = chance(1)
    for _ in range(60):
        number = random_number(style, rng)
        assert re.fullmatch(ISSUED[style], number)
        if style not in (PlateStyle.YELLOW, PlateStyle.YELLOW_DOUBLE):
            assert style_of(number) is style
    layout = layout_of(style)
    plate = draw_plate(number, style, rng, px_per_mm=1.0)
    assert plate.shape == (layout.height, layout.width, 3)
    assert plate.dtype == np.uint8


@pytest.mark.parametrize(("style", "strongest"), GROUND_BGR.items())
def test_the_ground_has_the_colour_of_its_class(style: PlateStyle, strongest: str) -> None:
    plate = draw_plate(random_number(style, chance(2)), style, chance(2))
    ground = np.median(plate[20:-20, -26:-14].reshape(-1, 3), axis=0)
    assert "bgr"[int(ground.argmax())] == strongest


def test_the_dot_is_ten_millimetres_wide() -> None:
    plate = draw_plate("京A12345", PlateStyle.BLUE, chance(4), px_per_mm=4.0)
    x, y = layout_of(PlateStyle.BLUE).mark
    row = cv2.cvtColor(plate, cv2.COLOR_BGR2GRAY)[round(y * 4), round((x - 15) * 4) : round((x + 15) * 4)]
    assert (row > 160).sum() / 4 == pytest.approx(10, abs=1)


def test_the_same_seed_gives_the_same_plate_and_another_seed_another() -> None:
    first, again, other = (draw_plate("京A12345", PlateStyle.BLUE, chance(seed)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_what_cannot_be_set_is_refused_without_telling_the_number() -> None:
    with pytest.raises(ValueError, match="has 7 signs"):
        draw_plate("京A1234", PlateStyle.BLUE, chance())
    with pytest.raises(ValueError, match="do not bear") as refused:
        draw_plate("京A1234I", PlateStyle.BLUE, chance())
    assert "A1234" not in str(refused.value)
