"""One camera at work: one thread captures and keeps only the newest frame, one thread recognises while a vehicle is there.

The slot between them holds one frame: a slow reader skips frames, it never falls behind. Nothing is decided here; readings
are posted, and whoever posts them on decides. The worker never gives up on its camera: it reconnects with bounded back-off.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from lpr.frame import Frame
from lpr.model import PassageReading
from lpr.pipeline import Pipeline
from lpr.sources.base import EndOfStream, FrameSource
from lpr.vote import Ballot
from lpr.watch import PictureWatch
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport

Post = Callable[[PassageReading], None]
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_STALE = timedelta(seconds=1)
"""A frame older than this is not evidence for the vehicle that stands there now."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Passage:
    name: str
    post: Post
    ballot: Ballot = field(default_factory=Ballot)
    settled: bool = False


class Worker:
    """`start`, then `begin` and `end` for each vehicle, `stop` at the end; `health` at any time, from any thread.

    `post` is called from the recognising thread with every better reading of the passage until it is settled.
    """

    def __init__(self, source: FrameSource, pipeline: Pipeline, clock: Clock) -> None:
        self._source = source
        self._pipeline = pipeline
        self._clock = clock
        self._settings = pipeline.settings
        self._watch = PictureWatch(self._settings, clock.monotonic_s())
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._passage: _Passage | None = None
        self._looked_s: float | None = None
        self._failure = ""
        self._ended = False
        self._reading = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to capture; a worker starts once."""
        if self._threads:
            raise RuntimeError("the worker has been started already")
        for name, target in (("capture", self._capture), ("recognise", self._recognise)):
            thread = threading.Thread(target=target, name=f"lpr-{name}-{self._source.camera}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def begin(self, passage: str, post: Post) -> None:
        """A vehicle is there: recognise from the next frame on; a passage still open is ended."""
        with self._changed:
            self._passage, self._frame = _Passage(passage, post), None
            self._changed.notify_all()

    def end(self) -> None:
        """The vehicle is gone; a reading already on its way may still arrive."""
        with self._changed:
            self._passage = self._frame = None

    def stop(self) -> None:
        """End both threads and let go of the camera; returns when that is done."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def health(self) -> HealthReport:
        """How the camera and the recogniser are now."""
        report = self._watch.verdict(self._clock.monotonic_s())
        if report.health is Health.OK and self._failure:
            return HealthReport(Health.FAULTY, report.seen_at, self._failure)
        return report

    def exhausted(self) -> bool:
        """Whether a finite source has shown its last frame and all of it has been read."""
        with self._changed:
            return self._ended and not (self._frame is not None and self._wanted()) and not self._reading

    # --- capturing ---------------------------------------------------------------------------------------------------

    def _capture(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._source.open()
                while not self._stopping.is_set():
                    self._take()
                    failures = 0
            except EndOfStream:
                self._watch.lost("the recording has ended")
                self._ended = True
                self._stopping.wait()
            except DeviceFault as fault:
                self._watch.lost(str(fault))
                self._stopping.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
            finally:
                self._source.close()

    def _take(self) -> None:
        """One picture: always counted as a sign of life, decoded only as often as somebody looks."""
        self._source.grab()
        now_s = self._clock.monotonic_s()
        self._watch.arrived(now_s)
        pace = self._settings.frames_per_second if self._wanted() else self._settings.idle_frames_per_second
        if self._looked_s is not None and now_s - self._looked_s < 1 / pace:
            return
        frame = self._source.retrieve()
        self._looked_s = now_s
        self._watch.saw(frame.image, frame.captured_at, now_s)
        with self._changed:
            if self._wanted():
                self._frame = frame
                self._changed.notify_all()

    def _wanted(self) -> bool:
        passage = self._passage
        return passage is not None and not passage.settled

    # --- recognising -------------------------------------------------------------------------------------------------

    def _recognise(self) -> None:
        while (work := self._next()) is not None:
            passage, frame = work
            if self._clock.now() - frame.captured_at > _STALE:
                continue
            try:
                passage.ballot.add(self._pipeline.read(frame))
                reading = passage.ballot.reading()
                passage.settled = self._is_settled(reading)
                passage.post(reading)
                self._failure = ""
            except Exception as error:
                # The thread must outlive one bad picture or one bad listener; the name of the error holds no plate.
                self._failure = f"recognition failed: {type(error).__name__}"
                _LOG.error("recognition failed at camera %s: %s", frame.camera, type(error).__name__)

    def _next(self) -> tuple[_Passage, Frame] | None:
        """The newest frame and whom it is for; None when the worker stops."""
        with self._changed:
            self._reading = False
            self._changed.wait_for(lambda: self._stopping.is_set() or (self._frame is not None and self._wanted()))
            if self._stopping.is_set() or self._frame is None or self._passage is None:
                return None
            frame, self._frame, self._reading = self._frame, None, True
            return self._passage, frame

    def _is_settled(self, reading: PassageReading) -> bool:
        return reading.margin >= self._settings.settled_margin and reading.agreeing >= self._settings.settled_frames
