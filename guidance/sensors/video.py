"""A camera over some bays: looked through every few seconds, and what it shows of each bay said on when it changes.

How a picture is read is the eye's affair, which is handed in. The time is ours: a camera's own clock is never asked. A picture that
shows nothing says nothing: the bays grow old and become unknown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from guidance.bays import Reading
from guidance.sensors.base import BaySensors, SensorSettings, Take
from guidance.sensors.own_thread import OwnThread
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, Health, HealthReport
from parking.kernel.plate import Plate

_log = logging.getLogger(__name__)

SAID_AGAIN = timedelta(seconds=30)
PLATE_AGAIN = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=10))
"""A plate is said again after so long, then after so long, then always after so long: its stay may have been opened meanwhile."""


class ShowsNothing(DeviceFault):
    """The camera sends pictures, and nothing can be learnt from them: it is frozen, covered or turned away."""


class Sight(Protocol):
    """What is seen of one bay; `occupied` None: nobody can say. `sure` is 0-1, of the plate where there is one."""

    @property
    def occupied(self) -> bool | None: ...

    @property
    def sure(self) -> float: ...

    @property
    def plate(self) -> Plate | None: ...


class BayEye(Protocol):
    """Looks through one camera; used by one thread."""

    def look(self) -> Mapping[str, Sight]:
        """One fresh picture, channel by channel; DeviceFault when there is none, ShowsNothing when it is worth nothing."""
        ...

    def close(self) -> None: ...


OpenEye = Callable[[], BayEye]
"""Makes the eye, in the camera's own thread: models are loaded when a camera is first looked through, not when the server starts."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What was last said of a bay, when, and how often its plate was."""

    occupied: bool
    plate: Plate | None
    at: datetime
    plate_at: datetime
    times: int = 0

    def is_news(self, sight: Sight) -> bool:
        return self.occupied is not sight.occupied or (sight.plate is not None and self.plate != sight.plate)

    def plate_is_due(self, sight: Sight, now: datetime) -> bool:
        return (
            sight.plate is not None and abs(now - self.plate_at) >= PLATE_AGAIN[min(self.times, len(PLATE_AGAIN) - 1)]
        )


class VideoBays:
    """One camera and its bays; `settings.poll_s` is the time between two looks."""

    def __init__(self, settings: SensorSettings, clock: Clock, open_eye: OpenEye) -> None:
        self._settings, self._clock, self._open_eye = settings, clock, open_eye
        self._take: Take = lambda _: None
        self._said: dict[str, _Said] = {}
        self._thread = OwnThread(f"bays-{settings.device_id}", self._run)
        self._report = HealthReport(Health.UNKNOWN, None, "not looked through yet")

    def start(self, take: Take) -> None:
        self._take = take
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def health(self) -> HealthReport:
        return self._report

    def _run(self, stopping: threading.Event) -> None:
        eye: BayEye | None = None
        while not stopping.is_set():
            try:
                eye = eye or self._open_eye()
                self._tell(eye.look())
            except ShowsNothing as fault:
                self._report = HealthReport(Health.FAULTY, self._report.seen_at, str(fault))
            except DeviceFault as fault:
                self._report = HealthReport(Health.SILENT, self._report.seen_at, str(fault))
            except Exception as error:  # a model that is missing, a decoder that gives up: the next look may do
                self._fails(error)
            stopping.wait(self._settings.poll_s)
        if eye is not None:
            eye.close()

    def _fails(self, error: Exception) -> None:
        detail = f"cannot look through this camera: {type(error).__name__}"
        if self._report.detail != detail:  # once, not with every look: what a library says is for the log
            _log.warning("bay camera %s: %s", self._settings.device_id, error)
        self._report = HealthReport(Health.FAULTY, self._report.seen_at, detail)

    def _tell(self, sights: Mapping[str, Sight]) -> None:
        now = self._clock.now()
        self._report = HealthReport(Health.OK, now)
        news = [
            self._reading(channel, sight, now)
            for channel, sight in sights.items()
            if channel in self._settings.bays and self._is_due(channel, sight, now)
        ]
        if news:
            self._take(news)

    def _is_due(self, channel: str, sight: Sight, now: datetime) -> bool:
        """Whether there is anything to say of a bay: a change, a plate that is due again, or the next sign of life."""
        if sight.occupied is None:
            return False
        said = self._said.get(channel)
        return said is None or said.is_news(sight) or abs(now - said.at) >= SAID_AGAIN or said.plate_is_due(sight, now)

    def _reading(self, channel: str, sight: Sight, now: datetime) -> Reading:
        said = self._said.get(channel)
        occupied = bool(sight.occupied)
        told, plate_at, times = None, now, 0
        if said is None or said.is_news(sight):
            told = sight.plate
        elif said.plate_is_due(sight, now):
            told, times = sight.plate, said.times + 1
        else:
            plate_at, times = said.plate_at, said.times
        self._said[channel] = _Said(occupied, sight.plate, now, plate_at, times)
        bay, device = self._settings.bays[channel], self._settings.device_id
        return Reading(bay, occupied, now, now, "video", device, sight.sure, told if occupied else None)


_: type[BaySensors] = VideoBays
