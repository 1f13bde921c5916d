"""The reader that ships as a fake: whoever holds it presents credentials by hand; it passes the family's contract suite."""

from __future__ import annotations

from parking.gate.credentials.base import CredentialReader, Presented
from parking.gate.credentials.conversation import Seen
from parking.gate.credentials.tray import Tray
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.ids import DeviceId


class MemoryReader:
    """Credentials held up by a test, the simulator or the demo; only a started reader reads."""

    def __init__(self, device_id: DeviceId, clock: Clock, *, again_s: float = 1.0) -> None:
        self._clock = clock
        self._tray = Tray(device_id, clock, again_s=again_s)
        self._running = False
        self.trouble = ""

    def present(self, seen: Seen) -> bool:
        """Hold up a credential; False when the reader does not read."""
        if not self._running or self.trouble:
            return False
        self._tray.put(seen)
        return True

    def start(self) -> None:
        self._running = True

    def stop(self) -> None:
        self._running = False

    def drain(self) -> list[Presented]:
        return self._tray.drain()

    def health(self) -> HealthReport:
        if not self._running:
            return HealthReport(Health.UNKNOWN, None, "not started")
        return HealthReport(Health.FAULTY if self.trouble else Health.OK, self._clock.now(), self.trouble)


_: type[CredentialReader] = MemoryReader
