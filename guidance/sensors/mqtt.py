"""Bay sensors that publish to an MQTT broker: `park/{site}/bay/{bay}/state` with `{"occupied": true, "at": ..., "q": 0-1}`, kept, QoS 1.

A message that makes no sense is passed over and counted; a bay that is not ours is nobody's. A kept message is as old as it says. A broker
that answers while no bay has published for three heart-beats has lost what stands behind it: that is silence.
"""

from __future__ import annotations

import json
import socket
import threading
from time import monotonic

from guidance.bays import Reading, Rules
from guidance.sensors.base import BaySensors, SensorSettings, Take
from guidance.sensors.line import Line, receive
from guidance.sensors.mqtt_wire import Kind, Message, Packet, connect, decode, encode, message_of, subscribe
from parking.kernel.clock import Clock
from parking.kernel.codec import parse_time
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import ParkingError
from parking.kernel.ids import BayId
from parking.kernel.plate import Plate

KEEP_ALIVE_S = 20
SILENT_AFTER = Rules().heart_beat * Rules().beats_missed


class MqttSensors:
    """All bays of a site behind one broker."""

    def __init__(self, settings: SensorSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._topic = f"park/{settings.site}/bay/+/state"
        self._take: Take = lambda _: None
        self._ours = frozenset(settings.bays.values())
        self.nonsense = 0
        """Messages that were passed over."""
        self._published_at = clock.now()
        self._line = Line(f"mqtt-{settings.device_id}", settings.address, settings.timeout_s, clock, self._serve)

    def start(self, take: Take) -> None:
        self._take = take
        self._line.start()

    def stop(self) -> None:
        self._line.stop()

    def health(self) -> HealthReport:
        report = self._line.health()
        if report.health is Health.OK and self._clock.now() - self._published_at > SILENT_AFTER:
            return HealthReport(Health.SILENT, self._published_at, "the broker answers, its sensors say nothing")
        return report

    def _serve(self, connection: socket.socket, stopping: threading.Event) -> None:
        connection.sendall(encode(connect(f"parking-{self._settings.device_id}", KEEP_ALIVE_S)))
        connection.settimeout(min(0.5, self._settings.timeout_s))
        buffer, rest = bytearray(), 0  # of a packet that came cut short
        spoke_s = heard_s = monotonic()
        while not stopping.is_set():
            skipped = min(rest, len(buffer))
            del buffer[:skipped]
            packet, used = decode(bytes(buffer), cuts=True)
            rest = max(rest - skipped, used - len(buffer))
            del buffer[:used]
            if packet is not None:
                heard_s = monotonic()
                self._line.heard()
                self._obey(connection, packet)
                continue
            try:
                receive(connection, buffer)
            except TimeoutError:
                if monotonic() - heard_s > 2 * KEEP_ALIVE_S:
                    raise
            if monotonic() - spoke_s > KEEP_ALIVE_S / 2:
                connection.sendall(encode(Packet(Kind.PINGREQ)))
                spoke_s = monotonic()
        connection.sendall(encode(Packet(Kind.DISCONNECT)))

    def _obey(self, connection: socket.socket, packet: Packet) -> None:
        if packet.kind == Kind.CONNACK:
            if packet.body[1:2] != b"\x00":
                raise ConnectionRefusedError("the broker refuses us")
            connection.sendall(encode(subscribe(1, self._topic)))
        elif packet.kind == Kind.PUBLISH:
            message = message_of(packet)
            reading = self._reading(message)
            if reading is None:
                self.nonsense += 1
            else:
                self._take([reading])
            if message.qos:  # acknowledged when it is taken, not before
                connection.sendall(encode(Packet(Kind.PUBACK, 0, message.number.to_bytes(2, "big"))))

    def _reading(self, message: Message) -> Reading | None:
        bay = BayId(message.topic.split("/")[3]) if message.topic.count("/") == 4 else BayId("")
        try:
            said = json.loads(message.payload)
            at = parse_time(said["at"])
            if bay not in self._ours or type(said["occupied"]) is not bool:
                return None
            sure = min(1.0, max(0.0, float(said.get("q", 1.0))))
            plate = Plate.parse(said["plate"]) if said.get("plate") else None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ParkingError):
            return None
        source = "video" if said.get("src") == "video" else "sensor"
        now = self._clock.now()
        if message.retain:
            heard_at = min(at, now)
        else:
            heard_at = self._published_at = now
        return Reading(bay, said["occupied"], at, heard_at, source, self._settings.device_id, sure, plate)


_: type[BaySensors] = MqttSensors
