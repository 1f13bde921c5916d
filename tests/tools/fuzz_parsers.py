"""Every parser that reads what may be hostile: its good inputs, how it is called, and the one kind of error that it may raise.

A parser's owner adds a line here. `make` gives what takes the bytes; `refusals` are the documented errors and nothing wider.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hardware_sim.devices.rsu import OnBoardUnit, RsuSim
from lpr.sources.multipart import MalformedStream, MultipartParser
from parking.gate.api import parse_batch
from parking.gate.cameras import hikvision_wire, vzenith_wire
from parking.gate.cameras.base import MalformedPush
from parking.gate.cameras.http_wire import Chunked, decode_head
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
from parking.gate.relays import gpio_wire
from parking.gate.relays.http_wire import MalformedHttp
from parking.gate.relays.rpc_wire import MalformedRpc
from parking.gate.relays.wire import MalformedFrame
from parking.kernel.chain import canonical
from parking.kernel.clock import ManualClock
from parking.kernel.codec import to_plain
from parking.kernel.device import DeviceFault, DeviceRefused
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId
from tests.tools import fuzz_links as links
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


# --- what travels between box and server -----------------------------------------------------------------------------


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


# --- what cameras push -----------------------------------------------------------------------------------------------

_FORM = "multipart/form-data; boundary=c"


def _form(*parts: tuple[str, bytes]) -> bytes:
    head = b'--c\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), name.encode(), body) for name, body in parts) + b"--c--\r\n"


def _vzenith_seeds() -> Seeds:
    result = {
        "license": "粤B12345", "confidence": 96, "colorType": 1, "type": 1, "direction": 4, "triggerType": 1, "plateid": 7,
        "isoffline": 0, "is_fake_plate": 0, "timeStamp": {"Timeval": {"sec": 1686299994, "usec": 687772}},
        "imageFile": "/9j/4AAQ", "gioouts": [{"ionum": 0, "ctrltype": 0}],
    }  # fmt: skip
    plate = {"AlarmInfoPlate": {"serialno": "d85b1269", "result": {"PlateResult": result}}}
    contact = {"AlarmGioIn": {"serialno": "d85b1269", "result": {"TriggerResult": {"source": 1, "value": 1}}}}
    serial = {"SerialData": {"serialno": "d85b1269", "serialChannel": 0, "data": "Y2guY29tFw==", "dataLen": 7}}
    return Seeds(tuple(json.dumps(one, ensure_ascii=False).encode() for one in (plate, contact, serial)))


def _heart_beat_seeds() -> Seeds:
    fields = [("device_name", b"IVS"), ("pass_wd", b"pw"), ("serialno", b"d85b1269"), ("timestamp", b"1686299994")]
    return Seeds((_form(*fields),), (b"--c\r\n", b"--c--", b"\r\n\r\n", b'name="'))


def _anpr_seeds() -> tuple[bytes, ...]:
    head = (
        b'<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert xmlns="http://www.isapi.org/ver20/XMLSchema">'
        b"<macAddress>c0:56:e3:8a:11:02</macAddress><dateTime>2023-06-09T16:39:54.687+08:00</dateTime>"
        b"<activePostCount>1</activePostCount><eventType>%s</eventType><eventState>active</eventState>%s</EventNotificationAlert>"
    )
    anpr = (
        "<ANPR><licensePlate>粤B12345</licensePlate><direction>forward</direction><confidenceLevel>97</confidenceLevel>"
        "<plateCharBelieve>99,99,61</plateCharBelieve><dataType>1</dataType></ANPR><UUID>77</UUID>"
    ).encode()
    bomb = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    return head % (b"ANPR", anpr), head % (b"IO", b"<inputIOPortID>2</inputIOPortID>"), head % (b"videoloss", b""), bomb


def _hikvision_seeds() -> Seeds:
    picture = b"\xff\xd8" + bytes(range(64)) + b"\xff\xd9"
    whole = tuple(_form(("anpr.xml", xml), ("detectionPicture.jpg", picture)) for xml in _anpr_seeds())
    return Seeds(whole, (b"--c\r\n", b"--c--", b"<!DOCTYPE", b"<ANPR>", b"&#0;"))


def _isapi_seeds() -> Seeds:
    status = b"<ResponseStatus><statusCode>1</statusCode><subStatusCode>ok</subStatusCode></ResponseStatus>"
    gate = b"<BarrierGateStatus><barrierGateStatus>2</barrierGateStatus></BarrierGateStatus>"
    port = b"<IOPortStatus><ioPortID>1</ioPortID><ioPortType>input</ioPortType><ioState>active</ioState></IOPortStatus>"
    return Seeds((status, gate, b"<IOPortStatusList>" + port * 3 + b"</IOPortStatusList>"))


def _isapi(content: bytes) -> object:
    said: list[object] = []
    for decode_one in (hikvision_wire.decode_answer, hikvision_wire.decode_gate_status, hikvision_wire.decode_io):
        with contextlib.suppress(MalformedPush):
            said.append(decode_one(content))
    if not said:
        raise MalformedPush("none of the three")
    return said


def _push_head_seeds() -> Seeds:
    head = b"POST /push/camera-1/0123456789abcdef/plate?x=1 HTTP/1.1\r\nHost: box\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"
    chunked = head.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked").replace(
        b"hello", b"5\r\nhello\r\n0\r\n\r\n"
    )
    return Seeds((head, chunked), (b"\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked", b"0\r\n\r\n"))


def _push_head(content: bytes) -> object:
    used, head = decode_head(content)
    if head is None or head.length is not None:
        return head
    body = Chunked(4096)
    body.feed(content[used:])
    return body.body


def _checked(content: bytes) -> object:
    return _checked_text(text(content))


def _checked_text(code: str) -> VerifiedCode | CodeRefusal:
    return verify_code(code, KEYS, now=NOW, lot="main", lane_id=LaneId("exit-1"), boxes=KEYS)


def _read_tags() -> tuple[Conversation, bytes]:
    return BluetoothConversation(BluetoothSettings(LINE), RollingIds((), aes_block), NOW.timestamp), b""


LINE = LinkSettings("127.0.0.1", 1)
WELCOME = bytes.fromhex("043f000000200000000000f600160080000c0004cdd74d5dfe20010000060000")
ON_ITS_LINE = (DeviceFault, DeviceRefused)


def _gpio_seeds() -> Seeds:
    asked: tuple[gpio_wire.Question, ...] = (
        gpio_wire.Read(1), gpio_wire.Pulse(2, 0, 500, 12.5), gpio_wire.Hold(3, 1, True),
    )  # fmt: skip
    told: tuple[gpio_wire.Answer, ...] = (
        gpio_wire.Levels(1, (True, False), (False,)), gpio_wire.Failed(2, "no"), gpio_wire.Refused(0, "no"),
    )  # fmt: skip
    return Seeds((*map(gpio_wire.encode_question, asked), *map(gpio_wire.encode_answer, told)))


def _gpio_line(content: bytes) -> object:
    """Both ends of the keeper's wire: half of what is no question may be an answer."""
    with contextlib.suppress(gpio_wire.MalformedLine):
        return gpio_wire.parse_question(content)
    return gpio_wire.parse_answer(content)


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
    "vzenith_push": Parser(_vzenith_seeds, lambda: vzenith_wire.parse, (MalformedPush,)),
    "vzenith_heart_beat": Parser(
        _heart_beat_seeds, lambda: lambda content: vzenith_wire.parse(content, _FORM), (MalformedPush,)
    ),
    "hikvision_push": Parser(
        _hikvision_seeds, lambda: lambda content: hikvision_wire.parse(content, _FORM), (MalformedPush,)
    ),
    "hikvision_event": Parser(lambda: Seeds(_anpr_seeds()), lambda: hikvision_wire.parse, (MalformedPush,)),
    "hikvision_answers": Parser(_isapi_seeds, lambda: _isapi, (MalformedPush,)),
    "push_request": Parser(_push_head_seeds, lambda: _push_head, (MalformedPush,)),
    "modbus_reply": Parser(links.modbus_seeds, lambda: links.modbus_reply, (MalformedFrame,)),
    "http_relay_reply": Parser(links.http_relay_seeds, lambda: links.http_relay_reply, (MalformedHttp, MalformedRpc)),
    "gpio_lines": Parser(_gpio_seeds, lambda: _gpio_line, (gpio_wire.MalformedLine,)),
    "copy_message": Parser(lambda: links.message_seeds(KEYS), lambda: links.message(KEYS), (ParkingError,)),
    "copy_row": Parser(links.row_seeds, lambda: links.copy_row, (ParkingError,)),
    "acknowledgement": Parser(lambda: links.ack_seeds(KEYS), lambda: links.ack(KEYS), (ParkingError,)),
    "journal_batch": Parser(_batch_seeds, lambda: parse_batch, (ParkingError,)),
    "multipart_stream": Parser(_stream_seeds, lambda: _stream, (MalformedStream,)),
}
