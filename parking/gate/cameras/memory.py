"""A smart camera in memory: the same rules as a real one, without a wire; for tests and simulations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from parking.gate.cameras.base import CameraWorker, HeartBeat, SmartCameraSettings, SmartRead
from parking.gate.cameras.smart_camera import SmartCamera
from parking.kernel.clock import Clock
from parking.kernel.ids import DeviceId
from parking.kernel.plate import Plate


class MemoryCamera(SmartCamera):
    """`see` is a vehicle before it; `stored` gets every read once, as the box's store does for real cameras."""

    def __init__(
        self,
        clock: Clock,
        settings: SmartCameraSettings | None = None,
        *,
        stored: Callable[[SmartRead], None] = lambda _read: None,
    ) -> None:
        super().__init__(settings or SmartCameraSettings(DeviceId("memory-camera"), "0123456789abcdef"), clock)
        self._now = clock.now
        self._stored = stored
        self._count = 0

    def see(
        self, plate: str, confidence: int = 96, *, late_s: float = 0.0, offline: bool = False, suspect: bool = False
    ) -> None:
        """A read of `plate` (empty: a vehicle without one), captured `late_s` ago."""
        self._count += 1
        read = SmartRead(
            serial="memory",
            plate_id=self._count,
            plate=Plate.parse(plate) if plate else None,
            confidence=confidence / 100,
            captured_at=self._now() - timedelta(seconds=late_s),
            offline=offline,
            suspect=suspect,
        )
        self.heard(read)
        self._stored(read)
        self.take(read)

    def beat(self) -> None:
        """A heart-beat that tells no time."""
        self.heard(HeartBeat("memory"))


_: type[CameraWorker] = MemoryCamera
