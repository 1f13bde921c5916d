"""How the traffic at the lanes flows, from the cars that passed lately. Pure; unknown until it has listened for long enough.

Busy is a lane that lets nearly as many cars through as a lane can; slow one that cannot (closed, faulty) while others serve.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parking.kernel.ids import LaneId
from parking.site.model import LaneKind

WINDOW = timedelta(minutes=10)
BUSY_AN_HOUR = 180
"""Cars an hour and lane from which there is a queue before it: a ticket lane clears about 240."""
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Flow:
    """One way through the lanes of a kind: `state` flowing, busy, slow (a lane does not serve), closed (none does) or unknown."""

    state: str
    an_hour: int | None
    lanes: int
    serving: int


@dataclass(slots=True)
class Passages:
    """The cars of the last minutes, lane by lane; an event that comes twice counts once."""

    since: datetime
    _seen: deque[tuple[datetime, LaneId, str]] = field(default_factory=deque)
    _ids: set[str] = field(default_factory=set)

    def note(self, event_id: str, lane_id: LaneId, at: datetime) -> None:
        """A car has passed a lane."""
        if event_id in self._ids:
            return
        self._ids.add(event_id)
        self._seen.append((at, lane_id, event_id))
        while len(self._seen) > MOST_KEPT or (self._seen and at - self._seen[0][0] > 2 * WINDOW):
            self._ids.discard(self._seen.popleft()[2])

    def flow(self, lanes: Sequence[LaneId], troubled: Mapping[LaneId, bool], now: datetime) -> Flow:
        """How it flows over these lanes; `troubled` says which of them cannot serve."""
        serving = [lane for lane in lanes if not troubled.get(lane, False)]
        if not lanes:
            return Flow("unknown", None, 0, 0)
        passed = sum(lane in lanes and timedelta(0) <= now - at <= WINDOW for at, lane, _ in list(self._seen))
        an_hour = round(passed * (timedelta(hours=1) / WINDOW))
        if not serving:
            return Flow("closed", an_hour, len(lanes), 0)
        if now - self.since < WINDOW / 2:
            return Flow("unknown", None, len(lanes), len(serving))
        if an_hour >= BUSY_AN_HOUR * len(serving):
            return Flow("busy", an_hour, len(lanes), len(serving))
        return Flow("slow" if len(serving) < len(lanes) else "flowing", an_hour, len(lanes), len(serving))


KINDS: Mapping[str, LaneKind] = {"into": LaneKind.ENTRY, "out": LaneKind.EXIT}
