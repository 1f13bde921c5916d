"""A small MQTT broker with bay sensors around it: retained states, QoS 1, and sensors whose clocks are off or that talk nonsense."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from typing import Any

from guidance.sensors.mqtt_wire import Kind, Message, Packet, decode, encode, matches, message_of, publish
from hardware_sim.devices.tcp_device import TcpDevice
from parking.kernel.clock import Clock


class BayBrokerSim(TcpDevice):
    """Takes subscriptions, keeps the last state of each topic, sends it to whoever subscribes."""

    def __init__(self, site: str, clock: Clock, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self._site, self._clock = site, clock
        self._retained: dict[str, bytes] = {}
        self._wanted: dict[socket.socket, str] = {}
        self._waiting: dict[socket.socket, bytes] = {}
        self.acknowledged = 0
        self.clock_off = timedelta(0)

    def set(self, bay: str, occupied: bool, **more: Any) -> None:
        """The sensor of a bay publishes what it sees."""
        at = (self._clock.now() + self.clock_off).isoformat()
        self.publish(
            f"park/{self._site}/bay/{bay}/state", json.dumps({"occupied": occupied, "at": at, **more}).encode()
        )

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Any message, sense or nonsense."""
        if retain:
            self._retained[topic] = payload
        for line, pattern in list(self._wanted.items()):
            if matches(pattern, topic):
                self.say(encode(publish(Message(topic, payload, 1, False, 7))), line)

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        buffer, out = self._waiting.pop(line, b"") + data, b""
        while buffer:
            packet, used = decode(buffer)
            if packet is None:
                self._waiting[line] = buffer
                break
            buffer = buffer[used:]
            out += self._answer(line, packet)
        return out

    def _answer(self, line: socket.socket, packet: Packet) -> bytes:
        if packet.kind == Kind.CONNECT:
            return encode(Packet(Kind.CONNACK, 0, b"\x00\x00"))
        if packet.kind == Kind.PINGREQ:
            return encode(Packet(Kind.PINGRESP))
        if packet.kind == Kind.PUBACK:
            self.acknowledged += 1
        if packet.kind == Kind.PUBLISH:
            said = message_of(packet)
            self.publish(said.topic, said.payload, retain=said.retain)
            return encode(Packet(Kind.PUBACK, 0, said.number.to_bytes(2, "big"))) if said.qos else b""
        if packet.kind != Kind.SUBSCRIBE:
            return b""
        length = int.from_bytes(packet.body[2:4], "big")
        self._wanted[line] = pattern = packet.body[4 : 4 + length].decode()
        kept = [Message(t, p, 1, True, 7) for t, p in self._retained.items() if matches(pattern, t)]
        return encode(Packet(Kind.SUBACK, 0, packet.body[:2] + b"\x01")) + b"".join(encode(publish(m)) for m in kept)

    def left(self, line: socket.socket) -> None:
        self._wanted.pop(line, None)
        self._waiting.pop(line, None)
