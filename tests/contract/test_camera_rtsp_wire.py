"""RTSP (RFC 2326) and RTP/JPEG (RFC 2435) by the byte: golden packets, and the answers a player gets."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from hardware_sim.devices.rtp_jpeg import StrippedJpeg, interleaved, packets, strip_headers
from hardware_sim.devices.rtsp import Inbox, NotRtsp, RtspCamera
from tests.builders.drawing import NumberedFrames, camera_threads
from tests.builders.lpr import eventually

pytestmark = pytest.mark.req("LPR-2")

TABLES = bytes(range(128))


def a_jpeg(width: int = 320, height: int = 240, *options: int) -> bytes:
    packed, jpeg = cv2.imencode(".jpg", NumberedFrames(width, height).picture(5), options)
    assert packed
    return jpeg.tobytes()


# --- RFC 2435 ----------------------------------------------------------------------------------------------------------


def test_the_first_packet_carries_the_header_of_rfc_2435_and_the_tables() -> None:
    small = StrippedJpeg(1, 320, 240, TABLES, bytes.fromhex("aabbccdd"))
    (packet,) = packets(small, sequence=0x1234, timestamp=0x01020304, source=0x0A0B0C0D)
    golden = "809a1234010203040a0b0c0d" + "00000000" + "01ff281e" + "00000080" + TABLES.hex() + "aabbccdd"
    assert packet.hex() == golden


def test_a_long_frame_is_cut_into_packets_and_only_the_last_bears_the_marker() -> None:
    long = StrippedJpeg(0, 960, 544, TABLES, bytes(4000))
    sent = packets(long, sequence=0xFFFF, timestamp=1 << 33, source=1)
    assert [p[1] for p in sent] == [26, 26, 0x80 | 26]
    assert [int.from_bytes(p[2:4], "big") for p in sent] == [0xFFFF, 0, 1]
    assert [int.from_bytes(p[13:16], "big") for p in sent] == [0, 1260, 2652]
    assert all(len(p) <= 1412 for p in sent)
    assert {p[4:8] for p in sent} == {bytes(4)}


def test_an_interleaved_packet_has_a_dollar_a_channel_and_a_length() -> None:
    assert interleaved(b"abc", 2).hex() == "24020003616263"


def test_stripping_and_sending_loses_nothing_of_the_scan() -> None:
    jpeg = a_jpeg()
    stripped = strip_headers(jpeg)
    assert (stripped.kind, stripped.width, stripped.height) == (1, 320, 240)
    sent = packets(stripped, sequence=0, timestamp=0, source=1)
    scan = sent[0][12 + 8 + 4 + 128 :] + b"".join(p[12 + 8 :] for p in sent[1:])
    assert jpeg.endswith(scan + b"\xff\xd9")


def test_a_height_that_is_no_multiple_of_eight_is_rounded_up() -> None:
    sent = packets(strip_headers(a_jpeg(320, 244)), sequence=0, timestamp=0, source=1)
    assert sent[0][18:20] == bytes((320 // 8, 248 // 8))


@pytest.mark.parametrize(
    ("jpeg", "why"),
    [
        (b"\x89PNG", "no JPEG"),
        (b"\xff\xd8\xff", "ends before its scan"),
        (b"\xff\xd8\xff\xda\x00\x02", "without a frame"),
        (a_jpeg(320, 240, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), "baseline"),
        (a_jpeg(320, 240, cv2.IMWRITE_JPEG_OPTIMIZE, 1), "Huffman"),
        (a_jpeg(320, 240, cv2.IMWRITE_JPEG_RST_INTERVAL, 4), "restart"),
        (a_jpeg(2048, 64), "at most 2040"),
        (a_jpeg(320, 240, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444), "4:2:0"),
        (cv2.imencode(".jpg", np.zeros((64, 64), np.uint8))[1].tobytes(), "4:2:0"),
    ],
)
def test_what_rfc_2435_cannot_carry_is_refused(jpeg: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        strip_headers(jpeg)


# --- RTSP --------------------------------------------------------------------------------------------------------------


def test_requests_are_found_however_the_bytes_are_cut_and_rtcp_is_passed_over() -> None:
    stream = b"OPTIONS rtsp://c/ RTSP/1.0\r\nCSeq: 1\r\n\r\n" + b"$\x01\x00\x05hello" + b"PLAY * RTSP/1.0\r\ncseq:2\r\n"
    stream += b"Content-Length: 3\r\n\r\nabc"
    inbox = Inbox()
    found = [request for i in range(len(stream)) for request in inbox.feed(stream[i : i + 1])]
    assert [(r.method, r.headers["cseq"]) for r in found] == [("OPTIONS", "1"), ("PLAY", "2")]


@pytest.mark.parametrize(
    "nonsense",
    [b"GET / HTTP/1.1\r\n\r\n", b"x" * 20_000, b"\xff\xfe\r\n\r\n", b"A B RTSP/1.0\r\nno colon\r\n\r\n",
     b"A B RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n", b"A B RTSP/1.0\r\nContent-Length: x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_rtsp_is_refused(nonsense: bytes) -> None:
    with pytest.raises(NotRtsp):
        Inbox().feed(nonsense)


class Player:
    """Speaks RTSP by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        port = int(url.split(":")[2].split("/")[0])
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._held = b""
        self._number = 0

    def ask(self, method: str, url: str = "", **headers: str) -> str:
        """The head (and body) of the answer; RTP packets before it are passed over."""
        self._number += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._number}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())
        while True:
            self._fill(4)
            if self._held[:1] == b"$":
                self.packet()
                continue
            while b"\r\n\r\n" not in self._held:
                self._fill(len(self._held) + 1)
            head, _, self._held = self._held.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            self._fill(int(length[1]) if length else 0)
            body, self._held = (
                (self._held[: int(length[1])], self._held[int(length[1]) :]) if length else (b"", self._held)
            )
            assert f"CSeq: {self._number}".encode() in head
            return (head + b"\r\n\r\n" + body).decode()

    def packet(self) -> tuple[int, bytes]:
        """The next interleaved packet: channel, bytes."""
        self._fill(4)
        assert self._held[:1] == b"$"
        length = int.from_bytes(self._held[2:4], "big")
        self._fill(4 + length)
        channel, packet, self._held = self._held[1], self._held[4 : 4 + length], self._held[4 + length :]
        return channel, packet

    def _fill(self, count: int) -> None:
        while len(self._held) < count:
            data = self.connection.recv(65_536)
            assert data, "the camera hung up"
            self._held += data


