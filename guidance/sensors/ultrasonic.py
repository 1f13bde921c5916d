"""An ultrasonic node controller behind a TCP-to-serial box: asked every two seconds, believed for the bays that it vouches for.

A channel is `address/index`; a byte that is neither free nor taken says nothing of its bay.
"""

from __future__ import annotations

import socket
import threading

from guidance.bays import Reading
from guidance.sensors.base import BaySensors, SensorSettings, Take
from guidance.sensors.e8_wire import ERROR, READ_STATES, REPLY, E8Frame, decode, encode
from guidance.sensors.line import Line, quiet, receive
from parking.kernel.clock import Clock
from parking.kernel.device import HealthReport
from parking.kernel.errors import invalid

FREE, TAKEN = 0, 1


class UltrasonicController:
    """All nodes of one RS-485 line."""

    def __init__(self, settings: SensorSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._nodes: dict[int, dict[int, str]] = {}
        for channel in settings.bays:
            address, slash, index = channel.partition("/")
            if not (slash and address.isdecimal() and index.isdecimal() and int(address) < 0xFF):
                raise invalid("sensor.channel", f"{channel!r} is not address/index", field="bays")
            self._nodes.setdefault(int(address), {})[int(index)] = channel
        self._take: Take = lambda _: None
        name = f"bays-{settings.device_id}"
        self._line = Line(name, settings.address, settings.timeout_s, clock, self._serve)

    def start(self, take: Take) -> None:
        self._take = take
        self._line.start()

    def stop(self) -> None:
        self._line.stop()

    def health(self) -> HealthReport:
        return self._line.health()

    def _serve(self, connection: socket.socket, stopping: threading.Event) -> None:
        while not stopping.is_set():
            for address in sorted(self._nodes):
                self._ask(connection, address)
            quiet(connection, stopping, self._settings.poll_s)

    def _ask(self, connection: socket.socket, address: int) -> None:
        connection.sendall(encode(E8Frame(address, READ_STATES)))
        buffer = bytearray()
        while True:
            frame, used = decode(bytes(buffer))
            del buffer[:used]
            if frame is not None and frame.address == address and frame.control & REPLY:
                break
            if not used:
                receive(connection, buffer)
        self._line.heard()
        if frame.control & ERROR:
            return
        now = self._clock.now()
        self._take(
            [
                Reading(
                    self._settings.bays[channel],
                    frame.data[index] == TAKEN,
                    now,
                    now,
                    "sensor",
                    self._settings.device_id,
                )
                for index, channel in self._nodes[address].items()
                if index < len(frame.data) and frame.data[index] in (FREE, TAKEN)
            ]
        )


_: type[BaySensors] = UltrasonicController
