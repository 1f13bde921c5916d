"""Looks at devices from time to time and tells what has changed: a silent camera is news, a silent camera still is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parking.gate.journal import FileJournal
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.events import DeviceHealthChanged, Envelope
from parking.kernel.ids import DeviceId, EventId, Ids

Tell = Callable[[Sequence[DeviceHealthChanged]], object]


def into(journal: FileJournal, *, clock: Clock, ids: Ids, origin: str) -> Tell:
    """A gate box tells its journal."""

    def tell(news: Sequence[DeviceHealthChanged]) -> None:
        now = clock.now()
        journal.note([Envelope(EventId(ids.new(now)), now, origin, event) for event in news])

    return tell


class DeviceWatch:
    """Devices by id; UNKNOWN is not told before a device has shown itself."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._devices: dict[DeviceId, Callable[[], HealthReport]] = {}
        self._told: dict[DeviceId, Health] = {}

    def add(self, device: DeviceId, health: Callable[[], HealthReport]) -> None:
        """Watch one more device."""
        self._devices[device] = health

    def check(self) -> None:
        """Tell every change since the last call; what a full disk refuses, or any other trouble, is told the next time."""
        news, health_of = [], {}
        for device, ask in self._devices.items():
            report = ask()
            if report.health is Health.UNKNOWN and device not in self._told:
                continue
            if report.health is not self._told.get(device):
                health_of[device] = report.health
                news.append(DeviceHealthChanged(device, report.health.value, report.detail))
        if not news:
            return
        try:
            self._tell(news)
        except ParkingError:
            return
        self._told.update(health_of)
