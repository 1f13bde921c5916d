"""A camera's MJPEG stream over HTTP. Only the newest picture in the socket is kept, and it is decoded only when asked for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from lpr import pictures
from lpr.frame import Frame
from lpr.sources.base import FrameSource
from lpr.sources.multipart import MalformedStream, MultipartParser, boundary_of
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault


class MjpegSource:
    """`http(s)://[user:password@]host/path`; Basic and Digest are answered as the camera asks."""

    def __init__(self, url: str, camera: str, clock: Clock, *, timeout_s: float = 3.0) -> None:
        self._url = httpx.URL(url)
        self._host = urlsplit(url).hostname or "the camera"
        self._camera = camera
        self._clock = clock
        self._timeout_s = timeout_s
        self._client: httpx.Client | None = None
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._parser: MultipartParser | None = None
        self._newest = b""
        self._grabbed_at = clock.now()
        self._sequence = 0

    @property
    def camera(self) -> str:
        return self._camera

    def open(self) -> None:
        self.close()
        self._client = httpx.Client(
            timeout=self._timeout_s, follow_redirects=True, trust_env=False, verify=_certificates()
        )
        try:
            self._response = self._request(self._client)
            self._parser = MultipartParser(boundary_of(self._response.headers.get("content-type", "")))
            self._chunks = self._response.iter_raw()
        except (httpx.HTTPError, MalformedStream, httpx.InvalidURL) as error:
            self.close()
            raise DeviceFault(f"{self._host}: {_reason(error)}") from None

    def _request(self, client: httpx.Client) -> httpx.Response:
        url = self._url.copy_with(userinfo=b"")
        user, password = self._url.username, self._url.password
        response = client.send(client.build_request("GET", url), stream=True, auth=None)
        if response.status_code == 401 and user:
            scheme = response.headers.get("www-authenticate", "").split(" ")[0].lower()
            response.close()
            auth = httpx.DigestAuth(user, password) if scheme == "digest" else httpx.BasicAuth(user, password)
            response = client.send(client.build_request("GET", url), stream=True, auth=auth)
        response.raise_for_status()
        return response

    def grab(self) -> None:
        if self._parser is None:
            raise DeviceFault(f"{self._host}: the stream is not open")
        try:
            while not (parts := self._parser.feed(self._receive())):
                pass
        except (httpx.HTTPError, httpx.StreamError, MalformedStream) as error:
            raise DeviceFault(f"{self._host}: {_reason(error)}") from None
        self._newest = parts[-1]
        self._grabbed_at = self._clock.now()
        self._sequence += len(parts)

    def _receive(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise DeviceFault(f"{self._host}: the camera ended the stream")
        return chunk

    def retrieve(self) -> Frame:
        image = pictures.decode(self._newest, only_jpeg=True)
        if image is None:
            raise DeviceFault(f"{self._host}: a picture arrived damaged")
        return Frame(image, self._camera, self._grabbed_at, self._sequence)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        if self._client is not None:
            self._client.close()
        self._client = self._response = self._parser = None
        self._chunks = iter(())


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Loaded once for all cameras: it takes 20 ms and some MB, which no reconnection should pay again."""
    return httpx.create_ssl_context(trust_env=False)


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.HTTPStatusError):
        refused = error.response.status_code in (401, 403)
        return (
            "refuses the user name or the password" if refused else f"the camera answered {error.response.status_code}"
        )
    if isinstance(error, MalformedStream):
        return str(error)
    return "the connection failed"


_: type[FrameSource] = MjpegSource
