"""An ultrasonic node controller on a TCP socket: speaks `guidance.sensors.e8_wire`; its sensors can be stuck, faulty, or the line mute."""

from __future__ import annotations

import socket

from guidance.sensors.e8_wire import ERROR, READ_STATES, REPLY, E8Frame, decode, encode
from hardware_sim.devices.tcp_device import TcpDevice

FAULTY = 0xFF


class BayControllerSim(TcpDevice):
    """Nodes by address, each with so many bays; `set` parks a car before a sensor or takes it away."""

    def __init__(self, nodes: dict[int, int], *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self._bays = {address: bytearray(count) for address, count in nodes.items()}
        self._stuck: set[str] = set()
        self.failing = False
        """Answers with the error bit."""
        self._waiting: dict[socket.socket, bytes] = {}

    def set(self, channel: str, occupied: bool) -> None:
        """What stands before the sensor `address/index`; one that is stuck does not see it."""
        address, _, index = channel.partition("/")
        if channel not in self._stuck:
            self._bays[int(address)][int(index)] = int(occupied)

    def stick(self, channel: str, stuck: bool = True) -> None:
        (self._stuck.add if stuck else self._stuck.discard)(channel)

    def spoil(self, channel: str) -> None:
        """This sensor measures nothing any more, and its controller knows it."""
        address, _, index = channel.partition("/")
        self._bays[int(address)][int(index)] = FAULTY

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        buffer, out = self._waiting.pop(line, b"") + data, b""
        while buffer:
            frame, used = decode(buffer)
            if not used:
                self._waiting[line] = buffer
                break
            buffer = buffer[used:]
            if frame is not None and frame.control == READ_STATES and frame.address in self._bays:
                control = REPLY | READ_STATES | (ERROR if self.failing else 0)
                states = b"" if self.failing else bytes(self._bays[frame.address])
                out += encode(E8Frame(frame.address, control, states))
        return out

    def left(self, line: socket.socket) -> None:
        self._waiting.pop(line, None)
