"""Detectors by name; each is built from the settings."""

from __future__ import annotations

from collections.abc import Callable

from lpr.detectors.base import Detector
from lpr.detectors.paddle import PaddleDetector
from lpr.detectors.pp_ocr import PpOcrDetector
from lpr.detectors.whole import WholeDetector
from lpr.settings import Settings
from parking.kernel.registry import Registry


def _pp_ocr(settings: Settings) -> Detector:
    return PpOcrDetector(settings.detect_side_px, settings.narrowest_plate_px, settings.most_regions)


def _paddle(settings: Settings) -> Detector:
    return PaddleDetector(settings.detect_side_px, settings.narrowest_plate_px, settings.most_regions)


def _whole(_settings: Settings) -> Detector:
    return WholeDetector()


DETECTORS: Registry[Callable[[Settings], Detector]] = Registry(
    "detector", {"pp_ocr": _pp_ocr, "whole": _whole, "paddle": _paddle}
)


def best_detector(_grammar: str) -> str:
    """The name of what finds the plates of a grammar best."""
    return "pp_ocr"
