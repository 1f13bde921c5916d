"""Frames between an ETC roadside unit (RSU) and a lane's computer: pure bytes, both ways.

`FF FF`, then RSCTL, frame type, content and BCC (their exclusive or), then `FF`; inside, `FF` is written `FE 01` and `FE` is
written `FE 00`. RSU: B0 status, B2 unit found, B3 vehicle, B4 card, B5 result. Computer: C0 begin, C1 go on, C2 stop, C6 purchase.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import xor

from parking.gate.credentials.conversation import WireFault
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate

STATUS, UNIT_FOUND, VEHICLE, CARD, RESULT = 0xB0, 0xB2, 0xB3, 0xB4, 0xB5
BEGIN, GO_ON, STOP, PURCHASE = 0xC0, 0xC1, 0xC2, 0xC6
FIND_AGAIN = 1
"""The kind of STOP after which the RSU looks for units again."""
LONGEST = 512
_FLAG, _ESCAPE = 0xFF, 0xFE


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its sequence byte (RSCTL), its type and its content."""

    rsctl: int
    kind: int
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Unit:
    """What B2 says of an on-board unit: its radio address (4 bytes), its contract's serial number (8 bytes, the number printed on
    it), from when to when the contract holds (YYYYMMDD), and whether it says of itself that it was taken off or is locked."""

    address: bytes
    serial: bytes
    valid_from: str
    valid_until: str
    tampered: bool
    locked: bool


# --- framing ---------------------------------------------------------------------------------------------------------


def encode(frame: Frame) -> bytes:
    """The bytes of one frame."""
    body = bytes([frame.rsctl, frame.kind]) + frame.content
    body += bytes([reduce(xor, body)])
    stuffed = body.replace(b"\xfe", b"\xfe\x00").replace(b"\xff", b"\xfe\x01")
    return b"\xff\xff" + stuffed + b"\xff"


def parse(data: bytes) -> tuple[list[Frame | None], int]:
    """All frames that end within `data` (None: one that is broken) and how many bytes are done with.

    WireFault when it is nothing but more than LONGEST bytes without an end of frame.
    """
    *pieces, rest = data.split(bytes([_FLAG]))
    if len(rest) > LONGEST and not pieces:
        raise WireFault("RSU: a frame without an end")
    return [_frame(piece) for piece in pieces if piece], len(data) - len(rest)


def _frame(stuffed: bytes) -> Frame | None:
    body = bytearray()
    escaped = False
    for byte in stuffed:
        if escaped:
            if byte > 1:
                return None
            body.append(_ESCAPE + byte)
            escaped = False
        elif byte == _ESCAPE:
            escaped = True
        else:
            body.append(byte)
    if escaped or len(body) < 3 or len(body) > LONGEST or reduce(xor, body):
        return None
    return Frame(body[0], body[1], bytes(body[2:-1]))


# --- what the RSU says -----------------------------------------------------------------------------------------------


def status_of(frame: Frame) -> int:
    """The status in a B0 frame; 0 is well."""
    if not frame.content:
        raise WireFault("RSU: a status without content")
    return frame.content[0]


def unit_of(frame: Frame) -> Unit | None:
    """The unit that a B2 frame found; None when it says that reading one failed (or merely that the RSU is alive)."""
    address, error = _head(frame)
    if error:
        return None
    content = frame.content
    if len(content) < 44:
        raise WireFault("RSU: a unit is cut off")
    status = content[42]  # obuStatus: card, card type (3 bits), card fault, locked, taken off, battery low
    return Unit(
        address=address,
        serial=content[15:23],
        valid_from=content[23:27].hex(),
        valid_until=content[27:31].hex(),
        tampered=bool(status & 0x02),
        locked=bool(status & 0x04),
    )


def vehicle_of(frame: Frame) -> tuple[bytes, Plate | None]:
    """The unit's radio address and the plate that it says its car has (vehicle file: 12 bytes, GBK); no plate when none is legible."""
    address, error = _head(frame)
    if error:
        return address, None
    text = frame.content[5:17].split(b"\x00")[0]
    try:
        return address, Plate.parse(text.decode("gbk").strip())
    except (UnicodeDecodeError, ParkingError):
        return address, None


def _head(frame: Frame) -> tuple[bytes, int]:
    if len(frame.content) < 5:
        raise WireFault("RSU: a frame is cut off")
    return frame.content[:4], frame.content[4]


# --- what the lane says ----------------------------------------------------------------------------------------------


def begin(local: datetime, *, lane_mode: int, tx_power: int, channel: int) -> bytes:
    """Content of C0: unix time, date and time in BCD (as `local` shows it), lane mode, 10 ms between beacons, power, channel, no
    further file."""
    stamp = bytes.fromhex(local.strftime("%Y%m%d%H%M%S"))
    return int(local.timestamp()).to_bytes(4, "big") + stamp + bytes([lane_mode, 10, tx_power, channel]) + bytes(5)


def go_on(address: bytes = bytes(4)) -> bytes:
    """Content of C1: go on with this unit; all zero: look for one."""
    return address


def stop(address: bytes, kind: int = FIND_AGAIN) -> bytes:
    """Content of C2: be done with this unit."""
    return address + bytes([kind])
