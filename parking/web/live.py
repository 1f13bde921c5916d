"""A live feed is one snapshot, then deltas by key. Whoever asks for the same topics with the same right is sent the same bytes,
made once; changes that come faster than they can be sent travel together.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from secrets import token_hex
from typing import Any, Protocol

from parking.web.frames import text_frame

EVENTS_KEPT = 50
DELTAS_KEPT = 256
RESUMED_MOST = 16
IDLE_CHANNELS = 64
SITE = "site"
_REST = 1.0  # as long again: sending takes half of the event loop at most, however much changes


@dataclass(frozen=True, slots=True)
class View:
    """What one sort of viewer gets: of the `topics` asked for, what `may` lets him see, and with `events` the stream of events.

    `may` is a lasting function: viewers with equal views share every frame.
    """

    may: Callable[[str], bool]
    topics: frozenset[str] = frozenset({SITE})
    events: bool = False


class Viewer(Protocol):
    """Whoever is sent deltas."""

    def deliver(self, delta: Delta) -> None: ...


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _text(kind: str, head: str, values: Iterable[tuple[str, str]], events: Iterable[str]) -> str:
    inside = ",".join(f"{_json(key)}:{value}" for key, value in values)
    return f'{{"type":"{kind}",{head},"values":{{{inside}}},"events":[{",".join(events)}]}}'


class Delta:
    """One message to all viewers of a view: what it changes, its text, and the bytes of both transports, made when first wanted."""

    def __init__(self, text: str, mark: str, keys: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> None:
        self.text = text
        self.mark = mark
        self.keys = keys
        self.events = events

    @cached_property
    def frame(self) -> bytes:
        """A websocket frame."""
        return text_frame(self.text)

    @cached_property
    def lines(self) -> bytes:
        """A server-sent event; its id says where to resume."""
        return f"id: {self.mark}\ndata: {self.text}\n\n".encode()


class LiveHub:
    """The newest value of every key and the last events, for any number of viewers; safe to feed from any thread.

    `topics_of` names the topics of a key. A change is sent at once; while sending takes its time, further changes wait together,
    `coalesce_s` seconds at most. Whoever takes nothing for `patience_s` seconds is let go.
    """

    def __init__(
        self,
        topics_of: Callable[[str], Iterable[str]] = lambda _: (SITE,),
        *,
        coalesce_s: float = 0.02,
        patience_s: float = 10.0,
    ) -> None:
        self.coalesce_s = coalesce_s
        self.patience_s = patience_s
        self.lock = threading.Lock()
        self.values: dict[str, str] = {}
        self.events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self.endings: set[Callable[[], None]] = set()
        self._topics_of = topics_of
        self._topics: dict[str, tuple[str, ...]] = {}
        self._waves: dict[asyncio.AbstractEventLoop, _Wave] = {}
        self._channels: OrderedDict[tuple[asyncio.AbstractEventLoop, View], Channel] = OrderedDict()
        self._by_topic: dict[str, dict[Channel, None]] = {}

    @property
    def viewers(self) -> list[Viewer]:
        """Everybody who is being served."""
        with self.lock:
            return [viewer for channel in self._channels.values() for viewer in tuple(channel.clients)]

    @property
    def clients(self) -> int:
        """How many are being served."""
        return len(self.viewers)

    def put(self, key: str, value: Any) -> None:
        """Set the value (anything JSON) of a key; the same value again is no change."""
        text = _json(value)
        with self.lock:
            if self.values.get(key) != text:
                self.values[key] = text
                self._changed(key)

    def remove(self, key: str) -> None:
        """Forget a key; viewers see null."""
        with self.lock:
            if self.values.pop(key, None) is not None:
                self._changed(key)

    def append(self, item: Any) -> None:
        """Add an item (anything JSON) to the event stream, whose last 50 are kept."""
        text = _json(item)
        with self.lock:
            self.events.append(text)
            for channel in list(self._channels.values()):
                if channel.view.events:
                    self._note(channel, event=text)

    def close(self) -> None:
        """The server is about to stop: streams that would hold it up come to their end."""
        for end in tuple(self.endings):
            end()

    def topics(self, key: str) -> tuple[str, ...]:
        """The topics of a key."""
        found = self._topics.get(key)
        if found is None:
            found = self._topics[key] = tuple(self._topics_of(key))
        return found

    def _changed(self, key: str) -> None:
        for topic in self.topics(key):
            for channel in tuple(self._by_topic.get(topic, ())):
                if channel.view.may(key):
                    self._note(channel, key=key)

    def _note(self, channel: Channel, key: str | None = None, event: str | None = None) -> None:
        try:
            channel.note(key, event)
        except RuntimeError:  # its event loop has ended
            self._drop(channel)

    def channel(self, view: View) -> Channel:
        """The channel of a view on the running event loop."""
        loop = asyncio.get_running_loop()
        with self.lock:
            place = (loop, view)
            channel = self._channels.get(place)
            if channel is None:
                wave = self._waves.setdefault(loop, _Wave(loop, self))
                channel = self._channels[place] = Channel(self, wave, view)
                for topic in view.topics:
                    self._by_topic.setdefault(topic, {})[channel] = None
            self._channels.move_to_end(place)
            idle = [c for c in self._channels.values() if not c.clients and c is not channel]
            for old in idle[: max(0, len(idle) - IDLE_CHANNELS)]:
                self._drop(old)
        return channel

    def _drop(self, channel: Channel) -> None:
        loop = channel.wave.loop
        self._channels.pop((loop, channel.view), None)
        for topic in channel.view.topics:
            wanting = self._by_topic.get(topic, {})
            wanting.pop(channel, None)
            if not wanting:
                self._by_topic.pop(topic, None)
        if not any(place[0] is loop for place in self._channels):
            self._waves.pop(loop, None)


class _Wave:
    """Sends what changed on one event loop, channel by channel; rests between two waves as long as the last one took."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hub: LiveHub) -> None:
        self.loop = loop
        self._hub = hub
        self._wanted: dict[Channel, None] = {}
        self._busy = False
        self._rested_at = 0.0

    def want(self, channel: Channel) -> None:
        """See that the channel's changes are sent soon (the hub's lock is held)."""
        self._wanted[channel] = None
        if not self._busy:
            self.loop.call_soon_threadsafe(self._begin)
            self._busy = True

    def _begin(self) -> None:
        wait = self._rested_at - time.monotonic()
        if wait > 0:
            self.loop.call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        began = time.monotonic()
        self.loop.call_soon(self._settle, began)  # next turn: all is written then, even if somebody's line breaks here
        with self._hub.lock:
            made = [(channel, channel.make()) for channel in self._wanted]
            self._wanted = {}
        for channel, delta in made:
            for client in tuple(channel.clients):
                client.deliver(delta)

    def _settle(self, began: float) -> None:
        now = time.monotonic()
        rest = min(self._hub.coalesce_s, (now - began) * _REST)
        self._rested_at = now + rest
        with self._hub.lock:
            self._busy = bool(self._wanted)
        if self._busy:
            self.loop.call_later(rest, self._send)


