"""A second entry, of another make: a Vzenith-like camera that pushes what it reads and has the barrier on its own outputs, a UHF reader
for members' tags, and a scanner for visitors' codes.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.code_scanner import CodeScannerSim
from hardware_sim.devices.uhf_reader import UhfReaderSim
from hardware_sim.devices.vzenith_camera import VzenithCameraSim
from hardware_sim.physical_lane import Carried, PhysicalLane, Timing
from parking.kernel.clock import Clock
from parking.kernel.plate import Plate

PRESENCE, SAFETY = 0, 1
HELD_UP_EVERY_S = 1.5  # a driver whose code was not taken holds it up again
_PICTURE_WIDTH = 960


class CameraTerminals:
    """The contacts of a camera as a lane's board: a change is told over the network, in order, by a thread that no car waits for."""

    def __init__(self, camera: VzenithCameraSim) -> None:
        self._camera = camera
        self._changes: queue.SimpleQueue[tuple[int, bool] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._tell, name="camera-terminals", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._changes.put(None)
        self._thread.join(5.0)

    def set_input(self, index: int, on: bool) -> None:
        self._changes.put((index, on))

    def boom_is_up(self, barrier: str) -> bool:
        return self._camera.outputs.boom_position(barrier) >= 1.0

    def _tell(self) -> None:
        while (change := self._changes.get()) is not None:
            with suppress(OSError):
                self._camera.set_input(*change)


class MembersEntry:
    """The lane `entry-2` with everything that stands there."""

    def __init__(
        self,
        clock: Clock,
        *,
        push_url: str,
        host: str,
        uhf_port: int,
        scanner_port: int,
        timing: Timing,
        picture: Callable[[], NDArray[np.uint8]],
    ) -> None:
        wiring = BarrierWiring("entry-2", open_coil=0, close_coil=1, safety_input=SAFETY)
        self.camera = VzenithCameraSim(clock, push_url, barriers=(wiring,), tells_time=True)
        self.tags = UhfReaderSim(host=host, port=uhf_port)
        self.scanner = CodeScannerSim(host=host, port=scanner_port)
        self._terminals = CameraTerminals(self.camera)
        self._picture = picture
        self.lane = PhysicalLane(
            "entry-2", self._terminals, presence=PRESENCE, safety=SAFETY, timing=timing, beside=self
        )

    def start(self) -> None:
        self.tags.start()
        self.scanner.start()
        self._terminals.start()
        self.camera.start()

    def stop(self) -> None:
        self.camera.stop()
        self._terminals.stop()
        self.scanner.stop()
        self.tags.stop()

    def boom_position(self) -> float:
        return self.camera.outputs.boom_position("entry-2")

    async def ahead(self, plate: Plate, carried: Carried) -> None:
        """The camera reads the car before it is on the loop, its tag is heard, and who was sent a code has it ready."""
        if carried.readable:
            await asyncio.to_thread(self._see, plate)
        if carried.tag:
            await asyncio.to_thread(self.tags.tag_passes, bytes.fromhex(carried.tag), 1, -52, 3)
        if carried.code:
            await asyncio.to_thread(self.scanner.code_held_up, carried.code)

    async def waiting(self, carried: Carried) -> None:
        """Whoever is not let in holds tag and code up again."""
        while carried.tag or carried.code:
            await asyncio.sleep(HELD_UP_EVERY_S)
            if carried.tag:
                await asyncio.to_thread(self.tags.tag_passes, bytes.fromhex(carried.tag), 1, -52, 3)
            if carried.code:
                await asyncio.to_thread(self.scanner.code_held_up, carried.code)

    def _see(self, plate: Plate) -> None:
        frame = self._picture()
        height = round(frame.shape[0] * _PICTURE_WIDTH / frame.shape[1])
        small = cv2.resize(frame, (_PICTURE_WIDTH, height))
        _, packed = cv2.imencode(".jpg", small)
        self.camera.see(plate.text, 97, picture=packed.tobytes())
