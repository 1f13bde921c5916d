"""When each gate box was last heard of. A box that is silent makes its counts old, and the screens say so."""

from __future__ import annotations

import threading
from datetime import timedelta

from parking.kernel.clock import Clock
from parking.kernel.device import Health
from parking.kernel.events import DeviceHealthChanged
from parking.kernel.ids import DeviceId

SILENT_AFTER_S = 45.0  # a box polls every 20 s at the latest


class Contacts:
    """Last contact by box; safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heard: dict[DeviceId, float] = {}
        self._told: dict[DeviceId, Health] = {}

    def expect(self, device: DeviceId) -> None:
        """A box that should be there: its silence counts from now."""
        with self._lock:
            self._heard.setdefault(device, self._clock.monotonic_s())

    def heard(self, device: DeviceId) -> None:
        """The box has just spoken."""
        with self._lock:
            self._heard[device] = self._clock.monotonic_s()

    def silent_s(self) -> dict[DeviceId, float]:
        """Seconds since each box was heard."""
        with self._lock:
            now = self._clock.monotonic_s()
            return {device: now - at for device, at in self._heard.items()}

    def oldest_s(self) -> float:
        """Seconds since the box that has been silent longest was heard; 0 when no box is expected."""
        return max(self.silent_s().values(), default=0.0)

    def _moment(self, ago_s: float) -> str:
        """A text is made once and shown for hours: it tells a moment, which stays true."""
        return f"{self._clock.now() - timedelta(seconds=ago_s):%Y-%m-%dT%H:%M:%SZ}"

    def changes(self) -> list[DeviceHealthChanged]:
        """What has changed since this was last asked: boxes that fell silent, boxes that are back."""
        with self._lock:
            now = self._clock.monotonic_s()
            news = []
            for device, at in self._heard.items():
                health = Health.SILENT if now - at > SILENT_AFTER_S else Health.OK
                if self._told.get(device) is not health:
                    self._told[device] = health
                    detail = "" if health is Health.OK else f"silent since {self._moment(now - at)}"
                    news.append(DeviceHealthChanged(device, health.value, detail))
            return news
