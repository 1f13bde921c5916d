"""Boards and the server as they may answer a gate box: good words of each to bend, and the product's own parsers to hear them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from parking.access import rows
from parking.access.snapshot import CopyChange, CopyRow, data_of, parse_fact
from parking.gate.link_wire import CopyImage, open_ack, open_message, seal_ack, seal_message
from parking.gate.relays import http_wire, rpc_wire, wire
from parking.gate.relays.digest import parse_challenge
from parking.kernel.codec import to_plain
from parking.kernel.credential import Credential, CredentialKind
from parking.kernel.ids import LaneId, LotId, StayId, ZoneId
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier
from tests.tools.mutation import Seeds

NOW = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)


# --- boards ----------------------------------------------------------------------------------------------------------


def modbus_seeds() -> Seeds:
    """Replies to every question that the product asks, exceptions, and two frames in a row."""
    bits = [True, False] * 4
    pdus = (
        wire.bits_reply(1, bits), wire.bits_reply(2, bits), b"\x05\x02\x01\x00\x05", b"\x05\x00\x02\xff\x00",
        b"\x10\x00\x08\x00\x02", b"\x81\x02", b"\x85\x04", b"\x85\x06", b"\x90\x03",
    )  # fmt: skip
    frames = tuple(wire.encode(wire.Frame(7, 1, pdu)) for pdu in pdus)
    return Seeds((*frames, frames[0] + frames[1]), (b"\x00\x00\x00\x06\x01", b"\x01\x02", b"\x83"), _right_length)


def _right_length(content: bytes) -> bytes:
    """The same with the length that its header should say."""
    return content[:2] + b"\0\0" + (len(content) - 6).to_bytes(2, "big") + content[6:] if len(content) > 8 else content


_QUESTIONS = (
    wire.ReadBits(1, 0, 8), wire.ReadBits(2, 0, 8), wire.ReadBits(1, 3, 1), wire.waveshare_pulse(1, 500), wire.dam_pulse(1, 500),
)  # fmt: skip


def modbus_reply(content: bytes) -> object:
    """What the product makes of these bytes as the answer to each of its questions."""
    reply = wire.parse_reply(content)
    if reply is None:
        return None
    answers: list[object] = []
    for question in _QUESTIONS:
        try:
            answers.append(wire.answer_to(question, reply))
        except wire.MalformedFrame:
            answers.append(None)
    return answers


def http_relay_seeds() -> Seeds:
    status = {
        "switch:0": {"output": True},
        "switch:1": {"output": False},
        "input:0": {"state": True},
        "input:1": {"state": None},
    }
    bodies = ({"id": 1, "src": "shelly", "result": status}, {"id": 1, "error": {"code": 401, "message": "x"}})
    whole = []
    for body in bodies:
        plain = json.dumps(body).encode()
        whole.append(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(plain) + plain
        )
    chunk = json.dumps(bodies[0]).encode()
    whole.append(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk))
    whole.append(
        b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest qop="auth", realm="shelly", nonce="60dc", algorithm=SHA-256\r\n'
        b"Content-Length: 0\r\n\r\n"
    )
    return Seeds(
        tuple(whole), (b"\r\n", b"Content-Length:", b"chunked", b"Digest ", b"0\r\n\r\n", b'"'), _right_body_length
    )


def _right_body_length(content: bytes) -> bytes:
    head, cut, body = content.partition(b"\r\n\r\n")
    if not cut or b"Content-Length: " not in head:
        return content
    before, _, after = head.partition(b"Content-Length: ")
    _, more, rest = after.partition(b"\r\n")
    return before + b"Content-Length: %d" % len(body) + more + rest + cut + body


def http_relay_reply(content: bytes) -> object:
    """From the socket's bytes to levels, or to the challenge that the next question answers."""
    answer = http_wire.decode(content)
    if answer is None:
        return None
    challenge = parse_challenge(str(dict(answer.headers).get("www-authenticate", "")))
    if challenge is not None:
        return challenge
    reply = rpc_wire.parse_reply(answer.body)
    if isinstance(reply, rpc_wire.RpcError):
        return reply
    return rpc_wire.inputs_of(reply.result, 2), rpc_wire.coils_of(reply.result, 2)


# --- the server ------------------------------------------------------------------------------------------------------

NONCE = "nonce-1"
BATCH = b'{"events":[]}'


def copy_rows() -> list[CopyRow]:
    """One row of every kind."""
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
    return [CopyRow(kind, key, number, data) for number, (kind, key, data) in enumerate(map(data_of, facts), 1)]


def row_seeds() -> Seeds:
    return Seeds(tuple(json.dumps(to_plain(row), ensure_ascii=False).encode() for row in copy_rows()))


def copy_row(content: bytes) -> object:
    """One row of the copy, whatever it says; what is no JSON object has been refused before it gets here."""
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict) or not isinstance(plain.get("data"), dict | None):
        return None
    return parse_fact(CopyRow(str(plain.get("kind")), str(plain.get("key")), 1, plain.get("data")))


def message_seeds(signer: Signer) -> Seeds:
    """Pages and an image of the copy; two thirds of the bent ones carry the sum of what they hold, under a good signature."""
    wire_rows = copy_rows()
    pages = [CopyChange("mall", 0, 99, tuple(part), "past-1", 99) for part in (wire_rows, wire_rows[:2], [])]
    image = CopyImage("mall", "past-1", 9, 3, b"SQLite format 3\0" + bytes(50))
    contents: list[CopyChange | CopyImage] = [*pages, image]
    whole = tuple(seal_message(content, signer, NOW, NONCE) for content in contents)

    def mend(content: bytes) -> bytes:
        token, _, packed = content.partition(b"\n")
        parts = token.split(b".")
        try:
            head = json.loads(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
            head["sha256"] = hashlib.sha256(packed).hexdigest()
            body = json.dumps(head).encode()
        except (ValueError, IndexError, TypeError, RecursionError):
            return content
        return _signed(body, signer) + b"\n" + packed

    return Seeds(whole, (b"\n", b"."), mend)


def _signed(body: bytes, signer: Signer) -> bytes:
    head = signer.key_id.encode() + b"." + base64.urlsafe_b64encode(body).rstrip(b"=")
    return head + b"." + base64.urlsafe_b64encode(signer.sign(head)).rstrip(b"=")


def ack_seeds(signer: Signer) -> Seeds:
    token = seal_ack(17, BATCH, signer, NOW).split(".")[1]
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return Seeds((body,), mend=lambda content: _signed(content, signer))


def message(verifier: Verifier) -> Callable[[bytes], object]:
    return lambda content: open_message(content, verifier, NOW, NONCE)


def ack(verifier: Verifier) -> Callable[[bytes], Any]:
    return lambda content: open_ack(content.decode("utf-8", "replace"), BATCH, verifier, NOW)
