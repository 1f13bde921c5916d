"""A whole gate box on real sockets and threads: a simulated board, a server of a few lines, cameras that say what they are told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardware_sim.devices.barrier import BarrierWiring
from hardware_sim.devices.relay_board import RelayBoardSim
from lpr import PassageReading
from parking.bootstrap.edge import EdgeBox
from parking.bootstrap.edge_settings import CameraSettings, EdgeSettings
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.device import Health, HealthReport
from parking.kernel.ids import RandomIds
from parking.kernel.plate import Plate
from tests.builders.edge_server import EdgeServer

FAST_BARRIERS = (
    BarrierWiring("entry-1", open_coil=0, close_coil=1, safety_input=1, travel_s=0.1),
    BarrierWiring("exit-1", open_coil=2, close_coil=3, safety_input=3, travel_s=0.1),
)


def until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait for `condition`, looking often; AssertionError names what did not happen."""
    deadline = time.monotonic() + timeout_s
    looked = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {timeout_s} s: {what}"
        looked.wait(0.01)


def moves(box: EdgeBox, lane: str, move: Callable[[], None], what: str) -> None:
    """Metal comes onto a loop of a lane or leaves it, and the lane has noticed, however slow the machine is."""
    lanes = box.lanes
    before = lanes[lane].state
    move()
    until(lambda: lanes[lane].state is not before, f"{lane} notices that {what}, is {before}", timeout_s=60.0)


class ToldWorker:
    """A camera worker that reads what the test tells it, as soon as it is told and the lane asks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plate: Plate | None = None
        self._post: Callable[[PassageReading], None] | None = None
        self._lock = threading.Lock()
        self.reported = Health.OK

    def show(self, plate: str | None) -> None:
        """What stands before the camera from now on."""
        with self._lock:
            self._plate = Plate.parse(plate) if plate else None
            self._tell()

    def start(self) -> None:
        """Nothing to start."""

    def begin(self, passage: str, post: Callable[[PassageReading], None]) -> None:
        with self._lock:
            self._post = post
            self._tell()

    def _tell(self) -> None:
        if self._plate is not None and self._post is not None:
            self._post(PassageReading(self._plate, None, None, 0.98, 8.0, 4, 4, self._clock.now()))

    def end(self) -> None:
        with self._lock:
            self._post = None

    def stop(self) -> None:
        """Nothing to stop."""

    def health(self) -> HealthReport:
        return HealthReport(self.reported, self._clock.now())


def edge_config(server: EdgeServer, board_port: int) -> dict[str, Any]:
    """edge.yaml of the demo: an entry, an exit and a ramp on one board; all paths are relative."""
    board = {"kind": "modbus_tcp", "host": "127.0.0.1", "port": board_port}

    def lane(ident: str, kind: str, first: int) -> dict[str, Any]:
        return {
            "id": ident,
            "kind": kind,
            "camera": {"kind": "mjpeg", "url": "http://127.0.0.1:9/stream"},
            "relay": {**board, "open_coil": first, "close_coil": first + 1},
            "loops": {"presence": first, "safety": first + 1},
        }

    ramp = {
        "id": "ramp-1",
        "kind": "ramp",
        "from": "b1",
        "to": "b2",
        "relay": board,
        "loops": {"first": 4, "second": 5},
    }
    return {
        "device": "edge-1",
        "site": "mall",
        "server": server.url,
        "journal": "edge.db",
        "key": "device.pem",
        "server_key": "server.pub",
        "lanes": [lane("entry-1", "entry", 0), lane("exit-1", "exit", 2), ramp],
    }


class EdgeWorld:
    """The box, its board, its cameras and its server, in one folder."""

    def __init__(self, folder: Path, **exit_relay: Any) -> None:
        self.folder = folder
        self.board = RelayBoardSim(SystemClock(), FAST_BARRIERS)
        self.board.start()
        self.server = EdgeServer(folder)
        self.server.start()
        self.cameras: dict[str, ToldWorker] = {}
        plain = edge_config(self.server, self.board.port)
        plain.setdefault("pictures", "pictures")
        plain["lanes"][1]["relay"] |= exit_relay
        files = {name: folder / plain[name] for name in ("journal", "key", "server_key", "pictures")}
        self.settings = EdgeSettings.model_validate(plain).model_copy(update=files)
        self.box = self._build()

    def _build(self) -> EdgeBox:
        return EdgeBox(self.settings, clock=SystemClock(), ids=RandomIds(), camera=self._camera)

    def _camera(self, settings: CameraSettings, lane_id: str, clock: Clock) -> ToldWorker:
        self.cameras[lane_id] = ToldWorker(clock)
        return self.cameras[lane_id]

    def start(self) -> None:
        self.box.start()

    def restart(self) -> None:
        """The box stops and another one starts on the same files."""
        self.box.stop()
        self.begin_again()

    def begin_again(self) -> None:
        """Another box starts on the files of one that has stopped."""
        self.box = self._build()
        self.box.start()

    def drive(self, lane: str, plate: str, *, presence: int) -> None:
        """A car drives up, waits for the boom and passes."""
        self.cameras[lane].show(plate)
        self.board.set_input(presence, True)
        until(lambda: self.board.boom_is_up(lane), f"the boom of {lane} goes up")
        self.pass_through(lane, presence)
        until(lambda: self.board.boom_position(lane) == 0, f"the boom of {lane} comes down by itself")

    def pass_through(self, lane: str, presence: int) -> None:
        """The car drives on, over both loops."""
        for index, on in ((presence + 1, True), (presence, False), (presence + 1, False)):
            self.move(lane, index, on=on)

    def move(self, lane: str, index: int, *, on: bool) -> None:
        """Metal comes onto a loop of a lane or leaves it."""
        moves(self.box, lane, lambda: self.board.set_input(index, on), f"input {index} is {'on' if on else 'off'}")

    def stop(self) -> None:
        self.box.stop()
        self.server.stop()
        self.board.stop()
