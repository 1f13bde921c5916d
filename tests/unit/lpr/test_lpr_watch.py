"""A camera that no longer sees is noticed within five seconds, and a living one is never suspected."""

from __future__ import annotations

import numpy as np
import pytest

from lpr import Settings
from lpr.frame import Image
from lpr.motion import Stir
from lpr.watch import PictureWatch
from parking.kernel.device import Health
from tests.builders.lpr import MORNING, a_picture

pytestmark = pytest.mark.req("LPR-2")
LATEST_S = 5.0


def watch_that_saw(pictures: list[Image], every_s: float = 0.5) -> tuple[PictureWatch, float]:
    watch, now_s = PictureWatch(Settings(), 100.0), 100.0
    for picture in pictures:
        now_s += every_s
        watch.arrived(now_s)
        watch.saw(picture, MORNING, now_s)
    return watch, now_s


def test_before_the_first_picture_nothing_is_known_and_soon_after_it_is_silence() -> None:
    watch = PictureWatch(Settings(), 100.0)
    assert watch.verdict(101.0).health is Health.UNKNOWN
    assert watch.verdict(100.0 + LATEST_S).health is Health.SILENT


def test_a_living_camera_is_well() -> None:
    watch, now_s = watch_that_saw([a_picture(seed) for seed in range(40)])
    report = watch.verdict(now_s)
    assert (report.health, report.seen_at) == (Health.OK, MORNING)


def test_a_camera_that_stops_is_silent_within_five_seconds() -> None:
    watch, now_s = watch_that_saw([a_picture(seed) for seed in range(4)])
    assert watch.verdict(now_s + 1).health is Health.OK
    assert watch.verdict(now_s + LATEST_S).health is Health.SILENT


def test_the_reason_of_the_silence_is_told_to_the_technician() -> None:
    watch, now_s = watch_that_saw([a_picture()])
    watch.lost("10.0.0.9: no answer in time")
    assert watch.verdict(now_s + LATEST_S).detail == "10.0.0.9: no answer in time"


@pytest.mark.parametrize("every_s", [0.1, 0.5])
def test_a_picture_that_stands_still_is_frozen_within_five_seconds(every_s: float) -> None:
    watch, now_s = watch_that_saw([a_picture()] * round(LATEST_S / every_s + 1), every_s)
    report = watch.verdict(now_s)
    assert (report.health, report.detail) == (Health.FAULTY, "the picture is frozen")


def test_one_changed_picture_ends_the_suspicion() -> None:
    watch, now_s = watch_that_saw([a_picture(1)] * 11 + [a_picture(2)])
    assert watch.verdict(now_s).health is Health.OK


@pytest.mark.parametrize("level", [0, 255])
def test_a_black_picture_and_a_covered_lens_are_faults_even_with_noise(level: int) -> None:
    def covered(seed: int) -> Image:
        noise = np.random.default_rng(seed).integers(-1, 2, (180, 320, 3))
        return np.clip(level + noise, 0, 255).astype(np.uint8)

    watch, now_s = watch_that_saw([covered(seed) for seed in range(11)])
    report = watch.verdict(now_s)
    assert (report.health, report.detail) == (Health.FAULTY, "the picture is black, or the lens is covered")


def test_night_with_headlights_is_not_black() -> None:
    def night(seed: int) -> Image:
        picture = (a_picture(seed) // 16).astype(np.uint8)
        picture[80:120, 40:100] = 250
        picture[80:120, 200:260] = 250
        return picture

    watch, now_s = watch_that_saw([night(seed) for seed in range(20)])
    assert watch.verdict(now_s).health is Health.OK


def test_the_worst_settings_still_notice_within_five_seconds() -> None:
    assert max(Settings().silent_after_s, Settings().frozen_after_s, Settings().dark_after_s) <= LATEST_S - 0.5


def look(watch: PictureWatch, seed: int, now_s: float, *, stir: Stir | None = None, late_s: float = 0.0) -> float:
    watch.arrived(now_s)
    return watch.saw(a_picture(seed), MORNING, now_s, stir=stir, late_s=late_s)


STILL = Stir(0.0, 0.0, np.zeros((90, 160), dtype=bool))
MOVING = Stir(0.2, 0.2, np.zeros((90, 160), dtype=bool))


def test_pictures_that_come_late_are_a_fault_until_they_are_in_time_again() -> None:
    watch = PictureWatch(Settings(), 100.0)
    look(watch, 1, 100.5, late_s=2.4)
    assert watch.verdict(100.5).detail == "the picture comes 2 s late"
    look(watch, 2, 101.0, late_s=0.1)
    assert watch.verdict(101.0).health is Health.OK


def test_a_recording_that_is_shown_again_is_told_with_its_length() -> None:
    watch, now_s = watch_that_saw([a_picture(seed) for seed in range(28)] * 3, 0.25)
    report = watch.verdict(now_s)
    assert (report.health, report.detail) == (Health.FAULTY, "a recording of 7 s is shown again")
    assert watch.wanted_looks(now_s) > 25


def test_a_vehicle_on_the_loop_that_the_picture_does_not_show_is_noticed_within_five_seconds() -> None:
    watch, seed = PictureWatch(Settings(), 100.0), iter(range(10_000))
    for step in range(120):
        look(watch, next(seed), 100 + step * 0.25, stir=STILL)
    watch.told(130.0)
    for step in range(16):
        look(watch, next(seed), 130 + step * 0.25, stir=STILL)
    assert watch.verdict(134.0).detail == "the picture does not show what is on the loop"
    look(watch, next(seed), 134.5, stir=MOVING)
    assert watch.verdict(134.5).health is Health.FAULTY
    look(watch, next(seed), 140.0, stir=MOVING)
    watch.told(141.0)
    look(watch, next(seed), 141.2, stir=MOVING)
    assert watch.verdict(141.2).health is Health.OK


def test_a_place_that_is_not_known_yet_misses_nothing() -> None:
    watch = PictureWatch(Settings(), 100.0)
    look(watch, 1, 100.0, stir=STILL)
    watch.told(101.0)
    for step in range(20):
        look(watch, 2 + step, 101 + step * 0.25, stir=STILL)
    assert watch.verdict(106.0).health is Health.OK


def test_the_same_picture_again_is_as_old_as_when_it_was_first_seen() -> None:
    watch = PictureWatch(Settings(), 100.0)
    assert [look(watch, seed, now_s) for seed, now_s in ((1, 101.0), (1, 102.0), (2, 103.0))] == [101.0, 101.0, 103.0]
