"""Builds a gate box: boards, cameras, lanes, journal, link to the server; one process without a database server or a web framework.

Each lane has a thread of its own that steps it every 20 ms. A lane that breaks its own rules ends the process: whatever starts it
again finds the lane in state unknown, where nothing closes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from lpr import PassageReading, Pipeline, Worker
from lpr.settings import Settings as ReadingSettings
from lpr.sources.registry import SOURCES
from parking.access.facts import PlateEvidence
from parking.bootstrap.device_watch import DeviceWatch
from parking.bootstrap.edge_settings import (
    BarrierLaneSettings,
    BoardSettings,
    CameraSettings,
    EdgeSettings,
    RampLaneSettings,
)
from parking.bootstrap.keys import KeyRing, load_public, load_signer
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane, Sighting
from parking.gate.counting import Ramp
from parking.gate.edge_file import EdgeFile
from parking.gate.inputs import NOTHING_KNOWN, Inputs, lane_inputs
from parking.gate.journal import FileJournal
from parking.gate.local_copy import LocalCopy
from parking.gate.model import Wiring
from parking.gate.relays.base import RelayBoard
from parking.gate.relays.registry import BOARDS
from parking.gate.relays.shared import SharedBoard
from parking.gate.sync import Downlink, Link, Loop, Uplink, new_client
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.ids import DeviceId, Ids, VisitId

STEP_S = 0.02
_SIGHTINGS_MOST = 64  # newest win: an old sighting is worth nothing
_STOP_S = 3.0
_LOG = structlog.get_logger("edge")


class CameraWorker(Protocol):
    """What a lane's camera does for us; `lpr.Worker` is one."""

    def start(self) -> None: ...

    def begin(self, passage: str, post: Callable[[PassageReading], None]) -> None: ...

    def end(self) -> None: ...

    def stop(self) -> None: ...

    def health(self) -> HealthReport: ...


OpenCamera = Callable[[CameraSettings, str, Clock], CameraWorker]


def open_camera(settings: CameraSettings, lane_id: str, clock: Clock) -> CameraWorker:
    """The camera of a lane with its own recogniser; ParkingError for a kind or a setting that is not known."""
    pipeline = Pipeline.default(ReadingSettings.parse(settings.recognition))
    return Worker(SOURCES.get(settings.kind)(settings.url, f"{lane_id}-camera", clock), pipeline, clock)


class LaneCamera:
    """Between a worker's thread and its lane's: readings become evidence and wait to be drained."""

    def __init__(self, worker: CameraWorker) -> None:
        self._worker = worker
        self._seen: deque[Sighting] = deque(maxlen=_SIGHTINGS_MOST)

    def begin(self, visit_id: VisitId) -> None:
        def post(reading: PassageReading) -> None:
            if reading.captured_at is not None:
                self._seen.append((visit_id, evidence_of(reading)))

        self._worker.begin(visit_id, post)

    def end(self) -> None:
        self._worker.end()

    def drain(self) -> list[Sighting]:
        """What was read since the last call, oldest first."""
        return [self._seen.popleft() for _ in range(len(self._seen))]


def evidence_of(reading: PassageReading) -> PlateEvidence:
    """A reading in the words of the rules; one without a time raises ValueError."""
    if reading.captured_at is None:
        raise ValueError("a reading without a frame is no evidence")
    return PlateEvidence(
        plate=reading.plate,
        confidence=reading.confidence,
        margin=reading.margin,
        agreeing=reading.agreeing,
        frames=reading.frames,
        captured_at=reading.captured_at,
    )


@dataclass(frozen=True, slots=True)
class _Running:
    """One lane's name and what one step of it does."""

    name: str
    step: Callable[[], None]


