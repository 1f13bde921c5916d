"""Why a camera cannot be seen is said in a word: nobody there, wrong password, no such stream, a coding nobody here knows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lpr.sources.rtsp_probe import authorisation, why_not

pytestmark = pytest.mark.req("LPR-2")
_SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H266/90000\r\n"


@contextmanager
def camera(*answers: bytes) -> Iterator[tuple[int, list[str]]]:
    """A camera that gives these answers, one to each request of its one client; the port, and what it was asked."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                for answer in answers:
                    asked.append(client.recv(4096).decode())
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join()


def answer(status: int, *headers: str, body: str = "") -> bytes:
    head = [f"RTSP/1.0 {status} Said", "CSeq: 1", *headers, *([f"Content-Length: {len(body)}"] if body else [])]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


DIGEST = 'WWW-Authenticate: Digest realm="cam", nonce="abc"'


@pytest.mark.parametrize(
    ("answers", "user", "why"),
    [
        ((answer(401, DIGEST),), "", "asks for a user name and a password"),
        ((answer(401, DIGEST), answer(401, DIGEST)), "anna:wrong@", "refuses the user name or the password"),
        ((answer(401, 'WWW-Authenticate: Basic realm="cam"'), answer(403)), "anna:w@", "forbids this user to watch"),
        ((answer(404),), "", "has no stream at this path"),
        ((answer(503),), "", "answered 503"),
        ((answer(200, body="v=0\r\nm=audio 0 RTP/AVP 0\r\n"),), "", "sends no video"),
        ((answer(200, body=_SDP),), "", "sends H266, which cannot be decoded here"),
        ((b"HTTP/1.1 200 OK\r\n\r\n",), "", "does not speak RTSP"),
        ((b"",), "", "does not speak RTSP"),
    ],
)
def test_a_camera_is_asked_why(answers: tuple[bytes, ...], user: str, why: str) -> None:
    with camera(*answers) as (port, asked):
        assert why_not(f"rtsp://{user}127.0.0.1:{port}/live") == why
        assert asked[0].startswith(f"DESCRIBE rtsp://127.0.0.1:{port}/live RTSP/1.0\r\n")
    assert not any("wrong" in text for text in asked)


def test_where_nobody_listens_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert why_not(f"rtsp://127.0.0.1:{port}/live") == f"nobody listens at port {port}"


def test_a_camera_that_is_silent_does_not_keep_anybody_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert why_not(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/live", timeout_s=0.2) == "does not answer"


def test_a_digest_is_that_of_rfc_2617() -> None:
    header = authorisation('WWW-Authenticate: Digest realm="cam", nonce="abc"', "rtsp://h/live", "anna", "secret")
    response = "b6a9beab7ffbb68523f892f41ef72ec0"  # worked out by hand, with md5sum
    assert header == f'Digest username="anna", realm="cam", nonce="abc", uri="rtsp://h/live", response="{response}"'
    assert authorisation("WWW-Authenticate: Basic", "rtsp://h/live", "anna", "secret") == "Basic YW5uYTpzZWNyZXQ="
