"""Why an RTSP camera cannot be seen: asked in its own words, because a decoder only says that it failed. Nothing here holds a password."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

_PORT = 554
_LONGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a camera said: status number, headers as one text, and the body (SDP)."""

    status: int
    headers: str
    body: str


def why_not(url: str, timeout_s: float = 3.0) -> str:
    """One sentence about the camera at `rtsp://[user:password@]host[:port]/path`, for a stream that could not be opened."""
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
    user, password = (unquote(text or "") for text in (parts.username, parts.password))
    if parts.scheme.lower() == "rtsps":
        return "cannot be opened"
    try:
        port = parts.port or _PORT
        with socket.create_connection((parts.hostname or "", port), timeout_s) as line:
            answer = _describe(line, bare, 1)
            if answer.status == 401 and user:
                proof = authorisation(answer.headers, bare, user, password)
                answer = _describe(line, bare, 2, proof)
    except TimeoutError:
        return "does not answer"
    except socket.gaierror:
        return "there is no host of this name"
    except ConnectionRefusedError:
        return f"nobody listens at port {port}"
    except (OSError, ValueError):
        return "does not speak RTSP"
    return _told(answer, named=bool(user))


def authorisation(challenge: str, url: str, user: str, password: str) -> str:
    """The Authorization header that answers a 401 (RFC 2617, as cameras have it): Digest where it is offered, else Basic."""
    digest = re.search(r"WWW-Authenticate:\s*Digest\s+(.*)", challenge, re.IGNORECASE)
    if digest is None:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    asked = dict(re.findall(r'(\w+)="([^"]*)"', digest[1]))
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    mine, wanted = _md5(f"{user}:{realm}:{password}"), _md5(f"DESCRIBE:{url}")
    response = _md5(f"{mine}:{nonce}:{wanted}")
    return f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{url}", response="{response}"'


def _describe(line: socket.socket, url: str, number: int, proof: str = "") -> Answer:
    head = [f"DESCRIBE {url} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp"]
    head += [f"Authorization: {proof}"] if proof else []
    line.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    held = b""
    while b"\r\n\r\n" not in held:
        held = _more(line, held)
    headers, _, body = held.partition(b"\r\n\r\n")
    told = headers.decode("utf-8", "replace")
    length = re.search(r"Content-Length:\s*(\d+)", told, re.IGNORECASE)
    while length is not None and len(body) < int(length[1]):
        body = _more(line, body)
    first = re.match(r"RTSP/\d\.\d (\d{3})", told)
    if first is None:
        raise ValueError("no RTSP answer")
    return Answer(int(first[1]), told, body.decode("utf-8", "replace"))


def _more(line: socket.socket, held: bytes) -> bytes:
    data = line.recv(4096)
    if not data or len(held) > _LONGEST_ANSWER:
        raise ValueError("no RTSP answer")
    return held + data


def _told(answer: Answer, *, named: bool) -> str:
    if answer.status == 401:
        return "refuses the user name or the password" if named else "asks for a user name and a password"
    if answer.status == 403:
        return "forbids this user to watch"
    if answer.status == 404:
        return "has no stream at this path"
    if answer.status != 200:
        return f"answered {answer.status}"
    video = answer.body.partition("m=video")[2]
    if not video:
        return "sends no video"
    coding = re.search(r"a=rtpmap:\d+ ([\w.-]+)/", video)
    return f"sends {coding[1] if coding else 'video'}, which cannot be decoded here"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
