"""Bay sensors in memory: say what they are told to. Ships with the product for tests and simulations."""

from __future__ import annotations

from guidance.bays import Reading
from guidance.sensors.base import BaySensors, SensorSettings, Take
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport


class MemorySensors:
    """`say` hands a reading on."""

    def __init__(self, settings: SensorSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._take: Take | None = None
        self._said = False

    def start(self, take: Take) -> None:
        self._take = take

    def stop(self) -> None:
        self._take = None

    def say(self, channel: str, occupied: bool) -> None:
        """The sensor of this channel sees a car, or none."""
        if self._take is not None:
            now = self._clock.now()
            bay = self._settings.bays[channel]
            self._said = True
            self._take([Reading(bay, occupied, now, now, "sensor", self._settings.device_id)])

    def health(self) -> HealthReport:
        return HealthReport(Health.OK if self._said else Health.UNKNOWN, self._clock.now() if self._said else None, "")


_: type[BaySensors] = MemorySensors
