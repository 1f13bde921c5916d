"""Smart cameras of every make with their world: a simulated camera on a real socket, the push server, the store, a lane that listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.hikvision_camera import HikvisionCameraSim
from hardware_sim.devices.vzenith_camera import VzenithCameraSim
from parking.gate.cameras.base import Reading, SmartCameraSettings, SmartRead
from parking.gate.cameras.doors import HikvisionDoor, Reporter, VzenithDoor
from parking.gate.cameras.memory import MemoryCamera
from parking.gate.cameras.push_server import Door, Limits, PushServer
from parking.gate.cameras.push_store import PushStore
from parking.gate.cameras.smart_camera import SmartCamera
from parking.gate.edge_file import EdgeFile
from parking.kernel.clock import Clock, ManualClock
from parking.kernel.events import Envelope, PlateReported
from parking.kernel.ids import DeviceId, LaneId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "s3cret-of-camera-1"
LANE = LaneId("entry-1")
GATE = BarrierWiring("gate", open_coil=0, safety_input=1, travel_s=0.2)


def camera_settings(**changes: Any) -> SmartCameraSettings:
    return replace(SmartCameraSettings(DeviceId("camera-1"), SECRET, answer_within_s=0.4), **changes)


class CameraWorld(Protocol):
    """What a test does to a smart camera of any make."""

    clock: ManualClock
    camera: SmartCamera

    def see(self, plate: str, confidence: int = 96) -> None: ...

    def see_late(self, plate: str, late_s: float) -> None: ...

    def see_twice(self, plate: str) -> None: ...

    def remember(self, plates: list[str]) -> None:
        """Read these while the link is down, and send them when it is back."""
        ...

    def beat(self) -> None: ...

    def reports(self) -> list[tuple[str | None, bool]]:
        """Plates that were stored, each with whether it came out of the camera's memory."""
        ...

    def stop(self) -> None: ...


class Listening:
    """A lane that asks its camera and notes what it is told."""

    def __init__(self, camera: SmartCamera) -> None:
        self._camera = camera
        self.told: list[Reading] = []

    def begin(self, visit: str = "visit-1") -> None:
        self._camera.begin(visit, self.told.append)

    def plates(self) -> list[str | None]:
        return [reading.plate.text if reading.plate else None for reading in self.told]


class MemoryCameraWorld:
    def __init__(self, **changes: Any) -> None:
        self.clock = ManualClock(NOON)
        self._stored: list[SmartRead] = []
        self.camera = self._memory = MemoryCamera(self.clock, camera_settings(**changes), stored=self._stored.append)

    def see(self, plate: str, confidence: int = 96) -> None:
        self._memory.see(plate, confidence)

    def see_late(self, plate: str, late_s: float) -> None:
        self._memory.see(plate, late_s=late_s)

    def see_twice(self, plate: str) -> None:
        self._memory.see(plate)  # without a wire there is nothing to repeat

    def remember(self, plates: list[str]) -> None:
        for plate in plates:
            self._memory.see(plate, offline=True)

    def beat(self) -> None:
        self._memory.beat()

    def reports(self) -> list[tuple[str | None, bool]]:
        return [(read.plate.text if read.plate else None, read.offline) for read in self._stored]

    def stop(self) -> None:
        """Nothing to stop."""


class PushWorld:
    """The gate box's side: a push server with one camera's door, its store and what was reported."""

    def __init__(self, make: Callable[[SmartCamera, PushStore, Clock, Reporter], Door], clock: ManualClock | None = None,
                 *, limits: Limits | None = None, **changes: Any) -> None:  # fmt: skip
        self.clock = clock or ManualClock(NOON)
        self.camera = SmartCamera(camera_settings(**changes), self.clock)
        self.file = EdgeFile(":memory:")
        self.store = PushStore(self.file)
        self.noted: list[Envelope] = []
        self.reporter = Reporter(self.store, self.noted.extend)
        self.door = make(self.camera, self.store, self.clock, self.reporter)
        self.server = PushServer([self.door], host="127.0.0.1", limits=limits)
        self.server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/push/camera-1/{SECRET}"

    def reports(self) -> list[tuple[str | None, bool]]:
        self.reporter.report()
        events = [envelope.event for envelope in self.noted]
        return [(e.plate.text if e.plate else None, e.offline) for e in events if isinstance(e, PlateReported)]

    def stop(self) -> None:
        self.server.stop()
        self.file.close()


class VzenithWorld(PushWorld):
    def __init__(self, *, comet: bool = False, relay: bool = False, tells_time: bool = False,
                 limits: Limits | None = None, **changes: Any) -> None:  # fmt: skip
        super().__init__(
            lambda camera, store, clock, reporter: VzenithDoor(camera, LANE, store, clock, reporter, relay_used=relay),
            limits=limits,
            **changes,
        )
        assert isinstance(self.door, VzenithDoor)
        self.line = self.door.line
        self.sim = VzenithCameraSim(
            self.clock, self.url, barriers=[GATE], comet=comet, heart_beat_s=3600, tells_time=tells_time
        )
        self.sim.start()

    def see(self, plate: str, confidence: int = 96) -> None:
        self.sim.see(plate or "_无_", confidence)

    def see_late(self, plate: str, late_s: float) -> None:
        self.sim.faults.late_s = late_s
        self.sim.see(plate)
        self.sim.faults.late_s = 0.0

    def see_twice(self, plate: str) -> None:
        self.sim.faults.duplicates = 2
        self.sim.see(plate)
        self.sim.faults.duplicates = 0

    def remember(self, plates: list[str]) -> None:
        self.sim.faults.network_down = True
        for plate in plates:
            self.sim.see(plate)
        self.sim.faults.network_down = False
        assert self.sim.send_offline() == 0

    def beat(self) -> None:
        self.sim.heart_beat()

    def stop(self) -> None:
        self.line.close()
        self.sim.stop()
        super().stop()


class HikvisionWorld(PushWorld):
    def __init__(self, *, limits: Limits | None = None, **changes: Any) -> None:
        super().__init__(HikvisionDoorAt(LANE), limits=limits, **changes)
        self.sim = HikvisionCameraSim(self.clock, push_url=self.url, barriers=[GATE])

    def see(self, plate: str, confidence: int = 96) -> None:
        self.sim.see(plate or "unknown", confidence)

    def see_late(self, plate: str, late_s: float) -> None:
        self.sim.faults.late_s = late_s
        self.sim.see(plate)
        self.sim.faults.late_s = 0.0

    def see_twice(self, plate: str) -> None:
        self.sim.faults.duplicates = 2
        self.sim.see(plate)
        self.sim.faults.duplicates = 0

    def remember(self, plates: list[str]) -> None:
        for plate in plates:
            self.sim.see(plate, offline=True)

    def beat(self) -> None:
        self.sim.heart_beat()


class HikvisionDoorAt:
    """Makes the door of a Hikvision camera at a lane."""

    def __init__(self, lane_id: LaneId) -> None:
        self._lane_id = lane_id

    def __call__(self, camera: SmartCamera, store: PushStore, clock: Clock, reporter: Reporter) -> HikvisionDoor:
        return HikvisionDoor(camera, self._lane_id, store, clock, reporter)


def pass_time(world: CameraWorld, seconds: float) -> None:
    world.clock.advance(timedelta(seconds=seconds))
