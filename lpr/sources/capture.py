"""Streams and files through OpenCV's FFmpeg, opened for low latency, with time-outs, on one decoding thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import timedelta

import cv2
import numpy as np

from lpr.frame import Frame
from lpr.sources.lag import LagMeter
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_opening = threading.Lock()  # FFmpeg's options travel in the environment, which all threads share


class Capture:
    """One `cv2.VideoCapture`, with every silence turned into DeviceFault; `where` is what errors call it (no password)."""

    def __init__(
        self, address: str, camera: str, clock: Clock, *, where: str, options: Mapping[str, str], timeout_s: float
    ) -> None:
        self.camera = camera
        self._address = address
        self._clock = clock
        self._where = where
        self._options = "|".join(f"{key};{value}" for key, value in options.items())
        self._timeout_ms = int(timeout_s * 1000)
        self._video: cv2.VideoCapture | None = None
        self._lag = LagMeter()
        self._grabbed_at = clock.now()
        self._sequence = 0

    def open(self) -> None:
        """Connect; DeviceFault after the time-out."""
        self.close()
        wanted = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._timeout_ms),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._timeout_ms),
            *(cv2.CAP_PROP_N_THREADS, 1),
        ]
        with _opening:
            before = os.environ.get(_OPTIONS)
            os.environ[_OPTIONS] = self._options
            try:
                video = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, wanted)
            except cv2.error:
                raise DeviceFault(f"{self._where}: cannot be opened") from None
            finally:
                _restore(before)
        if not video.isOpened():
            video.release()
            raise DeviceFault(f"{self._where}: cannot be opened")
        self._video = video
        self._lag.forget()

    def grab(self, *, live: bool = False) -> bool:
        """Take the next picture; False when there is none (the end of a file, a stream that fell silent).

        A live stream tells each picture's time; one that arrives late was taken so much earlier.
        """
        if self._video is None:
            raise DeviceFault(f"{self._where}: not open")
        if not self._video.grab():
            return False
        self._grabbed_at = self._clock.now()
        if live and (place_ms := self._video.get(cv2.CAP_PROP_POS_MSEC)) > 0:
            late_s = self._lag.late_s(place_ms / 1000, self._clock.monotonic_s())
            self._grabbed_at -= timedelta(seconds=late_s)
        self._sequence += 1
        return True

    def retrieve(self) -> Frame:
        """The picture grabbed last; DeviceFault when it cannot be decoded."""
        good, image = self._video.retrieve() if self._video is not None else (False, None)
        if not good or image is None or not image.size:
            raise DeviceFault(f"{self._where}: a picture arrived damaged")
        return Frame(np.asarray(image, dtype=np.uint8), self.camera, self._grabbed_at, self._sequence)

    def frames_per_second(self) -> float:
        """What the file says of its own pace, 0.0 where it says nothing."""
        return float(self._video.get(cv2.CAP_PROP_FPS)) if self._video is not None else 0.0

    def close(self) -> None:
        if self._video is not None:
            self._video.release()
            self._video = None


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(_OPTIONS, None)
    else:
        os.environ[_OPTIONS] = before
