"""Viewers of a whole server's live feed by websocket, and what they know from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from starlette.testclient import WebSocketTestSession

from tests.builders.application import Server


def watch(server: Server, who: str = "anonymous", query: str = "", **headers: str) -> AbstractContextManager[Any]:
    return server.client.websocket_connect(f"/api/v1/live{query}", headers={**server.as_(who), **headers})


class Picture:
    """What a page knows from the frames so far."""

    def __init__(self, feed: WebSocketTestSession, *, seq: int = -1) -> None:
        self._feed = feed
        self.values: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.epoch, self.seq = "", seq
        self.kinds: list[str] = []
        self.look()

    def look(self) -> None:
        """Take one frame; deltas follow on each other without a gap."""
        frame = self._feed.receive_json()
        self.kinds.append(frame["type"])
        if frame["type"] == "snapshot":
            self.epoch = frame["epoch"]
        else:
            assert frame["seq"] == self.seq + 1
        self.seq = frame["seq"]
        self.values.update(frame["values"])
        self.events += frame["events"]

    def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            self.look()
        raise AssertionError("it never showed")
