"""A whole gate box whose lanes have nothing but a smart camera each: it reads, it has the loops, the barrier hangs on its outputs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.hikvision_camera import PASSWORD, HikvisionCameraSim
from hardware_sim.devices.vzenith_camera import VzenithCameraSim
from parking.bootstrap.edge import EdgeBox
from parking.bootstrap.edge_settings import EdgeSettings
from parking.kernel.clock import SystemClock
from parking.kernel.ids import RandomIds
from tests.builders.edge_box import moves, until
from tests.builders.edge_server import EdgeServer

pytestmark = pytest.mark.req("LPR-2", "GATE-1")
SECRETS = {"entry-2-camera": "secret-of-the-vzenith", "entry-3-camera": "secret-of-the-hikvision"}
PRESENCE, SAFETY = 0, 1
GATE = BarrierWiring("gate", open_coil=0, safety_input=SAFETY, travel_s=0.2)
PATIENT_S = 40.0  # the machine may be busy


def lane(ident: str, camera: str, relay: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": ident,
        "kind": "entry",
        "camera": {"kind": camera, "device": f"{ident}-camera", "secret": SECRETS[f"{ident}-camera"], "fresh_s": 20},
        "relay": {"kind": camera, "timeout_s": 5, "coils": 2, "inputs": 2, "open_coil": 0, "close_coil": 1, **relay},
        "loops": {"presence": PRESENCE, "safety": SAFETY},
        "timings": {"stale_after_s": 10, "order_s": 10},
        "rules": {"evidence_lead_s": 20},
    }


class SmartBox:
    """The box, its server and both cameras; the cars."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.server = EdgeServer(folder)
        self.server.start()
        self.hikvision = HikvisionCameraSim(self.clock, outputs=2, inputs=2, barriers=[GATE])
        self.hikvision.start()
        own = {"host": "127.0.0.1", "port": self.hikvision.port, "password": PASSWORD, "gate": True}
        plain = {
            **{"device": "edge-1", "site": "mall", "server": self.server.url, "journal": folder / "edge.db"},
            **{"key": folder / "device.pem", "server_key": folder / "server.pub", "pictures": folder / "pictures"},
            "push": {"host": "127.0.0.1", "port": _free_port()},
            "lanes": [
                lane("entry-2", "vzenith", {"device": "entry-2-camera", "idle_off": True}),
                lane("entry-3", "hikvision", own),
            ],
        }
        self.settings = EdgeSettings.model_validate(plain)
        self.box = EdgeBox(self.settings, clock=self.clock, ids=RandomIds())
        self.box.start()
        self.hikvision.push_url = self._url("entry-3-camera")
        self.vzenith = VzenithCameraSim(self.clock, self._url("entry-2-camera"), barriers=[GATE], tells_time=True)
        self.vzenith.start()

    def _url(self, camera: str) -> str:
        assert self.settings.push is not None
        return f"http://127.0.0.1:{self.settings.push.port}/push/{camera}/{SECRETS[camera]}"

    def drive(self, lane_id: str, camera: VzenithCameraSim | HikvisionCameraSim, plate: str) -> None:
        """A car comes onto the first loop, is read, waits for the boom, and passes."""
        camera.set_input(PRESENCE, True)
        reading = threading.Thread(target=camera.see, args=(plate,), kwargs={"picture": b"\xff\xd8car\xff\xd9"})
        reading.start()
        until(lambda: camera.outputs.boom_position("gate") > 0, "the boom goes up", PATIENT_S)
        reading.join()
        for loop, on in ((SAFETY, True), (PRESENCE, False), (SAFETY, False)):
            moves(self.box, lane_id, partial(camera.set_input, loop, on), f"loop {loop} is {'on' if on else 'off'}")

    def events(self, kind: str, lane_id: str) -> list[dict[str, Any]]:
        told = [e["data"] for stored in self.server.events.values() for e in stored if e["type"] == kind]
        return [data for data in told if data.get("lane_id") == lane_id]

    def stop(self) -> None:
        self.vzenith.stop()
        self.box.stop()
        self.hikvision.stop()
        self.server.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SmartBox]:
    made = SmartBox(tmp_path)
    yield made
    made.stop()


@pytest.mark.parametrize(("lane_id", "camera_of"), [
    ("entry-2", lambda world: world.vzenith),
    ("entry-3", lambda world: world.hikvision),
])  # fmt: skip
def test_a_car_is_read_let_in_and_proven_to_have_passed_by_one_camera(
    world: SmartBox, lane_id: str, camera_of: Callable[[SmartBox], Any]
) -> None:
    world.drive(lane_id, camera_of(world), "粤B12345")
    until(lambda: bool(world.events("VehiclePassed", lane_id)), "the passage is told", PATIENT_S)
    passed = world.events("VehiclePassed", lane_id)[-1]
    assert (passed["plate"], passed["authorised"]) == ("粤B12345", True)
    until(lambda: bool(world.events("PlateReported", lane_id)), "the camera's own word is told", PATIENT_S)
    report = world.events("PlateReported", lane_id)[-1]
    assert (report["plate"], report["offline"], report["device_id"]) == ("粤B12345", False, f"{lane_id}-camera")


def test_what_was_read_while_the_link_was_down_is_told_and_moves_no_boom(world: SmartBox) -> None:
    world.vzenith.faults.network_down = True
    for plate in ("粤B11111", "粤B22222"):
        world.vzenith.see(plate)
    world.vzenith.faults.network_down = False
    until(lambda: world.vzenith.send_offline() == 0, "the camera gets rid of its records", PATIENT_S)
    until(lambda: len(world.events("PlateReported", "entry-2")) == 2, "both are told", PATIENT_S)
    assert [report["offline"] for report in world.events("PlateReported", "entry-2")] == [True, True]
    assert world.events("LaneDecided", "entry-2") == []
    assert world.vzenith.outputs.log == []
