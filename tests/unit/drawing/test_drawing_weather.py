"""Hours, weather and people leave their marks on a scene, and only where they should."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr.drawing.bodywork import Body, BodyKind, Facing
from lpr.drawing.people import Walker
from lpr.drawing.perspective import View
from lpr.drawing.scenes import Light, Scene, Weather, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle
from tests.builders.drawing import a_vehicle, chance, difference

VIEW = View(width=480, height=270)


def scene(
    *,
    vehicle: Vehicle | None = None,
    light: Light = Light.DAY,
    weather: Weather = Weather.DRY,
    walkers: tuple[Walker, ...] = (),
    behind: Vehicle | None = None,
    approach: float = 0.4,
) -> Scene:
    return draw_scene(
        vehicle or a_vehicle(), chance(4), approach=approach, light=light, weather=weather, view=VIEW, moving=0.0,
        walkers=walkers, behind=behind,
    )  # fmt: skip


def test_the_camera_with_invisible_lamps_sees_grey() -> None:
    image = scene(light=Light.INFRARED).image.astype(int)
    assert np.abs(image[..., 0] - image[..., 2]).max() <= 2
    colourful = scene(light=Light.NIGHT).image.astype(int)
    assert np.abs(colourful[..., 0] - colourful[..., 2]).max() > 60


def test_each_hour_is_darker_than_the_one_before() -> None:
    day, dusk, night = (scene(light=light).image.mean() for light in (Light.DAY, Light.DUSK, Light.NIGHT))
    assert day > 1.3 * dusk
    assert dusk > 1.1 * night


def test_rain_falls_outdoors_only_and_never_twice_the_same() -> None:
    for place, expected in ((0, True), (1, False)):
        dry, wet = (
            draw_empty_lane(chance(1), view=VIEW, place=place, weather=weather)
            for weather in (Weather.DRY, Weather.RAIN)
        )
        assert (np.median(difference(dry, wet)) > 6) == expected
    first, second = (draw_empty_lane(chance(seed), view=VIEW, weather=Weather.RAIN) for seed in (1, 2))
    assert (difference(first, second) > 12).mean() > 0.01


def test_the_wet_ground_mirrors_the_headlights() -> None:
    def below_the_car(weather: Weather) -> float:
        lit = scene(light=Light.NIGHT, weather=weather, approach=0.0)
        low = int(lit.corners[:, 1].max() + 0.12 * VIEW.height)
        return float(lit.image[low : low + 40].astype(float).max(axis=2).max())

    assert below_the_car(Weather.RAIN) > below_the_car(Weather.DRY)


def test_somebody_who_walks_before_the_camera_hides_the_plate_and_the_truth_says_so() -> None:
    nobody = scene()
    plate_x = float(nobody.corners[:, 0].mean())
    assert nobody.hidden == 0.0
    hidden = [scene(walkers=(Walker((x, 2.4), (1.0, 0.0), 3),)).hidden for x in np.linspace(-0.9, 0.9, 10)]
    assert max(hidden) > 0.5
    assert min(hidden) < 0.1
    assert 0 < plate_x < VIEW.width


def test_somebody_who_walks_behind_the_car_does_not_touch_it() -> None:
    without, with_one = scene(), scene(walkers=(Walker((0.0, 7.5), (1.0, 0.0), 3),))
    plate = np.zeros(without.image.shape[:2], np.uint8)
    cv2.fillPoly(plate, [np.round(without.corners).astype(np.int32)], 1)
    assert with_one.hidden == 0.0
    assert np.median(difference(without.image, with_one.image)[plate == 1]) < 8


def test_a_second_car_waits_behind_the_first() -> None:
    changed = difference(scene().image, scene(behind=a_vehicle("沪B88888", seed=9)).image) > 25
    assert changed.mean() > 0.001
    rows = np.flatnonzero(changed.any(axis=1))
    assert rows.min() < VIEW.height * 0.5


@pytest.mark.parametrize("kind", list(BodyKind))
@pytest.mark.parametrize("facing", list(Facing))
def test_every_kind_of_vehicle_shows_its_plate_from_both_ends(kind: BodyKind, facing: Facing) -> None:
    plain = a_vehicle()
    vehicle = Vehicle(plain.plate, plain.style, Body.of(chance(2), kind=kind), facing)
    drawn = scene(vehicle=vehicle)
    lane = draw_empty_lane(chance(4), view=VIEW)
    assert (difference(drawn.image, lane) > 25).mean() > (0.02 if kind is BodyKind.MOTORCYCLE else 0.1)
    middle = drawn.corners.mean(axis=0).astype(int)
    blue = drawn.image[middle[1] - 6 : middle[1] + 6, middle[0] - 20 : middle[0] + 20].reshape(-1, 3).mean(axis=0)
    assert blue[0] > 1.3 * blue[2]


def test_dirt_makes_a_plate_duller() -> None:
    def contrast(dirt: float) -> float:
        plain = a_vehicle()
        soiled = scene(vehicle=Vehicle(plain.plate, plain.style, plain.body, plain.facing, dirt))
        x0, y0 = soiled.corners.min(axis=0).astype(int)
        x1, y1 = soiled.corners.max(axis=0).astype(int)
        return float(soiled.image[y0:y1, x0:x1, 2].std())

    assert contrast(0.7) < 0.9 * contrast(0.0)
