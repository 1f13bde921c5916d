"""An empty lane is told from one with something in it, by day and night, whatever the light does to the whole picture."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.scenes import Light, draw_empty_lane, draw_scene
from lpr.drawing.vehicles import Vehicle
from lpr.frame import Image
from lpr.motion import Motion, Stir
from lpr.pictures import small_grey

pytestmark = pytest.mark.req("LPR-2")
LOOK_S = 0.25
lights = pytest.mark.parametrize("light", list(Light))


class Looking:
    """A motion trigger that looks four times a second."""

    def __init__(self, motion: Motion | None = None) -> None:
        self.motion, self.at_s = motion or Motion(), 100.0

    def at(self, image: Image, *, hold: bool = False) -> Stir:
        self.at_s += LOOK_S
        return self.motion.see(small_grey(image), self.at_s, hold=hold)


def empty(rng: np.random.Generator, light: Light) -> Image:
    return draw_empty_lane(rng, light=light, place=1)


def with_car(rng: np.random.Generator, light: Light, approach: float) -> Image:
    vehicle = Vehicle.of(random_number(PlateStyle.BLUE, np.random.default_rng(5)), np.random.default_rng(5))
    return draw_scene(vehicle, rng, approach=approach, light=light, place=1).image


@lights
def test_an_empty_lane_rests(light: Light) -> None:
    rng, looking = np.random.default_rng(1), Looking()
    stirs = [looking.at(empty(rng, light)) for _ in range(16)]
    assert sum(stir.moves or stir.is_there for stir in stirs[2:]) <= 1


@lights
def test_a_car_is_noticed_at_once_and_stays_noticed_while_it_stands(light: Light) -> None:
    rng, looking = np.random.default_rng(2), Looking()
    for _ in range(6):
        looking.at(empty(rng, light))
    assert looking.at(with_car(rng, light, 0.0)).moves
    stirs = [looking.at(with_car(rng, light, 1.0), hold=True) for _ in range(12)]
    assert all(stir.is_there for stir in stirs)
    assert stirs[-1].is_taken(0.3, 0.5, 0.7, 0.9)
    looking.at(empty(rng, light))
    gone = looking.at(empty(rng, light))
    assert not gone.is_there
    assert not gone.is_taken(0.3, 0.5, 0.7, 0.9)


def test_the_sun_that_comes_out_moves_nothing() -> None:
    rng, looking = np.random.default_rng(3), Looking()
    picture = empty(rng, Light.DAY)
    for share in (0.7, 0.7, 0.75, 0.8, 0.85):
        stir = looking.at((picture * share).astype(np.uint8))
    assert not stir.moves
    assert not stir.is_there


def test_whatever_stays_becomes_the_place_unless_it_is_held() -> None:
    rng = np.random.default_rng(4)
    held, learnt = Looking(), Looking()
    for looking in (held, learnt):
        looking.at(empty(rng, Light.DAY))
    parked = with_car(rng, Light.DAY, 1.0)
    for _ in range(400):
        still_there = held.at(parked, hold=True)
        forgotten = learnt.at(parked)
    assert still_there.is_there
    assert not forgotten.is_there


def test_a_street_outside_the_region_does_not_matter() -> None:
    lane = np.full((180, 320, 3), 90, np.uint8)
    looking = Looking(Motion((0.0, 0.5, 1.0, 1.0)))
    looking.at(lane)
    passing = lane.copy()
    passing[:80] = 200
    assert not looking.at(passing).moves
    passing[100:150, 100:200] = 250
    assert looking.at(passing).moves


def test_a_camera_that_was_away_starts_afresh_and_so_does_one_of_another_size() -> None:
    looking = Looking()
    looking.at(np.full((180, 320, 3), 90, np.uint8))
    looking.motion.forget()
    assert not looking.at(np.full((180, 320, 3), 250, np.uint8)).moves
    assert not looking.at(np.full((90, 320, 3), 10, np.uint8)).moves


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 5), (1080, 1920), (2160, 3840)])
def test_pictures_of_any_shape_have_a_small_grey_one(shape: tuple[int, int]) -> None:
    grey = small_grey(np.full((*shape, 3), 77, np.uint8))
    assert grey.shape[1] <= 160
    assert int(grey.min()) == int(grey.max()) == 77
    stir = Motion().see(grey, 0.0)
    assert not stir.is_taken(-1.0, -1.0, 2.0, 2.0)
    assert not stir.is_taken(0.9, 0.9, 0.1, 0.1)
