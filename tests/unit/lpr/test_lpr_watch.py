"""A camera that no longer sees is noticed within five seconds, and a living one is never suspected."""

from __future__ import annotations

import numpy as np
import pytest

from lpr import Settings
from lpr.frame import Image
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
