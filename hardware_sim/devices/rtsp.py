"""A simulated camera that speaks RTSP 1.0 (RFC 2326) with RTP inside the same TCP connection; UDP is answered with 461.

Enough for players and plate readers: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import socketserver
from dataclasses import dataclass, field, replace
from secrets import token_hex

from hardware_sim.devices.camera import FrameFeed, Shot, SimulatedCamera, StreamServer
from hardware_sim.devices.rtp_jpeg import CLOCK_HZ, PAYLOAD_TYPE, StrippedJpeg, interleaved, packets, strip_headers

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 454: "Session Not Found",
    455: "Method Not Valid in This State", 461: "Unsupported Transport",
}  # fmt: skip
_PATIENCE_S = 60.0
_SEND_PATIENCE_S = 5.0
_LOOK_ROUND_S = 0.1
_LONGEST_REQUEST = 16_384
_NO_PICTURE = StrippedJpeg(1, 960, 544, bytes(range(1, 129)), b"")
_SOURCE = 0x6A7067  # the synchronisation source: any number will do for one stream


class NotRtsp(ValueError):
    """Bytes that are no RTSP request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One RTSP request; header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(slots=True)
class Inbox:
    """Bytes from a client: requests and interleaved packets come out whole; NotRtsp on anything else."""

    _held: bytes = field(default=b"")

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete now; the client's RTCP packets are passed over."""
        self._held += data
        requests = []
        while self._held:
            if self._held[:1] == b"$":
                if len(self._held) < 4 or len(self._held) < 4 + int.from_bytes(self._held[2:4], "big"):
                    break
                self._held = self._held[4 + int.from_bytes(self._held[2:4], "big") :]
                continue
            head, gap, rest = self._held.partition(b"\r\n\r\n")
            if not gap:
                if len(head) > _LONGEST_REQUEST:
                    raise NotRtsp("a request without an end")
                break
            request = _parse(head)
            told = request.headers.get("content-length", "0")
            length = int(told) if told.isdecimal() else _LONGEST_REQUEST + 1
            if length > _LONGEST_REQUEST:
                raise NotRtsp("a body that is too long")
            if len(rest) < length:
                break
            self._held = rest[length:]
            requests.append(request)
        return requests


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("utf-8", "replace").lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise NotRtsp("no RTSP request")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise NotRtsp("a header without a colon")
        headers[name.strip().lower()] = value.strip()
    return Request(words[0], words[1], headers)


class _RtspHandler(socketserver.BaseRequestHandler):
    """One client's conversation: answers while idle, sends frames between PLAY and TEARDOWN."""

    request: socket.socket
    server: StreamServer

    def setup(self) -> None:
        self._inbox = Inbox()
        self._session = ""
        self._channel = 0
        self._playing = False
        self._over = False
        self._sequence = 0

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(_SEND_PATIENCE_S)
        feed = self.server.feed
        with contextlib.suppress(OSError):  # the client goes when it likes
            while not self._over and not feed.stopping:
                self._listen(_PATIENCE_S)
                if self._playing:
                    with feed.watching() as newest:
                        self._stream(feed, newest)

    def _stream(self, feed: FrameFeed, number: int) -> None:
        while self._playing and not self._over and not feed.stopping:
            shot = feed.after(number, _LOOK_ROUND_S)
            if shot is not None:
                number = shot.number
                self._send_frame(shot)
            self._listen(0.0)

    def _listen(self, wait_s: float) -> None:
        readable, _, _ = select.select([self.request], [], [], wait_s)
        data = self.request.recv(65_536) if readable else b""
        if not data and (readable or wait_s):
            self._over = True  # gone, or silent for too long
            return
        try:
            requests = self._inbox.feed(data)
        except NotRtsp:
            self._reply(400, Request("", "", {}))
            self._over = True
            return
        for request in requests:
            self._answer(request)

    def _answer(self, request: Request) -> None:
        session = request.headers.get("session", "").split(";")[0]
        if request.method == "OPTIONS":
            self._reply(200, request, Public=_METHODS)
        elif request.method == "DESCRIBE":
            self._describe(request)
        elif request.method == "SETUP":
            self._set_up(request)
        elif request.method in ("GET_PARAMETER", "SET_PARAMETER") and not session:
            self._reply(200, request)
        elif request.method not in _METHODS:
            self._reply(405, request, Allow=_METHODS)
        elif not self._session:
            self._reply(455, request)
        elif session != self._session:
            self._reply(454, request)
        else:
            self._reply(200, request, Session=self._session)
            self._playing = request.method == "PLAY" or (self._playing and request.method != "PAUSE")
            self._over = request.method == "TEARDOWN"

    def _describe(self, request: Request) -> None:
        base = request.url.rstrip("/")
        sdp = (
            "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=gate camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
            f"m=video 0 RTP/AVP {PAYLOAD_TYPE}\r\na=rtpmap:{PAYLOAD_TYPE} JPEG/{CLOCK_HZ}\r\na=control:track0\r\n"
        )
        self._reply(200, request, sdp, **{"Content-Base": f"{base}/", "Content-Type": "application/sdp"})

    def _set_up(self, request: Request) -> None:
        transport = request.headers.get("transport", "")
        channels = re.search(r"interleaved=(\d{1,3})(?:-\d{1,3})?", transport)
        if not transport.upper().startswith("RTP/AVP/TCP") or (channels and int(channels[1]) > 254):
            self._reply(461, request)
            return
        self._channel = int(channels[1]) if channels else 0
        self._session = self._session or token_hex(8)
        chosen = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1};ssrc={_SOURCE:08X}"
        self._reply(200, request, Transport=chosen, Session=f"{self._session};timeout={_PATIENCE_S:.0f}")

    def _reply(self, status: int, request: Request, body: str = "", **headers: str) -> None:
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.request.sendall("\r\n".join([*lines, "", body]).encode())

    def _send_frame(self, shot: Shot) -> None:
        jpeg = strip_headers(shot.jpeg) if shot.is_picture else replace(_NO_PICTURE, scan=shot.jpeg)
        sent = packets(jpeg, sequence=self._sequence, timestamp=int(shot.at_s * CLOCK_HZ), source=_SOURCE)
        self._sequence = (self._sequence + len(sent)) & 0xFFFF
        self.request.sendall(b"".join(interleaved(packet, self._channel) for packet in sent))


class RtspCamera(SimulatedCamera):
    """A camera for `rtsp://` readers; a picture whose height is no multiple of 8 arrives with a few repeated rows below."""

    scheme = "rtsp"
    path = "/stream"
    handler = _RtspHandler
