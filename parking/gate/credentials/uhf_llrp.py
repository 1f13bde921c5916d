"""UHF tags (EPC Gen 2) by LLRP. An EPC is a bare number that anybody can write into another tag: it is never `proven`, and the
lane lets no such tag outrank a plate. Each read says on which antenna it was heard, so that the car behind is not let in early.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from parking.gate.credentials import llrp_wire as wire
from parking.gate.credentials.conversation import Conversation, Seen, Turn, WireFault
from parking.gate.credentials.link import LinkedReader, LinkSettings
from parking.gate.credentials.llrp_wire import Message
from parking.kernel.clock import Clock
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import DeviceId

_ROSPEC = 1
_REFUSALS = {1: "another client that the reader called", 2: "another client", 3: "a reason of its own"}


@dataclass(frozen=True, slots=True)
class UhfSettings:
    """A UHF reader: `antennas` that inventory (none: all), seconds between its keep-alives and until its answer is late."""

    link: LinkSettings
    antennas: tuple[int, ...] = ()
    keepalive_s: float = 2.0
    answer_s: float = 5.0

    def __post_init__(self) -> None:
        if len(set(self.antennas)) != len(self.antennas) or not all(1 <= a <= 64 for a in self.antennas):
            raise invalid("reader.antennas", "should be different numbers from 1 to 64", field="antennas")
        if not 0.1 <= self.keepalive_s <= 60:
            raise invalid("reader.keepalive", "should be 0.1 to 60 seconds", field="keepalive_s")
        if not 0.1 <= self.answer_s <= 60:
            raise invalid("reader.answer", "should be 0.1 to 60 seconds", field="answer_s")


@dataclass(slots=True)
class UhfConversation:
    """One LLRP connection: be let in, wipe and set up the reader, then listen. Silence of three keep-alives ends it."""

    settings: UhfSettings
    ready: bool = False
    _buffer: bytes = b""
    _id: int = 0
    _steps: list[tuple[int, bytes, int]] = field(default_factory=list)
    _awaited: int | None = wire.READER_EVENT_NOTIFICATION
    _heard_s: float = 0.0
    _dead: set[int] = field(default_factory=set)

    @property
    def trouble(self) -> str:
        return f"antennas not connected: {', '.join(map(str, sorted(self._dead)))}" if self._dead else ""

    def begin(self, now_s: float) -> bytes:
        self._heard_s = now_s
        settings = self.settings
        self._steps = [
            (wire.DELETE_ROSPEC, wire.delete_all_rospecs(), wire.DELETE_ROSPEC_RESPONSE),
            (
                wire.SET_READER_CONFIG,
                wire.set_reader_config(int(settings.keepalive_s * 1000)),
                wire.SET_READER_CONFIG_RESPONSE,
            ),
            (wire.ADD_ROSPEC, wire.add_rospec(_ROSPEC, settings.antennas), wire.ADD_ROSPEC_RESPONSE),
            (wire.ENABLE_ROSPEC, wire.enable_rospec(_ROSPEC), wire.ENABLE_ROSPEC_RESPONSE),
        ]
        return b""

    def take(self, data: bytes, now_s: float) -> Turn:
        self._heard_s = now_s
        self._buffer += data
        send = b""
        seen: list[Seen] = []
        try:
            while messages := self._messages():
                for message in messages:
                    send += self._answer(message)
                    if message.kind == wire.RO_ACCESS_REPORT:
                        # a tag that was never written has an empty EPC: it names nobody
                        seen += [_sighting(report) for report in wire.tag_reports(message) if report.epc]
        except (DeviceFault, DeviceRefused) as fault:
            return Turn(send, tuple(seen), fault)
        return Turn(send, tuple(seen))

    def tick(self, now_s: float) -> Turn:
        patience_s = 3 * self.settings.keepalive_s if self.ready else self.settings.answer_s
        silent = now_s - self._heard_s > patience_s
        return Turn(fault=DeviceFault("the reader is silent") if silent else None)

    def _messages(self) -> list[Message]:
        messages, used = wire.parse(self._buffer)
        self._buffer = self._buffer[used:]
        return messages

    def _answer(self, message: Message) -> bytes:
        if message.kind == wire.KEEPALIVE:
            return wire.encode(Message(wire.KEEPALIVE_ACK, message.id))
        if message.kind == wire.READER_EVENT_NOTIFICATION:
            return self._hear_event(message)
        if message.kind == wire.ERROR_MESSAGE:
            raise DeviceRefused(f"the reader refuses what it was asked: LLRP status {wire.status_of(message)}")
        if message.kind == wire.CLOSE_CONNECTION:
            raise DeviceFault("the reader closes the connection")
        if message.kind == self._awaited:
            if status := wire.status_of(message):
                raise DeviceRefused(f"the reader refuses its set-up: LLRP status {status}")
            return self._next_step()
        return b""  # a report, or what other clients may want to know

    def _hear_event(self, message: Message) -> bytes:
        antenna = wire.antenna_event(message)
        if antenna is not None:
            number, connected = antenna
            (self._dead.discard if connected else self._dead.add)(number)
        attempt = wire.connection_attempt(message)
        if attempt is None or self._awaited != wire.READER_EVENT_NOTIFICATION:
            return b""
        if attempt != 0:
            raise DeviceRefused(f"the reader is taken by {_REFUSALS.get(attempt, 'somebody')}")
        return self._next_step()

    def _next_step(self) -> bytes:
        if not self._steps:
            self._awaited, self.ready = None, True
            return b""
        kind, body, self._awaited = self._steps.pop(0)
        self._id += 1
        return wire.encode(Message(kind, self._id, body))


def _sighting(report: wire.TagReport) -> Seen:
    try:
        credential = Credential.of(CredentialKind.UHF, report.epc)
    except ParkingError:
        raise WireFault("LLRP: an EPC of an impossible length") from None
    rssi_dbm = None if report.rssi_dbm is None else float(report.rssi_dbm)
    return Seen(credential, antenna=report.antenna, rssi_dbm=rssi_dbm)


def uhf_reader(device_id: DeviceId, settings: UhfSettings, clock: Clock, chance: random.Random) -> LinkedReader:
    """A UHF reader on its network socket (LLRP, usually port 5084)."""
    return LinkedReader(device_id, settings.link, lambda: UhfConversation(settings), clock, chance)


_: type[Conversation] = UhfConversation
