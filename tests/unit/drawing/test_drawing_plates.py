"""Drawn plates have the sizes, places and colours of GA 36-2018 and come out the same from the same seed."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from lpr.drawing.layouts import DOUBLE_ROW, MOTORCYCLES, NEW_ENERGY, PlateStyle, layout_of, style_of
from lpr.drawing.numbers import random_number
from lpr.drawing.plates import draw_plate
from tests.builders.drawing import chance

pytestmark = pytest.mark.req("LPR-1")

P = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
A = "A-HJ-NP-Z"
ISSUED = {
    PlateStyle.BLUE: rf"[{P}][O{A}][{A}0-9]{{5}}",
    PlateStyle.YELLOW: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.YELLOW_DOUBLE: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.GREEN_SMALL: rf"[{P}][{A}][DFABCEGHJK][{A}0-9]\d{{4}}",
    PlateStyle.GREEN_LARGE: rf"[{P}][{A}]\d{{5}}[DFABCEGHJK]",
    PlateStyle.POLICE: rf"[{P}][{A}][{A}0-9]{{4}}警",
    PlateStyle.LEARNER: rf"[{P}][{A}][{A}0-9]{{4}}学",
    PlateStyle.TRAILER: rf"[{P}][{A}][{A}0-9]{{4}}挂",
    PlateStyle.HONG_KONG_MACAU: rf"粤Z[{A}0-9]{{4}}[港澳]",
    PlateStyle.CONSULATE: rf"[{P}][{A}][{A}0-9]{{4}}领",
    PlateStyle.EMBASSY: r"使\d{6}",
    PlateStyle.BLACK: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.MILITARY: rf"[{A}]{{2}}\d{{5}}",
    PlateStyle.MILITARY_DOUBLE: rf"[{A}]{{2}}\d{{5}}",
    PlateStyle.ARMED_POLICE: rf"WJ[{P}]\d{{4}}[{A}0-9]",
    PlateStyle.ARMED_POLICE_DOUBLE: rf"WJ[{P}]\d{{4}}[{A}0-9]",
    PlateStyle.ARMED_POLICE_OLD: rf"WJ\d{{6}}[{A}0-9]",
    PlateStyle.EMERGENCY: rf"[{P}][{A}]\d{{4}}应急",
    PlateStyle.CIVIL_AVIATION: rf"民航[{A}]\d{{4}}",
    PlateStyle.TRACTOR_GREEN: rf"[{P}]\d{{7}}",
    PlateStyle.TRACTOR_YELLOW: rf"[{P}]\d{{7}}",
    PlateStyle.MOTORCYCLE_YELLOW: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.MOTORCYCLE_BLUE: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.MOTORCYCLE_BLACK: rf"[{P}][{A}][{A}0-9]{{5}}",
    PlateStyle.MOTORCYCLE_POLICE: rf"[{P}][{A}][{A}0-9]{{4}}警",
    PlateStyle.TEMPORARY: rf"[{P}][{A}][{A}0-9]{{4}}临",
    PlateStyle.TRIAL: rf"[{P}][{A}][{A}0-9]{{4}}[试超]",
}
GROUND_BGR = {
    PlateStyle.BLUE: "b",
    PlateStyle.YELLOW: "r",
    PlateStyle.YELLOW_DOUBLE: "r",
    PlateStyle.LEARNER: "r",
    PlateStyle.TRAILER: "r",
    PlateStyle.GREEN_SMALL: "g",
    PlateStyle.GREEN_LARGE: "g",
    PlateStyle.CIVIL_AVIATION: "g",
    PlateStyle.TRACTOR_GREEN: "g",
    PlateStyle.TRACTOR_YELLOW: "r",
    PlateStyle.MOTORCYCLE_YELLOW: "r",
    PlateStyle.MOTORCYCLE_BLUE: "b",
}
TOLD_BY_ITS_NUMBER = set(PlateStyle) - {
    PlateStyle.YELLOW,
    PlateStyle.YELLOW_DOUBLE,
    PlateStyle.BLACK,
    PlateStyle.MILITARY_DOUBLE,
    PlateStyle.ARMED_POLICE_DOUBLE,
    PlateStyle.TRACTOR_YELLOW,
    *MOTORCYCLES,
}
LARGE_DOUBLE = (PlateStyle.YELLOW_DOUBLE, PlateStyle.TRAILER, PlateStyle.MILITARY_DOUBLE)


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
    for style in LARGE_DOUBLE:
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
        if style in TOLD_BY_ITS_NUMBER:
            assert style_of(number) is style
    layout = layout_of(style)
    plate = draw_plate(number, style, rng, px_per_mm=1.0)
    assert plate.shape == (layout.height, layout.width, 3)
    assert plate.dtype == np.uint8


@pytest.mark.parametrize("style", list(PlateStyle))
def test_signs_stand_inside_the_border_and_apart(style: PlateStyle) -> None:
    layout = layout_of(style)
    for i, slot in enumerate(layout.slots):
        assert slot.x >= 5
        assert slot.x + slot.width <= layout.width - 5
        assert slot.y >= 5
        assert slot.y + slot.height <= layout.height - 5
        for other in layout.slots[i + 1 :]:
            aside = other.x >= slot.x + slot.width
            below = other.y >= slot.y + slot.height
            assert aside or below


def test_double_rows_are_told_by_their_layout() -> None:
    for style in PlateStyle:
        tops = {slot.y + slot.height for slot in layout_of(style).slots}
        assert (len(tops) == 2) == (style in DOUBLE_ROW)


@pytest.mark.parametrize("px_per_mm", [0.5, 0.73, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("wear", [0.0, 1.0])
def test_a_plate_can_be_drawn_at_any_fineness_and_any_age(px_per_mm: float, wear: float) -> None:
    for style in PlateStyle:
        rng = chance(5)
        plate = draw_plate(random_number(style, rng), style, rng, px_per_mm=px_per_mm, wear=wear)
        layout = layout_of(style)
        assert plate.shape == (round(layout.height * px_per_mm), round(layout.width * px_per_mm), 3)


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
