"""The shipped reader, as users get it: it reads every look that GA 36 knows, names the ground, and takes any size of strip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr import rectify
from lpr.drawing.layouts import DOUBLE_ROW, PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.plates import draw_plate
from lpr.model import Region
from lpr.readers.plate_net import PlateNetReader
from lpr.training.plates import SIGNS, colour_of

_EACH = 12


@pytest.fixture(scope="module")
def reader() -> PlateNetReader:
    return PlateNetReader(tuple(SIGNS))


def drawn_strips(style: PlateStyle, seed: int) -> list[tuple[str, np.ndarray]]:
    """Plates of a look, slightly blurred, as strips."""
    rng = np.random.default_rng(seed)
    strips = []
    for _ in range(_EACH):
        text = random_number(style, rng)
        picture = np.asarray(cv2.GaussianBlur(draw_plate(text, style, rng, px_per_mm=0.5), (0, 0), 0.7), np.uint8)
        height, width = picture.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        strips.append((text, rectify.strip(picture, Region(corners, 1.0, rows=2 if style in DOUBLE_ROW else 1))))
    return strips


@pytest.mark.req("LPR-1")
@pytest.mark.parametrize("style", list(PlateStyle))
def test_every_look_is_read_with_its_ground(style: PlateStyle, reader: PlateNetReader) -> None:
    strips = drawn_strips(style, seed=20)
    right, grounds = 0, 0
    for (text, _), sight in zip(strips, reader.read([strip for _, strip in strips]), strict=True):
        assert sight.slots is not None
        assert sight.colours is not None
        read = "".join(sight.slots.signs[c - 1] for c in sight.slots.probabilities.argmax(1) if c)
        right += read == text
        grounds += max(sight.colours, key=sight.colours.__getitem__) is colour_of(style)
    assert right >= _EACH - 2
    assert grounds >= _EACH - 2


def test_every_row_sums_to_one_over_all_signs(reader: PlateNetReader) -> None:
    (sight,) = reader.read([np.full((37, 200, 3), 90, np.uint8)])
    assert sight.slots is not None
    assert sight.colours is not None
    assert np.allclose(sight.steps.probabilities.sum(axis=1), 1, atol=1e-4)
    assert np.allclose(sight.slots.probabilities.sum(axis=1), 1, atol=1e-4)
    assert sum(sight.colours.values()) == pytest.approx(1, abs=1e-4)
