"""An ultrasonic node controller behind a TCP-to-serial box: asked every two seconds, believed for the bays that it vouches for.

A channel is `address/index`; a byte that is neither free nor taken says nothing of its bay. A node that does not answer keeps none of the
others of its line from being heard.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from time import monotonic

from guidance.bays import Reading
from guidance.sensors.base import BaySensors, SensorSettings, Take
from guidance.sensors.e8_wire import ERROR, READ_STATES, REPLY, E8Frame, decode, encode
from guidance.sensors.line import Line, quiet, receive
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
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
        self._ails: dict[int, str] = {}
        name = f"bays-{settings.device_id}"
        self._line = Line(name, settings.address, settings.timeout_s, clock, self._serve)

    def start(self, take: Take) -> None:
        self._take = take
        self._line.start()

    def stop(self) -> None:
        self._line.stop()

    def health(self) -> HealthReport:
        report, ails = self._line.health(), dict(self._ails)
        if report.health is not Health.OK or not any(ails.values()):
            return report
        detail = "; ".join(f"node {node} {what}" for node, what in sorted(ails.items()) if what)
        return replace(report, health=Health.FAULTY, detail=detail)

    def _serve(self, connection: socket.socket, stopping: threading.Event) -> None:
        while not stopping.is_set():
            silent = 0
            for address in sorted(self._nodes):
                try:
                    self._ails[address] = self._ask(connection, address)
                except TimeoutError:
                    silent += 1
                    if silent == len(self._nodes):
                        raise
                    self._ails[address] = "does not answer"
            quiet(connection, stopping, self._settings.poll_s)

    def _ask(self, connection: socket.socket, address: int) -> str:
        """Take in what a node says of its bays; returns what ails it, "" where that is nothing."""
        connection.sendall(encode(E8Frame(address, READ_STATES)))
        buffer, until_s = bytearray(), monotonic() + self._settings.timeout_s
        while True:
            frame, used = decode(bytes(buffer))
            del buffer[:used]
            if frame is not None and frame.address == address and frame.control & REPLY:
                break
            if not used:
                if monotonic() > until_s:  # a line that babbles never falls silent
                    raise TimeoutError("nothing that came makes sense")
                receive(connection, buffer)
        self._line.heard()
        if frame.control & ERROR:
            return "reports an error"
        now = self._clock.now()
        seen = {
            channel: frame.data[index] == TAKEN
            for index, channel in self._nodes[address].items()
            if index < len(frame.data) and frame.data[index] in (FREE, TAKEN)
        }
        bays, device = self._settings.bays, self._settings.device_id
        self._take([Reading(bays[channel], taken, now, now, "sensor", device) for channel, taken in seen.items()])
        blind = sorted(bays[channel] for channel in self._nodes[address].values() if channel not in seen)
        return f"measures nothing at {', '.join(blind)}" if blind else ""


_: type[BaySensors] = UltrasonicController
