"""HTTP/1.1 as bytes, as much as a device on the lane's own network speaks: one request, one answer of known length. No sockets here.

Everything has a bound, and what cannot be understood is refused. Source: RFC 9112.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HEAD_MOST, BODY_MOST, HEADERS_MOST = 16 * 1024, 256 * 1024, 100
_END_OF_HEAD = b"\r\n\r\n"
_NO_BODY = frozenset({204, 304})


class MalformedHttp(ValueError):
    """These bytes are not an answer in HTTP; the connection has lost its place and must be closed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer; header names are in lower case, a repeated header's values are joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    keeps_open: bool


def encode_request(
    method: str, target: str, host: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """The request as it travels; ValueError for a header that would break out of its line."""
    fields = {"Host": host, "Content-Length": str(len(body)), **(headers or {})}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if any(ord(letter) < 32 or ord(letter) == 127 for line in lines for letter in line):
        raise ValueError("a control character in a request")
    return "\r\n".join(lines).encode("utf-8") + _END_OF_HEAD + body


def decode(data: bytes) -> HttpAnswer | None:
    """The answer that these bytes are, None while some are missing; MalformedHttp for anything else, more than one answer included."""
    end = data.find(_END_OF_HEAD)
    if end < 0:
        if len(data) > HEAD_MOST or not b"HTTP/1.".startswith(data[:7]):
            raise MalformedHttp("not an answer in HTTP")
        return None
    status, minor, headers = _head(data[:end])
    rest = data[end + len(_END_OF_HEAD) :]
    body: bytes | None
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _dechunk(rest)
    elif status in _NO_BODY:
        body = _exactly(rest, 0)
    else:
        body = _exactly(rest, _length(headers))
    if body is None:
        return None
    wish = headers.get("connection", "").lower()
    return HttpAnswer(status, headers, body, wish == "keep-alive" if minor == 0 else wish != "close")


def _head(raw: bytes) -> tuple[int, int, dict[str, str]]:
    if len(raw) > HEAD_MOST:
        raise MalformedHttp("too long a head")
    try:
        first, *lines = raw.decode("latin-1").split("\r\n")
        version, code = first.split(" ", 2)[:2]
    except ValueError:
        raise MalformedHttp("not a status line") from None
    if version not in ("HTTP/1.0", "HTTP/1.1") or len(code) != 3 or not _is_digits(code) or code < "200":
        raise MalformedHttp("not a status line")
    if len(lines) > HEADERS_MOST:
        raise MalformedHttp("too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line:
            raise MalformedHttp("not a header")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return int(code), int(version[-1]), headers


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "")
    if not _is_digits(text) or len(text) > 9 or int(text) > BODY_MOST:
        raise MalformedHttp("an answer without a usable length")
    return int(text)


def _exactly(rest: bytes, length: int) -> bytes | None:
    if len(rest) > length:
        raise MalformedHttp("more than the answer")
    return rest if len(rest) == length else None


def _dechunk(rest: bytes) -> bytes | None:
    parts: list[bytes] = []
    at = total = 0
    while True:
        line_end = rest.find(b"\r\n", at)
        if line_end < 0:
            if len(rest) - at > 64:
                raise MalformedHttp("not a chunk")
            return None
        size_text = rest[at:line_end].partition(b";")[0].strip()
        if not 1 <= len(size_text) <= 6 or not set(size_text) <= set(b"0123456789abcdefABCDEF"):
            raise MalformedHttp("not a chunk")
        size = int(size_text, 16)
        total += size
        if total > BODY_MOST:
            raise MalformedHttp("too long a body")
        start, end = line_end + 2, line_end + 2 + size
        if len(rest) < end + 2:
            return None
        if rest[end : end + 2] != b"\r\n":
            raise MalformedHttp("not a chunk, or trailers")
        if size == 0:
            return _exactly(rest[end + 2 :], 0) if rest[end + 2 :] else b"".join(parts)
        parts.append(rest[start:end])
        at = end + 2


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
