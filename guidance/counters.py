"""Counting by passages: occupied = entries - exits + recorded adjustments, told in the order in which things happened.

Pure. The state is a fold over the movements sorted by (time, event id), so it does not matter in which order they arrive
or how often. A count that cannot be true is corrected to the nearest possible one, and the correction is recorded as drift:
from then on the zone is *not known* until a person states what is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from parking.kernel.ids import ZoneId


def overfull_slack(capacity: int) -> int:
    """How many vehicles may look for a bay in a full zone before the count is impossible: 5 % of the bays, at least 2."""
    return max(2, capacity // 20)


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one zone: `delta` vehicles by a passage, or `stated`: a person says how many are there."""

    at: datetime
    event_id: str
    delta: int = 0
    stated: int | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands in the order of things."""
        return self.at, self.event_id


@dataclass(frozen=True, slots=True)
class Count:
    """What is known of one zone; `vehicles` may exceed the capacity a little while drivers still look for a bay.

    `stated` says that counting began from a known number; `drift` sums the corrections (absolute) since the last statement.
    """

    capacity: int
    vehicles: int = 0
    stated: bool = False
    drift: int = 0

    @property
    def occupied(self) -> int:
        """Occupied bays, 0 to capacity."""
        return min(self.vehicles, self.capacity)

    @property
    def free(self) -> int:
        """Free bays, 0 to capacity."""
        return self.capacity - self.occupied

    @property
    def known(self) -> bool:
        """Whether the counter vouches for the number."""
        return self.stated and self.drift == 0


def move(count: Count, movement: Movement) -> tuple[Count, int]:
    """The count after the movement, and the correction that was needed to keep it possible (0 when none was)."""
    if movement.stated is not None:
        return replace(count, vehicles=movement.stated, stated=True, drift=0), 0
    wanted = count.vehicles + movement.delta
    possible = min(max(wanted, 0), count.capacity + overfull_slack(count.capacity))
    correction = possible - wanted
    return replace(count, vehicles=possible, drift=count.drift + abs(correction)), correction


def fold(start: Count, movements: Iterable[Movement]) -> Count:
    """The count after all movements, taken in the order of their places."""
    count = start
    for movement in sorted(movements, key=lambda m: m.place):
        count, _ = move(count, movement)
    return count


@dataclass(slots=True)
class _Log:
    start: Count
    movements: list[Movement] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)  # counts[i] is the state after movements[i]
    seen: set[str] = field(default_factory=set)

    def add(self, movement: Movement) -> bool:
        if movement.event_id in self.seen:
            return False
        self.seen.add(movement.event_id)
        position = bisect_left(self.movements, movement.place, key=lambda m: m.place)
        self.movements.insert(position, movement)
        del self.counts[position:]
        for later in self.movements[position:]:
            self.counts.append(move(self.counts[-1] if self.counts else self.start, later)[0])
        return True


class Counters:
    """All zones of a site in memory, with their logs: the reference that the stored counters are held against."""

    def __init__(self, starts: Mapping[ZoneId, Count]) -> None:
        self._logs = {zone_id: _Log(start) for zone_id, start in starts.items()}

    def apply(self, event_id: str, at: datetime, from_zone: ZoneId | None, to_zone: ZoneId | None) -> bool:
        """Count one passage out of `from_zone` into `to_zone` (None is the street); False when it was counted before."""
        new = False
        if from_zone is not None:
            new |= self._logs[from_zone].add(Movement(at, event_id, -1))
        if to_zone is not None:
            new |= self._logs[to_zone].add(Movement(at, event_id, +1))
        return new

    def state(self, event_id: str, at: datetime, zone_id: ZoneId, occupied: int) -> bool:
        """Record that a person saw `occupied` bays taken; ValueError outside 0 to capacity."""
        if not 0 <= occupied <= self._logs[zone_id].start.capacity:
            raise ValueError("occupied lies between 0 and the capacity")
        return self._logs[zone_id].add(Movement(at, event_id, stated=occupied))

    def count(self, zone_id: ZoneId) -> Count:
        """The present count of a zone."""
        log = self._logs[zone_id]
        return log.counts[-1] if log.counts else log.start

    def log(self, zone_id: ZoneId) -> tuple[Movement, ...]:
        """Every movement of a zone in the order of its place."""
        return tuple(self._logs[zone_id].movements)
