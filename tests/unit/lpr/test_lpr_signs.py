"""The signs that training draws: in every set of shapes complete, inside their cells, unlike their doubles, and as the standard's."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.drawing.layouts import PlateStyle, SignSet, layout_of
from lpr.drawing.signs import SIGN_SETS, SIGNS
from lpr.drawing.strokes import strokes
from tests.builders.lpr import real_pictures
from tests.tools.sign_overlap import COMPARISONS, Comparison, ink, measured, overlap

pytestmark = pytest.mark.req("LPR-1")

READ_BY_THE_NET = (
    "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
    "0123456789ABCDEFGHJKLMNOPQRSTUVWXYZ警学挂港澳领使民航应急临试超"
)
DOUBLES = ("6G", "0D", "0Q", "DQ", "0C", "0G", "CG", "MH", "MN", "8B", "2Z", "5S", "7T", "EF", "PF", "UV", "VY", "XY")
CHINESE_DOUBLES = (
    "沪京",
    "豫陕",
    "粤琼",
    "皖陕",
    "苏赣",
    "湘浙",
    "津沪",
    "鲁晋",
    "贵青",
    "冀黑",
    "川云",
    "港澳",
    "渝浙",
)


@pytest.mark.parametrize("signs", list(SignSet))
def test_every_sign_that_the_net_reads_can_be_drawn_in_every_set(signs: SignSet) -> None:
    assert set(SIGN_SETS[signs]) == set(READ_BY_THE_NET) == set(SIGNS)


@pytest.mark.parametrize("signs", list(SignSet))
@pytest.mark.parametrize("character", READ_BY_THE_NET)
def test_a_sign_has_paint_and_bare_ground_and_stays_with_its_cell(character: str, signs: SignSet) -> None:
    sign = SIGN_SETS[signs][character]
    width, height = sign.cell
    for stroke in strokes(sign):
        assert np.all(stroke.points > (-0.25 * width, -0.25 * height))
        assert np.all(stroke.points < (1.25 * width, 1.25 * height))
        assert 2 < min(stroke.pen) <= max(stroke.pen) < 0.45 * min(width, height)
    painted = ink(sign)
    assert 0.15 < painted.mean() < 0.80
    rows, columns = np.nonzero(painted)
    assert rows.min() < 0.06 * painted.shape[0]
    assert rows.max() > 0.94 * painted.shape[0]
    if character != "1":
        assert columns.min() < 0.11 * painted.shape[1]
        assert columns.max() > 0.89 * painted.shape[1]


@pytest.mark.parametrize("signs", list(SignSet))
@pytest.mark.parametrize("pair", DOUBLES + CHINESE_DOUBLES)
def test_doubles_differ(pair: str, signs: SignSet) -> None:
    one, other = (ink(SIGN_SETS[signs][character], (45, 90)) for character in pair)
    alike = (
        0.91 if pair in DOUBLES else 0.75 if signs is SignSet.UPPER else 0.72
    )  # low and heavy signs fill more of the cell
    assert overlap(one, other) < alike


def test_each_style_sets_its_signs_in_the_shapes_of_its_cells() -> None:
    assert {slot.signs for slot in layout_of(PlateStyle.BLUE).slots} == {SignSet.ORDINARY}
    assert {slot.signs for slot in layout_of(PlateStyle.GREEN_SMALL).slots} == {SignSet.GREEN}
    double = layout_of(PlateStyle.YELLOW_DOUBLE).slots
    assert [slot.signs for slot in double] == [SignSet.UPPER] * 2 + [SignSet.LOWER] * 5


FLOORS = {  # mean and least
    "digits and letters": (0.965, 0.94),
    "provinces": (0.935, 0.90),
    "special signs": (0.92, 0.88),
    "new-energy digits and letters": (0.91, 0.78),
    "new-energy provinces": (0.91, 0.86),
    "upper row letters": (0.96, 0.91),
    "upper row provinces": (0.90, 0.81),
    "lower row digits": (0.955, 0.94),
    "lower row letters": (0.97, 0.95),
    "lower row trailer sign": (0.93, 0.93),
}


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda one: one.name)
def test_our_strokes_overlap_the_standards_own_signs(comparison: Comparison) -> None:
    found = measured(comparison, real_pictures("ga36_glyphs"))
    mean, least = FLOORS[comparison.name]
    assert np.mean(list(found.values())) >= mean
    assert min(found.values()) >= least
