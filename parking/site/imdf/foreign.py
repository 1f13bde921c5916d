"""What a stranger's archive says in its own way: rooms, how a bay lies, names used twice, and the ways on foot. Pure.

One walks from the middle of a room to its openings, and through them into the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from math import atan2, degrees
from typing import Any, Protocol

from parking.kernel.ids import LevelId
from parking.site.geometry import apart, from_edge, inside, middle
from parking.site.imdf.words import Feature, to_metres
from parking.site.plan import BayKind, Level, Link, Point, Use, Way

_WALKED = frozenset({"walkway", "lobby", "room", "road", "ramp", "parking", "foyer", "unspecified", "footbridge"})
_ROOM_M2, _AT_DOOR_M = 40.0, 0.6
"""A parking unit larger than this is a hall, not a bay."""
_CROOKED_DEG = 1.0  # by so little a drawing is crooked, not the bay


class Source(Protocol):
    """The archive as its reader sees it."""

    @property
    def anchor(self) -> Point: ...
    def features(self, kind: str) -> Iterator[Feature]: ...
    def ring(self, kind: str, feature: Feature) -> tuple[Point, ...]: ...
    def level_of(self, kind: str, feature: Feature) -> Level: ...


def foreign_ways(source: Source, units: Iterable[Feature], links: Sequence[Link]) -> tuple[Way, ...]:
    """A line from the middle of every room to each of its doors, and to each lift, stairs and ramp that stands in it."""
    doors: dict[LevelId, list[Point]] = defaultdict(list)
    for opening in source.features("opening"):
        line = (opening.get("geometry") or {}).get("coordinates") or []
        level = source.level_of("opening", opening)
        if len(line) >= 2:
            doors[level.id].append(middle([to_metres(source.anchor, p) for p in line]))
    for link in links:
        for stop in link.stops:
            doors[stop.level_id].append(stop.at)
    ways: list[Way] = []
    for unit in units:
        if unit["properties"].get("category") not in _WALKED:
            continue
        ring, level = source.ring("unit", unit), source.level_of("unit", unit)
        if unit["properties"].get("category") == "parking" and not is_hall(ring):
            continue
        centre = middle(ring)
        for door in doors[level.id]:
            at_it = from_edge(ring, door) <= _AT_DOOR_M or inside(ring, door)
            if at_it and apart(centre, door) > 0.01:
                ways.append(Way(f"way-{len(ways)}", level.id, Use.BOTH, (centre, door)))
    return tuple(ways)


def is_hall(ring: Sequence[Point]) -> bool:
    """Whether a parking unit is so large that it is the room in which bays are."""
    return _area(ring) >= _ROOM_M2


def heading_of(ring: Sequence[Point]) -> float:
    """How a bay lies: the way along its longest side, 0 (north) to 180 degrees; its nose may be at either end."""
    (x1, y1), (x2, y2) = max(zip(ring, [*ring[1:], ring[0]], strict=True), key=lambda side: apart(*side))
    heading = degrees(atan2(x2 - x1, y2 - y1)) % 180
    upright = round(heading / 90) * 90.0
    return (upright if abs(heading - upright) <= _CROOKED_DEG else round(heading, 1)) % 180


def distinct(ident: str, taken: Collection[str], level_id: str) -> str:
    """The name, or one with its level or a number where another has it: many lifts are called Lift, and many bays 1."""
    tries = chain((ident, f"{level_id}-{ident}"[:40]), (f"{ident[:36]}-{number}" for number in count(2)))
    return next(one for one in tries if one not in taken)


def _area(ring: Sequence[Point]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def foreign_kind(said: Mapping[str, Any], charging: bool) -> BayKind:
    """What a parking unit is for, from the standard's own words."""
    if "wheelchair" in (said.get("accessibility") or []):
        return BayKind.ACCESSIBLE
    if charging:
        return BayKind.EV
    if said.get("restriction") == "employeesonly":
        return BayKind.LEASED
    return BayKind.RESERVED if said.get("restriction") else BayKind.ORDINARY
