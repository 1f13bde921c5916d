"""The car park next door to the demo mall: its feed, the sign at the approach that speaks of it, and its own guests who come and go."""

from __future__ import annotations

import random
import threading

from hardware_sim.devices.neighbour_lot import NeighbourFeedSim, SimulatedLot
from hardware_sim.devices.text_board import TextBoardBox
from parking.kernel.clock import Clock

LOT, CAPACITY, FREE_AT_FIRST = "riverside-p1", 120, 46
GUEST_EVERY_S = 4.0


class CarParkNextDoor:
    """`start` listens and lets guests come and go until `stop`."""

    def __init__(self, clock: Clock, *, host: str, feed_port: int, sign_port: int, seed: int) -> None:
        self.feed = NeighbourFeedSim(
            clock, "park_api", SimulatedLot(LOT, CAPACITY, FREE_AT_FIRST), host=host, port=feed_port
        )
        self.sign = TextBoardBox("approach-1", clock)
        self._sign_address = (host, sign_port)
        self._random = random.Random(seed)  # noqa: S311 - traffic, not secrets
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guests, name="next-door", daemon=True)

    def start(self) -> None:
        self.feed.start()
        self.sign.start(*self._sign_address)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.feed.stop()
        self.sign.stop()

    def state(self) -> dict[str, object]:
        """What truly stands there, and what the sign shows."""
        return {"free": self.feed.lots[LOT].free, "sign": self.sign.text, "faults": sorted(self.feed.faults)}

    def _guests(self) -> None:
        while not self._stopping.wait(GUEST_EVERY_S):
            if self._random.random() < 0.5:
                self.feed.park(LOT)
            else:
                self.feed.leave(LOT)
