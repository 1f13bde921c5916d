"""Every parser that reads what may be hostile: its good inputs, how it is called, and the one kind of error that it may raise.

A parser's owner adds a line here. `make` gives what takes the bytes; `refusals` are the documented errors and nothing wider.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hardware_sim.devices.rsu import OnBoardUnit, RsuSim
from lpr.sources.multipart import MalformedStream, MultipartParser
from parking.access import rows
from parking.access.snapshot import CopyChange, CopyRow, data_of, seal_copy, unseal_copy
from parking.gate.api import parse_batch
from parking.gate.credentials import llrp_wire as llrp
from parking.gate.credentials.adverts import eid_payload
from parking.gate.credentials.bluetooth_gateway import BluetoothConversation, BluetoothSettings, aes_block
from parking.gate.credentials.code_scanner import ScannerConversation, ScannerSettings
from parking.gate.credentials.codes import CodeRefusal, VerifiedCode
from parking.gate.credentials.codes import verify as verify_code
from parking.gate.credentials.conversation import Conversation, WireFault
from parking.gate.credentials.etc_rsu import RsuConversation, RsuSettings
from parking.gate.credentials.link import LinkSettings
from parking.gate.credentials.osdp_payload import parse as parse_card
from parking.gate.credentials.rolling_ids import RollingIds
from parking.gate.credentials.uhf_llrp import UhfConversation, UhfSettings
from parking.gate.relays.wire import Frame, MalformedFrame, bits_reply, decode, encode
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.device import DeviceFault, DeviceRefused
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


# --- readers of credentials: a whole connection at a time, as the wire brings it ---------------------------------------


def _talk(start: Callable[[], tuple[Conversation, bytes]]) -> Take:
    """A conversation that was begun well, then hears these bytes in two pieces; the fault that ends it is its refusal."""

    def take(content: bytes) -> object:
        conversation, welcome = start()
        conversation.begin(0.0)
        turns = [conversation.take(welcome, 0.0)] if welcome else []
        half = len(content) // 2
        for at, piece in enumerate((content[:half], content[half:])):
            turns.append(conversation.take(piece, float(at)))
            if (fault := turns[-1].fault) is not None:
                raise fault
        return [seen for turn in turns for seen in turn.seen]

    return take


def _llrp_seeds() -> Seeds:
    status = llrp.tlv(llrp.LLRP_STATUS, bytes(4))
    epc, antenna = (
        llrp.tv(llrp.EPC_96, bytes(range(12))),
        llrp.tv(llrp.ANTENNA_ID, b"\x00\x02") + llrp.tv(llrp.PEAK_RSSI, b"\xc4"),
    )
    long = llrp.tlv(llrp.EPC_DATA, b"\x00\x80" + bytes(range(16)))
    reads = llrp.tlv(llrp.TAG_REPORT_DATA, epc + antenna), llrp.tlv(llrp.TAG_REPORT_DATA, long + antenna)
    event = llrp.tlv(llrp.EVENT_DATA, llrp.tlv(128, bytes(8)) + llrp.tlv(llrp.ANTENNA_EVENT, b"\x00\x00\x01"))
    bodies = [(llrp.RO_ACCESS_REPORT, b"".join(reads)), (llrp.KEEPALIVE, b""), (llrp.READER_EVENT_NOTIFICATION, event),
              (llrp.DELETE_ROSPEC_RESPONSE, status)]  # fmt: skip
    return Seeds(tuple(llrp.encode(llrp.Message(kind, 1, body)) for kind, body in bodies), reads)


def _rsu_seeds() -> Seeds:
    unit = OnBoardUnit(b"\x02\xec\xc3\xff", bytes.fromhex("3401160100000042"), "皖A00042")
    road = RsuSim()
    frames = road.beat(), road.found(unit), road.vehicle(unit), road.found(unit) + road.vehicle(unit)
    return Seeds(frames, (b"\xff\xff", b"\xfe\x01", b"\xfe\x00"))


def _card_seeds() -> Seeds:
    return Seeds(
        tuple(
            bytes.fromhex(one)
            for one in ("00011a0012345680", "01002000deadbeef", "0000380004a1b2c3d4e5f6", "0002000041")
        )
    )


def _advert_seeds() -> Seeds:
    entry = {"type": "Unknown", "mac": "AC233FA00001", "rssi": -61, "rawData": eid_payload(bytes(8)).hex()}
    lines = [json.dumps(entry), json.dumps([entry, {"type": "Gateway", "mac": "AC233FC00001"}])]
    return Seeds(tuple(f"{line}\n".encode() for line in lines), (b'"rawData":', b"\r\n", b"16aafe30"))


def _code_seeds() -> Seeds:
    until = int((NOW + timedelta(minutes=20)).timestamp())
    code = {
        "use": "gate",
        "for": "exit",
        "id": "code-0001",
        "lot": "main",
        "nbf": until - 1200,
        "exp": until,
        "stay": "stay-1",
    }
    codes = (
        code,
        {**code, "for": "ticket", "lane": "exit-1"},
        {**code, "for": "invitation", "inv": "i3", "ep": 86400, "plate": "皖A12345"},
    )
    return Seeds(tuple(canonical(one) for one in codes), mend=signed)


def _checked(content: bytes) -> object:
    return _checked_text(text(content))


def _checked_text(code: str) -> VerifiedCode | CodeRefusal:
    return verify_code(code, KEYS, now=NOW, lot="main", lane_id=LaneId("exit-1"), boxes=KEYS)


def _read_tags() -> tuple[Conversation, bytes]:
    return BluetoothConversation(BluetoothSettings(LINE), RollingIds((), aes_block), NOW.timestamp), b""


LINE = LinkSettings("127.0.0.1", 1)
WELCOME = bytes.fromhex("043f000000200000000000f600160080000c0004cdd74d5dfe20010000060000")
ON_ITS_LINE = (DeviceFault, DeviceRefused)

PARSERS: dict[str, Parser] = {
    "llrp": Parser(_llrp_seeds, lambda: _talk(lambda: (UhfConversation(UhfSettings(LINE)), WELCOME)), ON_ITS_LINE),
    "rsu": Parser(
        _rsu_seeds, lambda: _talk(lambda: (RsuConversation(RsuSettings(LINE), ManualClock(NOW)), b"")), ON_ITS_LINE
    ),
    "osdp_card": Parser(_card_seeds, lambda: parse_card, (WireFault,)),
    "bluetooth_lines": Parser(_advert_seeds, lambda: _talk(_read_tags), ON_ITS_LINE),
    "code": Parser(_code_seeds, lambda: _checked, ()),
    "code_lines": Parser(
        lambda: replace(_code_seeds(), mend=lambda body: signed(body) + b"\r\n"),
        lambda: _talk(lambda: (ScannerConversation(ScannerSettings(LINE), _checked_text), b"")),
        ON_ITS_LINE,
    ),
    "modbus_frame": Parser(_modbus_seeds, lambda: decode, (MalformedFrame,)),
    "copy_token": Parser(_copy_seeds, lambda: lambda content: unseal_copy(text(content), KEYS, NOW), (ParkingError,)),
    "journal_batch": Parser(_batch_seeds, lambda: parse_batch, (ParkingError,)),
    "multipart_stream": Parser(_stream_seeds, lambda: _stream, (MalformedStream,)),
}
