"""What was read is written onto a copy of the picture, Chinese signs included, and never over a file that is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lpr import annotate
from lpr.grammars.china import PROVINCES
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_box, a_picture, a_read


def dark(width: int = 400, height: int = 120) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("sign", [*PROVINCES, "警", "学", "挂", "港", "澳", "使", "领"])
def test_every_sign_of_a_plate_can_be_written(sign: str) -> None:
    ground = dark(60, 40)
    end = annotate.write(ground, sign, (2, 2), 30, annotate.WHITE)
    assert ground.max() > 200
    assert 20 < end < 40
    assert end == 2 + annotate.text_width(sign, 30)


def test_no_two_provinces_look_the_same() -> None:
    drawn = set()
    for sign in PROVINCES:
        ground = dark(60, 40)
        annotate.write(ground, sign, (2, 2), 30, annotate.WHITE)
        drawn.add(ground.tobytes())
    assert len(drawn) == len(PROVINCES)


def test_text_that_leaves_the_picture_is_cut_off() -> None:
    ground = dark(40, 20)
    for at in ((-10, -10), (35, 15), (100, 100), (-500, 3)):
        annotate.write(ground, "粤B12345 0.98 ☃", at, 30, annotate.WHITE)


def test_reads_are_drawn_on_a_copy() -> None:
    image = a_picture(1, width=640, height=360)
    before = image.copy()
    shown = annotate.annotated(image, [a_read(("粤B12345", -0.1), corners=a_box(200, 150))])
    assert np.array_equal(image, before)
    changed = np.argwhere(np.any(shown != image, axis=2))
    assert len(changed) > 1000
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top < 150 <= bottom <= 200
    assert left <= 200
    assert right >= 340


@pytest.mark.parametrize("corners", [a_box(-50, -30), a_box(600, 340), a_box(0, 0, 640, 360), a_box(10, 1, 4, 2)])
def test_a_plate_at_the_edge_is_no_trouble(corners: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    image = a_picture(1, width=640, height=360)
    shown = annotate.annotated(image, [a_read(("粤B12345", -0.1), corners=corners)])
    assert shown.shape == image.shape


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    paths = {annotate.save(a_picture(), tmp_path / "new" / "folder", "gate-read") for _ in range(3)}
    assert {path.name for path in paths} == {"gate-read.jpg", "gate-read-2.jpg", "gate-read-3.jpg"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ParkingError, match=r"file.*cannot be made"):
        annotate.save(a_picture(), tmp_path / "file" / "below", "x")
