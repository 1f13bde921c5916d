"""Detectors by name; each is built from the settings."""

from __future__ import annotations

from collections.abc import Callable

from lpr.detectors.base import Detector
from lpr.detectors.corner_net import CornerNetDetector
from lpr.detectors.paddle import PaddleDetector
from lpr.detectors.pp_ocr import PpOcrDetector
from lpr.detectors.whole import WholeDetector
from lpr.settings import Settings
from parking.kernel.registry import Registry

_TEXT_SIDE_PX, _PLATE_SIDE_PX = 960, 640  # signs are finer than plates


def _pp_ocr(settings: Settings) -> Detector:
    return PpOcrDetector(settings.detect_side_px or _TEXT_SIDE_PX, settings.narrowest_plate_px, settings.most_regions)


def _paddle(settings: Settings) -> Detector:
    return PaddleDetector(settings.detect_side_px or _TEXT_SIDE_PX, settings.narrowest_plate_px, settings.most_regions)


def _corner_net(settings: Settings) -> Detector:
    return CornerNetDetector(
        side_px=settings.detect_side_px or _PLATE_SIDE_PX,
        second_side_px=settings.second_look_side_px,
        least_score=settings.detect_score,
        narrowest_px=settings.narrowest_plate_px,
        most=settings.most_regions,
    )


def _whole(_settings: Settings) -> Detector:
    return WholeDetector()


DETECTORS: Registry[Callable[[Settings], Detector]] = Registry(
    "detector", {"corner_net": _corner_net, "pp_ocr": _pp_ocr, "whole": _whole, "paddle": _paddle}
)


def best_detector(_grammar: str) -> str:
    """The name of what finds the plates of a grammar best."""
    return "corner_net"
