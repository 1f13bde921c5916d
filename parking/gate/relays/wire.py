"""Modbus TCP as bytes: frames (MBAP + PDU) and the few requests that relay boards answer. No sockets here.

Maps: Waveshare PoE/ETH relay (pulse = FC 05 at 0x0200 + n, value in 100 ms) and Juying DAM (pulse = FC 16 at 3 + 5 n: 4, then 100 ms).
Both keep relays at coils 0.. and inputs at discrete inputs 0.. . Source: the boards' manuals; Modbus Application Protocol V1.1b3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

READ_COILS, READ_INPUTS, WRITE_COIL, WRITE_REGISTERS = 1, 2, 5, 16
COIL_ON, COIL_OFF = 0xFF00, 0x0000
WAVESHARE_FLASH_ON, WAVESHARE_UNITS_MOST = 0x0200, 0x7FFF
DAM_FIRST, DAM_STRIDE, DAM_FLASH_ON = 3, 5, 4
UNIT_MS = 100
_HEADER = struct.Struct(">HHHB")
_LENGTH_MOST = 254


class ModbusCode(IntEnum):
    """Exception codes that we tell apart."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One request or reply: `pdu` starts with the function code."""

    transaction: int
    unit: int
    pdu: bytes


@dataclass(frozen=True, slots=True)
class ReadBits:
    function: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class WriteCoil:
    address: int
    value: int


@dataclass(frozen=True, slots=True)
class WriteRegisters:
    first: int
    values: tuple[int, ...]


Request = ReadBits | WriteCoil | WriteRegisters


