"""Corners in one order, strips upright, colours from pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr import PlateColour, rectify
from lpr.colour import colour_of
from lpr.detectors.lines import plates_among
from lpr.drawing.layouts import DOUBLE_ROW, PlateStyle, layout_of
from lpr.frame import Image, extent
from lpr.model import Region
from tests.builders.lpr import a_box, a_picture

pytestmark = pytest.mark.req("LPR-1")


@given(angle=st.floats(-30, 30), shuffle=st.permutations(range(4)))
def test_corners_come_clockwise_from_the_top_left_however_they_went_in(angle: float, shuffle: list[int]) -> None:
    box = cv2.boxPoints(((200.0, 150.0), (140.0, 40.0), angle)).astype(np.float32)
    ordered = rectify.order(box[shuffle])
    top, down = ordered[1] - ordered[0], ordered[3] - ordered[0]
    assert float(top[0] * down[1] - top[1] * down[0]) > 0
    assert top[0] > 0
    assert extent(ordered) == pytest.approx((140, 40), abs=0.5)


def test_widening_grows_to_the_side_that_is_asked_for() -> None:
    grown = rectify.widen(a_box(100, 100, 100, 20), left=0.2, around=0.5)
    assert grown.tolist() == [[70, 90], [210, 90], [210, 130], [70, 130]]


def test_a_tilted_plate_comes_out_upright() -> None:
    plate = np.zeros((60, 200, 3), dtype=np.uint8)
    plate[:, 100:] = 255
    corners = np.array([[120, 80], [310, 120], [305, 185], [112, 140]], dtype=np.float32)
    source = np.array([[0, 0], [200, 0], [200, 60], [0, 60]], dtype=np.float32)
    picture = cv2.warpPerspective(plate, cv2.getPerspectiveTransform(source, corners), (420, 260))
    strip = rectify.strip(np.asarray(picture, dtype=np.uint8), Region(corners, 1.0))
    assert strip.shape[0] == rectify.STRIP_HEIGHT_PX
    middle = strip.shape[1] // 2
    assert strip[8:-8, 8 : middle - 8].mean() < 20
    assert strip[8:-8, middle + 8 : -8].mean() > 235


def test_two_rows_are_laid_side_by_side_the_upper_one_first() -> None:
    picture = np.zeros((220, 440, 3), dtype=np.uint8)
    picture[90:] = 255
    strip = rectify.strip(picture, Region(a_box(0, 0, 440, 220), 1.0, rows=2))
    third = strip.shape[1] // 3
    assert strip.shape[0] == rectify.STRIP_HEIGHT_PX
    assert strip[:, :third].mean() < 60
    assert strip[:, -third:].mean() > 200


@pytest.mark.parametrize("around", [0.0, 0.04, 0.08])
@pytest.mark.parametrize("style", DOUBLE_ROW)
def test_every_sign_of_two_rows_comes_out_whole_upright_and_by_itself(style: PlateStyle, around: float) -> None:
    layout = layout_of(style)
    plate = np.zeros((round(layout.height) * 2, round(layout.width) * 2, 3), dtype=np.uint8)
    for slot in layout.slots:
        left, top = round(2 * slot.x), round(2 * slot.y)
        plate[top : top + round(2 * slot.height), left : left + round(2 * slot.width)] = 255
    corners = np.array([[150, 120], [690, 180], [670, 480], [140, 410]], dtype=np.float32)
    height, width = plate.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    picture = cv2.warpPerspective(plate, cv2.getPerspectiveTransform(source, corners), (860, 640))
    strip = rectify.strip(np.asarray(picture, np.uint8), Region(rectify.widen(corners, around=around), 1.0, rows=2))
    lit = strip[:, :, 0] > 127
    across = lit[5:-5].mean(axis=0) > 0.3
    starts = np.flatnonzero(across & ~np.roll(across, 1))
    assert len(starts) == len(layout.slots)
    ends = np.flatnonzero(across & ~np.roll(across, -1)) + 1
    for start, end in zip(starts, ends, strict=True):
        down = np.flatnonzero(lit[:, (start + end) // 2])
        assert len(down) >= 0.5 * rectify.STRIP_HEIGHT_PX
        assert 6 < end - start < 40
    assert not lit[-1, starts[2 + len(layout.slots) - 7] :].any()


def ground(blue: int, green: int, red: int) -> Image:
    strip = np.empty((48, 150, 3), dtype=np.uint8)
    strip[:] = (blue, green, red)
    strip[14:34, 20::24] = strip[14:34, 21::24] = 255
    return strip


@pytest.mark.parametrize(
    ("pixels", "colour"),
    [
        ((170, 70, 20), PlateColour.BLUE),
        ((20, 170, 230), PlateColour.YELLOW),
        ((110, 190, 100), PlateColour.GREEN),
        ((225, 225, 225), PlateColour.WHITE),
        ((25, 25, 25), PlateColour.BLACK),
        ((60, 30, 10), PlateColour.BLUE),  # by night
    ],
)
def test_the_ground_is_named(pixels: tuple[int, int, int], colour: PlateColour) -> None:
    assert colour_of(ground(*pixels)) is colour


def test_a_ground_of_no_colour_and_no_clear_brightness_is_unknown() -> None:
    assert colour_of(ground(100, 100, 100)) is None
    assert colour_of(np.full((2, 2, 3), 100, dtype=np.uint8)) in set(PlateColour) | {None}


def test_lines_of_the_wrong_shape_are_no_plates() -> None:
    lines = [(a_box(0, 0, 300, 20), 0.9), (a_box(0, 50, 30, 10), 0.9), (a_box(0, 100, 50, 50), 0.9), (a_box(), 0.5)]
    (region,) = plates_among(lines, narrowest_px=40, most=5)
    assert (region.score, region.rows) == (0.5, 1)


def test_two_lines_one_above_the_other_may_be_one_plate_of_two_rows() -> None:
    upper, lower = a_box(130, 100, 90, 30), a_box(100, 135, 150, 50)
    rows = [region.rows for region in plates_among([(lower, 0.9), (upper, 0.8)], narrowest_px=40, most=5)]
    assert sorted(rows) == [1, 1, 2]


def test_only_the_likeliest_are_kept() -> None:
    lines = [(a_box(200 * n, 0), n / 10) for n in range(8)]
    assert [r.score for r in plates_among(lines, narrowest_px=40, most=3)] == [0.7, 0.6, 0.5]


def test_noise_has_some_colour_or_none_and_never_fails() -> None:
    for seed in range(20):
        colour_of(a_picture(seed, width=90 + seed, height=20 + seed))
