"""A camera that reads plates by itself, as a lane's camera: what it pushes becomes evidence for the vehicle on the loop, or for none.

A read out of the camera's memory, a read older than the limit and a read of which nobody knows how old it is decide nothing. A read
serves one visit, and two different plates in one visit speak against each other.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parking.gate.cameras.base import (
    MOST_CONFIDENT,
    CameraWorker,
    HeartBeat,
    Post,
    Push,
    SmartCameraSettings,
    SmartRead,
    SmartReading,
    margin_of,
)
from parking.gate.cameras.clock_offset import ClockOffset
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.plate import Plate
from parking.kernel.votes import UNREAD, Votes

_RECENT = 8
_MOST_SEEN = 24
_WIDEST_MARGIN = 20.0
_DOUBTED_SIGN, _PARTIAL_BEHIND = 0.5, 1.0
"""A sign that its camera is less sure of may be any other; how much less likely that is than what it says."""
_COLOURS = frozenset({"blue", "yellow", "green", "white", "black"})


@dataclass(frozen=True, slots=True)
class _Fresh:
    read: SmartRead
    captured_at: datetime
    received_s: float


@dataclass(slots=True)
class _Visit:
    """What was pushed of one vehicle."""

    passage: str
    post: Post
    seen: deque[_Fresh] = field(default_factory=lambda: deque(maxlen=_MOST_SEEN))

    def reading(self, votes: int) -> SmartReading:
        """All pushes together: those of one plate add up, those of another count against it."""
        sums: dict[Plate, float] = {}
        for fresh in self.seen:
            read = fresh.read
            if read.plate is not None:
                told = 0.0 if read.suspect else max(0.0, margin_of(read.confidence))
                sums[read.plate] = sums.get(read.plate, 0.0) + told
        newest = self.seen[-1]
        frames = votes * len(self.seen)
        if not sums:
            picture = next((f.read.picture for f in reversed(self.seen) if f.read.picture), None)
            return SmartReading(None, 0.0, 0.0, 0, frames, newest.captured_at, self.passage, picture)
        ranked = sorted(sums.items(), key=lambda item: -item[1])
        plate, said = ranked[0]
        against = ranked[1][1] if len(ranked) > 1 else 0.0
        mine = [fresh for fresh in self.seen if fresh.read.plate == plate and not fresh.read.suspect]
        best = max(mine, key=lambda fresh: fresh.read.confidence, default=newest)
        return SmartReading(
            plate=plate,
            confidence=min(best.read.confidence, MOST_CONFIDENT) if mine else 0.0,
            margin=min(_WIDEST_MARGIN, said - against),
            agreeing=votes * len(mine),
            frames=frames,
            captured_at=max((fresh.captured_at for fresh in mine), default=newest.captured_at),
            passage=self.passage,
            evidence=best.read.picture or best.read.plate_picture,
            votes=_votes(ranked, best.read),
        )


def _votes(ranked: list[tuple[Plate, float]], best: SmartRead) -> Votes:
    """What the pushes leave open: every plate that was told, and the best one with the signs unread that its camera doubts."""
    said = [(plate.text, sum_) for plate, sum_ in ranked]
    plate, top = ranked[0]
    doubts = best.char_confidence if best.plate == plate and len(best.char_confidence) == len(plate.text) else ()
    if any(sure < _DOUBTED_SIGN for sure in doubts):
        partial = "".join(s if sure >= _DOUBTED_SIGN else UNREAD for s, sure in zip(plate.text, doubts, strict=True))
        said.append((partial, top - _PARTIAL_BEHIND))
    return Votes.of(said, best.colour if best.colour in _COLOURS else None)  # its classes are its maker's words


class SmartCamera:
    """Satisfies `CameraWorker`: pushes come in by `take`, from the push server's threads."""

    def __init__(self, settings: SmartCameraSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._started_s = clock.monotonic_s()
        self._heard_s: float | None = None
        self._heard_at: datetime | None = None
        self._offset = ClockOffset()
        self._recent: deque[_Fresh] = deque(maxlen=_RECENT)
        self._visit: _Visit | None = None
        self._unreadable = ""
        self._doubtful_time = ""

    # --- the lane's side ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The camera calls us; there is nothing to start."""

    def begin(self, passage: str, post: Post) -> None:
        """A vehicle is there: what was pushed in the last moments is about it, and so is what comes now."""
        with self._lock:
            visit = self._visit = _Visit(passage, post)
            now_s = self._clock.monotonic_s()
            visit.seen.extend(one for one in self._recent if now_s - one.received_s <= self.settings.lead_s)
            self._recent.clear()
            reading = visit.reading(self.settings.votes) if visit.seen else None
        if reading is not None:
            post(reading)

    def end(self) -> None:
        with self._lock:
            self._visit = None

    def stop(self) -> None:
        self.end()

    def health(self) -> HealthReport:
        with self._lock:
            settings, now_s = self.settings, self._clock.monotonic_s()
            since_s = now_s - (self._heard_s if self._heard_s is not None else self._started_s)
            if since_s > settings.silent_after_s:
                return HealthReport(Health.SILENT, self._heard_at, f"the camera has not called for {since_s:.0f} s")
            if self._heard_s is None:
                return HealthReport(Health.UNKNOWN, None, "the camera has not called yet")
            if self._unreadable:
                return HealthReport(Health.FAULTY, self._heard_at, f"its last push cannot be read: {self._unreadable}")
            if self._doubtful_time:
                return HealthReport(Health.FAULTY, self._heard_at, self._doubtful_time)
            return HealthReport(Health.OK, self._heard_at, self._about_clock())

    def _about_clock(self) -> str:
        off_s = self._offset.seconds or 0.0
        return f"its clock is {off_s:+.0f} s off" if abs(off_s) > self.settings.clock_off_s else ""

    # --- the camera's side -------------------------------------------------------------------------------------------

    def unreadable(self, why: str) -> None:
        """The camera has sent something that nobody understands; `why` names the place, never a value."""
        with self._lock:
            self._live()
            self._unreadable = why

    def heard(self, push: Push) -> None:
        """Any push is a sign of life; a heart-beat that tells the time teaches by how much its clock is off."""
        with self._lock:
            self._live()
            self._unreadable = ""
            if isinstance(push, HeartBeat) and push.told_at is not None:
                self._offset.heard(push.told_at, self._clock.now())

    def captured_at(self, read: SmartRead) -> datetime:
        """When it was captured by our clock, as well as is known: never in the future, and now where nobody says."""
        now = self._clock.now()
        with self._lock:
            return min(now, self._offset.corrected(read.captured_at)) if read.captured_at else now

    def take(self, read: SmartRead) -> bool:
        """A read that is stored and new; whether it is about a vehicle that is here now."""
        if read.offline:
            return False
        with self._lock:
            now, settings = self._clock.now(), self.settings
            if read.captured_at is None:
                self._doubtful_time = "its pushes tell no time, so none of them decides anything"
                return False
            captured_at = self._offset.corrected(read.captured_at)
            if captured_at - now > timedelta(seconds=settings.clock_off_s):
                self._doubtful_time = "its clock is ahead: set it (NTP); none of its reads decides anything"
                return False
            if now - captured_at > timedelta(seconds=settings.fresh_s):
                self._doubtful_time = "its reads come late, or its clock is behind: set it (NTP); they decide nothing"
                return False
            self._doubtful_time = ""
            fresh = _Fresh(read, min(captured_at, now), self._clock.monotonic_s())
            visit = self._visit
            if visit is None:
                self._recent.append(fresh)
                return True
            visit.seen.append(fresh)
            reading = visit.reading(settings.votes)
        visit.post(reading)
        return True

    def _live(self) -> None:
        self._heard_s, self._heard_at = self._clock.monotonic_s(), self._clock.now()


_: type[CameraWorker] = SmartCamera