class Channel:
    """All viewers of one view on one event loop: their common numbering, deltas and snapshot."""

    def __init__(self, hub: LiveHub, wave: _Wave, view: View) -> None:
        self.view = view
        self.wave = wave
        self.epoch = token_hex(8)
        self.seq = 0
        self.clients: set[Viewer] = set()
        self._hub = hub
        self._deltas: deque[Delta] = deque(maxlen=DELTAS_KEPT)
        self._dirty: dict[str, None] = {}
        self._new_events: list[str] = []
        self._snapshot: Delta | None = None

    def note(self, key: str | None, event: str | None) -> None:
        """Remember a change that this view sees (the hub's lock is held)."""
        if key is not None:
            self._dirty[key] = None
        if event is not None:
            self._new_events = [*self._new_events[1 - EVENTS_KEPT :], event]
        self._snapshot = None
        self.wave.want(self)

    def make(self) -> Delta:
        """One delta of what changed (the hub's lock is held)."""
        keys, self._dirty = tuple(self._dirty), {}
        events, self._new_events = tuple(self._new_events), []
        self.seq += 1
        delta = self._delta(keys, events)
        self._deltas.append(delta)
        return delta

    def _delta(self, keys: tuple[str, ...], events: tuple[str, ...]) -> Delta:
        values = ((key, self._hub.values.get(key, "null")) for key in keys)
        return Delta(_text("delta", f'"seq":{self.seq}', values, events), self._mark, keys, events)

    @property
    def _mark(self) -> str:
        return f"{self.epoch}.{self.seq}"

    def merged(self, keys: Iterable[str], events: Iterable[str]) -> Delta:
        """One delta with the newest values of `keys`, for a viewer who missed some."""
        with self._hub.lock:
            return self._delta(tuple(keys), tuple(events))

    def welcome(self, viewer: Viewer, epoch: str | None, since: int | None) -> None:
        """Let a viewer in and send what he needs first: the deltas he missed if all are held, or else a snapshot."""
        with self._hub.lock:
            self.clients.add(viewer)
            first = self._missed(self.seq - since) if epoch == self.epoch and since is not None else None
            if first is None:
                first = [self._snapshot or self._take_snapshot()]
        for delta in first:
            viewer.deliver(delta)

    def _missed(self, count: int) -> list[Delta] | None:
        if not 0 <= count <= min(len(self._deltas), RESUMED_MOST):
            return None
        return list(self._deltas)[len(self._deltas) - count :]

    def _take_snapshot(self) -> Delta:
        view, topics = self.view, self._hub.topics
        seen = (
            (key, value)
            for key, value in self._hub.values.items()
            if not view.topics.isdisjoint(topics(key)) and view.may(key)
        )
        head = f'"epoch":"{self.epoch}","seq":{self.seq}'
        text = _text("snapshot", head, seen, self._hub.events if view.events else ())
        self._snapshot = Delta(text, self._mark)
        return self._snapshot
