"""An ETC roadside unit as a simulated device: B0, B2 and B3 frames with stuffing and BCC, and on-board units that drive by. It looks
for units only after C0 and C1, and tells the vehicle only of a unit that it was told to go on with.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from hardware_sim.devices.tcp_device import TcpDevice
from parking.gate.credentials import rsu_wire as wire
from parking.gate.credentials.rsu_wire import Frame, encode


@dataclass(frozen=True)
class OnBoardUnit:
    """A unit on a windscreen: radio address (4 bytes), contract serial number (8 bytes), its car's plate."""

    address: bytes
    serial: bytes
    plate: str
    valid_from: str = "20200101"
    valid_until: str = "20991231"
    taken_off: bool = False
    locked: bool = False
    legible: bool = True
    """False: the vehicle file cannot be read."""
    tells_vehicle: bool = True
    """False: the car is gone before the vehicle file was read; nothing more is said of it."""


class RsuSim(TcpDevice):
    """The unit at the roadside; `fault` other than 0 is what its status says is wrong."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, beat_s: float = 0.2) -> None:
        super().__init__(host=host, port=port, beat_s=beat_s)
        self._buffers: dict[socket.socket, bytes] = {}
        self._begun = False
        self._units: dict[bytes, OnBoardUnit] = {}
        self.searching = False
        self.fault = 0
        self.let_go: list[bytes] = []
        """The units that a client was done with, by address, in order."""

    def answer(self, line: socket.socket, data: bytes) -> bytes:
        frames, used = wire.parse(self._buffers.get(line, b"") + data)
        self._buffers[line] = (self._buffers.get(line, b"") + data)[used:]
        return b"".join(self._reply(frame) for frame in frames if frame is not None)

    def beat(self) -> bytes:
        return self._status(0x98)

    def left(self, line: socket.socket) -> None:
        self._buffers.pop(line, None)
        if not self._buffers:
            self.searching = self._begun = False

    # --- the physical side -------------------------------------------------------------------------------------------

    def unit_passes(self, unit: OnBoardUnit) -> bool:
        """A car with this unit drives by; False when the RSU does not look for units now."""
        if not self.searching:
            return False
        self._units[unit.address] = unit
        return self.say(self.found(unit)) > 0

    # --- the wire ----------------------------------------------------------------------------------------------------

    def found(self, unit: OnBoardUnit) -> bytes:
        """The B2 frame of a unit."""
        status = 0x02 * unit.taken_off | 0x04 * unit.locked
        dates = bytes.fromhex(unit.valid_from) + bytes.fromhex(unit.valid_until)
        content = unit.address + b"\x00" + b"\xb0\xb2\xbb\xd5" + bytes(4) + b"\x16\x41" + unit.serial + dates
        return encode(Frame(0x18, wire.UNIT_FOUND, content + bytes(10) + b"\x00" + bytes([status, 0])))

    def vehicle(self, unit: OnBoardUnit) -> bytes:
        """The B3 frame of a unit: 12 bytes of plate (GBK), colour, class, and the rest of the vehicle file."""
        if not unit.legible:
            return encode(Frame(0x28, wire.VEHICLE, unit.address + b"\x35" + bytes(79)))
        file = unit.plate.encode("gbk").ljust(12, b"\x00") + b"\x00\x00\x01\x00"
        return encode(Frame(0x28, wire.VEHICLE, unit.address + b"\x00" + file.ljust(79, b"\xff")))

    def _reply(self, frame: Frame) -> bytes:
        if frame.kind == wire.BEGIN and len(frame.content) >= 15:
            self._begun = True
            return self._status(0x08)
        address = frame.content[:4]
        if frame.kind == wire.GO_ON and address == bytes(4):
            self.searching = self._begun and not self.fault
        elif frame.kind == wire.GO_ON and address in self._units:
            unit = self._units[address]
            return self.vehicle(unit) if unit.tells_vehicle else b""
        elif frame.kind == wire.STOP:
            self.let_go.append(address)
            self._units.pop(address, None)
        return b""

    def _status(self, rsctl: int) -> bytes:
        content = (
            bytes([self.fault, 1, 5, 0]) + bytes.fromhex("112233445566") + b"\x00\x46\x01\x20\x01\x22\x01" + bytes(5)
        )
        return encode(Frame(rsctl, wire.STATUS, content))
