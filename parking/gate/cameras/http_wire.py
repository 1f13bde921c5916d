"""HTTP/1.1 as a camera's push speaks it, and the two forms that bodies come in: bytes in, values out; pure, and bounded everywhere.

A head is decoded once it is complete; what is malformed names a status for the answer. No value of a header or a form gets into an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from parking.gate.cameras.base import MalformedPush

LONGEST_HEAD = 16 * 1024
_MOST_HEADERS = 64
_MOST_PARTS = 32
_LONGEST_CHUNK_LINE = 128
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    411: "Length Required", 413: "Content Too Large", 431: "Request Header Fields Too Large",
    501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class MalformedRequest(MalformedPush):
    """Not HTTP, or more of it than is taken; `status` is the answer before the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """A request's first lines: header names are lower case; `length` is None where the body is chunked."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    length: int | None = 0
    keeps_alive: bool = True

    @property
    def expects_continue(self) -> bool:
        """Whether the camera waits for 100 Continue before it sends the body, as libcurl does from 1 KiB on."""
        return self.headers.get("expect", "").lower() == "100-continue"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    name: str
    filename: str
    content_type: str
    body: bytes = field(repr=False)


def decode_head(data: bytes) -> tuple[int, Head | None]:
    """How many bytes the head takes, and the head; (0, None) while it is incomplete; MalformedRequest when it never will be one."""
    end = data.find(b"\r\n\r\n", 0, LONGEST_HEAD)
    if end < 0:
        if len(data) >= LONGEST_HEAD:
            raise MalformedRequest(431, "the head is too long")
        if len(data) > 16 and b" " not in data[:16]:
            raise MalformedRequest(400, "no HTTP request")
        return 0, None
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    match first.split(" "):
        case [method, target, "HTTP/1.0" | "HTTP/1.1" as version] if _TOKEN.match(method) and target.startswith("/"):
            pass
        case _:
            raise MalformedRequest(400, "no HTTP request")
    headers = _headers(lines)
    connection = headers.get("connection", "").lower()
    keeps = "close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection)
    return end + 4, Head(method, target.split("?")[0], headers, _length(headers), keeps)


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > _MOST_HEADERS:
        raise MalformedRequest(431, "too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not _TOKEN.match(name):
            raise MalformedRequest(400, "a header is malformed")
        value = value.strip(" \t")
        if name in headers and name in ("content-length", "transfer-encoding", "host") and headers[name] != value:
            raise MalformedRequest(400, "a header contradicts itself")
        headers[name] = value
    return headers


def _length(headers: Mapping[str, str]) -> int | None:
    coding = headers.get("transfer-encoding", "").lower()
    told = headers.get("content-length")
    if coding:
        if coding != "chunked":
            raise MalformedRequest(501, "an unknown transfer coding")
        if told is not None:
            raise MalformedRequest(400, "two lengths")
        return None
    if told is None:
        return 0
    if not told.isascii() or not told.isdigit() or len(told) > 12:
        raise MalformedRequest(400, "the length is no number")
    return int(told)


class Chunked:
    """Takes a chunked body apart as it comes; `done` when the last chunk is in, `rest` is what follows it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pending = b""
        self._left = 0
        self._trailing = False
        self._body = bytearray()
        self.done = False

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    @property
    def rest(self) -> bytes:
        return self._pending

    def feed(self, data: bytes) -> None:
        """More bytes; MalformedRequest when they are no chunks or too many."""
        self._pending += data
        while not self.done and self._step():
            pass

    def _step(self) -> bool:
        if self._left:
            piece, self._pending = self._pending[: self._left], self._pending[self._left :]
            self._body += piece
            self._left -= len(piece)
            return bool(piece)
        line, found, rest = self._pending.partition(b"\r\n")
        if not found:
            if len(self._pending) > _LONGEST_CHUNK_LINE:
                raise MalformedRequest(400, "a chunk is malformed")
            return False
        self._pending = rest
        if self._trailing:
            self.done = not line
            return True
        if not line:  # the end of the chunk before
            return True
        size = line.split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise MalformedRequest(400, "a chunk is malformed")
        self._left = int(size, 16)
        if len(self._body) + self._left > self._most:
            raise MalformedRequest(413, "the body is too large")
        self._trailing = self._left == 0
        return True


def answer(status: int, body: bytes = b"", *, content_type: str = "application/json", keep: bool = True) -> bytes:
    """A whole response."""
    head = (
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    return head.encode("ascii") + body


def form_of(content_type: str, body: bytes) -> dict[str, str]:
    """The text fields of a form, urlencoded or multipart; a field that is there twice counts as it was first."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        pairs = [(part.name, part.body.decode("utf-8", "replace")) for part in parts_of(content_type, body)]
    else:
        fields = body.split(b"&", _MOST_PARTS)
        if len(fields) > _MOST_PARTS:
            raise MalformedPush("form: too many fields")
        pairs = [(_unquoted(name), _unquoted(value)) for name, _, value in (field.partition(b"=") for field in fields)]
    return dict(reversed(pairs))


def parts_of(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a multipart body; MalformedPush when its boundary is missing, it is cut short, or it has too many."""
    mark = b"--" + _boundary(content_type)
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise MalformedPush("multipart: cut short")
    if len(pieces) - 2 > _MOST_PARTS:
        raise MalformedPush("multipart: too many parts")
    return tuple(_part(piece) for piece in pieces[1:-1])


def _part(piece: bytes) -> Part:
    head, found, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not found or len(head) > LONGEST_HEAD:
        raise MalformedPush("multipart: a part without a head")
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    told = _parameters(headers.get("content-disposition", ""))
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:12]) > len(body):
        raise MalformedPush("multipart: cut short")
    return Part(told.get("name", ""), told.get("filename", ""), kind, body)


def _unquoted(text: bytes) -> str:
    plain = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes((int(found[1], 16),)), text.replace(b"+", b" "))
    return plain.decode("utf-8", "replace")


def _boundary(content_type: str) -> bytes:
    boundary = _parameters(content_type).get("boundary", "")
    if not 1 <= len(boundary) <= 200:
        raise MalformedPush("multipart: no boundary")
    return boundary.encode("latin-1", "replace")


def _parameters(value: str) -> dict[str, str]:
    found = re.findall(r';\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^;\s]*))', value)
    return {name.lower(): quoted or bare for name, quoted, bare in found}
