"""The threads of a simulated company: one that answers on its socket, and one that tells merchants what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from socketserver import BaseServer

import httpx

_LOOK_S = 0.2


class CompanyThreads:
    """Runs until `stop`; `client` is what the company calls merchants with, `stopping` cuts every wait short."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self.client = httpx.Client(timeout=5.0, trust_env=False)
        self._name = name
        self._server: BaseServer | None = None
        self._threads: list[threading.Thread] = []

    def start(self, server: BaseServer, deliver: Callable[[], object] | None) -> None:
        """Serve, and call `deliver` again and again; None: somebody else does, so that tests choose the moment."""
        self._server = server
        self._run(lambda: server.serve_forever(poll_interval=0.05), self._name)
        if deliver is not None:
            self._run(lambda: self._deliver_for_ever(deliver), f"{self._name}-callbacks")

    def stop(self) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join()
        self.client.close()

    def _run(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _deliver_for_ever(self, deliver: Callable[[], object]) -> None:
        while not self.stopping.wait(_LOOK_S):
            deliver()
