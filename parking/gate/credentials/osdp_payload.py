"""What a card reader says of a card in OSDP's RAW and FMT replies (IEC 60839-11-5), as a credential: pure bytes, both ways.

The value keeps the number of bits beside the bits, so that a card of 26 bits can never pass for one of 32: two hex digits of
count (00 for a card that gave text), then the bits, right-aligned. `wiegand26` makes the value of a printed facility and number.
"""

from __future__ import annotations

from dataclasses import dataclass

from parking.gate.credentials.conversation import WireFault
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError, invalid

RAW, WIEGAND, TEXT = 0, 1, 2
_MOST_BITS = 255
_MOST_TEXT = 32


@dataclass(frozen=True, slots=True)
class CardRead:
    """One card: reader number from 0, format (RAW, WIEGAND or TEXT), and its bits left-aligned in `data`, or its text."""

    reader: int
    format: int
    bits: int
    data: bytes

    def __repr__(self) -> str:
        return f"CardRead(reader={self.reader}, bits={self.bits})"


def parse(payload: bytes) -> CardRead:
    """The content of a RAW reply (reader, format, bit count low byte first, data); WireFault for one that cannot be."""
    if len(payload) < 4:
        raise WireFault("OSDP: a card is cut off")
    bits = int.from_bytes(payload[2:4], "little")
    read = CardRead(payload[0], payload[1], bits, payload[4:])
    credential_of(read)
    return read


def encode(read: CardRead) -> bytes:
    """The content of a RAW reply."""
    return bytes([read.reader, read.format]) + read.bits.to_bytes(2, "little") + read.data


def credential_of(read: CardRead) -> Credential:
    """The credential that was held up; WireFault when bits and bytes do not fit each other."""
    if read.format == TEXT:
        if not 1 <= len(read.data) <= _MOST_TEXT:
            raise WireFault("OSDP: a card's text of an impossible length")
        return _card(0, read.data.hex().upper())
    if read.format not in (RAW, WIEGAND):
        raise WireFault("OSDP: a card of an unknown format")
    if not 8 <= read.bits <= _MOST_BITS or len(read.data) != (read.bits + 7) // 8:
        raise WireFault("OSDP: a card of an impossible length")
    number = int.from_bytes(read.data, "big") >> -read.bits % 8
    return _card(read.bits, f"{number:0{-(-read.bits // 4)}X}")


def wiegand26(facility: int, number: int) -> Credential:
    """The credential of a card with the printed facility code (0-255) and number (0-65535), in the 26-bit format H10301."""
    if not 0 <= facility <= 0xFF or not 0 <= number <= 0xFFFF:
        raise invalid("card.number", "should be a facility of 0 to 255 and a number of 0 to 65535", field="number")
    payload = facility << 16 | number
    even = (payload >> 12).bit_count() & 1
    odd = ~(payload & 0xFFF).bit_count() & 1
    return _card(26, f"{even << 25 | payload << 1 | odd:07X}")


def _card(bits: int, digits: str) -> Credential:
    try:
        return Credential(CredentialKind.CARD, f"{bits:02X}{digits}")
    except ParkingError:
        raise WireFault("OSDP: a card of an impossible length") from None