@pytest.fixture
def player() -> Iterator[Player]:
    with RtspCamera(NumberedFrames(), fps=20.0) as camera:
        player = Player(camera.url)
        with player.connection:
            yield player
    eventually(lambda: camera_threads() == [])


def session_of(answer: str) -> str:
    found = re.search(r"Session: (\w+)", answer)
    assert found
    return found[1]


def test_a_player_is_told_what_the_camera_can_do(player: Player) -> None:
    assert "Public: OPTIONS, DESCRIBE, SETUP, PLAY" in player.ask("OPTIONS")
    described = player.ask("DESCRIBE", Accept="application/sdp")
    assert "Content-Type: application/sdp" in described
    assert "m=video 0 RTP/AVP 26\r\n" in described
    assert f"Content-Base: {player.url}/" in described


def test_udp_is_answered_with_461(player: Player) -> None:
    assert player.ask("SETUP", Transport="RTP/AVP;unicast;client_port=5000-5001").startswith("RTSP/1.0 461 ")
    assert player.ask("SETUP").startswith("RTSP/1.0 461 ")


def test_packets_come_on_the_channel_that_was_asked_for_until_the_player_tears_down(player: Player) -> None:
    answer = player.ask("SETUP", Transport="RTP/AVP/TCP;unicast;interleaved=4-5")
    assert "interleaved=4-5" in answer
    session = session_of(answer)
    assert player.ask("PLAY", Session=session).startswith("RTSP/1.0 200 ")
    received = [player.packet() for _ in range(30)]
    assert {channel for channel, _ in received} == {4}
    numbers = [int.from_bytes(packet[2:4], "big") for _, packet in received]
    assert numbers == list(range(numbers[0], numbers[0] + 30))
    assert player.ask("GET_PARAMETER", Session=session).startswith("RTSP/1.0 200 ")
    assert player.ask("PAUSE", Session=session).startswith("RTSP/1.0 200 ")
    assert player.ask("PLAY", Session=session).startswith("RTSP/1.0 200 ")
    assert player.ask("TEARDOWN", Session=session).startswith("RTSP/1.0 200 ")
    assert player.connection.recv(1) == b""


def test_a_player_out_of_turn_or_of_another_session_is_refused(player: Player) -> None:
    assert player.ask("PLAY").startswith("RTSP/1.0 455 ")
    player.ask("SETUP", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
    assert player.ask("PLAY", Session="another").startswith("RTSP/1.0 454 ")
    assert player.ask("RECORD").startswith("RTSP/1.0 405 ")


def test_nonsense_is_answered_with_400_and_the_door(player: Player) -> None:
    player.connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    answer = b""
    while data := player.connection.recv(4096):
        answer += data
    assert answer.startswith(b"RTSP/1.0 400 ")
