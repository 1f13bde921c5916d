"""Gate scenes: the same from the same seed, true corners, one car that comes nearer, night darker than day."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr.drawing.layouts import PlateStyle, layout_of
from lpr.drawing.perspective import View
from lpr.drawing.plates import draw_plate
from lpr.drawing.scenes import Light, Scene, distance_at, draw_empty_lane, draw_scene
from parking.kernel.errors import ParkingError
from tests.builders.drawing import a_scene, a_vehicle, chance, difference

LIGHTS = list(Light)


def width_px(scene: Scene) -> float:
    return float(np.linalg.norm(scene.corners[1] - scene.corners[0]))


@pytest.mark.parametrize("light", LIGHTS)
def test_the_same_seed_gives_the_same_picture_and_another_seed_another(light: Light) -> None:
    first, again, other = (a_scene(seed=seed, light=light) for seed in (5, 5, 6))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.corners, again.corners)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("approach", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("light", LIGHTS)
def test_what_changes_with_the_number_lies_within_the_corners(light: Light, approach: float) -> None:
    one, other = (a_scene(plate, light=light, approach=approach) for plate in ("京A12345", "沪N88888"))
    changed = (difference(one.image, other.image) > 40).astype(np.uint8)
    plate = np.zeros_like(changed)
    cv2.fillPoly(plate, [np.round(one.corners).astype(np.int32)], 1)
    assert changed.sum() > 0.05 * plate.sum()
    nearby = np.asarray(cv2.dilate(plate, np.ones((7, 7), np.uint8)))
    assert changed[nearby == 0].sum() == 0
    left, _, width, _ = cv2.boundingRect(changed)
    assert left - one.corners[:, 0].min() < 0.12 * width_px(one)
    assert one.corners[:, 0].max() - left - width < 0.12 * width_px(one)


@pytest.mark.parametrize("style", [PlateStyle.BLUE, PlateStyle.GREEN_SMALL, PlateStyle.YELLOW_DOUBLE])
def test_the_plate_straightened_by_its_corners_is_the_plate_that_was_drawn(style: PlateStyle) -> None:
    number = "京AD12345" if style is PlateStyle.GREEN_SMALL else "京A12345"
    scene = a_scene(number, style=style, approach=0.9)
    flat = draw_plate(number, style, chance(a_vehicle(number, style=style).body.seed), px_per_mm=0.5)
    height, width = flat.shape[:2]
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(scene.corners.astype(np.float32), target)
    seen = cv2.warpPerspective(scene.image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    assert np.corrcoef(seen.ravel(), flat.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("style", list(PlateStyle))
def test_the_corners_run_clockwise_from_the_top_left_with_the_plates_proportions(style: PlateStyle) -> None:
    number = "京AD123456"[: len(layout_of(style).slots)]
    top_left, top_right, bottom_right, bottom_left = a_scene(number, style=style).corners
    assert top_left[0] < top_right[0]
    assert bottom_left[0] < bottom_right[0]
    assert top_left[1] < bottom_left[1]
    assert top_right[1] < bottom_right[1]
    seen = np.linalg.norm(top_right - top_left) / np.linalg.norm(bottom_left - top_left)
    layout = layout_of(style)
    assert seen == pytest.approx(layout.width / layout.height, rel=0.15)


def test_a_car_that_comes_nearer_grows_and_stays_in_the_picture() -> None:
    scenes = [a_scene(approach=approach) for approach in (0.0, 0.25, 0.5, 0.75, 1.0)]
    widths = [width_px(scene) for scene in scenes]
    assert widths == sorted(widths)
    assert 110 <= widths[0] <= 130
    assert 200 <= widths[-1] <= 250
    for scene in scenes:
        assert scene.corners.min() > 0
        assert (scene.corners < (960, 540)).all()


def test_beyond_its_ends_the_approach_is_cut_off() -> None:
    assert distance_at(-1) == distance_at(0) > distance_at(1) == distance_at(2)


@pytest.mark.parametrize("light", LIGHTS)
def test_two_frames_of_a_waiting_car_differ_by_noise_only(light: Light) -> None:
    vehicle, rng = a_vehicle(), chance(9)
    first, second = (draw_scene(vehicle, rng, light=light, approach=1.0, moving=0.0) for _ in range(2))
    assert not np.array_equal(first.image, second.image)
    assert np.abs(first.corners - second.corners).max() < 12
    assert width_px(first) == pytest.approx(width_px(second), rel=0.02)


def test_night_is_dark_but_for_the_headlights_and_the_plate() -> None:
    day, night = a_scene(light=Light.DAY), a_scene(light=Light.NIGHT)
    assert night.image.mean() < 0.5 * day.image.mean()
    assert (night.image.min(axis=2) > 245).sum() > 300
    plate = np.zeros(night.image.shape[:2], np.uint8)
    cv2.fillPoly(plate, [np.round(night.corners).astype(np.int32)], 1)
    assert night.image[plate == 1].mean() > 1.5 * night.image[plate == 0].mean()


def test_a_moving_car_is_blurred_more() -> None:
    def sharpness(moving: float) -> float:
        scene = a_scene(moving=moving, seed=4)
        x, y = scene.corners.min(axis=0).astype(int)
        right, low = scene.corners.max(axis=0).astype(int)
        return float(cv2.Laplacian(scene.image[y:low, x:right], cv2.CV_64F).var())

    assert sharpness(1.0) < 0.8 * sharpness(0.0)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("light", LIGHTS)
def test_an_empty_lane_is_the_same_lane_without_the_car(light: Light, place: int) -> None:
    empty = draw_empty_lane(chance(1), light=light, place=place)
    taken = a_scene(light=light, place=place)
    apart = difference(empty, taken.image)
    x, y = taken.corners.mean(axis=0).astype(int)
    assert empty.shape == (540, 960, 3)
    assert np.median(apart[y - 100 : y + 20, x - 150 : x + 150]) > 20 * (0.3 if light is Light.NIGHT else 1)
    assert np.median(apart[-60:, -120:]) < 30  # the camera turns its own exposure up or down


def test_the_background_handed_out_is_never_painted_on() -> None:
    before = draw_empty_lane(chance(1))
    a_scene()
    assert np.array_equal(before, draw_empty_lane(chance(1)))


def test_another_picture_size_keeps_the_scene() -> None:
    small = draw_scene(a_vehicle(), chance(3), view=View(width=480, height=270), moving=0.0)
    large = a_scene()
    assert small.image.shape == (270, 480, 3)
    assert small.corners * 2 == pytest.approx(large.corners, abs=1)


def test_what_is_behind_the_camera_does_not_blow_up() -> None:
    assert np.isfinite(View().project([(0.0, 0.0, -5.0), (0.0, 0.0, 0.0)])).all()


def test_an_opencv_that_cannot_draw_in_space_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "triangleRasterize")
    with pytest.raises(ParkingError, match="OpenCV 5"):
        a_scene()
