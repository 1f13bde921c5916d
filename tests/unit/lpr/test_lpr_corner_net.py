"""The released detector on pictures: what is no picture is refused, what shows nothing gives nothing, drawn gates show their plates."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr import Settings
from lpr.detectors.corner_net import CornerNetDetector, prepare
from lpr.detectors.halves import Halves
from lpr.detectors.quads import overlap
from lpr.detectors.registry import DETECTORS
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.scenes import Light, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle
from lpr.frame import extent
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_picture

pytestmark = pytest.mark.req("LPR-1")


@pytest.fixture(scope="module")
def detector() -> CornerNetDetector:
    return CornerNetDetector()


def test_the_registry_builds_it_from_the_settings() -> None:
    detector = DETECTORS.get("corner_net")(Settings(detect_side_px=320, second_look_side_px=0, detect_score=0.5))
    assert isinstance(detector, CornerNetDetector)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((5, 900, 3), np.uint8),
        np.zeros((20, 5000, 3), np.uint8),
        np.zeros((480, 640, 3), np.uint8),
        np.full((64, 64, 3), 255, np.uint8),
        np.full((720, 1280, 3), 127, np.uint8),
    ],
)
def test_pictures_without_anything_have_no_plates(detector: CornerNetDetector, picture: np.ndarray) -> None:
    assert detector.find(picture) == ()


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 1), (480, 640, 4), (3,)])
def test_what_is_no_colour_picture_is_refused_by_name(detector: CornerNetDetector, shape: tuple[int, ...]) -> None:
    with pytest.raises(ParkingError, match="image: a picture is height x width x 3 bytes"):
        detector.find(np.zeros(shape, np.uint8))


def test_a_picture_of_floats_is_refused(detector: CornerNetDetector) -> None:
    with pytest.raises(ParkingError, match="image"):
        detector.find(np.zeros((480, 640, 3), np.float32))


@pytest.mark.parametrize("size", [(320, 180), (31, 40), (13, 500), (500, 13), (2000, 60), (641, 481)])
def test_noise_of_any_size_gives_regions_in_order_or_none(detector: CornerNetDetector, size: tuple[int, int]) -> None:
    regions = detector.find(a_picture(1, width=size[0], height=size[1]))
    assert [region.score for region in regions] == sorted((region.score for region in regions), reverse=True)


def test_the_net_sees_sides_that_it_can_halve_five_times() -> None:
    batch, scale = prepare(Halves(a_picture(0, width=1921, height=1080)), 640)
    assert batch.shape == (1, 3, 352, 640)
    assert scale.tolist() == pytest.approx([1920 / 640, 1080 / 352])
    batch, scale = prepare(Halves(a_picture(0, width=40, height=31)), 640)
    assert batch.shape == (1, 3, 32, 32)
    assert scale.tolist() == pytest.approx([40 / 32, 31 / 32])


@pytest.mark.parametrize("light", list(Light))
def test_drawn_gates_that_training_never_saw_show_their_plates(detector: CornerNetDetector, light: Light) -> None:
    """Plates of all styles, each in some light; corners within 6 % of the width at the median."""
    errors, found, tried = [], 0, 0
    for number, style in list(enumerate(PlateStyle))[list(Light).index(light) :: 3]:
        rng = np.random.default_rng([31, number])
        vehicle = Vehicle.of(random_number(style, rng), rng, style=style)
        scene = draw_scene(vehicle, rng, approach=0.7, light=light)
        tried += 1
        best = max(
            detector.find(scene.image),
            key=lambda r: overlap(r.corners, scene.corners.astype(np.float32))[0],
            default=None,
        )
        true = scene.corners.astype(np.float32)
        if best is not None and overlap(best.corners, true)[0] > 0.5:
            found += 1
            errors.append(float(np.linalg.norm(best.corners - true, axis=1).mean()) / extent(true)[0])
    assert found >= 0.8 * tried
    assert np.median(errors) < 0.06


def test_an_empty_lane_shows_no_plate_for_sure(detector: CornerNetDetector) -> None:
    lanes = [
        draw_empty_lane(np.random.default_rng(n), light=light, place=n) for n in range(4) for light in list(Light)[:3]
    ]
    found = [region.score for lane in lanes for region in detector.find(lane)]
    assert sum(score > 0.6 for score in found) <= 1  # weaker guesses are the grammar's to refuse
    assert len(found) <= len(lanes)


def test_several_plates_in_one_picture_are_all_found(detector: CornerNetDetector) -> None:
    rng = np.random.default_rng(4)
    cars = [Vehicle.of(random_number(PlateStyle.BLUE, rng), rng) for _ in range(4)]
    views = [draw_scene(car, rng, place=place, approach=0.9) for place, car in enumerate(cars)]
    small = [cv2.resize(view.image, (640, 360), interpolation=cv2.INTER_AREA) for view in views]
    wall = np.vstack([np.hstack(small[:2]), np.hstack(small[2:])])
    assert len(detector.find(np.asarray(wall, np.uint8))) >= 3
