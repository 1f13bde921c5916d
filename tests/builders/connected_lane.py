"""A real lane and a real server on one clock: what the lane journals reaches the server, what the server orders reaches its copy."""

from __future__ import annotations

import json
from typing import Any

from parking.access import store as access_store
from parking.access.snapshot import CopyChange
from parking.kernel.codec import decode
from parking.kernel.events import Direction
from tests.builders.gate import LONG_S, LONG_STEP, STEP, LaneStory
from tests.builders.journeys import SiteStory


class ConnectedLane(LaneStory):
    """One lane with a box of its own at a site; `online` False is a cut link: both sides go on, and talk later."""

    def __init__(self, site: SiteStory, lane_id: str, direction: Direction, *, box: str, seed: int, **how: Any) -> None:
        self.site = site
        self.box = box
        self.online = True
        super().__init__(direction, clock=site.clock, lane_id=lane_id, seed=seed, **how)
        self.talk()

    def talk(self) -> None:
        """Journal up, copy down, until neither side has anything new."""
        if not self.online:
            return
        while entries := self.journal.unacknowledged(200):
            said = [decode(json.loads(entry.body)) for entry in entries]
            numbered = [(entry.seq, json.loads(entry.body), one) for entry, one in zip(entries, said, strict=True)]
            self.journal.acknowledge(self.site.hand_in_of(self.box, self.journal.epoch, numbered))
        self.site.application.drain()
        since = self.copy.version
        rows = self.site.database.read(lambda conn: access_store.rows_since(conn, "demo", since))
        if rows:
            self.copy.apply(CopyChange("demo", since, rows[-1].version, tuple(rows)))
        self.step()

    def meanwhile(self, seconds: float) -> None:
        """Time passes, with a word between lane and server as soon as the lane has one, and every ten seconds in any case."""
        pace = STEP if seconds < LONG_S else LONG_STEP
        for second in range(max(1, round(seconds))):
            for _ in range(round(1 / pace.total_seconds())):
                self.step(pace=pace)
            if second % 10 == 0 or self.journal.unacknowledged(1):
                self.talk()
        self.talk()
        self.site.application.drain()