class EdgeBox:
    """A gate box that has been built and not started; `start`, then `stop`. `failed` is set when it cannot go on."""

    def __init__(self, settings: EdgeSettings, *, clock: Clock, ids: Ids, camera: OpenCamera = open_camera) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self.file = EdgeFile(settings.journal)
        self.journal = FileJournal(self.file)
        self.copy = LocalCopy(self.file)
        self._boards: dict[BoardSettings, RelayBoard] = {}
        self._workers: list[CameraWorker] = []
        self._watch = DeviceWatch(self.journal, clock=clock, ids=ids, origin=settings.device)
        self._running = [self._lane(lane, camera) if isinstance(lane, BarrierLaneSettings) else self._ramp(lane)
                         for lane in settings.lanes]  # fmt: skip
        self._links = self._sync()
        self._stopping = threading.Event()
        self.failed = threading.Event()
        self._threads: list[threading.Thread] = []

    # --- building ----------------------------------------------------------------------------------------------------

    def _board(self, settings: BoardSettings) -> RelayBoard:
        key = settings.board()
        if key not in self._boards:
            board = SharedBoard(BOARDS.get(key.kind)(key.modbus(), self._clock), self._clock)
            self._boards[key] = board
            self._watch.add(DeviceId(f"relay-{len(self._boards)}"), board.health)
        return self._boards[key]

    def _lane(self, settings: BarrierLaneSettings, open_camera: OpenCamera) -> _Running:
        board = self._board(settings.relay)
        worker = open_camera(settings.camera, settings.id, self._clock)
        self._workers.append(worker)
        self._watch.add(DeviceId(f"{settings.id}-camera"), worker.health)
        camera = LaneCamera(worker)
        lane = Lane(
            settings.lane(),
            Barrier(board, settings.relay.barrier(), self._clock),
            self.copy,
            self.journal,
            camera,
            clock=self._clock,
            ids=self._ids,
            origin=self._settings.device,
        )
        wiring, open_coil = settings.loops.wiring(), settings.relay.open_coil

        def step() -> None:
            lane.step(self._clock.now(), read_inputs(board, wiring, open_coil), camera.drain())

        return _Running(settings.id, step)

    def _ramp(self, settings: RampLaneSettings) -> _Running:
        board, wiring = self._board(settings.relay), settings.loops.wiring()
        origin = self._settings.device
        ramp = Ramp(settings.ramp(), self.journal, clock=self._clock, ids=self._ids, origin=origin)
        return _Running(settings.id, lambda: ramp.step(self._clock.now(), read_inputs(board, wiring, None)))

    def _sync(self) -> tuple[Loop, Loop]:
        settings = self._settings
        verifier = KeyRing([load_public(settings.server_key)])
        link = Link(settings.server, settings.device, load_signer(settings.key), verifier)
        self._clients = new_client(link), new_client(link)
        self._uplink = Uplink(link, self.journal, self._clock, self._clients[0])
        downlink = Downlink(link, self.copy, self._clock, self._clients[1])

        def wait_for_news(seconds: float) -> None:
            self.journal.appended.wait(seconds)
            self.journal.appended.clear()

        up = Loop("up", lambda: self._uplink.send() > 0, self._clock, report=_report, idle=wait_for_news)
        # The server holds the long poll, so there is nothing to wait for here.
        down = Loop("down", downlink.fetch, self._clock, report=_report, idle=lambda _: None)
        return up, down

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start cameras, lanes and link; the lanes work whether or not the link ever does."""
        for worker in self._workers:
            worker.start()
        for running in (*self._running, _Running("devices", self._watch.check)):
            pace_s = STEP_S if running.name != "devices" else 1.0
            thread = threading.Thread(target=self._repeat, args=(running, pace_s), name=running.name, daemon=True)
            self._threads.append(thread)
            thread.start()
        for loop in self._links:
            loop.start()
        _LOG.info("gate box started", device=self._settings.device, lanes=[r.name for r in self._running])

    def stop(self) -> None:
        """End the lanes between two steps, send what is still unsent if the server answers, and close the file."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_STOP_S)
        for worker in self._workers:
            worker.stop()
        up, down = self._links
        up.stop(_STOP_S)
        down.stop(0.0)  # it may sit in a long poll; what that would bring comes again after the next start
        try:
            while self._uplink.send():
                pass
        except ParkingError as error:
            _LOG.warning("stopped with unsent events", trouble=str(error))
        for client in self._clients:
            client.close()
        for board in self._boards.values():
            board.close()
        self.file.close()

    def _repeat(self, running: _Running, pace_s: float) -> None:
        try:
            while not self._stopping.is_set():
                began_s = self._clock.monotonic_s()
                running.step()
                self._stopping.wait(max(0.0, pace_s - (self._clock.monotonic_s() - began_s)))
        except Exception as error:  # a lane that goes on wrongly is worse than one that starts afresh
            _LOG.error("lane stopped", lane=running.name, error=type(error).__name__, at=_place(error))
            self.failed.set()


def read_inputs(board: RelayBoard, wiring: Wiring, open_coil: int | None) -> Inputs:
    """A lane's inputs now; nothing is known when the board does not answer."""
    try:
        return lane_inputs(board.read(), wiring, open_coil)
    except (DeviceFault, DeviceRefused):
        return NOTHING_KNOWN


def run(settings: EdgeSettings, box: EdgeBox, stopping: threading.Event) -> int:
    """Run a box until it is told to stop (0) or cannot go on (1)."""
    box.start()
    while not stopping.wait(0.2):
        if box.failed.is_set():
            break
    box.stop()
    _LOG.info("gate box stopped", device=settings.device)
    return 1 if box.failed.is_set() else 0


def _report(direction: str, trouble: str) -> None:
    if trouble:
        _LOG.warning("link down", direction=direction, trouble=trouble)
    else:
        _LOG.info("link up", direction=direction)


def _place(error: BaseException) -> str:
    """File and line of an error; its text could hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else ""
