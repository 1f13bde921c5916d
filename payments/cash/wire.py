"""The bytes of a cash desk: the drawer pulse and status of ESC/POS, and ccTalk for coin hoppers and note acceptors. Pure.

ESC/POS: `ESC p m t1 t2` (1B 70), pulse times in steps of 2 ms; `DLE EOT 1` (10 04 01) answers a byte whose bit 2 is the level
of pin 3 of the drawer's connector. ccTalk (generic specification 4.7): destination, length, source, header, data, and a
checksum that makes the sum of all bytes zero modulo 256. A note acceptor keeps its last five events, newest first, behind a counter
that runs from 1 to 255 and round again, and is 0 after power-up (part 2, buffered bill events).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from payments.cash.base import Heard, NoteEvent, NoteWord

ASK_DRAWER = b"\x10\x04\x01"
SERIAL_NUMBER, ENABLE, DISPENSE, STATUS, TEST = 242, 164, 167, 166, 163
ENABLED = b"\xa5"
INHIBITS, MASTER_INHIBIT, BILL_EVENTS, ROUTE_BILL, BILL_MODE = 231, 228, 159, 154, 153
ESCROW_AND_STACKER = b"\x03"
NAK = 5
HOST, HOPPER, NOTES = 1, 3, 40
EVENTS_KEPT, HIGHEST = 5, 255
_FIXED = 0x12  # bits 1 and 4 are always set in the answer to DLE EOT


def drawer_pulse(*, connector: int = 0, on_ms: int = 100, off_ms: int = 500) -> bytes:
    """The pulse; ValueError for what a printer cannot do."""
    if connector not in (0, 1) or not 2 <= on_ms <= 510 or not 2 <= off_ms <= 510:
        raise ValueError("connector 0 or 1, pulses of 2 to 510 ms")
    return bytes([0x1B, 0x70, connector, on_ms // 2, off_ms // 2])


def pin_is_high(answer: int) -> bool:
    """The level of the drawer's pin; ValueError if the byte is no answer to ASK_DRAWER."""
    if answer & 0x93 != _FIXED:
        raise ValueError("no status byte")
    return bool(answer & 0x04)


@dataclass(frozen=True, slots=True)
class Message:
    """One ccTalk message; a reply has header 0."""

    to: int
    sender: int
    header: int
    data: bytes = b""


def encode(message: Message) -> bytes:
    """The message on the wire."""
    raw = bytes([message.to, len(message.data), message.sender, message.header]) + message.data
    return raw + bytes([-sum(raw) % 256])


def decode(data: bytes) -> tuple[Message | None, int]:
    """The first whole message and its length, (None, 0) while it is not whole; ValueError if its checksum is wrong."""
    if len(data) < 5 or len(data) < 5 + data[1]:
        return None, 0
    length = 5 + data[1]
    if sum(data[:length]) % 256:
        raise ValueError("wrong checksum")
    return Message(data[0], data[2], data[3], data[4 : length - 1]), length


@dataclass(frozen=True, slots=True)
class HopperStatus:
    """What a hopper says of its payouts: `event` counts them modulo 256 (1 to 255, 0 after power-up)."""

    event: int
    remaining: int
    paid: int
    unpaid: int


def status_of(data: bytes) -> HopperStatus:
    """The status in a reply's data; ValueError if it is none."""
    if len(data) != 4:
        raise ValueError("no status")
    return HopperStatus(*data)


def inhibits_of(types: Collection[int]) -> bytes:
    """The mask that admits these types of note (1 to 16) and no other; ValueError for a type that it has no place for."""
    if any(not 1 <= one <= 16 for one in types):
        raise ValueError("types of note are 1 to 16")
    return sum(1 << (one - 1) for one in set(types)).to_bytes(2, "little")


_WORDS = {
    **dict.fromkeys((1, 8), NoteWord.RETURNED),  # 8: pulled back out
    **dict.fromkeys((2, 3, 4, 5, 9, 17, 18), NoteWord.REFUSED),
    **dict.fromkeys((6, 7, 15, 16), NoteWord.JAM),
    **dict.fromkeys((13, 19), NoteWord.FAULT),
    10: NoteWord.READY,
    11: NoteWord.NO_BOX,
    12: NoteWord.READY,
    14: NoteWord.FULL,
    21: NoteWord.STORED,  # a note that it does not know: of no value until a person has looked
}


def _event(result_a: int, result_b: int, values: Mapping[int, int]) -> NoteEvent | None:
    """One pair of result bytes; None for what says nothing of money: it is inhibited, a barcode."""
    if result_a:
        word = {0: NoteWord.STORED, 1: NoteWord.ESCROW}.get(result_b)
        return None if word is None else NoteEvent(word, values.get(result_a, 0))
    known = _WORDS.get(result_b)
    return None if known is None else NoteEvent(known)


def heard_of(data: bytes, since: int | None, values: Mapping[int, int]) -> Heard:
    """What a reply to BILL_EVENTS tells that is newer than the counter `since`; `values`: type of note -> minor units.

    ValueError if it is no such reply.
    """
    if len(data) != 1 + 2 * EVENTS_KEPT:
        raise ValueError("no bill events")
    counter = data[0]
    if since is None or counter == since:
        return Heard(counter)
    if counter == 0:  # it has lost its power, and with it what happened since
        return Heard(0, missed=True)
    new = counter if since == 0 else (counter - since) % HIGHEST
    pairs = [(data[at], data[at + 1]) for at in range(1, 1 + 2 * min(new, EVENTS_KEPT), 2)]
    told = (_event(*pair, values) for pair in reversed(pairs))
    return Heard(counter, tuple(one for one in told if one is not None), missed=new > EVENTS_KEPT)


def events_reply(counter: int, newest_first: Sequence[tuple[int, int]]) -> bytes:
    """What an acceptor answers to BILL_EVENTS: the other side of `heard_of`."""
    pairs = [*newest_first, *[(0, 0)] * EVENTS_KEPT][:EVENTS_KEPT]
    return bytes([counter, *(byte for pair in pairs for byte in pair)])
