"""Is the camera still seeing? Silence, a picture that stands still to the last bit, and a dark one are all faults.

Pure: it is told what arrived and when, and asked for a verdict. A living sensor has noise: two frames are never equal.
"""

from __future__ import annotations

import threading
import zlib
from datetime import datetime

import cv2
import numpy as np

from lpr.frame import Image
from lpr.settings import Settings
from parking.kernel.device import Health, HealthReport

_STRIDE = 8
_DARK = 10.0  # of 255 mean brightness: no headlight, no lamp, no sky
_EVEN = 2.0  # of 255 spread: the lens is covered, or the sensor is blind


class PictureWatch:
    """Keeps the moments that matter; all times are seconds of one monotonic clock. Thread-safe."""

    def __init__(self, settings: Settings, started_s: float) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._started_s = started_s
        self._arrived_s: float | None = None
        self._seen_at: datetime | None = None
        self._changed_s = started_s
        self._fingerprint: int | None = None
        self._dark_since_s: float | None = None
        self._trouble = ""

    def arrived(self, now_s: float) -> None:
        """A picture came, whether or not it will be decoded."""
        with self._lock:
            self._arrived_s = now_s

    def saw(self, image: Image, at: datetime, now_s: float) -> None:
        """A picture was decoded."""
        sample = np.ascontiguousarray(image[::_STRIDE, ::_STRIDE, 1])
        fingerprint = zlib.crc32(sample.tobytes())
        mean, spread = cv2.meanStdDev(sample)
        dark = float(mean[0, 0]) < _DARK or float(spread[0, 0]) < _EVEN
        with self._lock:
            self._arrived_s, self._seen_at, self._trouble = now_s, at, ""
            if fingerprint != self._fingerprint:
                self._fingerprint, self._changed_s = fingerprint, now_s
            if not dark:
                self._dark_since_s = None
            elif self._dark_since_s is None:
                self._dark_since_s = now_s

    def lost(self, why: str) -> None:
        """The source failed; `why` is for the technician."""
        with self._lock:
            self._trouble = why
            self._fingerprint = None

    def verdict(self, now_s: float) -> HealthReport:
        """How the camera is at this moment."""
        limits = self._settings
        with self._lock:
            since = now_s - (self._arrived_s if self._arrived_s is not None else self._started_s)
            if since > limits.silent_after_s:
                return HealthReport(Health.SILENT, self._seen_at, self._trouble or f"no picture for {since:.0f} s")
            if self._seen_at is None:
                return HealthReport(Health.UNKNOWN, None, self._trouble or "no picture yet")
            if self._dark_since_s is not None and now_s - self._dark_since_s > limits.dark_after_s:
                return HealthReport(Health.FAULTY, self._seen_at, "the picture is black, or the lens is covered")
            if now_s - self._changed_s > limits.frozen_after_s:
                return HealthReport(Health.FAULTY, self._seen_at, "the picture is frozen")
            return HealthReport(Health.OK, self._seen_at, "")
