"""PP-OCRv6's text detector as a plate detector: a map of "text here", cut at a threshold, boxed, grown back, filtered by shape.

It finds lines of signs, not plates: two lines one above the other may be one plate, and the province may lie outside the box.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lpr import weights
from lpr.detectors.base import Detector
from lpr.detectors.lines import plates_among
from lpr.engine import Engine, Tensor
from lpr.frame import Corners, Image
from lpr.model import Region

_MULTIPLE = 32  # the network halves five times
_TEXT = 0.3  # a pixel is text from here
_BOX = 0.45  # a box is kept from here (mean of its pixels)
_GROW = 1.6  # differentiable binarisation shrinks text by this ratio when it is trained; undo it


class PpOcrDetector:
    """Finds lines of text in the picture, scaled so that its longer side is at most `side_px`."""

    def __init__(self, side_px: int, narrowest_px: int, most: int) -> None:
        self._engine = Engine(weights.locate(weights.PP_OCR_V6_DETECTOR))
        self._side_px = side_px
        self._narrowest_px = narrowest_px
        self._most = most

    def find(self, image: Image) -> tuple[Region, ...]:
        batch = prepare(image, self._side_px)
        heat = self._engine.run(batch)[0, 0]
        scale = np.array([image.shape[1] / heat.shape[1], image.shape[0] / heat.shape[0]], dtype=np.float32)
        lines = [(box * scale, score) for box, score in boxes(heat)]
        return plates_among(lines, narrowest_px=self._narrowest_px, most=self._most)


def prepare(image: Image, side_px: int) -> Tensor:
    """The network's input: longer side at most `side_px`, both sides multiples of 32, -1 to 1."""
    height, width = image.shape[:2]
    ratio = min(1.0, side_px / max(height, width))
    sides = [max(_MULTIPLE, round(side * ratio / _MULTIPLE) * _MULTIPLE) for side in (width, height)]
    shrink = cv2.INTER_AREA if ratio < 0.5 else cv2.INTER_LINEAR  # linear skips pixels when shrinking by more than half
    scaled = cv2.resize(image, (sides[0], sides[1]), interpolation=shrink).astype(np.float32)
    return np.ascontiguousarray((scaled / 127.5 - 1.0).transpose(2, 0, 1)[None])


def boxes(heat: npt.NDArray[np.float32]) -> list[tuple[Corners, float]]:
    """Rotated boxes (4 x 2 pixels of the map) round the text of a probability map, with their mean probability."""
    mask = (heat > _TEXT).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        (x, y), (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < 3:
            continue
        score = _mean_inside(heat, contour)
        if score < _BOX:
            continue
        grow = _GROW * width * height / (2 * (width + height))
        corners = cv2.boxPoints(((x, y), (width + 2 * grow, height + 2 * grow), angle))
        found.append((corners.astype(np.float32), score))
    return found


def _mean_inside(heat: npt.NDArray[np.float32], contour: npt.NDArray[Any]) -> float:
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), dtype=np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, thickness=-1, offset=(-x, -y))
    return float(cv2.mean(heat[y : y + height, x : x + width], inside)[0])


_: type[Detector] = PpOcrDetector
