"""Every parser that reads what may be hostile: its good inputs, how it is called, and the one kind of error that it may raise.

A parser's owner adds a line here. `make` gives what takes the bytes; `refusals` are the documented errors and nothing wider.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lpr.sources.multipart import MalformedStream, MultipartParser
from parking.access import rows
from parking.access.snapshot import CopyChange, CopyRow, data_of, seal_copy, unseal_copy
from parking.gate.api import parse_batch
from parking.gate.relays.wire import Frame, MalformedFrame, bits_reply, decode, encode
from parking.kernel.chain import canonical
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, LotId, StayId, ZoneId
from parking.kernel.plate import Plate
from tests.tools.mutation import Seeds

NOW = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)


Take = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Parser:
    """One parser under fire; `make` builds it, so that nothing is built which is not fuzzed."""

    seeds: Callable[[], Seeds]
    make: Callable[[], Take]
    refusals: tuple[type[Exception], ...]


class CheapKeys:
    """Signs by a hash: as strict as a signature for whoever does not know it, and quick enough for a million tokens."""

    key_id = "fuzz"

    def sign(self, message: bytes) -> bytes:
        return hashlib.sha512(b"fuzz" + message).digest()

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        return key_id == self.key_id and signature == self.sign(message)


KEYS = CheapKeys()


def signed(body: bytes) -> bytes:
    """A token over any bytes, whatever they say: only then does a parser look into them."""
    head = KEYS.key_id.encode() + b"." + base64.urlsafe_b64encode(body).rstrip(b"=")
    return head + b"." + base64.urlsafe_b64encode(KEYS.sign(head)).rstrip(b"=")


def text(content: bytes) -> str:
    """What a transport would hand on as text."""
    return content.decode("utf-8", "replace")


# --- Modbus TCP: what a board answers --------------------------------------------------------------------------------


def _modbus_seeds() -> Seeds:
    bits = [True, False] * 4
    pdus = (
        bits_reply(1, bits), bits_reply(2, bits), b"\x05\x02\x01\x00\x05", b"\x05\x00\x02\xff\x00", b"\x10\x00\x08\x00\x02",
        b"\x81\x02", b"\x85\x04", b"\x85\x06", b"\x90\x03", b"\x01\x00", b"\x2b\x0e\x01\x01", b"\x18\x00\x02\x00\x00",
    )  # fmt: skip
    frames = tuple(encode(Frame(7, 1, pdu)) for pdu in pdus)
    return Seeds((*frames, frames[0] + frames[1]), (b"\x00\x00\x00\x06\x01", b"\x01\x02", b"\x83"), _right_length)


def _right_length(content: bytes) -> bytes:
    """The same with the length that its header should say."""
    return content[:2] + b"\0\0" + (len(content) - 6).to_bytes(2, "big") + content[6:] if len(content) > 8 else content


# --- what travels between box and server -----------------------------------------------------------------------------


def _copy_seeds() -> Seeds:
    later, plate, card = NOW + timedelta(hours=1), Plate("皖A12345"), Credential(CredentialKind.CARD, "04A1B2C3")
    facts: tuple[rows.Fact, ...] = (
        rows.StayRow(StayId("stay-1"), plate, NOW, None, "CNY", (rows.PriceStep(later, 500),), 0, 3000, (card,)),
        rows.ListRow(plate, rows.ListedAs.STAFF, "till 18:00", None, later, "office"),
        rows.ZoneRow(ZoneId("b1"), 3, 30),
        rows.LotRow(LotId("inner"), LotId("outer"), 30, 3, rights_only=True),
        rows.CommandRow("c-1", LaneId("exit-1"), rows.CommandAction.OPEN, "anna", "seen", later),
        rows.PassRow("p7", "h1", (plate,), 1, NOW, later, (LotId("inner"),), "office", "g1"),
        rows.HolderRow(card, "h1", (plate,), ("p7",), "g1", NOW, later),
        rows.InvitationRow("i3", "h1", NOW, later, 2, 1, plate, (LotId("inner"),)),
        rows.InsideRow(StayId("stay-1"), NOW, plate, (card,), "pass:p7", "h1", "g1", LotId("inner")),
        rows.UsedCodeRow("code-0001", LaneId("exit-1"), NOW, later),
        rows.KeyRow("0123456789abcdef", "edge-2", "A" * 43),
        rows.GroupRow("g1", 3),
        rows.ScheduleRow("office", "Asia/Shanghai", (rows.Window((rows.Day.MON, rows.Day.FRI), 480, 1080),),
                         (rows.SpecialDay(NOW.date(), rows.Day.HOLIDAY),)),
    )  # fmt: skip
    wire = [CopyRow(kind, key, number, data) for number, (kind, key, data) in enumerate(map(data_of, facts), 1)]
    parts = [(row,) for row in wire] + [tuple(wire), (CopyRow("stay", "stay-0", 5, None),)]
    whole = [json.loads(_body(seal_copy(CopyChange("mall", 0, 99, part), KEYS, later))) for part in parts]
    return Seeds(tuple(canonical(one) for one in whole), mend=signed)


def _body(token: str) -> bytes:
    middle = token.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


def _batch_seeds() -> Seeds:
    passed: dict[str, Any] = {
        "seq": 1, "id": "e1", "at": to_plain(NOW), "origin": "edge-1", "type": "VehiclePassed",
        "data": {
            "lane_id": "exit-1", "visit_id": "v1", "direction": "out", "plate": "皖A12345", "confidence": 0.98,
            "stay_id": "stay-1", "authorised": True,
        },
    }  # fmt: skip
    decided = {**passed, "seq": 2, "type": "LaneDecided", "data": {
        "lane_id": "exit-1", "visit_id": "v1", "direction": "out", "plate": None, "confidence": 0.1, "frames": 3, "allowed": False,
        "rule": "nothing_is_owed", "reason": "unpaid", "stay_id": None, "due": {"amount": 500, "currency": "CNY"},
    }}  # fmt: skip
    fault = {**passed, "seq": 3, "type": "LaneFaulted", "data": {
        "lane_id": "exit-1", "fault": "inputs_lost", "detail": "", "cleared": False,
    }}  # fmt: skip
    batch = {"device": "edge-1", "epoch": "epoch-1", "sent_at": to_plain(NOW), "events": [passed, decided, fault]}
    return Seeds((canonical(batch), canonical({**batch, "events": []})))


# --- pictures over HTTP ----------------------------------------------------------------------------------------------


def _stream_seeds() -> Seeds:
    body = b"\xff\xd8" + bytes(range(256)) + b"\xff\xd9"
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(body), body)
    bare = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n" % body
    return Seeds((part + bare, bare + part + part), (b"--frame", b"\r\n\r\n", b"Content-Length:", b"\r\n"))


def _stream(content: bytes) -> object:
    parser = MultipartParser(b"frame")
    return parser.feed(content[: len(content) // 2]) + parser.feed(content[len(content) // 2 :])


PARSERS: dict[str, Parser] = {
    "modbus_frame": Parser(_modbus_seeds, lambda: decode, (MalformedFrame,)),
    "copy_token": Parser(_copy_seeds, lambda: lambda content: unseal_copy(text(content), KEYS, NOW), (ParkingError,)),
    "journal_batch": Parser(_batch_seeds, lambda: parse_batch, (ParkingError,)),
    "multipart_stream": Parser(_stream_seeds, lambda: _stream, (MalformedStream,)),
}
