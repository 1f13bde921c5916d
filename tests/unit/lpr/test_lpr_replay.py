"""A recording that is shown again is found out by its noise, also when it was compressed again; living cameras never are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import pytest

from lpr.frame import Image
from lpr.pictures import small_grey
from lpr.replay import Replay

pytestmark = pytest.mark.req("LPR-2")
FPS, LOOK_S = 8, 0.25
_SIZE = (320, 180)


def place(seed: int = 7) -> Image:
    """Something with edges, as a lane has them."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, _SIZE, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def noisy(image: Image, rng: np.random.Generator, sigma: float = 2.0) -> Image:
    noise = rng.normal(0, sigma, image.shape[:2])[..., None]
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def compressed(image: Image, quality: int) -> Image:
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)


def living(seed: int, quality: int = 85) -> Iterator[Image]:
    rng, scene = np.random.default_rng(seed), place()
    while True:
        yield compressed(noisy(scene, rng), quality)


def noticed_s(looks: Iterable[Image], *, every_s: float = LOOK_S) -> tuple[float, float] | None:
    """After how long a replay was noticed, and of how long a recording; None when it never was."""
    replay = Replay()
    for number, image in enumerate(looks):
        now_s = 100.0 + number * every_s
        replay.see(small_grey(image), now_s)
        if (lag_s := replay.repeats_after_s(now_s)) is not None:
            return number * every_s, lag_s
    return None


def first(count: int, images: Iterator[Image]) -> list[Image]:
    return [next(images) for _ in range(count)]


@pytest.mark.parametrize("again", [None, 60])
@pytest.mark.parametrize("length", [24, 41])
def test_a_recording_is_noticed_within_five_seconds_of_its_return(length: int, again: int | None) -> None:
    recorded = first(length, living(1))
    shown = recorded if again is None else [compressed(image, again) for image in recorded]
    start = first(12, living(2))  # it was alive before
    noticed = noticed_s([*start, *(shown * 4)])
    assert noticed is not None
    after_s, lag_s = noticed
    assert lag_s == pytest.approx(length * LOOK_S, abs=0.2)
    assert after_s - (len(start) + length) * LOOK_S <= 5.0


def test_looks_that_miss_frames_still_find_the_recording() -> None:
    recorded = first(83, living(3))
    rng = np.random.default_rng(4)
    shown = [recorded[(n * 2 + int(rng.integers(2))) % len(recorded)] for n in range(140)]
    noticed = noticed_s(shown)
    assert noticed is not None
    assert noticed[1] == pytest.approx(len(recorded) / FPS, abs=0.3)


def test_a_living_camera_is_never_suspected() -> None:
    assert noticed_s(first(80, living(5))) is None


def test_neither_a_shaking_mast_nor_changing_light_nor_a_clock_in_the_picture_is_a_replay() -> None:
    def shaken() -> Iterator[Image]:
        rng, scene = np.random.default_rng(6), place().astype(np.float32)
        for number in range(100):
            shift = np.array([[1, 0, 2.5 * np.sin(2.1 * number)], [0, 1, 0]], dtype=np.float32)
            bright = scene * (1 + 0.05 * np.sin(number / 9))
            moved = cv2.warpAffine(bright, shift, _SIZE, borderMode=cv2.BORDER_REPLICATE).clip(0, 255)
            told = np.asarray(moved, dtype=np.uint8)
            cv2.putText(
                told, f"12:00:{number // 4 % 10:02d}", (10, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 2
            )
            yield compressed(noisy(told, rng), 75)

    assert noticed_s(shaken()) is None


def test_a_camera_that_skips_its_noise_for_a_while_is_alive() -> None:
    def carried() -> Iterator[Image]:
        images = living(8)
        for _ in range(30):
            image = next(images)
            yield from [image] * 8  # two seconds of one picture, as some codecs do it

    assert noticed_s(carried()) is None


def test_cars_that_come_and_go_in_the_same_place_are_no_replay() -> None:
    def lane() -> Iterator[Image]:
        rng, empty = np.random.default_rng(10), place()
        for car in range(4):
            taken = empty.copy()
            taken[60:165, 80:240] = 60 + 10 * car
            for scene in [empty] * 16 + [taken] * 14:
                yield compressed(noisy(scene, rng), 85)

    assert noticed_s(lane()) is None


def test_a_camera_that_was_away_is_compared_with_nothing_before() -> None:
    recorded = [small_grey(image) for image in first(30, living(9))]
    replay = Replay()
    for number, grey in enumerate(recorded * 2):
        if number == 30:
            replay.forget()
        replay.see(grey, 100 + number * LOOK_S)
    assert replay.repeats_after_s(100 + 60 * LOOK_S) is None


def test_pictures_of_any_size_are_taken() -> None:
    replay = Replay()
    for number, size in enumerate([(1, 1), (2, 2), (90, 160), (45, 80), (90, 160)] * 20):
        replay.see(np.full(size, 90, np.uint8), number * 1.0)
    assert replay.repeats_after_s(100.0) is None
