"""An operator's eyes for the demo: logs in, reads the API, listens to the live feed, all over the public wire."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

Listener = Callable[[dict[str, Any]], None]


class OperatorClient:
    """A logged-in operator; every call raises httpx.HTTPError when the server does not play along."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url
        self._credentials = {"username": username, "password": password}
        self._http = httpx.Client(base_url=url, headers={"Origin": url}, timeout=30.0)

    def log_in(self) -> None:
        self._http.post("/api/v1/auth/login", json=self._credentials).raise_for_status()

    def get(self, path: str, **query: Any) -> Any:
        try:
            reply = self._http.get(f"/api/v1{path}", params=query)
        except httpx.TransportError:  # the server may just have closed an idle connection: asking twice is harmless
            reply = self._http.get(f"/api/v1{path}", params=query)
        reply.raise_for_status()
        return reply.json()

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        reply = self._http.post(f"/api/v1{path}", json=body, headers=headers)
        reply.raise_for_status()
        return reply.json()

    def is_ready(self) -> bool:
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())

    def feed(self) -> LiveFeed:
        """Start listening to the live feed."""
        return LiveFeed(self._url, self.cookie_header())

    def close(self) -> None:
        self._http.close()


class LiveFeed:
    """What the live feed has said so far; reconnects by itself and resumes where it left off."""

    def __init__(self, url: str, cookie: str) -> None:
        self._address = url.replace("http", "ws", 1) + "/api/v1/live"
        self._headers = {"Cookie": cookie, "Origin": url}
        self.values: dict[str, Any] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=5000)
        self.history: dict[str, list[Any]] = {}
        self.gaps = 0
        self._seen: set[str] = set()
        self._epoch, self._seq = "", -1
        self._listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-feed", daemon=True)
        self._thread.start()

    def on_event(self, listener: Listener) -> None:
        """Call `listener` with every new event, in the feed's thread."""
        self._listeners.append(listener)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            query = f"?epoch={self._epoch}&since={self._seq}" if self._epoch else ""
            with (
                contextlib.suppress(OSError, WebSocketException, TimeoutError),
                connect(self._address + query, additional_headers=self._headers, open_timeout=20) as socket,
            ):
                while not self._stopping.is_set():
                    with contextlib.suppress(TimeoutError):
                        self._take(json.loads(socket.recv(timeout=0.5)))
            self._stopping.wait(0.3)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self._epoch = frame["epoch"]
        elif frame["seq"] != self._seq + 1:
            self.gaps += 1
        self._seq = frame["seq"]
        self.values.update(frame["values"])
        for key, value in frame["values"].items():
            self.history.setdefault(key, []).append(value)
        for event in frame["events"]:
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                self.events.append(event)
                for listener in self._listeners:
                    listener(event)
