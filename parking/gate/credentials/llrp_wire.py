"""LLRP 1.1 (EPCglobal, TCP 5084) as far as a lane needs it: pure bytes, both ways. Written from the standard's tables; nothing is
believed but its own lengths, and a length that does not fit is a WireFault.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from parking.gate.credentials.conversation import WireFault

VERSION = 1
LONGEST = 65536
HEADER = struct.Struct(">HII")  # reserved and version and type; length; id

# messages
SET_READER_CONFIG, SET_READER_CONFIG_RESPONSE = 3, 13
CLOSE_CONNECTION = 14
ADD_ROSPEC, ADD_ROSPEC_RESPONSE = 20, 30
DELETE_ROSPEC, DELETE_ROSPEC_RESPONSE = 21, 31
ENABLE_ROSPEC, ENABLE_ROSPEC_RESPONSE = 24, 34
RO_ACCESS_REPORT = 61
KEEPALIVE, KEEPALIVE_ACK = 62, 72
READER_EVENT_NOTIFICATION = 63
ERROR_MESSAGE = 100

# parameters with a length (TLV)
RO_SPEC, RO_BOUNDARY_SPEC, RO_START_TRIGGER, RO_STOP_TRIGGER = 177, 178, 179, 182
AI_SPEC, AI_STOP_TRIGGER, INVENTORY_SPEC = 183, 184, 186
KEEPALIVE_SPEC, RO_REPORT_SPEC, TAG_CONTENT_SELECTOR = 220, 237, 238
TAG_REPORT_DATA, EPC_DATA = 240, 241
EVENT_DATA, ANTENNA_EVENT, CONNECTION_EVENT = 246, 255, 256
LLRP_STATUS = 287

# parameters without a length (TV): type -> bytes of their value
ANTENNA_ID, PEAK_RSSI, EPC_96 = 1, 6, 13
_TV_SIZES = {
    1: 2,
    2: 8,
    3: 8,
    4: 8,
    5: 8,
    6: 1,
    7: 2,
    8: 2,
    9: 4,
    10: 2,
    11: 2,
    12: 2,
    13: 12,
    14: 2,
    15: 2,
    16: 4,
    17: 4,
    18: 2,
}


@dataclass(frozen=True, slots=True)
class Message:
    """One LLRP message: `kind` is its type number, `body` what follows the 10 bytes of header."""

    kind: int
    id: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One LLRP parameter: its type number and its value without the header."""

    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class TagReport:
    """One read of one tag: EPC bytes, antenna from 1 and peak RSSI in dBm where the reader tells them."""

    epc: bytes
    antenna: int | None = None
    rssi_dbm: int | None = None


# --- messages --------------------------------------------------------------------------------------------------------


def encode(message: Message) -> bytes:
    """The bytes of one message."""
    return HEADER.pack(VERSION << 10 | message.kind, HEADER.size + len(message.body), message.id) + message.body


def parse(data: bytes) -> tuple[list[Message], int]:
    """The whole messages at the start of `data`, and how many bytes they took; none of them is lost to nonsense behind them.

    WireFault when `data` begins with a header that cannot be one.
    """
    messages: list[Message] = []
    used = 0
    while len(data) - used >= HEADER.size:
        word, length, message_id = HEADER.unpack_from(data, used)
        if not 1 <= word >> 10 & 7 <= 2 or word >> 13 or not HEADER.size <= length <= LONGEST:
            if messages:
                break
            raise WireFault("LLRP: not a message of version 1.0 or 1.1")
        if len(data) - used < length:
            break
        messages.append(Message(word & 0x3FF, message_id, data[used + HEADER.size : used + length]))
        used += length
    return messages, used


# --- parameters ------------------------------------------------------------------------------------------------------


def tlv(kind: int, value: bytes) -> bytes:
    """The bytes of one parameter with a length."""
    return struct.pack(">HH", kind, 4 + len(value)) + value


def tv(kind: int, value: bytes) -> bytes:
    """The bytes of one parameter without a length."""
    return bytes([0x80 | kind]) + value


def parameters(data: bytes) -> Iterator[Parameter]:
    """The parameters that `data` consists of, in order; WireFault when it does not end where the last of them ends."""
    at = 0
    while at < len(data):
        if data[at] & 0x80:
            kind, head = data[at] & 0x7F, 1
            if kind not in _TV_SIZES:
                raise WireFault("LLRP: a parameter of an unknown size")
            end = at + head + _TV_SIZES[kind]
        else:
            if len(data) - at < 4:
                raise WireFault("LLRP: a parameter is cut off")
            kind, length = struct.unpack_from(">HH", data, at)
            kind, head, end = kind & 0x3FF, 4, at + length
            if length < 4:
                raise WireFault("LLRP: a parameter of an impossible length")
        if end > len(data):
            raise WireFault("LLRP: a parameter is cut off")
        yield Parameter(kind, data[at + head : end])
        at = end


