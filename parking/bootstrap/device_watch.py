"""Looks at devices from time to time and tells what has changed: a silent camera is news, a silent camera still is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from parking.gate.journal import FileJournal
from parking.kernel.clock import Clock
from parking.kernel.device import REMOVED, Health, HealthReport
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


class Memory(Protocol):
    """Which devices were told of, kept over restarts."""

    def known(self) -> frozenset[DeviceId]: ...

    def keep(self, devices: Collection[DeviceId]) -> None: ...


class DeviceWatch:
    """Devices by id; UNKNOWN is not told before a device has shown itself. What `memory` knows and is watched no more is told away."""

    def __init__(self, tell: Tell, memory: Memory | None = None) -> None:
        self._tell = tell
        self._memory = memory
        self._kept: frozenset[DeviceId] | None = None if memory is not None else frozenset()
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
        try:
            gone = self._gone()
            news += [DeviceHealthChanged(device, REMOVED, "") for device in gone]
            if not news:
                return
            self._tell(news)
            self._told.update(health_of)
            self._keep()
        except ParkingError:
            return

    def _gone(self) -> list[DeviceId]:
        if self._kept is None and self._memory is not None:
            self._kept = self._memory.known()
        return sorted((self._kept or frozenset()) - self._devices.keys())

    def _keep(self) -> None:
        """After it was told: whoever dies in between tells it again."""
        told = frozenset(self._told) | ((self._kept or frozenset()) & self._devices.keys())
        if self._memory is not None and told != self._kept:
            self._memory.keep(told)
            self._kept = told
