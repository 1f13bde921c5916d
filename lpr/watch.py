"""Is the camera still seeing what is there now? Silence, a picture that stands still, a dark, a late and a replayed one are all faults.

It is told what arrived and when, and asked for a verdict. A living sensor has noise: two frames are never equal, and none comes back.
A vehicle on the loop that the picture does not show says the same in another way: delayed, replayed, or turned away.
"""

from __future__ import annotations

import threading
import zlib
from datetime import datetime

import cv2
import numpy as np

from lpr import pictures
from lpr.frame import Image
from lpr.motion import Grey, Stir
from lpr.replay import Replay
from lpr.settings import Settings
from parking.kernel.device import Health, HealthReport

_STRIDE = 8
_DARK = 10.0  # of 255 mean brightness: no headlight, no lamp, no sky
_EVEN = 2.0  # of 255 spread: the lens is covered, or the sensor is blind
_LATE_S = 1.0  # a picture that is older than this when it comes is not about now
_CLOSELY = 100.0  # looks per second while a replay is suspected: every frame
_COMES_S = 8.0  # a vehicle that comes onto the loop has been moving in the picture for no longer than this,
_SHOWN_S = 3.0  # and is there at the latest so long after
_KNOWN_S = 20.0  # the empty place has to be known for so long before anything is missed in it


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
        self._replay = Replay()
        self._late_s = 0.0
        self._known_s: float | None = None
        self._stirred_s = float("-inf")
        self._told_s: float | None = None
        self._unseen = False

    def arrived(self, now_s: float) -> None:
        """A picture came, whether or not it will be decoded."""
        with self._lock:
            self._arrived_s = now_s

    def saw(
        self,
        image: Image,
        at: datetime,
        now_s: float,
        *,
        grey: Grey | None = None,
        late_s: float = 0.0,
        stir: Stir | None = None,
    ) -> float:
        """A picture was decoded, `late_s` after it was taken; since when this very picture is there (s), because a frozen one is old.

        `grey` is the small grey picture of it, where it is there already; `stir` what moved in it, where that was looked at.
        """
        sample = np.ascontiguousarray(image[::_STRIDE, ::_STRIDE, 1])
        fingerprint = zlib.crc32(sample.tobytes())
        mean, spread = cv2.meanStdDev(sample)
        dark = float(mean[0, 0]) < _DARK or float(spread[0, 0]) < _EVEN
        small = pictures.small_grey(image) if grey is None else grey
        with self._lock:
            self._arrived_s, self._seen_at, self._trouble, self._late_s = now_s, at, "", late_s
            if fingerprint != self._fingerprint:
                self._fingerprint, self._changed_s = fingerprint, now_s
                self._replay.see(small, now_s)
            if not dark:
                self._dark_since_s = None
            elif self._dark_since_s is None:
                self._dark_since_s = now_s
            if stir is not None:
                self._follow(stir, now_s)
            return self._changed_s

    def told(self, now_s: float) -> None:
        """Something stands on the loop, so the picture should show it."""
        with self._lock:
            self._told_s = now_s

    def _follow(self, stir: Stir, now_s: float) -> None:
        known_s = self._known_s = now_s if self._known_s is None else self._known_s
        if stir.moves or stir.is_there:
            self._stirred_s = now_s
        if self._told_s is not None:
            if self._stirred_s >= self._told_s - _COMES_S:
                self._told_s, self._unseen = None, False
            elif now_s - self._told_s > _SHOWN_S:
                self._unseen, self._told_s = self._told_s - known_s > _KNOWN_S, None

    def wanted_looks(self, now_s: float) -> float:
        """Looks per second that the watch itself needs now; 0 when whatever others look at is enough."""
        with self._lock:
            return _CLOSELY if self._replay.is_suspected(now_s) else 0.0

    def lost(self, why: str) -> None:
        """The source failed; `why` is for the technician."""
        with self._lock:
            self._trouble = why
            self._fingerprint = self._known_s = self._told_s = None
            self._late_s = 0.0
            self._replay.forget()

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
            if past := self._past(now_s):
                return HealthReport(Health.FAULTY, self._seen_at, past)
            return HealthReport(Health.OK, self._seen_at, "")

    def shows_the_past(self, now_s: float) -> bool:
        """Whether what it shows may be about somebody who has left: nothing may be decided by it."""
        with self._lock:
            return bool(self._past(now_s))

    def _past(self, now_s: float) -> str:
        if now_s - self._changed_s > self._settings.frozen_after_s:
            return "the picture is frozen"
        if self._late_s > _LATE_S:
            return f"the picture comes {self._late_s:.0f} s late"
        if (repeats_s := self._replay.repeats_after_s(now_s)) is not None:
            return f"a recording of {repeats_s:.0f} s is shown again"
        return "the picture does not show what is on the loop" if self._unseen else ""
