"""Looks at a gate box's devices every second and journals what has changed: a silent camera is news, a silent camera still is not."""

from __future__ import annotations

from collections.abc import Callable

from parking.gate.journal import FileJournal
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.events import DeviceHealthChanged, Envelope
from parking.kernel.ids import DeviceId, EventId, Ids


class DeviceWatch:
    """The devices of one box by id; UNKNOWN is not told before a device has shown itself."""

    def __init__(self, journal: FileJournal, *, clock: Clock, ids: Ids, origin: str) -> None:
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._origin = origin
        self._devices: dict[DeviceId, Callable[[], HealthReport]] = {}
        self._told: dict[DeviceId, Health] = {}

    def add(self, device: DeviceId, health: Callable[[], HealthReport]) -> None:
        """Watch one more device."""
        self._devices[device] = health

    def check(self) -> None:
        """Journal every change since the last call; what a full disk refuses is told the next time."""
        now, news, health_of = self._clock.now(), [], {}
        for device, ask in self._devices.items():
            report = ask()
            if report.health is Health.UNKNOWN and device not in self._told:
                continue
            if report.health is not self._told.get(device):
                health_of[device] = report.health
                event = DeviceHealthChanged(device, report.health.value, report.detail)
                news.append(Envelope(EventId(self._ids.new(now)), now, self._origin, event))
        if not news:
            return
        try:
            self._journal.note(news)
        except ParkingError:
            return
        self._told.update(health_of)
