"""One camera watched from the command line: what is wrong with it is said at once, not after hours of patient reconnecting."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from lpr.model import PassageReading
from lpr.sources.base import EndOfStream, FrameSource
from lpr.worker import Worker
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, HealthReport

_TRIES = 30  # a stream that is joined between two whole pictures begins with some that cannot be decoded
_PAUSE_S = 0.1


def look_once(source: FrameSource) -> None:
    """See one picture; DeviceFault says what is in the way: no such camera, wrong password, no picture, unknown coding."""
    fault: DeviceFault | None = None
    try:
        source.open()
        for _ in range(_TRIES):
            source.grab()
            try:
                source.retrieve()
            except DeviceFault as damaged:
                fault = damaged
            else:
                return
    except EndOfStream:
        raise fault or DeviceFault(f"{source.camera}: there is no picture in it") from None
    finally:
        source.close()
    raise fault or DeviceFault(f"{source.camera}: there is no picture in it")


def watch(worker: Worker, tell: Callable[[PassageReading], None], clock: Clock, seconds: float) -> HealthReport:
    """Let a worker follow what passes until its source ends, the time is up, or somebody presses Ctrl-C; how it was at the end."""
    worker.start()
    worker.follow(tell)
    until_s = clock.monotonic_s() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        while clock.monotonic_s() < until_s and not worker.exhausted():
            time.sleep(max(0.0, min(_PAUSE_S, until_s - clock.monotonic_s())))
    health = worker.health()
    worker.stop()
    return health
