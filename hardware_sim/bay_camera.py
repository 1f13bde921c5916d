"""A camera over some bays, over HTTP or RTSP: cars are put before it, and it can be stuck, silent, flapping, or wrong about the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hardware_sim.bay_view import BayView
from hardware_sim.devices.camera import CameraFault, SimulatedCamera
from hardware_sim.devices.mjpeg import MjpegCamera
from parking.kernel.clock import Clock

FPS = 4.0


class BayCameraSim:
    """`set` parks a car in a bay or takes it away; after `stop` it listens on the same port again."""

    def __init__(
        self,
        bays: Sequence[str],
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: float = FPS,
        kind: type[SimulatedCamera] = MjpegCamera,
    ) -> None:
        self.view = BayView(bays, clock)
        self._where, self._fps, self._kind = (host, port), fps, kind
        self._camera: SimulatedCamera | None = None
        self._fault = CameraFault.NONE

    @property
    def url(self) -> str:
        """Where its stream is; RuntimeError before `start`."""
        return self._started().url

    def boxes(self) -> dict[str, str]:
        """Where each bay is in the picture, as a settings file says it."""
        return self.view.boxes()

    def start(self) -> None:
        host, port = self._where
        self._camera = self._kind(self.view.next_frame, fps=self._fps, host=host, port=port)
        self._camera.start()
        self._where = host, int(self._camera.url.rpartition(":")[2].partition("/")[0])
        self._camera.set_fault(self._fault)

    def stop(self) -> None:
        """Hang up and free the port; stopping twice is harmless."""
        if self._camera is not None:
            self._camera.stop()
            self._camera = None

    def set(self, bay: str, occupied: bool, plate: str = "", *, readable: bool = True) -> None:
        """What stands in a bay from now on; a car without a given plate has one of its own."""
        if occupied:
            self.view.park(bay, plate or f"沪A{sum(map(ord, bay)) % 100_000:05d}", readable=readable)
        else:
            self.view.leave(bay)

    def stick(self, stuck: bool = True) -> None:
        """Shows the same picture again and again."""
        self._break(CameraFault.FREEZE if stuck else CameraFault.NONE)

    def silence(self, silent: bool = True) -> None:
        """Takes connections, and sends nothing."""
        self._break(CameraFault.STOP if silent else CameraFault.NONE)

    def flap(self, *bays: str) -> None:
        """These bays are shown with and without their car by turns."""
        self.view.flapping = frozenset(bays)

    def set_clock_off(self, by: timedelta) -> None:
        """The time that it writes over its pictures is off."""
        self.view.clock_off = by

    def set_fault(self, fault: CameraFault) -> None:
        """Any fault that cameras have."""
        self._break(fault)

    def _break(self, fault: CameraFault) -> None:
        self._fault = fault
        if self._camera is not None:
            self._camera.set_fault(fault)

    def _started(self) -> SimulatedCamera:
        if self._camera is None:
            raise RuntimeError("the camera is not started")
        return self._camera
