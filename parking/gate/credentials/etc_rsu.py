"""High-speed ETC as identity: the roadside unit finds an on-board unit, which gives its number and its car's plate; then the lane
lets go of it. No money moves here (B4, B5, C6 belong to the issuer's clearing). The unit's plate serves the mismatch check.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta, timezone

from parking.gate.credentials import rsu_wire as wire
from parking.gate.credentials.conversation import Conversation, Seen, Turn, WireFault
from parking.gate.credentials.link import LinkedReader, LinkSettings
from parking.gate.credentials.rsu_wire import Frame, Unit
from parking.kernel.clock import Clock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import invalid
from parking.kernel.ids import DeviceId
from parking.kernel.plate import Plate

_BEIJING = timezone(timedelta(hours=8))  # the clock of the Chinese ETC network
_BROKEN_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class RsuSettings:
    """A roadside unit. `lane_mode`, `tx_power` and `channel` as its manual wants them; after `probe_s` of silence it is asked how it
    is, after three times that it counts as silent; a unit that does not tell its vehicle within `vehicle_s` is taken without."""

    link: LinkSettings
    lane_mode: int = 3
    tx_power: int = 10
    channel: int = 0
    probe_s: float = 3.0
    vehicle_s: float = 0.5

    def __post_init__(self) -> None:
        for name in ("lane_mode", "tx_power", "channel"):
            if not 0 <= getattr(self, name) <= 255:
                raise invalid("reader.rsu", "should be 0 to 255", field=name)
        for name in ("probe_s", "vehicle_s"):
            if not 0.1 <= getattr(self, name) <= 60:
                raise invalid("reader.rsu", "should be 0.1 to 60 seconds", field=name)


class RsuConversation:
    """One connection to an RSU: begin, look for units, ask each for its vehicle, let it go."""

    def __init__(self, settings: RsuSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._buffer = b""
        self._sequence = 0
        self._heard_s = self._asked_s = 0.0
        self._broken = 0
        self._unit: Unit | None = None
        self._unit_s = 0.0
        self.ready = False
        self.trouble = ""

    def begin(self, now_s: float) -> bytes:
        self._heard_s = self._asked_s = now_s
        return self._begin()

    def take(self, data: bytes, now_s: float) -> Turn:
        self._buffer += data
        send = b""
        seen: list[Seen] = []
        try:
            frames, used = wire.parse(self._buffer)
            self._buffer = self._buffer[used:]
            for frame in frames:
                if self._is_whole(frame) and frame is not None:
                    self._heard_s = now_s
                    turn = self._answer(frame, now_s)
                    send += turn.send
                    seen += turn.seen
        except (DeviceFault, DeviceRefused) as fault:
            return Turn(send, tuple(seen), fault)
        return Turn(send, tuple(seen))

    def tick(self, now_s: float) -> Turn:
        if self._unit is not None and now_s - self._unit_s > self._settings.vehicle_s:
            return self._let_go(None)
        silent_s = now_s - self._heard_s
        if silent_s > 3 * self._settings.probe_s:
            return Turn(fault=DeviceFault("the RSU is silent"))
        if silent_s > self._settings.probe_s and now_s - self._asked_s > self._settings.probe_s:
            self._asked_s = now_s
            return Turn(self._begin())
        return Turn()

    def _is_whole(self, frame: Frame | None) -> bool:
        """A serial line may break a frame now and then; a line that breaks them all is no RSU."""
        self._broken = 0 if frame is not None else self._broken + 1
        if self._broken >= _BROKEN_IN_A_ROW:
            raise WireFault("RSU: one broken frame after another")
        return frame is not None

    def _answer(self, frame: Frame, now_s: float) -> Turn:
        if frame.kind == wire.STATUS:
            return Turn(self._hear_status(frame))
        if frame.kind == wire.UNIT_FOUND:
            unit = wire.unit_of(frame)
            if unit is None:
                return Turn()
            before = Turn()
            if self._unit is None or self._unit.address != unit.address:
                before = self._let_go(None) if self._unit is not None else before
                self._unit_s = now_s  # found again does not count: it must not wait for its vehicle for ever
            self._unit = unit
            return Turn(before.send + self._say(wire.GO_ON, wire.go_on(unit.address)), before.seen)
        if frame.kind == wire.VEHICLE and self._unit is not None:
            address, plate = wire.vehicle_of(frame)
            if address == self._unit.address:
                return self._let_go(plate)
        return Turn()

    def _hear_status(self, frame: Frame) -> bytes:
        status = wire.status_of(frame)
        self.trouble = f"the RSU reports fault {status:#04x}" if status else ""
        heart_beat = frame.rsctl == 0x98 and self.ready
        self.ready = True
        return b"" if heart_beat or status else self._say(wire.GO_ON, wire.go_on())

    def _let_go(self, plate: Plate | None) -> Turn:
        unit, self._unit = self._unit, None
        assert unit is not None
        credential = Credential.of(CredentialKind.OBU, unit.serial)
        seen = Seen(credential, plate=plate, refused=self._objection(unit))
        return Turn(self._say(wire.STOP, wire.stop(unit.address)), (seen,))

    def _objection(self, unit: Unit) -> str:
        today = self._clock.now().astimezone(_BEIJING).strftime("%Y%m%d")
        if unit.tampered:
            return "obu.taken_off"
        if unit.locked:
            return "obu.locked"
        return "" if unit.valid_from <= today <= unit.valid_until else "obu.expired"

    def _begin(self) -> bytes:
        settings = self._settings
        content = wire.begin(
            self._clock.now().astimezone(_BEIJING),
            lane_mode=settings.lane_mode,
            tx_power=settings.tx_power,
            channel=settings.channel,
        )
        return self._say(wire.BEGIN, content)

    def _say(self, kind: int, content: bytes) -> bytes:
        rsctl = 0x80 | self._sequence
        self._sequence = (self._sequence + 1) % 8
        return wire.encode(Frame(rsctl, kind, content))


def rsu_reader(device_id: DeviceId, settings: RsuSettings, clock: Clock, chance: random.Random) -> LinkedReader:
    """A roadside unit on its network socket, or behind a serial server."""
    return LinkedReader(device_id, settings.link, lambda: RsuConversation(settings, clock), clock, chance)


_: type[Conversation] = RsuConversation
