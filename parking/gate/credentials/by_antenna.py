"""One reader, several lanes: each antenna belongs to one lane, so that what it hears is told to that lane and to no other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from parking.gate.credentials.base import CredentialReader, Presented
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import invalid
from parking.kernel.ids import LaneId

_MOST_WAITING = 256


class SharedReader:
    """A reader whose antennas serve several lanes; `of` gives each lane its own reader to start, drain and stop."""

    def __init__(self, reader: CredentialReader, antennas: Mapping[int, LaneId]) -> None:
        if not antennas:
            raise invalid("reader.antennas", "should name a lane for each antenna", field="antennas")
        self._reader = reader
        self._antennas = dict(antennas)
        self._waiting: dict[LaneId, deque[Presented]] = {lane: deque() for lane in antennas.values()}
        self._started: set[LaneId] = set()
        self._stray: set[str] = set()
        self._lost = 0
        self._lock = threading.Lock()

    def of(self, lane_id: LaneId) -> CredentialReader:
        """This lane's share; ParkingError when no antenna is this lane's."""
        if lane_id not in self._waiting:
            raise invalid("reader.antennas", "names no antenna of this lane", field="antennas")
        return _Share(self, lane_id)

    def start(self, lane_id: LaneId) -> None:
        with self._lock:
            self._started.add(lane_id)
            self._reader.start()

    def stop(self, lane_id: LaneId) -> None:
        with self._lock:
            self._started.discard(lane_id)
            last = not self._started
        if last:
            self._reader.stop()

    def drain(self, lane_id: LaneId) -> list[Presented]:
        with self._lock:
            for presented in self._reader.drain():
                self._sort(presented)
            mine = list(self._waiting[lane_id])
            self._waiting[lane_id].clear()
        return mine

    def health(self) -> HealthReport:
        """The reader's own, unless it hears on an antenna that no lane has, or a lane does not fetch."""
        report = self._reader.health()
        with self._lock:
            stray, lost = ", ".join(sorted(self._stray)), self._lost
        complaints = [f"reads on {stray}, which no lane has"] if stray else []
        complaints += [f"{lost} presentations lost: their lane does not fetch them"] if lost else []
        if not complaints:
            return report
        detail = "; ".join([*complaints, *([report.detail] if report.detail else [])])
        health = Health.FAULTY if report.health is Health.OK else report.health
        return HealthReport(health, report.seen_at, detail)

    def _sort(self, presented: Presented) -> None:
        lane_id = self._antennas.get(presented.antenna or 0)
        if lane_id is None:
            self._stray.add("no antenna" if presented.antenna is None else f"antenna {presented.antenna}")
            return
        waiting = self._waiting[lane_id]
        if len(waiting) == _MOST_WAITING:
            waiting.popleft()
            self._lost += 1
        waiting.append(presented)


class _Share:
    """One lane's view of a shared reader."""

    def __init__(self, shared: SharedReader, lane_id: LaneId) -> None:
        self._shared = shared
        self._lane_id = lane_id

    def start(self) -> None:
        self._shared.start(self._lane_id)

    def stop(self) -> None:
        self._shared.stop(self._lane_id)

    def drain(self) -> list[Presented]:
        return self._shared.drain(self._lane_id)

    def health(self) -> HealthReport:
        return self._shared.health()


_: type[CredentialReader] = _Share
