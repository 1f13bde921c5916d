"""An RTSP camera, over TCP: interleaved packets arrive whole or not at all, and pass every firewall that lets the camera through."""

from __future__ import annotations

from urllib.parse import urlsplit

from lpr.frame import Frame
from lpr.sources.base import FrameSource
from lpr.sources.capture import Capture
from lpr.sources.rtsp_probe import why_not
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault

# First frame after 0.2 s instead of 2.8 s (measured): do not buffer, do not study the stream first.
_LOW_LATENCY = {
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "0",
    "probesize": "32",
}


class RtspSource:
    """`rtsp://[user:password@]host/path`."""

    def __init__(self, url: str, camera: str, clock: Clock, *, timeout_s: float = 3.0) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or "the camera"
        self._timeout_s = timeout_s
        self._was_seen = False
        self._capture = Capture(url, camera, clock, where=self._host, options=_LOW_LATENCY, timeout_s=timeout_s)

    @property
    def camera(self) -> str:
        return self._capture.camera

    def open(self) -> None:
        try:
            self._capture.open()
        except DeviceFault:
            if self._was_seen:
                raise
            # Never seen yet: an address or a password may be wrong, and the decoder does not say so.
            raise DeviceFault(f"{self._host}: {why_not(self._url, self._timeout_s)}") from None

    def grab(self) -> None:
        if not self._capture.grab(live=True):
            raise DeviceFault(f"{self._host}: no picture in time")
        self._was_seen = True

    def retrieve(self) -> Frame:
        return self._capture.retrieve()

    def close(self) -> None:
        self._capture.close()


_: type[FrameSource] = RtspSource
