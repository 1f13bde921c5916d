"""The pipeline's own decisions, without models: where it looks, when it looks twice, what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from lpr import PlateKind, Settings
from lpr.frame import Image
from lpr.model import Region
from tests.builders.lpr import a_box, a_frame, a_picture, a_pipeline

pytestmark = pytest.mark.req("LPR-1")


def test_a_plate_is_reported_with_its_doubts_and_its_place() -> None:
    (read,) = a_pipeline().read(a_frame())
    assert (read.plate.text, read.kind, read.camera) == ("粤B12345", PlateKind.CIVIL, "entry-1")
    assert 0.9 < read.confidence <= 1
    assert read.margin > 2
    assert read.candidates[0].plate == read.plate
    assert np.abs(read.corners.mean(axis=0) - a_box().mean(axis=0)).max() < 1


def test_corners_are_of_the_whole_frame_even_with_a_region_of_interest() -> None:
    pipeline = a_pipeline(
        settings=Settings(region_of_interest=(0.25, 0.5, 1.0, 1.0)), regions=[Region(a_box(0, 0), 0.9)]
    )
    (read,) = pipeline.read(a_frame(a_picture(width=800, height=400)))
    assert read.corners.mean(axis=0).tolist() == pytest.approx([200 + 70, 200 + 22], abs=1)


def test_a_doubtful_plate_is_looked_at_again_further_to_the_left_and_in_grey() -> None:
    strips: list[Image] = []

    def first_doubtful(strip: Image) -> tuple[str, float]:
        strips.append(strip)
        return ("B12345", 0.9) if len(strips) == 1 else ("粤B12345", 0.9)

    (read,) = a_pipeline(first_doubtful).read(a_frame())
    first, second = strips
    assert read.plate.text == "粤B12345"
    assert second.shape[1] > first.shape[1]
    assert np.array_equal(second[..., 0], second[..., 2])
    assert read.corners[0][0] < a_box()[0][0] - 20


def test_a_clear_plate_is_looked_at_once() -> None:
    strips: list[Image] = []

    def clear(strip: Image) -> tuple[str, float]:
        strips.append(strip)
        return "粤B12345", 0.97

    a_pipeline(clear).read(a_frame())
    assert len(strips) == 1


def test_words_that_are_no_plate_are_not_reported() -> None:
    assert a_pipeline(lambda _strip: ("STOP", 0.99)).read(a_frame()) == ()


def test_one_plate_found_twice_is_reported_once() -> None:
    regions = [Region(a_box(), 0.9), Region(a_box(104, 102), 0.8), Region(a_box(10, 10), 0.7)]
    assert len(a_pipeline(regions=regions).read(a_frame())) == 1


def test_two_vehicles_are_two_plates_the_clearer_one_first() -> None:
    regions = [Region(a_box(10, 10), 0.9), Region(a_box(170, 120), 0.8)]
    texts = iter([("京A00001", 0.9), ("粤B12345", 0.99)])
    reads = a_pipeline(lambda _strip: next(texts), regions=regions).read(a_frame())
    assert [read.plate.text for read in reads] == ["粤B12345", "京A00001"]


def test_a_small_picture_shaped_like_a_plate_is_the_plate() -> None:
    (read,) = a_pipeline(regions=[]).read(a_frame(a_picture(width=94, height=24)))
    assert read.corners.tolist() == [[0, 0], [94, 0], [94, 24], [0, 24]]


def test_a_read_shows_no_plate_when_it_is_printed() -> None:
    (read,) = a_pipeline().read(a_frame())
    assert "12345" not in repr(read)
