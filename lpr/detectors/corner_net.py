"""Our own plate detector: one look at the whole picture, then a close look at each find, which moves its corners and weighs it.

The net is fully convolutional and knows plates of 14 to 400 pixels. Where the first look leaves a doubt, the picture is looked at again
larger (small plates), and where it is not sure of anything, smaller as well (a plate that fills it). Corners keep their order: an
upside-down plate is none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from lpr import rectify, weights
from lpr.detectors.base import Detector
from lpr.detectors.close_view import aim, close_view, settle
from lpr.detectors.halves import Halves
from lpr.detectors.quads import Numbers, Quad, decode, one_each
from lpr.engine import Engine
from lpr.frame import Image, extent
from lpr.model import Region
from parking.kernel.errors import invalid

NAME, CLOSE_NAME = "corner_net", "close_net"
_MULTIPLE = 32  # the net halves five times
_LEAST_SIDE_PX = 12
_MOST_SHAPE = 40  # times longer than wide: no photograph
_CANDIDATE = 0.18  # of the first look; the close look decides
_FAR_BEHIND = 0.25  # of the surest find: what is less sure is no plate; of 171 real ones one, 22 pixels wide, was below
_LEAST_CANDIDATES = 12  # looked at closely, however few are wanted
_SURE = 0.5  # so sure a find is a plate
_DOUBTED = 0.1  # so much of one and no more is perhaps a plate that the first look was too small for
_HOPEFUL = 0.03  # after one close look; a second one starts from better corners
_HALVED_FROM = 1.9


class CornerNetDetector:
    """Plates with four corners, rows and ground, surest first; `second_side_px` 0 never looks twice."""

    def __init__(
        self,
        *,
        side_px: int = 640,
        second_side_px: int = 960,
        least_score: float = 0.3,
        narrowest_px: int = 14,
        most: int = 12,
        model: Path | None = None,
        close_model: Path | None = None,
    ) -> None:
        self._engine = Engine(model or weights.own(NAME))
        self._close = Engine(close_model or weights.own(CLOSE_NAME))
        self._side_px = side_px
        self._second_side_px = second_side_px
        self._least_score = least_score
        self._narrowest_px = narrowest_px
        self._most = most
        self._room: list[Image] = []

    def find(self, image: Image) -> tuple[Region, ...]:
        """Every plate of a picture, surest first; ParkingError where it is no picture."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise invalid("picture.shape", "a picture is height x width x 3 bytes (blue, green, red)", field="image")
        short, long = sorted(image.shape[:2])
        if short < _LEAST_SIDE_PX or long > _MOST_SHAPE * short:
            return ()
        picture = Halves(image, self._room)
        found = self._closely(picture, self._look(picture, self._side_px))
        sure = any(quad.score >= _SURE for quad in found)
        doubted = any(_DOUBTED <= quad.score < _SURE for quad in found)
        if self._second_side_px and (doubted or not sure):
            again = [] if sure else self._look(picture, self._side_px // 2)
            if min(long, self._second_side_px) > 1.2 * self._side_px:
                again += self._look(picture, self._second_side_px)
            found = one_each(found + self._closely(picture, one_each(again)))
        return tuple(
            Region(quad.corners, round(quad.score, 4), rows=2 if quad.two_rows > 0.5 else 1, colour=quad.colour)
            for quad in sorted(found, key=lambda quad: -quad.score)[: self._most]
            if quad.score >= self._least_score and extent(quad.corners)[0] >= self._narrowest_px
        )

    def _look(self, picture: Halves, side_px: int) -> list[Quad]:
        """Finds of one look, in pixels of the picture."""
        batch, scale = prepare(picture, side_px)
        height, width = batch.shape[2:]
        most = max(self._most, _LEAST_CANDIDATES)
        quads = decode(self._engine.run(batch)[0], height, width, _CANDIDATE, most, _FAR_BEHIND)
        return [replace(quad, corners=quad.corners * scale) for quad in quads]

    def _closely(self, picture: Halves, quads: list[Quad]) -> list[Quad]:
        """The same finds, each looked at from near, the hopeful ones twice: better corners, and a score that both nets share."""
        seen = self._look_closely(picture, quads)
        hopeful = [quad for quad in seen if quad.score >= _HOPEFUL]
        return one_each(self._look_closely(picture, hopeful))

    def _look_closely(self, picture: Halves, quads: list[Quad]) -> list[Quad]:
        quads = [quad for quad in quads if rectify.usable(quad.corners)]
        if not quads:
            return []
        aims = [aim(quad.corners) for quad in quads]
        views = cv2.dnn.blobFromImages([close_view(picture, transform) for transform in aims], ddepth=cv2.CV_8U)
        answers = self._close.run(np.asarray(views, dtype=np.uint8))
        seen = [settle(quad, answer, transform) for quad, answer, transform in zip(quads, answers, aims, strict=True)]
        return [quad for quad in seen if rectify.usable(quad.corners)]


def prepare(picture: Halves, side_px: int) -> tuple[Image, Numbers]:
    """The net's input (1 x 3 x H x W bytes) and how many pixels of the picture one of its pixels is (x, y).

    The longer side is at most `side_px`, both sides are multiples of 32. What halving leaves to reduce, less than a half, is linear.
    """
    height, width = picture.image.shape[:2]
    ratio = min(1.0, side_px / max(height, width))
    across, down = (max(_MULTIPLE, round(side * ratio / _MULTIPLE) * _MULTIPLE) for side in (width, height))
    times = 0
    while min((width >> times) / across, (height >> times) / down) >= _HALVED_FROM:
        times += 1
    image = picture.halved(times)
    scale = np.array([image.shape[1] / across, image.shape[0] / down], dtype=np.float32) * 2**times
    batch = np.empty((1, 3, down, across), dtype=np.uint8)
    cv2.split(cv2.resize(image, (across, down), interpolation=cv2.INTER_LINEAR), list(batch[0]))
    return batch, scale


_: type[Detector] = CornerNetDetector
