"""Reads a neighbour's feed over HTTP: JSON of a bounded size within a bounded time; trouble is told, and what was known grows old."""

from __future__ import annotations

import json
from typing import Any

import httpx
import structlog

from guidance.next_door import Feed, NextDoor

MOST_BYTES = 4 * 1024 * 1024
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
_log = structlog.get_logger(__name__)


def client() -> httpx.Client:
    """Feeds are read where the settings say, and nowhere else: no redirects."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, headers={"Accept": "application/json"})


def poll(door: NextDoor, feed: Feed, http: httpx.Client) -> None:
    """One look at a feed; a feed that cannot be read, or a row that makes no sense, is one line in the log."""
    try:
        said = _read(http, feed.url)
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        door.failed(feed, type(error).__name__)
        _log.warning("feed not read", feed=feed.id, error=type(error).__name__)
        return
    health = door.hear(feed, said)
    if health.bad:
        _log.warning("feed with bad rows", feed=feed.id, bad=len(health.bad), row=health.bad[0].row)


def _read(http: httpx.Client, url: str) -> Any:
    with http.stream("GET", url) as reply:
        reply.raise_for_status()
        taken = bytearray()
        for part in reply.iter_bytes():
            taken += part
            if len(taken) > MOST_BYTES:
                raise ValueError("the feed is too long")
    return json.loads(taken)
