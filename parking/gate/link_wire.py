"""What travels from the server to a gate box: pages and images of the copy, and acknowledgements, each under the server's signature.

A message of the copy is one line, a token of `kernel.signed` that names size and SHA-256 of what follows, and then the rows (or a
whole file) as zlib data. An answer is for one question alone: it repeats the number that the box has thought up for it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from parking.access.snapshot import CopyChange, CopyRow
from parking.kernel.codec import parse_time, to_plain
from parking.kernel.errors import ErrorKind, ParkingError, invalid
from parking.kernel.signed import LONGEST_TOKEN, Signer, Verifier, seal, unseal

LONGEST_ROWS = 16 * 1024 * 1024
LONGEST_IMAGE = 512 * 1024 * 1024
LONGEST_MESSAGE = 128 * 1024 * 1024
LONGEST_NONCE = 40
VALID_FOR = timedelta(minutes=5)
_COPY_USE, _ACK_USE = "copy", "ack"


@dataclass(frozen=True, slots=True)
class CopyImage:
    """A whole copy as the bytes of a `copy_file` of this `format`."""

    site: str
    epoch: str
    version: int
    format: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message brings, and when (UTC) the server sent it."""

    content: CopyChange | CopyImage
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Ack:
    """The server has stored everything up to `acked`; `sent_at` is its time."""

    acked: int
    sent_at: datetime


# --- the copy --------------------------------------------------------------------------------------------------------


def seal_message(content: CopyChange | CopyImage, signer: Signer, now: datetime, nonce: str) -> bytes:
    """The message that carries a page or an image, signed, for whoever asked with `nonce`."""
    if isinstance(content, CopyImage):
        plain = content.raw
        head: dict[str, Any] = {"what": "image", "format": content.format, "version": content.version}
    else:
        rows = [[row.kind, row.key, row.version, row.data] for row in content.rows]
        plain = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
        head = {"what": "rows", "since": content.since, "version": content.version, "upto": content.upto}
    packed = zlib.compress(plain, 1)
    named = {"site": content.site, "epoch": content.epoch, "nonce": nonce, "at": to_plain(now), "size": len(plain)}
    digest = hashlib.sha256(packed).hexdigest()
    token = seal({"use": _COPY_USE, "exp": _until(now), "sha256": digest, **head, **named}, signer)
    return token.encode() + b"\n" + packed


def open_message(raw: bytes, verifier: Verifier, now: datetime, nonce: str) -> Answer:
    """What a message says; one that is forged, old, cut, malformed or for another question raises ParkingError."""
    line, cut, packed = raw[: LONGEST_TOKEN + 1].partition(b"\n")
    if not cut or len(raw) > LONGEST_MESSAGE:
        raise _refused()
    packed = raw[len(line) + 1 :]
    head = _unsealed(line, verifier, _COPY_USE, now)
    if head.get("nonce") != nonce or head.get("sha256") != hashlib.sha256(packed).hexdigest():
        raise _refused()
    image = head.get("what") == "image"
    plain = _unpacked(packed, _whole(head, "size"), LONGEST_IMAGE if image else LONGEST_ROWS)
    sent_at = parse_time(head.get("at"), field="at")
    if not image:
        return Answer(read_change(head, plain), sent_at)
    site, epoch = _text(head, "site"), _text(head, "epoch")
    return Answer(CopyImage(site, epoch, _whole(head, "version"), _whole(head, "format"), plain), sent_at)


def read_change(head: Mapping[str, Any], plain: bytes) -> CopyChange:
    """The page that a token's head and the rows after it say; ParkingError names what does not fit."""
    site, epoch = _text(head, "site"), _text(head, "epoch")
    since, version = _whole(head, "since"), _whole(head, "version")
    upto = None if head.get("upto") is None else _whole(head, "upto")
    if version < since:
        raise invalid("copy.malformed", "should not be below since", field="version")
    try:
        rows = json.loads(plain)
    except (ValueError, RecursionError):
        raise invalid("copy.malformed", "should be JSON", field="rows") from None
    if not isinstance(rows, list):
        raise invalid("copy.malformed", "should be a list", field="rows")
    return CopyChange(site, since, version, tuple(_row(one, place) for place, one in enumerate(rows)), epoch, upto)


def _row(raw: Any, place: int) -> CopyRow:
    where = f"rows[{place}]"
    if not isinstance(raw, list) or len(raw) != 4:
        raise invalid("copy.malformed", "should be [kind, key, version, data]", field=where)
    kind, key, version, data = raw
    if not isinstance(kind, str) or not isinstance(key, str):
        raise invalid("copy.malformed", "should name its kind and key", field=where)
    if type(version) is not int or not 0 <= version < 2**63:
        raise invalid("copy.malformed", "should be a whole number", field=f"{where}.version")
    if data is not None and not isinstance(data, dict):
        raise invalid("copy.malformed", "should be an object or null", field=f"{where}.data")
    return CopyRow(kind, key, version, data)


# --- acknowledgements ------------------------------------------------------------------------------------------------


def seal_ack(acked: int, batch: bytes, signer: Signer, now: datetime) -> str:
    """The token that tells the sender of exactly this batch what is stored."""
    digest = hashlib.sha256(batch).hexdigest()
    return seal({"use": _ACK_USE, "exp": _until(now), "acked": acked, "batch": digest, "at": to_plain(now)}, signer)


def open_ack(token: str, batch: bytes, verifier: Verifier, now: datetime | None) -> Ack:
    """What a token acknowledges; ParkingError unless the server made it for this very batch.

    `now` None: a box that does not know the time yet asks for it this way; the batch, sent this moment, stands for freshness.
    """
    body = _unsealed(token.encode("utf-8", "replace"), verifier, _ACK_USE, now)
    if body.get("batch") != hashlib.sha256(batch).hexdigest():
        raise _refused()
    return Ack(_whole(body, "acked"), parse_time(body.get("at"), field="at"))


# --- words -----------------------------------------------------------------------------------------------------------


def read_object(raw: bytes) -> Mapping[str, Any]:
    """A JSON object (RFC 8259) of the server; anything else raises ParkingError."""
    try:
        plain = json.loads(raw)
    except (ValueError, RecursionError):
        raise ParkingError(ErrorKind.UNAVAILABLE, "sync.failed", "the server's answer is not JSON") from None
    if not isinstance(plain, dict):
        raise ParkingError(ErrorKind.UNAVAILABLE, "sync.failed", "the server's answer is not an object")
    return plain


def _unsealed(token: bytes, verifier: Verifier, use: str, now: datetime | None) -> dict[str, Any]:
    moment = now or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    try:
        return unseal(token.decode("ascii"), verifier, use=use, now=moment)
    except UnicodeDecodeError:
        raise _refused() from None


def _unpacked(packed: bytes, size: int, longest: int) -> bytes:
    if size > longest:
        raise invalid("copy.malformed", f"should be at most {longest} bytes", field="size")
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(packed, size + 1)
    except zlib.error:
        raise invalid("copy.malformed", "should be zlib data", field="rows") from None
    if len(plain) != size or not unpacking.eof or unpacking.unused_data:
        raise invalid("copy.malformed", "should be as long as it says", field="size")
    return plain


def _until(now: datetime) -> int:
    return int((now + VALID_FOR).timestamp())


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise invalid("copy.malformed", "should be a whole number", field=name)
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 64:
        raise invalid("copy.malformed", "should be a name", field=name)
    return value


def _refused() -> ParkingError:
    return ParkingError(ErrorKind.UNAUTHENTICATED, "token.refused", "this code is not valid or no longer valid")
