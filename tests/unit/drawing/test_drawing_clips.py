"""Passages as clips: the same from the same seed, the truth of each frame, a car that comes, stands and goes."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.drawing.bodywork import Facing
from lpr.drawing.clips import PLACES, ClipFrame, Passage, Phase, Site, draw_frame, film, plan_passage
from lpr.drawing.layouts import DOUBLE_ROW, PlateStyle
from lpr.drawing.scenes import Light, Weather
from tests.builders.drawing import chance


def a_passage(
    seed: int = 1, *, style: PlateStyle = PlateStyle.BLUE, light: Light = Light.DAY, weather: Weather = Weather.DRY
) -> Passage:
    return plan_passage(chance(seed), place=0, style=style, light=light, weather=weather, width=320, height=180)


def one_that_shows(facing: Facing) -> Passage:
    return next(p for p in (a_passage(seed) for seed in range(100)) if p.facing is facing)


def test_the_same_seed_plans_the_same_passage_and_draws_the_same_frame() -> None:
    one, same, other = a_passage(1), a_passage(1), a_passage(2)
    assert one == same != other
    assert np.array_equal(draw_frame(one, 1.0).image, draw_frame(same, 1.0).image)
    assert not np.array_equal(draw_frame(one, 1.0).image, draw_frame(one, 1.1).image)


def test_a_front_comes_nearer_and_a_rear_goes_away() -> None:
    coming, going = one_that_shows(Facing.FRONT), one_that_shows(Facing.REAR)
    for passage, sign in ((coming, 1), (going, -1)):
        times = np.linspace(0, passage.ends_s, 40)
        distances = np.array([passage.distance_at(t) for t in times])
        assert (np.diff(distances) * sign <= 1e-9).all()
        assert passage.distance_at(passage.arrives_s) == pytest.approx(passage.site.stops_m)
        assert passage.distance_at(passage.leaves_s) == pytest.approx(passage.site.stops_m)
        assert passage.speed_at((passage.arrives_s + passage.leaves_s) / 2) == pytest.approx(0)


def test_a_clip_begins_and_ends_with_the_empty_lane_and_tells_its_phases_in_order() -> None:
    frames: list[ClipFrame] = list(film(a_passage(3), 3.0, before_s=0.5, after_s=0.5))
    phases = [frame.phase for frame in frames]
    assert list(dict.fromkeys(phases)) == list(Phase)
    assert phases == sorted(phases, key=list(Phase).index)
    for frame in frames:
        assert frame.image.shape == (180, 320, 3)
        assert (frame.corners is None) >= (frame.phase in (Phase.BEFORE, Phase.AFTER))


@pytest.mark.parametrize("place", range(PLACES))
def test_wherever_the_camera_hangs_the_plate_of_a_waiting_car_is_in_the_picture_and_wide_enough(place: int) -> None:
    passage = plan_passage(chance(place), place=place, style=PlateStyle.BLUE)
    view, stop = passage.site.view, passage.site.stops_m
    for y in (0.44, 1.0):  # from a low bumper to a bus's rear
        for x in (-0.6, 0.6):
            [(left, top)] = view.project([(x, y, stop)])
            assert 0 < left < view.width
            assert 0 < top < view.height
    a, b = view.project([(-0.22, 0.5, stop), (0.22, 0.5, stop)])
    assert np.linalg.norm(b - a) > 130


@pytest.mark.parametrize("style", list(PlateStyle))
def test_every_style_has_a_vehicle_and_double_rows_are_seen_from_behind(style: PlateStyle) -> None:
    passage = a_passage(5, style=style)
    frame = draw_frame(passage, passage.arrives_s)
    assert frame.corners is not None
    assert passage.facing is Facing.REAR or style not in DOUBLE_ROW
    assert frame.phase is Phase.WAITING


@pytest.mark.parametrize("weather", list(Weather))
@pytest.mark.parametrize("light", list(Light))
def test_every_hour_and_weather_can_be_drawn_at_every_kind_of_place(light: Light, weather: Weather) -> None:
    for place in range(4):
        passage = plan_passage(chance(place), place=place, light=light, weather=weather, width=320, height=180)
        image = draw_frame(passage, passage.arrives_s).image
        assert 4 < image.mean() < 225
        assert image.std() > 8


def test_places_differ_and_the_same_place_is_always_the_same() -> None:
    assert Site.at(3) == Site.at(3) != Site.at(7)
    assert len({Site.at(place).view for place in range(PLACES)}) == PLACES
