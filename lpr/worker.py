"""One camera at work: one thread captures and keeps only the newest frame, one thread recognises while a vehicle is there.

The slot between them holds one frame: a slow reader skips frames, it never falls behind. Nothing is decided here; readings
are posted, and whoever posts them on decides. The worker never gives up on its camera: it reconnects with bounded back-off.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from lpr import pictures, sharpness
from lpr.frame import Frame
from lpr.model import PassageReading
from lpr.motion import Motion, Stir
from lpr.passage import Follower, SeenPassages, ToldPassage
from lpr.pipeline import Pipeline
from lpr.sources.base import EndOfStream, FrameSource
from lpr.watch import PictureWatch
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport

Post = Callable[[PassageReading], None]
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_STALE = timedelta(seconds=1)
"""A frame older than this is not evidence for the vehicle that stands there now."""
_STOP_S = 15.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Whom the reading thread works for."""

    follower: Follower
    post: Post
    seen: SeenPassages | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One frame to be read, when it was grabbed (monotonic s), and what moved in it."""

    job: _Job
    frame: Frame
    at_s: float
    stir: Stir | None


class Worker:
    """`start`, then `begin` and `end` for each vehicle, or `follow` once; `stop` at the end; `health` at any time, from any thread.

    `post` is called from the recognising thread: after `begin` with a reading for every frame read, after `follow` whenever a
    vehicle's plate is known, changes, or has left. One pipeline serves one worker; `back_off_s` are the waits between connections;
    a `patient` worker, for recordings, shows no picture before the one before it has been read.
    """

    def __init__(
        self,
        source: FrameSource,
        pipeline: Pipeline,
        clock: Clock,
        *,
        back_off_s: Sequence[float] = _BACK_OFF_S,
        patient: bool = False,
    ) -> None:
        self._source = source
        self._patient = patient
        self._pipeline = pipeline
        self._clock = clock
        self._settings = pipeline.settings
        self._back_off_s = tuple(back_off_s)
        self._watch = PictureWatch(self._settings, clock.monotonic_s())
        self._changed = threading.Condition()
        self._work: _Work | None = None
        self._job: _Job | None = None
        self._looked_s: float | None = None
        self._handed_s = float("-inf")
        self._pace = 0.0
        self._motion = Motion(self._settings.region_of_interest)
        self._failure = ""
        self._ended = self._dry = False
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
        self._watch.told(self._clock.monotonic_s())
        self._take_on(_Job(ToldPassage(passage, self._settings), post))

    def follow(self, post: Post) -> None:
        """Nobody tells when a vehicle is there: the picture itself does, from now on."""
        seen = SeenPassages(self._source.camera, self._settings)
        self._take_on(_Job(seen, post, seen))

    def end(self) -> None:
        """The vehicle is gone; a reading already on its way may still arrive."""
        self._take_on(None)

    def _take_on(self, job: _Job | None) -> None:
        with self._changed:
            self._job, self._work, self._looked_s, self._handed_s = job, None, None, float("-inf")
            self._changed.notify_all()

    def stop(self) -> None:
        """End both threads and let go of the camera; a decoder that hangs in spite of its time-outs is left behind after a while."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_STOP_S)

    def health(self) -> HealthReport:
        """How the camera and the recogniser are now."""
        report = self._watch.verdict(self._clock.monotonic_s())
        if report.health is Health.OK and self._failure:
            return HealthReport(Health.FAULTY, report.seen_at, self._failure)
        return report

    def exhausted(self) -> bool:
        """Whether a finite source has shown its last frame, all of it has been read and all of it told."""
        with self._changed:
            return self._ended and self.is_idle() and not self._has_open_passages()

    def is_idle(self) -> bool:
        """Whether no frame waits to be read and none is being read."""
        with self._changed:
            return self._work is None and not self._reading

    def _has_open_passages(self) -> bool:
        return self._job is not None and self._job.seen is not None and self._job.seen.holds

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
                with self._changed:
                    self._ended = self._dry = True
                    self._changed.notify_all()
                self._stopping.wait()
            except DeviceFault as fault:
                self._watch.lost(str(fault))
                self._run_dry()
                self._stopping.wait(self._back_off_s[min(failures, len(self._back_off_s) - 1)])
                failures += 1
            finally:
                self._source.close()

    def _run_dry(self) -> None:
        """The camera is away: what stood there when it went is not known to stand there for ever."""
        self._motion.forget()
        with self._changed:
            away_s = self._clock.monotonic_s() - (self._looked_s or 0.0)
            self._dry = away_s >= self._settings.hidden_at_most_s
            self._changed.notify_all()

    def _take(self) -> None:
        """One picture: always counted as a sign of life, decoded only as often as somebody looks."""
        if self._patient:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping.is_set() or self.is_idle())
        self._source.grab()
        now_s = self._clock.monotonic_s()
        self._watch.arrived(now_s)
        with self._changed:
            pace = max(self._pace, self._settings.idle_frames_per_second, self._watch.wanted_looks(now_s))
            if self._looked_s is not None and now_s - self._looked_s < 1 / pace:
                return
            job = self._job
        frame = self._source.retrieve()
        grey = pictures.small_grey(frame.image)
        stir = self._motion.see(grey, now_s, hold=job is not None and (job.seen is None or job.seen.holds))
        late_s = (self._clock.now() - frame.captured_at).total_seconds()
        since_s = self._watch.saw(frame.image, frame.captured_at, now_s, grey=grey, late_s=late_s, stir=stir)
        if job is not None and job.seen is None and since_s < now_s:
            # The very same picture again: whoever stands on the loop now is judged by when it was first seen.
            frame = replace(frame, captured_at=frame.captured_at - timedelta(seconds=now_s - since_s))
        with self._changed:
            self._looked_s, self._dry = now_s, False
            if job is not self._job:
                return
            self._pace = job.follower.pace(stir, now_s) if job is not None else 0.0
            if job is not None and self._pace > 0 and now_s - self._handed_s >= 1 / self._pace:
                self._work, self._handed_s = _Work(job, frame, now_s, stir), now_s
                self._changed.notify_all()

    # --- recognising -------------------------------------------------------------------------------------------------

    def _recognise(self) -> None:
        while (todo := self._next()) is not None:
            try:
                for reading in self._read(todo) if isinstance(todo, _Work) else self._close(todo):
                    (todo.job if isinstance(todo, _Work) else todo).post(reading)
                self._failure = ""
            except Exception as error:
                # The thread must outlive one bad picture or one bad listener; the name of the error holds no plate.
                self._failure = f"recognition failed: {type(error).__name__}"
                _LOG.error("recognition failed at camera %s: %s", self._source.camera, type(error).__name__)

    def _next(self) -> _Work | _Job | None:
        """The newest frame and whom it is for, or whom no frame will reach any more; None when the worker has stopped."""
        with self._changed:
            self._reading = False
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._stopping.is_set() or self._work or (self._dry and self._has_open_passages())
            )
            if self._stopping.is_set() or self._work is None:
                return self._job if self._has_open_passages() else None
            work, self._work, self._reading = self._work, None, True
            return work

    def _read(self, work: _Work) -> tuple[PassageReading, ...]:
        if not self._patient and self._clock.now() - work.frame.captured_at > _STALE:
            return ()
        if work.job.seen is None and self._watch.shows_the_past(self._clock.monotonic_s()):
            return ()  # a picture that is frozen, late or replayed may show the vehicle before
        reads = self._pipeline.read(work.frame)
        glimpses = sharpness.glimpses(work.frame, reads, work.at_s)
        with self._changed:
            readings = work.job.follower.see(glimpses, work.frame, work.stir, work.at_s)
            if work.job is self._job:
                self._pace = work.job.follower.pace(work.stir, work.at_s)
        return readings

    def _close(self, job: _Job) -> tuple[PassageReading, ...]:
        with self._changed:
            return job.follower.close()
