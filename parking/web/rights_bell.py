"""Rings when rights may have ended: whoever keeps a connection open looks at its right again at once, not at the next round."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class RightsBell:
    """Safe to ring from any thread; heard on any event loop of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard_by: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        """Wake everybody who listens."""
        with self._lock:
            listening = list(self._heard_by.items())
        for rung, loop in listening:
            with suppress(RuntimeError):  # its event loop has ended
                loop.call_soon_threadsafe(rung.set)

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """An event that is set at each ring; whoever clears it before looking misses none."""
        rung = asyncio.Event()
        with self._lock:
            self._heard_by[rung] = asyncio.get_running_loop()
        try:
            yield rung
        finally:
            with self._lock:
                del self._heard_by[rung]
