"""Builds a gate box: boards, cameras, lanes, journal, link to the server; one process without a database server or a web framework.

Each lane has a thread of its own that steps it every 20 ms. A lane that breaks its own rules ends the process: whatever starts it
again finds the lane in state unknown, where nothing closes.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from parking.bootstrap.device_watch import DeviceWatch, into
from parking.bootstrap.edge_camera import LaneCamera, PictureFolder, open_camera
from parking.bootstrap.edge_codes import CodeKeys
from parking.bootstrap.edge_devices import Box, Devices, OpenCamera
from parking.bootstrap.edge_settings import BarrierLaneSettings, EdgeSettings, RampLaneSettings
from parking.bootstrap.edge_troubles import LinkWatch, Troubles
from parking.bootstrap.keys import KeyRing, load_public, load_signer
from parking.bootstrap.measured import measured_costs
from parking.gate.barrier import Barrier
from parking.gate.controller import Lane
from parking.gate.counting import Ramp
from parking.gate.credentials.base import CredentialReader, Presented
from parking.gate.edge_file import EdgeFile
from parking.gate.faults import LANE_WATCHED, RAMP_WATCHED
from parking.gate.fire_group import FireGroup
from parking.gate.gone_lanes import tell_away
from parking.gate.inputs import NOTHING_KNOWN, Inputs, lane_inputs
from parking.gate.journal import FileJournal
from parking.gate.lamp import Lamp
from parking.gate.link_loop import Loop
from parking.gate.local_copy import LocalCopy
from parking.gate.model import Wiring
from parking.gate.own_rows import OwnRows
from parking.gate.picture_link import PictureLink
from parking.gate.relays.base import RelayBoard
from parking.gate.steady_clock import SteadyClock
from parking.gate.sync import Downlink, Link, Uplink, new_client
from parking.gate.told_devices import ToldDevices
from parking.gate.worn_file import file_health, open_or_begin_anew
from parking.kernel.clock import Clock, SystemClock
from parking.kernel.device import DeviceFault, DeviceRefused, Health
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import DeviceId, Ids

STEP_S = 0.02
_STOP_S = 3.0
_LOG = structlog.get_logger("edge")


@dataclass(frozen=True, slots=True)
class _Running:
    """One lane's name and what one step of it does."""

    name: str
    step: Callable[[], None]


