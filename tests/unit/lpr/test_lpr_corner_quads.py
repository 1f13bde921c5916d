"""Cells become quadrilaterals, quadrilaterals of one plate become one; tilted plates are found, upside-down ones are refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr import PlateColour, rectify
from lpr.detectors import close_view
from lpr.detectors.halves import Halves
from lpr.detectors.quads import CHANNELS, Quad, centres, decode, one_each, overlap
from lpr.frame import Corners, Image
from lpr.model import Region
from tests.builders.lpr import a_box, a_picture

pytestmark = pytest.mark.req("LPR-1")
HEIGHT, WIDTH = 128, 192


def an_answer(corners: Corners, *, at: int, score: float = 3.0, two_rows: float = -4.0, kind: int = 0) -> np.ndarray:
    """What the net says when one cell sees a plate and no other sees anything."""
    points, reach = centres(HEIGHT, WIDTH)
    answer = np.zeros((CHANNELS, len(points)), dtype=np.float32)
    answer[0] = -9
    answer[0, at] = score
    answer[1:9, at] = ((corners - points[at]) / reach[at]).ravel()
    answer[9, at] = two_rows
    answer[10 + kind, at] = 5
    return answer


def turned(corners: Corners, degrees: float) -> Corners:
    middle = corners.mean(axis=0)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((corners - middle) @ turn.T + middle, dtype=np.float32)


def a_quad(corners: Corners, score: float = 0.9) -> Quad:
    return Quad(corners, score, 0.1, np.full(6, 1 / 6, dtype=np.float32))


@pytest.mark.parametrize("cell", [0, 100, 383, 384, 479])
def test_a_sure_cell_of_either_map_tells_the_corners_rows_and_colour(cell: int) -> None:
    box = a_box(30, 40, 80, 26)
    (quad,) = decode(an_answer(box, at=cell, two_rows=4.0, kind=2), HEIGHT, WIDTH, 0.3)
    assert np.allclose(quad.corners, box, atol=1e-3)
    assert quad.score == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)
    assert quad.two_rows > 0.9
    assert quad.colour is PlateColour.GREEN


def test_a_plate_that_is_not_chinese_has_no_colour() -> None:
    (quad,) = decode(an_answer(a_box(30, 40, 80, 26), at=7, kind=5), HEIGHT, WIDTH, 0.3)
    assert quad.colour is None


def test_cells_below_the_least_score_say_nothing() -> None:
    assert decode(an_answer(a_box(30, 40, 80, 26), at=7, score=-1.0), HEIGHT, WIDTH, 0.3) == []


@pytest.mark.parametrize("degrees", [-45, -20, 0, 20, 45])
def test_tilted_plates_count(degrees: float) -> None:
    (quad,) = decode(an_answer(turned(a_box(60, 50, 70, 24), degrees), at=200), HEIGHT, WIDTH, 0.3)
    assert rectify.tilt(quad.corners) == pytest.approx(degrees, abs=0.1)


@pytest.mark.parametrize("degrees", [90, 135, 180, -100])
def test_upside_down_and_upright_plates_do_not(degrees: float) -> None:
    assert decode(an_answer(turned(a_box(60, 50, 70, 24), degrees), at=200), HEIGHT, WIDTH, 0.3) == []


@pytest.mark.parametrize(
    "corners",
    [
        np.zeros((4, 2)),  # a point
        np.array([[10, 10], [90, 10], [90, 10], [10, 10]]),  # a line
        np.array([[10, 10], [90, 40], [90, 10], [10, 40]]),  # crossed
        a_box(30, 40, 80, 26)[::-1],  # mirrored
        np.full((4, 2), np.nan),
        np.full((4, 2), 1e9),
    ],
)
def test_corners_that_enclose_nothing_are_no_plate_and_straighten_to_grey(corners: Corners) -> None:
    corners = corners.astype(np.float32)
    assert not rectify.usable(corners)
    strip = rectify.strip(a_picture(), Region(corners, 0.9, rows=2))
    assert strip.shape[0] == rectify.STRIP_HEIGHT_PX
    assert (strip == 127).all()


def test_an_answer_of_another_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="480 cells of 16"):
        decode(np.zeros((16, 3), dtype=np.float32), HEIGHT, WIDTH, 0.3)


def test_cells_of_one_plate_become_one_and_its_neighbours_stay() -> None:
    near = [a_quad(a_box(100 + i, 100, 140, 44), 0.9 - i / 10) for i in range(4)]
    beside, inside = a_quad(a_box(260, 100, 140, 44), 0.7), a_quad(a_box(120, 105, 40, 30), 0.8)
    kept = one_each([*near, beside, inside])
    assert [quad.score for quad in kept] == [0.9, 0.7]
    assert 100 < kept[0].corners[0, 0] < 102  # the mean of those that agree
    assert np.array_equal(kept[1].corners, beside.corners)


def test_overlap_is_of_the_quadrilaterals_not_of_their_boxes() -> None:
    box = a_box(0, 0, 100, 50)
    assert overlap(box, box)[0] == pytest.approx(1.0)
    assert overlap(box, a_box(50, 0, 100, 50)) == pytest.approx((1 / 3, 1 / 2))
    assert overlap(box, a_box(200, 0, 100, 50)) == (0.0, 0.0)
    lower = turned(a_box(0, 0, 200, 10), 45)
    assert overlap(lower, lower + np.array([40, -40], dtype=np.float32))[0] == 0.0


@pytest.mark.parametrize("degrees", [-30.0, 0.0, 30.0])
@pytest.mark.parametrize("width", [30.0, 80.0, 600.0])
def test_a_close_view_shows_the_plate_level_in_its_middle(degrees: float, width: float) -> None:
    corners = turned(a_box(700, 500, width, width / 3), degrees)
    transform = close_view.aim(corners)
    seen = close_view.to_view(corners, transform)
    assert np.allclose(seen, a_box(24, 32 - 80 / 6, 80, 80 / 3), atol=0.05)
    assert np.allclose(close_view.to_picture(seen, transform), corners, atol=0.05)
    picture = np.zeros((1200, 1600, 3), dtype=np.uint8)
    cv2.fillConvexPoly(picture, np.round(corners).astype(np.int32), (255, 255, 255), cv2.LINE_AA)
    view = close_view.close_view(Halves(picture), transform)
    assert view.shape == (64, 128, 3)
    assert view[25:39, 32:96].mean() > 245
    assert view[:12].max() < 20
    assert view[:, :16].max() < 20


def test_a_close_look_moves_the_corners_to_where_its_net_says_they_are() -> None:
    true, guess = a_box(300, 200, 160, 50), a_box(310, 196, 150, 48)
    transform = close_view.aim(guess)
    answer = np.zeros(16, dtype=np.float32)
    offsets = (close_view.to_view(true, transform) - close_view.EXPECTED) / close_view.REACH_PX
    answer[0], answer[1:9], answer[9], answer[11] = 2.0, offsets.ravel(), 3.0, 4.0
    settled = close_view.settle(a_quad(guess, 0.5), answer, transform)
    assert np.allclose(settled.corners, true, atol=0.1)
    assert settled.score > 0.3
    assert settled.two_rows > 0.9
    assert settled.colour is PlateColour.YELLOW
    doubted = close_view.settle(settled, answer * 0 - 9, transform)
    assert doubted.score < 0.01
    again = close_view.settle(doubted, answer, transform)
    assert again.score == pytest.approx(settled.score)  # only the last close look counts, beside the first one


def test_halves_are_means_of_four_pixels_and_made_once_whatever_room_is_left_from_the_picture_before() -> None:
    room: list[Image] = []
    for seed, (width, height) in enumerate([(320, 180), (320, 180), (641, 363), (90, 60)]):
        picture = a_picture(seed, width=width, height=height)
        halves = Halves(picture, room)
        half, quarter = halves.halved(1), halves.halved(2)
        even = picture[: height // 2 * 2, : width // 2 * 2].astype(float)
        mean = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
        assert np.abs(half - mean).max() <= 0.5
        assert quarter.shape == (height // 4, width // 4, 3)
        assert halves.halved(1) is half
        assert halves.halved(0) is picture
