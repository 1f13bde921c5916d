"""A camera's place at the push server: understand, store, let the lane know, answer, and only then do the rest.

A push that cannot be stored is not acknowledged: the camera keeps it and comes again. One that is stored already is acknowledged and
does nothing else. What is out of the camera's memory is stored and told, and opens nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from parking.gate.cameras import hikvision_wire, vzenith_wire
from parking.gate.cameras.base import HeartBeat, InputChanged, MalformedPush, Push, SerialReceived, SmartRead
from parking.gate.cameras.line import CameraLine, Cargo
from parking.gate.cameras.push_server import Door, Reply, Request
from parking.gate.cameras.push_store import PushStore
from parking.gate.cameras.smart_camera import SmartCamera
from parking.kernel.clock import Clock
from parking.kernel.errors import ParkingError
from parking.kernel.events import Envelope
from parking.kernel.ids import LaneId

_LOG = logging.getLogger(__name__)
GATE_OUTPUT, PULSE = 0, 2
"""What the camera does by itself when it is answered "ok"."""
_ACCEPTED_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><ResponseStatus version="2.0"><requestURL>/</requestURL>'
    b"<statusCode>1</statusCode><statusString>OK</statusString><subStatusCode>ok</subStatusCode></ResponseStatus>"
)


class Reporter:
    """Takes what is stored into the journal, in its own thread; what a full disk refuses is tried again."""

    def __init__(self, store: PushStore, note: Callable[[list[Envelope]], None], *, retry_s: float = 5.0) -> None:
        self._store = store
        self._note = note
        self._retry_s = retry_s
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="camera-reports", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """End; what is not in the journal yet stays stored."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(3.0)

    def news(self) -> None:
        """Something was stored."""
        self._wake.set()

    def report(self) -> int:
        """Journal everything that is stored and not yet told; how many."""
        count = 0
        while stored := self._store.unreported():
            self._note([one.envelope for one in stored])
            self._store.reported(stored)
            count += len(stored)
        return count

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            try:
                self.report()
            except ParkingError as error:
                _LOG.warning("camera reports wait: %s", error.code)
                threading.Event().wait(self._retry_s)
                self._wake.set()


class _CameraDoor:
    """What both makers' doors have in common."""

    def __init__(
        self, camera: SmartCamera, lane_id: LaneId, store: PushStore, clock: Clock, reporter: Reporter
    ) -> None:
        self.camera = camera
        self._lane_id = lane_id
        self._store = store
        self._clock = clock
        self._reporter = reporter

    @property
    def name(self) -> str:
        return self.camera.settings.device

    @property
    def secret(self) -> str:
        return self.camera.settings.secret

    @property
    def sources(self) -> tuple[str, ...]:
        return self.camera.settings.sources

    def _understood(self, parse: Callable[[], Push]) -> Push:
        """The push, from this camera and no other; MalformedPush is noted for the technician."""
        try:
            push = parse()
            wanted = self.camera.settings.serial
            if wanted and push.serial and push.serial != wanted:
                raise MalformedPush("another camera's serial number")
        except MalformedPush as error:
            self.camera.unreadable(str(error))
            raise
        self.camera.heard(push)
        return push

    def _stored(self, read: SmartRead) -> bool:
        """On disk; whether it is new. ParkingError when it could not be stored."""
        new = self._store.add(
            *(self.camera.settings.device, self._lane_id, read),
            captured_at=self.camera.captured_at(read),
            received_at=self._clock.now(),
        )
        if new:
            self._reporter.news()
        return new


class VzenithDoor(_CameraDoor):
    """Vzenith-style JSON; orders from `line` travel in the answers. Actions: `comet` for the long poll, anything else for pushes."""

    def __init__(
        self,
        camera: SmartCamera,
        lane_id: LaneId,
        store: PushStore,
        clock: Clock,
        reporter: Reporter,
        line: CameraLine | None = None,
        *,
        relay_used: bool = False,
        on_serial: Callable[[SerialReceived], None] = lambda _received: None,
    ) -> None:
        super().__init__(camera, lane_id, store, clock, reporter)
        self.line = line or CameraLine(clock, comet_hold_s=camera.settings.comet_hold_s)
        self._relay_used = relay_used
        self._on_serial = on_serial

    def answer(self, request: Request) -> Reply:
        try:
            push = self._understood(lambda: vzenith_wire.parse(request.body, request.content_type))
        except MalformedPush:
            return Reply(status=400)
        self.line.heard()
        if isinstance(push, SmartRead):
            return self._read(push)
        if isinstance(push, InputChanged):
            self.line.told_input(push.source, push.on)
        elif isinstance(push, SerialReceived):
            self._on_serial(push)
        elif isinstance(push, HeartBeat) and request.action == "comet":
            cargo = self.line.carry_poll()
            return _with(cargo, vzenith_wire.encode_reply(io=cargo.io, serial=cargo.serial, voice=cargo.voice))
        return Reply(vzenith_wire.encode_reply())

    def _read(self, read: SmartRead) -> Reply:
        try:
            new = self._stored(read)
        except ParkingError:
            return Reply(status=503)
        waits = new and not read.offline and self._relay_used
        if waits:
            self.line.expect_push()  # before the lane hears of it: its order shall find this answer, not a poll's
        here = self.camera.take(read) if new else False
        if read.offline:
            return Reply(vzenith_wire.encode_reply(plate_id=read.plate_id, continue_offline=True))
        cargo = self.line.carry_push(self.camera.settings.answer_within_s if here else 0.0) if waits else Cargo()
        gate = [order for order in cargo.io if order.io == GATE_OUTPUT and order.value == PULSE]
        body = vzenith_wire.encode_reply(
            opens=bool(gate),  # the camera itself pulses its gate output: telling it so twice would pulse twice
            io=[order for order in cargo.io if order not in gate],
            serial=cargo.serial,
            voice=cargo.voice,
            plate_id=read.plate_id,
        )
        return _with(cargo, body)


def _with(cargo: Cargo, body: bytes) -> Reply:
    return Reply(body, after=cargo.settle)


class HikvisionDoor(_CameraDoor):
    """ISAPI events; the answer opens nothing, whatever it says: orders go to the camera's own address."""

    def answer(self, request: Request) -> Reply:
        zone_h = self.camera.settings.time_zone_h
        try:
            push = self._understood(lambda: hikvision_wire.parse(request.body, request.content_type, zone_h=zone_h))
            if isinstance(push, SmartRead) and self._stored(push):
                self.camera.take(push)
        except MalformedPush:
            return Reply(status=400)
        except ParkingError:
            return Reply(status=503)
        return Reply(_ACCEPTED_XML, content_type="application/xml")


_: type[Door] = VzenithDoor
__: type[Door] = HikvisionDoor
