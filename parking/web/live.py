"""A live feed is one snapshot, then deltas by key. A frame is encoded once per view; a slow client gets the newest state of
each key it missed, never a queue without end, and is closed when it does not even take that.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from secrets import token_hex
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from parking.web.frames import EXTENSION, FrameWriter, text_frame

EVENTS_KEPT = 50
DELTAS_KEPT = 256
FRAMES_WAITING = 16
IDLE_CHANNELS = 16
TRY_AGAIN_LATER = 1013

View = Callable[[str], bool]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _frame(kind: str, head: str, values: Iterable[tuple[str, str]], events: Iterable[str]) -> str:
    inside = ",".join(f"{_json(key)}:{value}" for key, value in values)
    return f'{{"type":"{kind}",{head},"values":{{{inside}}},"events":[{",".join(events)}]}}'


class Delta:
    """One message to all clients of a view: what it changes, its text, and its frame, built when it is first wanted."""

    def __init__(self, text: str, keys: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> None:
        self.text = text
        self.keys = keys
        self.events = events

    @cached_property
    def frame(self) -> bytes:
        return text_frame(self.text)


class LiveHub:
    """The newest value of every key and the last events, for any number of websockets; safe to feed from any thread.

    Changes within `coalesce_s` seconds travel in one delta. A view is a lasting function: clients with the same one share frames.
    """

    def __init__(self, *, coalesce_s: float = 0.02, patience_s: float = 10.0) -> None:
        self.coalesce_s = coalesce_s
        self.patience_s = patience_s
        self.lock = threading.Lock()
        self.values: dict[str, str] = {}
        self.events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self._channels: OrderedDict[tuple[asyncio.AbstractEventLoop, View, bool], Channel] = OrderedDict()

    @property
    def clients(self) -> int:
        """How many websockets are being served."""
        return sum(len(channel.clients) for channel in list(self._channels.values()))

    def put(self, key: str, value: Any) -> None:
        """Set the value (anything JSON) of a key; the same value again is no change."""
        text = _json(value)
        with self.lock:
            if self.values.get(key) != text:
                self.values[key] = text
                self._changed(key=key)

    def remove(self, key: str) -> None:
        """Forget a key; clients see null."""
        with self.lock:
            if self.values.pop(key, None) is not None:
                self._changed(key=key)

    def append(self, item: Any) -> None:
        """Add an item (anything JSON) to the event stream, whose last 50 are kept."""
        text = _json(item)
        with self.lock:
            self.events.append(text)
            self._changed(event=text)

    def _changed(self, key: str | None = None, event: str | None = None) -> None:
        for place, channel in list(self._channels.items()):
            try:
                channel.note(key, event)
            except RuntimeError:  # its event loop has ended
                del self._channels[place]

    def _channel(self, view: View, with_events: bool) -> Channel:
        loop = asyncio.get_running_loop()
        with self.lock:
            place = (loop, view, with_events)
            channel = self._channels.get(place) or Channel(self, loop, view, with_events)
            self._channels[place] = channel
            self._channels.move_to_end(place)
            idle = [p for p, c in self._channels.items() if not c.clients and p != place]
            for old in idle[: max(0, len(idle) - IDLE_CHANNELS)]:
                del self._channels[old]
        return channel

    async def serve(self, websocket: WebSocket, view: View, with_events: bool) -> None:
        """Accept and feed one websocket until it goes; `?epoch=E&since=N` resumes where it left off if still held."""
        await websocket.accept()
        since = websocket.query_params.get("since", "")
        channel = self._channel(view, with_events)
        client = Client(self, channel, websocket)
        channel.welcome(client, websocket.query_params.get("epoch"), int(since) if since.isdecimal() else None)
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass  # clients have nothing to say here
        finally:
            channel.clients.discard(client)
            client.end()


class Channel:
    """All clients of one view on one event loop: their common numbering, deltas and snapshot."""

    def __init__(self, hub: LiveHub, loop: asyncio.AbstractEventLoop, view: View, with_events: bool) -> None:
        self._hub = hub
        self._loop = loop
        self._view = view
        self._with_events = with_events
        self.epoch = token_hex(8)
        self.seq = 0
        self.clients: set[Client] = set()
        self._deltas: deque[tuple[int, Delta]] = deque(maxlen=DELTAS_KEPT)
        self._dirty: dict[str, None] = {}
        self._new_events: list[str] = []
        self._armed = False
        self._snapshot: Delta | None = None

    def note(self, key: str | None, event: str | None) -> None:
        """Remember a change (the hub's lock is held) and see that it is sent soon."""
        if key is not None and self._view(key):
            self._dirty[key] = None
        elif event is not None and self._with_events:
            self._new_events = [*self._new_events[1 - EVENTS_KEPT :], event]
        else:
            return
        self._snapshot = None
        if not self._armed:
            self._loop.call_soon_threadsafe(self._loop.call_later, self._hub.coalesce_s, self.flush)
            self._armed = True

    def flush(self) -> None:
        """Make one delta of what changed and hand it to every client."""
        with self._hub.lock:
            self._armed = False
            keys, self._dirty = tuple(self._dirty), {}
            events, self._new_events = tuple(self._new_events), []
            self.seq += 1
            delta = Delta(self._text(keys, events), keys, events)
            self._deltas.append((self.seq, delta))
        for client in tuple(self.clients):
            client.deliver(delta)

    def _text(self, keys: Iterable[str], events: Iterable[str]) -> str:
        return _frame("delta", f'"seq":{self.seq}', ((key, self._hub.values.get(key, "null")) for key in keys), events)

    def merged(self, keys: Iterable[str], events: Iterable[str]) -> str:
        """One delta with the newest values of `keys`, for a client that missed some."""
        with self._hub.lock:
            return self._text(keys, events)

    def welcome(self, client: Client, epoch: str | None, since: int | None) -> None:
        """Let a client in and send what it needs first: the deltas it missed if all are held, or else a snapshot."""
        with self._hub.lock:
            self.clients.add(client)
            missed = [delta for seq, delta in self._deltas if since is not None and seq > since]
            if epoch != self.epoch or since is None or len(missed) != self.seq - since or len(missed) > FRAMES_WAITING:
                missed = [self._snapshot or self._take_snapshot()]
        for delta in missed:
            client.deliver(delta)

    def _take_snapshot(self) -> Delta:
        seen = ((key, value) for key, value in self._hub.values.items() if self._view(key))
        head = f'"epoch":"{self.epoch}","seq":{self.seq}'
        self._snapshot = Delta(_frame("snapshot", head, seen, self._hub.events if self._with_events else ()))
        return self._snapshot


class Client:
    """One websocket. While it takes what it is given, frames go straight through; else they wait in a short queue, and what
    does not fit there is merged by key.
    """

    def __init__(self, hub: LiveHub, channel: Channel, websocket: WebSocket) -> None:
        self._hub = hub
        self._channel = channel
        self._websocket = websocket
        self._direct: FrameWriter | None = websocket.scope.get("extensions", {}).get(EXTENSION)
        self._waiting: deque[Delta] = deque()
        self._keys: dict[str, None] = {}
        self._events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self._behind = False
        self._catching_up: asyncio.Task[None] | None = None

    def deliver(self, delta: Delta) -> None:
        """Send one delta now or as soon as the client takes it; behind a full queue only the newest values are remembered."""
        if self._direct is not None and self._catching_up is None and self._direct.ready():
            self._direct.write_frame(delta.frame)
            return
        if self._behind or len(self._waiting) >= FRAMES_WAITING:
            self._behind = True
            self._keys.update(dict.fromkeys(delta.keys))
            self._events.extend(delta.events)
        else:
            self._waiting.append(delta)
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    def end(self) -> None:
        """The websocket is gone."""
        if self._catching_up is not None:
            self._catching_up.cancel()

    def _next(self) -> str | None:
        if self._waiting:
            return self._waiting.popleft().text
        if not self._behind:
            return None
        text = self._channel.merged(self._keys, self._events)
        self._keys, self._behind = {}, False
        self._events.clear()
        return text

    async def _catch_up(self) -> None:
        """Send what waits; a client that takes nothing for `patience_s` seconds is closed with 1013."""
        with suppress(WebSocketDisconnect, RuntimeError):  # gone: `serve` sees it too
            while (text := self._next()) is not None:
                try:
                    await asyncio.wait_for(self._websocket.send_text(text), self._hub.patience_s)
                except TimeoutError:
                    await self._give_up()
                    return  # and stay "catching up": nothing more is sent
            self._catching_up = None

    async def _give_up(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._websocket.close(TRY_AGAIN_LATER), 1)
            return
        if self._direct is not None:  # it does not even take the word that it is closed
            self._direct.abort()