class EdgeBox:
    """A gate box that has been built and not started; `start`, then `stop`. `failed` is set when it cannot go on."""

    def __init__(self, settings: EdgeSettings, *, clock: Clock, ids: Ids, camera: OpenCamera = open_camera) -> None:
        self._settings = settings
        self._clock = clock = SteadyClock(clock)
        self._ids = ids
        self._signer = load_signer(settings.key)
        self._verifier = KeyRing([load_public(settings.server_key)])
        self.file = open_or_begin_anew(settings.journal)
        self.journal = FileJournal(self.file, clock)
        with contextlib.suppress(ParkingError):  # a full disk: it is told after the next start
            tell_away(self.journal, [lane.id for lane in settings.lanes], clock.now(), ids, settings.device)
        self.copy = LocalCopy(self.file)
        self.rows = OwnRows(self.copy, self.journal)
        self.pictures = PictureFolder(settings.pictures, clock)
        self._watch = DeviceWatch(
            into(self.journal, clock=clock, ids=ids, origin=settings.device), ToldDevices(self.file)
        )
        self._watch.add(DeviceId(f"{settings.device}-clock"), clock.health)
        self._watch.add(DeviceId(f"{settings.device}-file"), lambda: file_health(settings.journal, clock.now()))
        codes = CodeKeys(self._verifier, self._signer.public, self.copy, clock)
        self._fires: defaultdict[str, FireGroup] = defaultdict(FireGroup)
        self.devices = Devices(
            settings, Box(clock, self.file, self.journal, self._watch, codes, camera, self._signer, ids)
        )
        self.lanes: dict[str, Lane | Ramp] = {}
        """By id; each belongs to its own thread, others may look."""
        self._costs = measured_costs()
        self._lost_file = file_health(settings.journal, clock.now()).health is Health.FAULTY
        self._links = self._sync()
        self._link = LinkWatch(clock, self._links)
        self._running = [
            self._lane(lane) if isinstance(lane, BarrierLaneSettings) else self._ramp(lane) for lane in settings.lanes
        ]
        self._stopping = threading.Event()
        self.failed = threading.Event()
        self._threads: list[threading.Thread] = []

    # --- building ----------------------------------------------------------------------------------------------------

    def _lane(self, settings: BarrierLaneSettings) -> _Running:
        board, worker = self.devices.board(settings.relay.board_), self.devices.camera(settings.id)
        camera, readers = LaneCamera(worker, self.pictures), self.devices.readers(settings.id)
        lane = Lane(
            settings.lane(),
            Barrier(board, settings.relay.barrier(), self._clock),
            self.rows,
            self.rows.journal,
            camera,
            clock=self._clock,
            ids=self._ids,
            origin=self._settings.device,
            fire_group=self._fires[settings.fire_group],
            display=self.devices.desk(settings.id),
            costs=self._costs,
        )
        self.lanes[settings.id] = lane
        self._take_up_what_was_lost(lane, LANE_WATCHED)
        wiring, open_coil = settings.loops.wiring(), settings.relay.open_coil
        troubles = Troubles(self._clock, worker, self._link)
        lamp = None if settings.relay.lamp_coil is None else Lamp(board, settings.relay.lamp_coil, self._clock)

        def step() -> None:
            inputs = read_inputs(board, wiring, open_coil)
            lane.step(self._clock.now(), inputs, camera.drain(), presented_at(readers), troubles.now())
            if lamp is not None:
                lamp.show(lane.mode)

        return _Running(settings.id, step)

    def _ramp(self, settings: RampLaneSettings) -> _Running:
        board, wiring = self.devices.board(settings.relay), settings.loops.wiring()
        origin = self._settings.device
        ramp = Ramp(settings.ramp(), self.journal, clock=self._clock, ids=self._ids, origin=origin)
        self.lanes[settings.id] = ramp
        self._take_up_what_was_lost(ramp, RAMP_WATCHED)
        return _Running(settings.id, lambda: ramp.step(self._clock.now(), read_inputs(board, wiring, None)))

    def _take_up_what_was_lost(self, lane: Lane | Ramp, watched: tuple[str, ...]) -> None:
        if self._lost_file and self.journal.lane_state(lane.config.lane_id) is None:
            lane.faults.take_for_open(watched)

    def _sync(self) -> tuple[Loop, Loop]:
        settings = self._settings
        link = Link(settings.server, settings.device, self._signer, self._verifier)
        self._clients = [new_client(link) for _ in range(3)]
        self._uplink = Uplink(link, self.journal, self._clock, self._clients[0])
        downlink = Downlink(link, self.copy, self._clock, self._clients[1])

        def wait_for_news(seconds: float) -> None:
            self.journal.appended.wait(seconds)
            self.journal.appended.clear()

        up = Loop("up", lambda: self._uplink.send() > 0, self._clock, report=_report, idle=wait_for_news)
        # The server holds the long poll, so there is nothing to wait for here.
        down = Loop("down", downlink.fetch, self._clock, report=_report, idle=lambda _: None)
        self._wishes = self._picture_loop(link)
        return up, down

    def _picture_loop(self, link: Link) -> Loop:
        """Pictures leave the box only when a person wants to see one."""
        pictures = PictureLink(link, self.pictures.read, self._clock, self._clients[2])

        def rest(seconds: float) -> None:
            self._stopping.wait(seconds)

        return Loop("pictures", pictures.step, self._clock, report=_report, idle=rest)

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start devices, lanes and link; the lanes work whether or not the link ever does."""
        self.pictures.start()
        self.devices.start()
        for running in (*self._running, _Running("devices", self._watch.check)):
            pace_s = STEP_S if running.name != "devices" else 1.0
            thread = threading.Thread(target=self._repeat, args=(running, pace_s), name=running.name, daemon=True)
            self._threads.append(thread)
            thread.start()
        for loop in (*self._links, self._wishes):
            loop.start()
        _LOG.info("gate box started", device=self._settings.device, lanes=[r.name for r in self._running])

    def stop(self) -> None:
        """End the lanes between two steps, send for a moment what is still unsent, and close the file; the rest is told later."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_STOP_S)
        self.devices.stop()
        self.pictures.stop()
        up, down = self._links
        up.stop(_STOP_S)
        self._wishes.stop(0.0)
        down.stop(0.0)  # it may sit in a long poll; what that would bring comes again after the next start
        ends_s = self._clock.monotonic_s() + _STOP_S
        try:
            while self._uplink.send() and self._clock.monotonic_s() < ends_s:  # no lane opens until the next start
                pass
        except ParkingError as error:
            _LOG.warning("stopped with unsent events", trouble=str(error))
        for client in self._clients:
            client.close()
        self.devices.close()
        self.copy.close()
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


def presented_at(readers: Iterable[CredentialReader]) -> list[Presented]:
    """What was held up to the readers of a lane since the last step, oldest first."""
    presented = [one for reader in readers for one in reader.drain()]
    return sorted(presented, key=lambda one: one.seen_s)


def run(settings: EdgeSettings, box: EdgeBox, stopping: threading.Event) -> int:
    """Run a box until it is told to stop (0) or cannot go on (1)."""
    box.start()
    while not stopping.wait(0.2):
        if box.failed.is_set():
            break
    box.stop()
    _LOG.info("gate box stopped", device=settings.device)
    return 1 if box.failed.is_set() else 0


def hand_in(settings: EdgeSettings, journal: Path) -> int:
    """Send what the journal of a box that was replaced still holds, and nothing else; how many events. ParkingError as soon as it fails."""
    if not journal.exists():
        raise invalid("edge.no_journal", f"there is no journal at {journal}", field="journal")
    keys = KeyRing([load_public(settings.server_key)])
    link, told = Link(settings.server, settings.device, load_signer(settings.key), keys), 0
    with contextlib.closing(EdgeFile(journal)) as file, new_client(link) as client:
        uplink = Uplink(link, FileJournal(file), SystemClock(), client, in_service=False)
        try:
            while sent := uplink.send():
                told += sent
        except ParkingError as error:
            raise ParkingError(error.kind, error.code, f"{told} events were handed in, then: {error}") from None
    return told


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
