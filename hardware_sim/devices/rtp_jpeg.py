"""RTP payload for JPEG (RFC 2435), bytes only: a baseline JPEG loses its headers, its tables travel in the first packet of each frame.

The receiver rebuilds the headers, so only what it can rebuild may be sent: 4:2:0 or 4:2:2, 8 bits, the Huffman tables of JPEG's annex K.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

PAYLOAD_TYPE = 26  # static, RFC 3551
CLOCK_HZ = 90_000
_PAYLOAD_BYTES = 1400
_TABLES_IN_BAND = 255  # the "Q" that says so
_LONGEST_SIDE = 255 * 8
_TYPES = {0x21: 0, 0x22: 1}  # luma sampling factors to RFC 2435 type
_SOF0, _DHT, _DQT, _SOS, _DRI, _EOI = 0xC0, 0xC4, 0xDB, 0xDA, 0xDD, 0xD9
_ANNEX_K_LENGTHS = {0x00: 12, 0x01: 12, 0x10: 162, 0x11: 162}  # how many codes its tables have


@dataclass(frozen=True, slots=True)
class StrippedJpeg:
    """What of a JPEG goes onto the wire: RFC 2435 type, size in px, two quantisation tables (zig-zag), entropy-coded scan."""

    kind: int
    width: int
    height: int
    tables: bytes
    scan: bytes


def strip_headers(jpeg: bytes) -> StrippedJpeg:
    """Take a baseline JPEG apart; ValueError says what RFC 2435 cannot carry."""
    if jpeg[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    tables: dict[int, bytes] = {}
    kind = width = height = 0
    position = 2
    while True:
        if position + 4 > len(jpeg) or jpeg[position] != 0xFF:
            raise ValueError("a JPEG that ends before its scan")
        marker, size = jpeg[position + 1], int.from_bytes(jpeg[position + 2 : position + 4], "big")
        segment = jpeg[position + 4 : position + 2 + size]
        position += 2 + size
        if marker == _DQT:
            tables.update(_quantisation(segment))
        elif marker == _SOF0:
            kind, width, height = _frame(segment)
        elif marker == _DHT:
            _check_huffman(segment)
        elif 0xC1 <= marker <= 0xCF:
            raise ValueError("only baseline JPEG travels by RFC 2435")
        elif marker == _DRI and segment != b"\0\0":
            raise ValueError("restart markers are not sent here")
        elif marker == _SOS:
            break
    end = len(jpeg) - 2 if jpeg[-2:] == bytes((0xFF, _EOI)) else len(jpeg)
    if not width or not {0, 1} <= tables.keys():
        raise ValueError("a JPEG without a frame or without two quantisation tables")
    return StrippedJpeg(kind, width, height, tables[0] + tables[1], jpeg[position:end])


def _quantisation(segment: bytes) -> dict[int, bytes]:
    tables = {}
    while segment:
        if segment[0] >> 4 or len(segment) < 65:
            raise ValueError("only quantisation tables of 8 bits are sent")
        tables[segment[0] & 0x0F] = segment[1:65]
        segment = segment[65:]
    return tables


def _frame(segment: bytes) -> tuple[int, int, int]:
    precision, height, width, components = struct.unpack(">BHHB", segment[:6])
    factors = [segment[7 + 3 * i] for i in range(components)]
    if precision != 8 or len(factors) != 3 or factors[0] not in _TYPES or factors[1:] != [0x11, 0x11]:
        raise ValueError("only 4:2:0 and 4:2:2 pictures of 8 bits travel by RFC 2435")
    if not 0 < width <= _LONGEST_SIDE or not 0 < height <= _LONGEST_SIDE:
        raise ValueError(f"a picture has at most {_LONGEST_SIDE} px a side")
    return _TYPES[factors[0]], width, height


def _check_huffman(segment: bytes) -> None:
    while segment:
        codes = sum(segment[1:17])
        if _ANNEX_K_LENGTHS.get(segment[0]) != codes:
            raise ValueError("only the Huffman tables of JPEG's annex K can be rebuilt by the receiver")
        segment = segment[17 + codes :]


def packets(jpeg: StrippedJpeg, *, sequence: int, timestamp: int, source: int) -> list[bytes]:
    """RTP packets of one frame, the first with number `sequence`, the last with the marker; sides are rounded up to 8 px."""
    blocks = bytes((jpeg.kind, _TABLES_IN_BAND, -(-jpeg.width // 8), -(-jpeg.height // 8)))
    tables = struct.pack(">BBH", 0, 0, len(jpeg.tables)) + jpeg.tables
    sent: list[bytes] = []
    offset = 0
    while offset < len(jpeg.scan) or not sent:
        payload = b"\0" + offset.to_bytes(3, "big") + blocks + (b"" if sent else tables)
        part = jpeg.scan[offset : offset + _PAYLOAD_BYTES - len(payload)]
        offset += len(part)
        last = offset >= len(jpeg.scan)
        number = (sequence + len(sent)) & 0xFFFF
        head = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE | (0x80 if last else 0), number, timestamp & 0xFFFFFFFF, source)
        sent.append(head + payload + part)
    return sent


def interleaved(packet: bytes, channel: int) -> bytes:
    """An RTP packet inside an RTSP connection (RFC 2326, section 10.12): `$`, channel, length."""
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet
