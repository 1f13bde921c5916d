"""What a Bluetooth gateway tells: a line of JSON for each advert, or a list of them, in the keys that Minew's G1 publishes (`type`,
`mac`, `rssi`, `rawData`; `Gateway` is the gateway's own heart-beat). Of an advert only an Eddystone-EID frame is of use to a lane.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parking.gate.credentials.conversation import WireFault
from parking.gate.credentials.rolling_ids import EID_BYTES

LONGEST_LINE = 65536
_SERVICE_DATA_16 = 0x16
_EDDYSTONE = b"\xaa\xfe"  # 0xFEAA, low byte first
_EID_FRAME = 0x30


@dataclass(frozen=True, slots=True)
class Advert:
    """One advert with an ephemeral id (8 bytes), heard with `rssi_dbm`."""

    ephemeral: bytes
    rssi_dbm: float | None


def parse(line: bytes) -> list[Advert]:
    """The ephemeral ids in one line; other adverts and heart-beats give none. WireFault for what is not this format."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError):
        raise WireFault("Bluetooth gateway: a line that is not JSON") from None
    items = plain if isinstance(plain, list) else [plain]
    return [advert for item in items if (advert := _advert(item)) is not None]


def _advert(item: Any) -> Advert | None:
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        raise WireFault("Bluetooth gateway: an entry without a type")
    raw = item.get("rawData")
    if raw is None:
        return None  # a heart-beat, or a frame that the gateway took apart: no Eddystone-EID either way
    rssi: Any = item.get("rssi")
    try:
        payload = bytes.fromhex(raw)
    except (TypeError, ValueError):
        raise WireFault("Bluetooth gateway: rawData is not hex") from None
    ephemeral = ephemeral_of(payload)
    rssi_dbm = float(rssi) if type(rssi) in (int, float) and -200 < rssi < 100 else None
    return None if ephemeral is None else Advert(ephemeral, rssi_dbm)


def ephemeral_of(payload: bytes) -> bytes | None:
    """The ephemeral id in an advert's payload (AD structures), or None; what strangers' phones send is never a fault."""
    for kind, data in _structures(payload):
        frame = data[2:]
        if (
            kind == _SERVICE_DATA_16
            and data[:2] == _EDDYSTONE
            and len(frame) >= 2 + EID_BYTES
            and frame[0] == _EID_FRAME
        ):
            return frame[2 : 2 + EID_BYTES]
    return None


def _structures(payload: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 1 < len(payload) and payload[at]:
        yield payload[at + 1], payload[at + 2 : at + 1 + payload[at]]
        at += 1 + payload[at]


def eid_payload(ephemeral: bytes, tx_power_dbm: int = -10) -> bytes:
    """The advert (flags, service list, service data) that a tag with this ephemeral id sends."""
    frame = _EDDYSTONE + bytes([_EID_FRAME, tx_power_dbm & 0xFF]) + ephemeral
    return b"\x02\x01\x06\x03\x03" + _EDDYSTONE + bytes([len(frame) + 1, _SERVICE_DATA_16]) + frame