@dataclass(frozen=True, slots=True)
class Bits:
    """The reply to ReadBits: whole bytes of them, the last ones padding."""

    function: int
    bits: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class RegistersWritten:
    """The reply to WriteRegisters; a coil's write is answered by an echo."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Exceptional:
    """The board says no, with a Modbus exception code."""

    function: int
    code: int


Reply = Bits | WriteCoil | RegistersWritten | Exceptional


class MalformedFrame(ValueError):
    """These bytes are not Modbus TCP; the connection has lost its place and must be closed."""


class RefusedRequest(ValueError):
    """A well-framed request that gets an exception reply with `code`."""

    def __init__(self, function: int, code: ModbusCode) -> None:
        super().__init__(f"function {function}: {code.name}")
        self.function = function
        self.code = code


def encode(frame: Frame) -> bytes:
    """The frame as it travels."""
    return _HEADER.pack(frame.transaction, 0, len(frame.pdu) + 1, frame.unit) + frame.pdu


def decode(data: bytes) -> tuple[int, Frame | None]:
    """Bytes used and the first frame, or (0, None) while it is incomplete; MalformedFrame when it can never be one."""
    if len(data) < _HEADER.size:
        return 0, None
    transaction, protocol, length, unit = _HEADER.unpack_from(data)
    if protocol != 0 or not 2 <= length <= _LENGTH_MOST:
        raise MalformedFrame("not a Modbus TCP header")
    end = _HEADER.size - 1 + length
    if len(data) < end:
        return 0, None
    return end, Frame(transaction, unit, bytes(data[_HEADER.size : end]))


def encode_request(request: Request) -> bytes:
    """The PDU of a request."""
    if isinstance(request, ReadBits):
        return struct.pack(">BHH", request.function, request.first, request.count)
    if isinstance(request, WriteCoil):
        return struct.pack(">BHH", WRITE_COIL, request.address, request.value)
    values = request.values
    head = struct.pack(">BHHB", WRITE_REGISTERS, request.first, len(values), 2 * len(values))
    return head + struct.pack(f">{len(values)}H", *values)


def decode_request(pdu: bytes) -> Request:
    """The request in a PDU; RefusedRequest for what no relay board serves, or not like this."""
    if not pdu:
        raise RefusedRequest(0, ModbusCode.ILLEGAL_FUNCTION)
    function = pdu[0]
    if function in (READ_COILS, READ_INPUTS, WRITE_COIL):
        if len(pdu) != 5:
            raise RefusedRequest(function, ModbusCode.ILLEGAL_VALUE)
        first, second = struct.unpack(">HH", pdu[1:])
        return WriteCoil(first, second) if function == WRITE_COIL else ReadBits(function, first, second)
    if function == WRITE_REGISTERS:
        if len(pdu) < 6 or len(pdu) != 6 + pdu[5] or pdu[5] != 2 * int.from_bytes(pdu[3:5], "big") or pdu[5] == 0:
            raise RefusedRequest(function, ModbusCode.ILLEGAL_VALUE)
        return WriteRegisters(int.from_bytes(pdu[1:3], "big"), struct.unpack(f">{pdu[5] // 2}H", pdu[6:]))
    raise RefusedRequest(function, ModbusCode.ILLEGAL_FUNCTION)


def bits_reply(function: int, bits: Sequence[bool]) -> bytes:
    """The reply PDU to ReadBits; the first bit is the lowest of the first byte."""
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bit << index % 8
    return bytes((function, len(packed))) + bytes(packed)


def written_reply(request: WriteCoil | WriteRegisters) -> bytes:
    """The reply PDU to a write: an echo of the coil, or address and number of the registers."""
    if isinstance(request, WriteCoil):
        return encode_request(request)
    return struct.pack(">BHH", WRITE_REGISTERS, request.first, len(request.values))


def refused_reply(refused: RefusedRequest) -> bytes:
    """The exception reply PDU."""
    return bytes((refused.function | 0x80, refused.code))


def decode_reply(pdu: bytes) -> Reply:
    """The reply in a PDU; MalformedFrame for what no relay board says."""
    if len(pdu) < 2:
        raise MalformedFrame("an empty reply")
    function = pdu[0]
    if function & 0x80 and len(pdu) == 2:
        return Exceptional(function & 0x7F, pdu[1])
    if function in (READ_COILS, READ_INPUTS) and len(pdu) == 2 + pdu[1] > 2:
        bits = int.from_bytes(pdu[2:], "little")
        return Bits(function, tuple(bool(bits >> index & 1) for index in range(8 * pdu[1])))
    if function == WRITE_COIL and len(pdu) == 5:
        return WriteCoil(*struct.unpack(">HH", pdu[1:]))
    if function == WRITE_REGISTERS and len(pdu) == 5:
        return RegistersWritten(*struct.unpack(">HH", pdu[1:]))
    raise MalformedFrame("not a reply of a relay board")


def answer_to(request: Request, reply: Reply) -> Reply:
    """The reply, when it answers this request; MalformedFrame for an answer to something else."""
    right = isinstance(reply, Exceptional) and reply.function == _function(request)
    if isinstance(request, ReadBits) and isinstance(reply, Bits):
        right = reply.function == request.function and len(reply.bits) == (request.count + 7) // 8 * 8
    elif isinstance(request, WriteCoil):
        right = right or reply == request
    elif isinstance(request, WriteRegisters):
        right = right or reply == RegistersWritten(request.first, len(request.values))
    if not right:
        raise MalformedFrame("an answer to something else")
    return reply


def parse_reply(data: bytes) -> Reply | None:
    """What a board's bytes say, None while some are missing; MalformedFrame for nonsense. The whole parser in one call."""
    _, frame = decode(data)
    return None if frame is None else decode_reply(frame.pdu)


def parse_request(data: bytes) -> Request | None:
    """The same for what a master's bytes ask; RefusedRequest, too."""
    _, frame = decode(data)
    return None if frame is None else decode_request(frame.pdu)


def _function(request: Request) -> int:
    if isinstance(request, ReadBits):
        return request.function
    return WRITE_COIL if isinstance(request, WriteCoil) else WRITE_REGISTERS


def waveshare_pulse(coil: int, duration_ms: int) -> WriteCoil:
    """Close relay `coil` for `duration_ms` (rounded up to 100 ms), timed by the board."""
    return WriteCoil(WAVESHARE_FLASH_ON + coil, _units(duration_ms))


def dam_pulse(coil: int, duration_ms: int) -> WriteRegisters:
    """The same on a Juying DAM board."""
    return WriteRegisters(DAM_FIRST + DAM_STRIDE * coil, (DAM_FLASH_ON, _units(duration_ms)))


def _units(duration_ms: int) -> int:
    units = -(-duration_ms // UNIT_MS)
    if not 1 <= units <= WAVESHARE_UNITS_MOST:
        raise ValueError(f"a board pulses for 100 ms to {WAVESHARE_UNITS_MOST * UNIT_MS} ms, not {duration_ms}")
    return units
