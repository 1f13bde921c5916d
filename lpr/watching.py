"""One camera watched from the command line: what is wrong with it is said at once, not after hours of patient reconnecting."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from lpr.model import PassageReading
from lpr.sources.base import EndOfStream, FrameSource
from lpr.sources.rtsp_probe import why_not
from lpr.worker import Worker
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, HealthReport

_TRIES = 30  # a stream that is joined between two whole pictures begins with some that cannot be decoded
_PAUSE_S = 0.1


def look_once(source: FrameSource, url: str) -> None:
    """See one picture; DeviceFault says what is in the way: no such camera, wrong password, no picture, unknown coding."""
    fault: DeviceFault | None = None
    try:
        _open(source, url)
        for _ in range(_TRIES):
            source.grab()
            try:
                source.retrieve()
            except DeviceFault as damaged:
                fault = damaged
            else:
                return
    except EndOfStream:
        raise fault or DeviceFault(f"{_where(url)}: there is no picture in it") from None
    finally:
        source.close()
    raise fault or DeviceFault(f"{_where(url)}: there is no picture in it")


def _open(source: FrameSource, url: str) -> None:
    try:
        source.open()
    except DeviceFault as fault:
        if "://" in url and urlsplit(url).scheme.lower().startswith("rtsp"):
            raise DeviceFault(f"{_where(url)}: {why_not(url)}") from None
        if Path(url).is_file():
            raise DeviceFault(f"{url}: is no video, or none in a coding that can be decoded here") from None
        raise fault


def _where(url: str) -> str:
    """What an address may be called: its host without user and password, or the path."""
    return urlsplit(url).hostname or "the camera" if "://" in url else url


def watch(worker: Worker, tell: Callable[[PassageReading], None], clock: Clock, seconds: float) -> HealthReport:
    """Let a worker follow what passes until its source ends, the time is up, or somebody presses Ctrl-C; how it was at the end."""
    worker.follow(tell)  # before the first picture: a short recording may be over before this thread goes on
    worker.start()
    until_s = clock.monotonic_s() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        while clock.monotonic_s() < until_s and not worker.exhausted():
            time.sleep(max(0.0, min(_PAUSE_S, until_s - clock.monotonic_s())))
    health = worker.health()
    worker.stop()
    return health
