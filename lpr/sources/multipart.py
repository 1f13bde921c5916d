"""The wire of HTTP MJPEG (multipart/x-mixed-replace): bytes in, whole JPEG files out; pure, and bounded whatever comes in."""

from __future__ import annotations

_MOST_HEADER_BYTES = 8192
_MOST_PART_BYTES = 32 << 20


class MalformedStream(Exception):
    """The bytes are no multipart stream of pictures."""


class MultipartParser:
    """Feed it what the socket gives; parts are cut by Content-Length where it is given, else by the boundary."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"--" + boundary.removeprefix(b"--")
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """The bodies that are complete now, oldest first; MalformedStream when a part outgrows its bound."""
        self._buffer += received
        parts = []
        while (part := self._next()) is not None:
            parts.append(part)
        if len(self._buffer) > _MOST_PART_BYTES + _MOST_HEADER_BYTES:
            raise MalformedStream("a part of the stream is too large")
        return parts

    def _next(self) -> bytes | None:
        start = self._buffer.find(self._mark)
        if start < 0:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise MalformedStream("the stream has no boundary")
            return None
        head_end = self._buffer.find(b"\r\n\r\n", start)
        if head_end < 0:
            if len(self._buffer) - start > _MOST_HEADER_BYTES:
                raise MalformedStream("the header of a part is too large")
            return None
        body = head_end + 4
        length = _content_length(bytes(self._buffer[start:head_end]))
        if length is None:
            end = self._buffer.find(b"\r\n" + self._mark, body)
            return None if end < 0 else self._cut(body, end)
        if length > _MOST_PART_BYTES:
            raise MalformedStream("a part of the stream is too large")
        return self._cut(body, body + length) if len(self._buffer) >= body + length else None

    def _cut(self, start: int, end: int) -> bytes:
        part = bytes(self._buffer[start:end])
        del self._buffer[:end]
        return part


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names; MalformedStream when it is no multipart."""
    kind, _, parameters = content_type.partition(";")
    if not kind.strip().lower().startswith("multipart/"):
        raise MalformedStream("the address does not answer with a stream of pictures")
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary" and value:
            return value.strip('"').encode("latin-1", "replace")
    raise MalformedStream("the stream names no boundary")


def _content_length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None
