"""A real MQTT broker (mosquitto) with bay sensors around it, in the place of the simulated one."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from guidance.sensors.mqtt_wire import Kind, Message, Packet, connect, decode, encode, publish
from parking.kernel.clock import Clock
from tests.builders.plumbing import eventually


class RealBroker:
    """Starts and stops `mosquitto` on one port; what `set` and `publish` say goes over a line of its own, and again after a start."""

    def __init__(self, program: str, folder: Path, site: str, clock: Clock) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._program, self._folder, self._site, self._clock = program, folder, site, clock
        self._said: dict[str, bytes] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        file = self._folder / "mosquitto.conf"
        file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process = subprocess.Popen(
            [self._program, "-c", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._listens)
        for topic, payload in self._said.items():
            self._tell(topic, payload)

    def stop(self) -> None:
        """Without a word, as when its power goes; stopping twice is harmless."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def set(self, bay: str, occupied: bool, **more: Any) -> None:
        """The sensor of a bay publishes what it sees."""
        said = {"occupied": occupied, "at": self._clock.now().isoformat(), **more}
        self.publish(f"park/{self._site}/bay/{bay}/state", json.dumps(said).encode())

    def publish(self, topic: str, payload: bytes) -> None:
        """Any message, kept, at QoS 1; while the broker is away it waits for it."""
        self._said[topic] = payload
        if self._process is not None:
            self._tell(topic, payload)

    def _listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def _tell(self, topic: str, payload: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            for packet in (connect("a-sensor", 20), publish(Message(topic, payload, 1, True, 7))):
                line.sendall(encode(packet))
                answer = _packet(line)
                assert answer.kind in (Kind.CONNACK, Kind.PUBACK), answer
                assert answer.body[1:2] in (b"\x00", b"\x07"), answer
            line.sendall(encode(Packet(Kind.DISCONNECT)))


def _packet(line: socket.socket) -> Packet:
    data = b""
    while True:
        packet, _ = decode(data)
        if packet is not None:
            return packet
        piece = line.recv(4096)
        assert piece, "the broker hung up"
        data += piece
