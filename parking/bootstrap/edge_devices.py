"""The devices of a gate box: boards that lanes share, cameras that are watched or that call, readers of credentials.

All are built before any is started, so that a wrong setting stops the box before a boom can move.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parking.bootstrap.device_settings import (
    AnyBoard,
    CameraSettings,
    HikvisionBoardSettings,
    SmartCameraSection,
    VzenithBoardSettings,
)
from parking.bootstrap.device_watch import DeviceWatch
from parking.bootstrap.edge_codes import CodeKeys
from parking.bootstrap.edge_settings import BarrierLaneSettings, EdgeSettings, PushSettings
from parking.bootstrap.reader_settings import PrinterSettings
from parking.gate.cameras.base import CameraWorker
from parking.gate.cameras.doors import HikvisionDoor, Reporter, VzenithDoor
from parking.gate.cameras.line import CameraLine
from parking.gate.cameras.push_server import PushServer
from parking.gate.cameras.push_store import PushStore
from parking.gate.cameras.smart_camera import SmartCamera
from parking.gate.credentials.base import CredentialReader
from parking.gate.credentials.by_antenna import SharedReader
from parking.gate.edge_file import EdgeFile
from parking.gate.journal import FileJournal
from parking.gate.relays.base import RelayBoard
from parking.gate.relays.hikvision import HikvisionBoard
from parking.gate.relays.registry import BOARDS
from parking.gate.relays.shared import SharedBoard
from parking.gate.relays.vzenith import VzenithBoard
from parking.gate.tickets.desk import TicketDesk
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.events import Envelope
from parking.kernel.ids import DeviceId, Ids, LaneId
from parking.kernel.signed import Signer

OpenCamera = Callable[[CameraSettings, str, Clock], CameraWorker]


@dataclass(frozen=True, slots=True)
class Box:
    """What devices are built with."""

    clock: Clock
    file: EdgeFile
    journal: FileJournal
    watch: DeviceWatch
    codes: CodeKeys
    open_camera: OpenCamera
    signer: Signer
    ids: Ids


class Devices:
    """Every device of one box, by what its lanes call it."""

    def __init__(self, settings: EdgeSettings, box: Box) -> None:
        self._settings = settings
        self._box = box
        self._boards: dict[str, RelayBoard] = {}
        self._cameras: dict[str, CameraWorker] = {}
        self._lines: dict[str, CameraLine] = {}
        self._doors: list[VzenithDoor | HikvisionDoor] = []
        self._store = PushStore(box.file)
        self._reporter = Reporter(self._store, self._note)
        for lane in settings.barriers:
            self._add_camera(lane)
        self._push = self._push_server(settings.push) if self._doors and settings.push else None
        self._readers = self._open_readers()
        self._desks = {lane.id: self._open_desk(lane, lane.printer) for lane in settings.barriers if lane.printer}

    # --- boards ------------------------------------------------------------------------------------------------------

    def board(self, settings: AnyBoard) -> RelayBoard:
        """The board of these settings; lanes that name the same one share it."""
        name = settings.model_dump_json()
        if name not in self._boards:
            board = SharedBoard(self._open_board(settings), self._box.clock)
            self._boards[name] = board
            self._box.watch.add(DeviceId(f"{self._settings.device}-relay-{len(self._boards)}"), board.health)
        return self._boards[name]

    def _open_board(self, settings: AnyBoard) -> RelayBoard:
        plain, clock = settings.board(), self._box.clock
        if isinstance(settings, VzenithBoardSettings):
            line = self._lines[settings.device]
            return VzenithBoard(plain, line, clock, feedback=settings.feedback, idle_off=settings.idle_off)
        if isinstance(settings, HikvisionBoardSettings):
            return HikvisionBoard(plain, clock, gate=settings.gate, limits_wired=settings.limits_wired)
        return BOARDS.get(settings.kind)(plain, clock)

    # --- cameras -----------------------------------------------------------------------------------------------------

    def camera(self, lane_id: str) -> CameraWorker:
        return self._cameras[lane_id]

    def _add_camera(self, lane: BarrierLaneSettings) -> None:
        settings, clock = lane.camera, self._box.clock
        if isinstance(settings, CameraSettings):
            camera, name = self._box.open_camera(settings, lane.id, clock), f"{lane.id}-camera"
        else:
            camera, name = self._smart_camera(settings, lane), settings.device
        self._cameras[lane.id] = camera
        self._box.watch.add(DeviceId(name), camera.health)

    def _smart_camera(self, settings: SmartCameraSection, lane: BarrierLaneSettings) -> SmartCamera:
        clock, lane_id = self._box.clock, LaneId(lane.id)
        camera = SmartCamera(settings.settings(), clock)
        if settings.kind == "hikvision":
            self._doors.append(HikvisionDoor(camera, lane_id, self._store, clock, self._reporter))
            return camera
        line = self._lines[settings.device] = CameraLine(clock, comet_hold_s=settings.comet_hold_s)
        used = any(
            isinstance(other.relay.board_, VzenithBoardSettings) and other.relay.board_.device == settings.device
            for other in self._settings.barriers
        )
        self._doors.append(VzenithDoor(camera, lane_id, self._store, clock, self._reporter, line, relay_used=used))
        return camera

    def _note(self, envelopes: Sequence[Envelope]) -> None:
        """Into the journal in the box's own name: what the server takes from a box, the box says."""
        self._box.journal.note([replace(envelope, origin=self._settings.device) for envelope in envelopes])

    def _push_server(self, settings: PushSettings) -> PushServer:
        tls = None
        if settings.certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                tls.load_cert_chain(settings.certificate, settings.private_key)
            except OSError as error:  # an SSLError is one
                raise invalid(
                    "edge.certificate", f"cannot be used ({error.strerror})", field="push.certificate"
                ) from None
        return PushServer(self._doors, host=settings.host, port=settings.port, tls=tls)

    # --- readers -----------------------------------------------------------------------------------------------------

    def readers(self, lane_id: str) -> list[CredentialReader]:
        """Whatever reads credentials at a lane."""
        return self._readers.get(lane_id, [])

    def _open_readers(self) -> dict[str, list[CredentialReader]]:
        at: dict[str, list[CredentialReader]] = {}
        names = {id(reader): name for name, reader in self._settings.reader_names}
        for lane in self._settings.barriers:
            check = self._box.codes.check(lots_of(lane, self._settings.site), LaneId(lane.id))
            for settings in lane.readers:
                reader = settings.open(names[id(settings)], self._box.clock, check)
                at.setdefault(lane.id, []).append(reader)
                self._box.watch.add(DeviceId(names[id(settings)]), reader.health)
        for shared in self._settings.readers:
            check = self._box.codes.check([self._settings.site], None)
            lanes = {antenna: LaneId(lane_id) for antenna, lane_id in shared.lanes.items()}
            split = SharedReader(shared.open(shared.id, self._box.clock, check), lanes)
            self._box.watch.add(DeviceId(shared.id), split.health)
            for lane_id in sorted(set(lanes.values())):
                at.setdefault(lane_id, []).append(split.of(lane_id))
        return at

    # --- tickets -----------------------------------------------------------------------------------------------------

    def desk(self, lane_id: str) -> TicketDesk | None:
        """What gives a driver his paper at a lane, where there is a printer."""
        return self._desks.get(lane_id)

    def _open_desk(self, lane: BarrierLaneSettings, settings: PrinterSettings) -> TicketDesk:
        box = self._box
        desk = TicketDesk(
            LaneId(lane.id),
            lane.lane().direction,
            settings.open(box.clock),
            box.signer,
            lot=self._settings.site,
            clock=box.clock,
            ids=box.ids,
            settings=settings.desk(),
        )
        box.watch.add(DeviceId(f"{lane.id}-printer"), desk.health)
        return desk

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let cameras call, look at the others, and listen to readers; OSError where the push port is taken."""
        if self._push is not None:
            self._push.start()
            self._reporter.start()
        for camera in self._cameras.values():
            camera.start()
        for readers in self._readers.values():
            for reader in readers:
                reader.start()
        for desk in self._desks.values():
            desk.start()

    def stop(self) -> None:
        """End everything but the boards: a lane may still be giving its last order."""
        for desk in self._desks.values():
            desk.stop()
        for readers in self._readers.values():
            for reader in readers:
                reader.stop()
        for camera in self._cameras.values():
            camera.stop()
        if self._push is not None:
            self._push.stop()
            self._reporter.stop()

    def close(self) -> None:
        """Let the boards go; coils stay as they are."""
        for line in self._lines.values():
            line.close()
        for board in self._boards.values():
            board.close()


def lots_of(lane: BarrierLaneSettings, site: str) -> list[str]:
    """What a code may be bound to that opens here."""
    return [site, *(lot for lot in (lane.lot, lane.outer_lot) if lot and lot != site)]
