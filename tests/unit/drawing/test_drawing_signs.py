"""The signs are our own strokes: complete, distinct, and shaped as the standard's."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lpr.drawing.latin_signs import LATIN
from lpr.drawing.plates import SIGNS
from lpr.drawing.province_signs import PROVINCES
from lpr.drawing.special_signs import SPECIAL
from lpr.drawing.strokes import Sign, draw_strokes, sign_mask, strokes
from tests.builders.lpr import real_pictures

pytestmark = pytest.mark.req("LPR-1")


def ink(sign: Sign) -> NDArray[np.bool_]:
    return np.asarray(draw_strokes(sign, px_per_mm=4) > 127)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_every_digit_letter_province_and_special_sign_of_the_standard_is_drawn() -> None:
    assert set(LATIN) == set("0123456789ABCDEFGHJKLMNOPQRSTUVWXYZ")
    assert set(PROVINCES) == set("京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新")
    assert set(SPECIAL) == set("警学挂港澳使领民航应急临试超")


@pytest.mark.parametrize("character", sorted(SIGNS))
def test_a_sign_fills_its_cell_from_edge_to_edge(character: str) -> None:
    rows, columns = np.nonzero(ink(SIGNS[character]))
    assert rows.min() <= 12
    assert rows.max() >= 4 * 90 - 17
    if character != "1":  # a plain bar
        assert columns.min() <= 12
        assert columns.max() >= 4 * 45 - 17


def test_no_two_signs_look_alike_but_zero_and_o() -> None:
    drawn = {character: ink(sign) for character, sign in SIGNS.items() if character != "O"}
    alike = [(a, b) for a, b in itertools.combinations(drawn, 2) if overlap(drawn[a], drawn[b]) > 0.93]
    assert alike == []


def test_one_is_a_plain_bar_and_ms_middle_ends_half_way() -> None:
    one, m = ink(SIGNS["1"]), ink(SIGNS["M"])
    assert len({row.tobytes() for row in one}) <= 4  # a stroke with square ends
    middle = np.nonzero(m[:, m.shape[1] // 2])[0]
    assert middle.max() / m.shape[0] == pytest.approx(0.5, abs=0.06)


def test_the_stroke_of_letters_is_even() -> None:
    letter = ink(SIGNS["H"])
    across, down = letter[40].sum() / 2, letter[:, 90].sum()
    assert across == pytest.approx(down, abs=3)


def test_the_outlines_overlap_the_standards_own_signs() -> None:
    folder = real_pictures("ga36_glyphs")
    measured: dict[str, float] = {}
    for character in sorted(set(SIGNS) - set("O民航应急临试超")):  # of those there is no picture
        true = cv2.imdecode(np.fromfile(folder / f"140_{character}.jpg", np.uint8), cv2.IMREAD_GRAYSCALE)
        assert true is not None
        measured[character] = overlap(
            ink(SIGNS[character]), np.asarray(cv2.resize(true, (180, 360), interpolation=cv2.INTER_AREA) < 128)
        )
    assert np.mean([measured[c] for c in LATIN if c != "O"]) >= 0.95
    assert np.mean([measured[c] for c in PROVINCES]) >= 0.92
    assert min(measured.values()) >= 0.87


def test_a_sign_drawn_for_a_wide_cell_keeps_its_shape() -> None:
    wide = sign_mask(SIGNS["京"], 80.0, 60.0, (160, 120))
    assert wide.shape == (120, 160)
    assert 0.2 < wide.mean() / 255 < 0.7


def test_a_mask_that_is_shared_cannot_be_spoilt() -> None:
    with pytest.raises(ValueError, match="read-only"):
        sign_mask(SIGNS["A"], 45.0, 90.0, (45, 90))[:] = 0


def test_curves_become_polylines_that_end_where_they_say() -> None:
    (stroke,) = strokes(Sign(7, "M0,0 C0,10 10,10 10,0 Q10,-5 5,-5 H0 V-2 L1,-1"))
    points = stroke.points
    assert not stroke.closed
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, -1]
    assert points[:, 1].max() == pytest.approx(7.5)
    assert [stroke.closed for stroke in strokes(Sign(7, "M0,0 H5 V5 Z M1,1 H2"))] == [True, False]


def test_a_path_may_change_its_pen() -> None:
    assert [stroke.pen for stroke in strokes(Sign(7, "M0,0 H5 W6 M0,0 H5 T5,8 M1,1 H2"))] == [(7, 7), (6, 6), (5, 8)]


@pytest.mark.parametrize("path", ["L1,1", "M1", "M1,1 C1,2 3,4", "5,5", "M1,1 H"])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|takes"):
        strokes(Sign(7, path))
