"""What a reader has read lies in a tray until the lane takes it. The tray is bounded: when nobody takes, the oldest falls out, is
counted, and the reader's health says so.
"""

from __future__ import annotations

import threading
from collections import deque

from parking.gate.credentials.base import Presented
from parking.gate.credentials.conversation import Seen
from parking.gate.credentials.presentations import Presentations
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.ids import DeviceId

_NEWS_S = 600.0


class Tray:
    """Sightings of one reader, merged, stamped and kept for the lane; safe between two threads."""

    def __init__(self, reader: DeviceId, clock: Clock, *, again_s: float = 1.0, most: int = 256) -> None:
        self._reader = reader
        self._clock = clock
        self._presentations = Presentations(again_s)
        self._waiting: deque[Presented] = deque()
        self._most = most
        self._lost = 0
        self._lost_s = float("-inf")
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """How many presentations fell out, while that is news: the last one within ten minutes."""
        with self._lock:
            if self._clock.monotonic_s() - self._lost_s > _NEWS_S:
                self._lost = 0
            return self._lost

    def put(self, seen: Seen) -> None:
        """Keep one sighting, if it is news."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if not self._presentations.is_news(seen, now_s):
                return
            if len(self._waiting) == self._most:
                self._waiting.popleft()
                self._lost, self._lost_s = self._lost + 1, now_s
            self._waiting.append(self._stamp(seen, now_s))

    def drain(self) -> list[Presented]:
        """All that waits, oldest first; the tray is empty afterwards."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def honest(self, report: HealthReport) -> HealthReport:
        """This report of the reader, unless presentations were lost: then that is what is wrong with it."""
        lost = self.lost
        if not lost:
            return report
        detail = f"{lost} presentations lost: nobody fetched them; {report.detail}".rstrip("; ")
        health = Health.FAULTY if report.health is Health.OK else report.health
        return HealthReport(health, report.seen_at, detail)

    def _stamp(self, seen: Seen, now_s: float) -> Presented:
        return Presented(
            credential=seen.credential,
            read_at=self._clock.now(),
            reader=self._reader,
            seen_s=now_s,
            antenna=seen.antenna,
            plate=seen.plate,
            rssi_dbm=seen.rssi_dbm,
            proven=seen.proven,
            code=seen.code,
            refused=seen.refused,
        )
