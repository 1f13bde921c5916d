"""The box's end of a picture that a person wants to see: asked for by name, sent if it is here, and never otherwise."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

import httpx

from parking.gate.sync import Link
from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.signed import seal

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
_AUTH_VALID_FOR = timedelta(minutes=2)
_LONGEST_REPLY, _LONGEST_PICTURE = 64 * 1024, 1024 * 1024
_SETTLED_MOST = 256
_ASKED_AGAIN_S = 30.0


class PictureLink:
    """`step` waits for a wish and grants it; `read` gives the JPEG of a name, or None where this box has none."""

    def __init__(self, link: Link, read: Callable[[str], bytes | None], clock: Clock, client: httpx.Client) -> None:
        self._link = link
        self._read = read
        self._clock = clock
        self._client = client
        self._settled: OrderedDict[str, float] = OrderedDict()

    def step(self) -> bool:
        """Ask what is wanted, for as long as the server holds the question; whether a picture was sent. Failures raise ParkingError."""
        sent = False
        for name in self._wanted():
            now_s = self._clock.monotonic_s()
            if now_s - self._settled.get(name, float("-inf")) < _ASKED_AGAIN_S:
                continue  # another box has it, or nobody does
            self._settled[name] = now_s
            while len(self._settled) > _SETTLED_MOST:
                self._settled.popitem(last=False)
            jpeg = self._read(name) if _NAME.match(name) else None
            if jpeg is not None and len(jpeg) <= _LONGEST_PICTURE:
                self._ask("POST", f"/{name}", jpeg)
                sent = True
        return sent

    def _wanted(self) -> list[str]:
        status, raw = self._ask("GET", f"?wait_s={self._link.wait_s:g}")
        if status == httpx.codes.NOT_FOUND:
            return []  # an older server, which shows no pictures
        try:
            plain = json.loads(raw)
            names = plain["wanted"]
        except (ValueError, KeyError, TypeError):
            raise _unavailable("the server's wishes make no sense") from None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _unavailable("the server's wishes make no sense")
        return names

    def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        link = self._link
        expires = int((self._clock.now() + _AUTH_VALID_FOR).timestamp())
        token = seal({"use": "edge", "device": link.device, "exp": expires}, link.signer)
        timeout = httpx.Timeout(link.answer_s, connect=link.connect_s, read=link.wait_s + link.answer_s)
        headers = {"Device-Auth": token, **({"Content-Type": "image/jpeg"} if body else {})}
        url = f"{link.server}/api/v1/edge/pictures{path}"
        try:
            with self._client.stream(method, url, content=body, headers=headers, timeout=timeout) as reply:
                if reply.status_code not in (httpx.codes.OK, httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND):
                    raise _unavailable(f"the server answered {reply.status_code}")
                raw = bytearray()
                for part in reply.iter_bytes():
                    raw += part
                    if len(raw) > _LONGEST_REPLY:
                        raise _unavailable("the server's answer is too long")
                return reply.status_code, bytes(raw)
        except httpx.HTTPError as error:
            raise _unavailable(f"the server is away ({type(error).__name__})") from None


def _unavailable(message: str) -> ParkingError:
    return ParkingError(ErrorKind.UNAVAILABLE, "pictures.failed", message)
