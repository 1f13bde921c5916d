"""A family of bay sensors says what it sees of its bays, and whether it is alive; whatever it does not say is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from guidance.bays import Reading
from parking.kernel.clock import Clock
from parking.kernel.device import HealthReport
from parking.kernel.ids import BayId, DeviceId

Take = Callable[[Sequence[Reading]], None]
"""Where readings go; called from the sensor's own thread, and must not block for long."""


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """A controller, gateway or broker: where it listens (`host:port`), and which of its channels is which bay."""

    device_id: DeviceId
    address: str
    bays: Mapping[str, BayId] = field(default_factory=dict)
    site: str = ""
    poll_s: float = 2.0
    timeout_s: float = 2.0


class BaySensors(Protocol):
    """Many bays behind one line."""

    def start(self, take: Take) -> None:
        """Connect, in a thread of its own, and go on connecting whenever the line is lost."""
        ...

    def stop(self) -> None: ...

    def health(self) -> HealthReport: ...


SensorFactory = Callable[[SensorSettings, Clock], BaySensors]
