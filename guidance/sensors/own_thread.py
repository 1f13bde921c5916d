"""The life of a thread of one's own: started once, told to stop, waited for, and started again if wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable


class OwnThread:
    """Runs `run` in one thread; it is handed the event that says when to come to its end."""

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self._name, self._run = name, run
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; while it runs, starting again changes nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, args=(self._stopping,), name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Say so and wait for its end; stopping twice is harmless."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
