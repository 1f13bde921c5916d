"""When changes are sent: a lone one at once, many together, and never faster than they can be sent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from parking.web.live import Delta, LiveHub, View


def everything(_: str) -> bool:
    return True


class Listener:
    """A viewer that keeps what it is given, and takes `slowly_s` seconds each time."""

    def __init__(self, hub: LiveHub, *, slowly_s: float = 0.0) -> None:
        self.messages: list[dict[str, Any]] = []
        self.came: list[float] = []
        self._slowly_s = slowly_s
        self.came_next = asyncio.Event()
        hub.channel(View(everything)).welcome(self, None, None)
        self.messages.clear()  # the snapshot
        self.came.clear()

    def deliver(self, delta: Delta) -> None:
        if self._slowly_s:
            time.sleep(self._slowly_s)  # this is the work of sending, which the next wave waits for
        self.messages.append(json.loads(delta.text))
        self.came.append(time.monotonic())
        self.came_next.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.came_next.clear()
                await self.came_next.wait()


def test_a_lone_change_waits_for_nothing() -> None:
    async def run() -> None:
        hub = LiveHub(coalesce_s=3600)
        listener = Listener(hub)
        hub.put("zone.b1", 1)
        await listener.until(lambda: len(listener.messages) == 1)
        assert listener.messages[0]["values"] == {"zone.b1": 1}

    asyncio.run(run())


def test_what_changes_in_one_breath_travels_together_with_its_newest_values() -> None:
    async def run() -> None:
        hub = LiveHub()
        listener = Listener(hub)
        for number in range(100):
            hub.put(f"zone.{number % 3}", number)
        await listener.until(lambda: bool(listener.messages))
        assert [m["values"] for m in listener.messages] == [{"zone.0": 99, "zone.1": 97, "zone.2": 98}]

    asyncio.run(run())


def test_what_changes_while_others_are_sent_waits_as_long_again_and_travels_together() -> None:
    async def run() -> None:
        hub = LiveHub(coalesce_s=3600)
        listener = Listener(hub, slowly_s=0.02)
        hub.put("zone.b1", 0)
        await listener.until(lambda: len(listener.messages) == 1)
        for number in range(1, 6):
            hub.put("zone.b1", number)
            await asyncio.sleep(0)
        await listener.until(lambda: len(listener.messages) == 2)
        assert listener.messages[1]["values"] == {"zone.b1": 5}
        assert listener.came[1] - listener.came[0] >= 0.04  # the rest, and its own sending

    asyncio.run(run())


def test_one_whose_line_breaks_in_the_middle_stops_nobody_for_good() -> None:
    async def run() -> None:
        hub = LiveHub()
        broken, told = Listener(hub), []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))

        def deliver(delta: Delta) -> None:
            hub.channel(View(everything)).clients.discard(broken)
            raise OSError("its line broke")

        broken.deliver = deliver  # type: ignore[method-assign]
        hub.put("zone.b1", 1)
        while not told:
            await asyncio.sleep(0)
        listener = Listener(hub)
        hub.put("zone.b1", 2)
        await listener.until(lambda: bool(listener.messages))
        assert listener.messages[0]["values"] == {"zone.b1": 2}

    asyncio.run(run())