def find(data: bytes, kind: int) -> bytes | None:
    """The value of the first parameter of this type, or None."""
    return next((p.value for p in parameters(data) if p.kind == kind), None)


def status_of(message: Message) -> int:
    """The status code of a response or ERROR_MESSAGE; 0 is success. WireFault when it says none."""
    value = find(message.body, LLRP_STATUS)
    if value is None or len(value) < 4:
        raise WireFault("LLRP: a response without a status")
    return int.from_bytes(value[:2], "big")


def connection_attempt(message: Message) -> int | None:
    """What a READER_EVENT_NOTIFICATION says of the connection attempt: 0 success, 1 to 3 refused; None when it says nothing."""
    value = find(find(message.body, EVENT_DATA) or b"", CONNECTION_EVENT)
    return int.from_bytes(value[:2], "big") if value is not None and len(value) >= 2 else None


def antenna_event(message: Message) -> tuple[int, bool] | None:
    """The antenna, and whether it is connected, that a READER_EVENT_NOTIFICATION tells of; None when it tells of none."""
    value = find(find(message.body, EVENT_DATA) or b"", ANTENNA_EVENT)
    if value is None or len(value) < 3:
        return None
    return int.from_bytes(value[1:3], "big"), value[0] == 1


def tag_reports(message: Message) -> list[TagReport]:
    """The reads in an RO_ACCESS_REPORT; a read without an EPC is a WireFault."""
    return [_tag_report(p.value) for p in parameters(message.body) if p.kind == TAG_REPORT_DATA]


def _tag_report(data: bytes) -> TagReport:
    epc, antenna, rssi = None, None, None
    for parameter in parameters(data):
        if parameter.kind == EPC_96:
            epc = parameter.value
        elif parameter.kind == EPC_DATA:
            epc = _epc(parameter.value)
        elif parameter.kind == ANTENNA_ID:
            antenna = int.from_bytes(parameter.value, "big")
        elif parameter.kind == PEAK_RSSI:
            rssi = int.from_bytes(parameter.value, "big", signed=True)
    if epc is None:
        raise WireFault("LLRP: a read without an EPC")
    return TagReport(epc, antenna, rssi)


def _epc(value: bytes) -> bytes:
    bits = int.from_bytes(value[:2], "big")
    epc = value[2 : 2 + (bits + 7) // 8]
    if len(value) < 2 or len(epc) * 8 < bits:
        raise WireFault("LLRP: an EPC is cut off")
    return epc


# --- what a lane asks for --------------------------------------------------------------------------------------------


def set_reader_config(keepalive_ms: int) -> bytes:
    """Body of SET_READER_CONFIG: keep-alives every `keepalive_ms`, nothing reset."""
    return b"\x00" + tlv(KEEPALIVE_SPEC, struct.pack(">BI", 1, keepalive_ms))


def delete_all_rospecs() -> bytes:
    """Body of DELETE_ROSPEC for every specification in the reader."""
    return struct.pack(">I", 0)


def enable_rospec(rospec_id: int) -> bytes:
    """Body of ENABLE_ROSPEC."""
    return struct.pack(">I", rospec_id)


def add_rospec(rospec_id: int, antennas: tuple[int, ...] = ()) -> bytes:
    """Body of ADD_ROSPEC: inventory at once and for ever on these antennas (none named: all), every read reported by itself
    with antenna, RSSI and count."""
    boundary = tlv(
        RO_BOUNDARY_SPEC, tlv(RO_START_TRIGGER, b"\x01") + tlv(RO_STOP_TRIGGER, struct.pack(">BI", 0, 0))
    )  # start: immediate; stop: never
    wanted = antennas or (0,)
    ai_spec = tlv(
        AI_SPEC,
        struct.pack(f">H{len(wanted)}H", len(wanted), *wanted)
        + tlv(AI_STOP_TRIGGER, struct.pack(">BI", 0, 0))
        + tlv(INVENTORY_SPEC, struct.pack(">HB", 1, 1)),  # number 1, EPCglobal Class 1 Gen 2
    )
    content = tlv(TAG_CONTENT_SELECTOR, struct.pack(">H", 1 << 12 | 1 << 10 | 1 << 8 | 1 << 7))
    report = tlv(RO_REPORT_SPEC, struct.pack(">BH", 1, 1) + content)  # after every single read
    return tlv(RO_SPEC, struct.pack(">IBB", rospec_id, 0, 0) + boundary + ai_spec + report)
