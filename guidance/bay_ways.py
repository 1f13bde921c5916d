"""Ways from a lane to a free bay: the map's times, the claims of those who are under way, and the way itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guidance.free_bays import Claim, Seconds, Wish, best_bay, best_zone
from guidance.healing import BayView, UsableView
from parking.kernel.errors import not_found
from parking.kernel.ids import BayId, Ids, ZoneId
from parking.site.graph import Graph
from parking.site.model import LaneKind, SiteMap
from parking.site.plan import BayKind, Level
from parking.site.route import Route, Step, route, steps, times_from

CLAIM_LEAST, CLAIM_SHARE = timedelta(minutes=2), 1.5
CLAIMS_MOST = 5000


@dataclass(frozen=True, slots=True)
class BayWay:
    """Where to drive: `known` is bay, zone (no bay of it is seen), full or unknown; `walk_s` from there to the entrance, None: no way."""

    code: str
    known: str
    until: datetime
    bay_id: BayId | None = None
    kind: BayKind | None = None
    zone_id: ZoneId | None = None
    level: Level | None = None
    way: Route | None = None
    steps: tuple[Step, ...] = ()
    walk_s: float | None = None


@dataclass(slots=True)
class BayWays:
    """One site's ways to free bays; claims are kept in memory, for as long as a drive takes."""

    site: SiteMap
    drive: Graph
    walk: Graph
    ids: Ids
    _claims: dict[str, Claim] = field(default_factory=dict)
    _times: dict[tuple[int, str], list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lead(
        self,
        bays: Mapping[BayId, BayView],
        zones: Mapping[ZoneId, UsableView],
        now: datetime,
        *,
        lane: str = "",
        entrance: str = "",
        wish: Wish = Wish.ORDINARY,
        code: str = "",
    ) -> BayWay:
        """A way for one driver; with the `code` of an earlier one, that one is given up. ParkingError names what there is not."""
        start, goals = self._start(lane), self._goals(entrance)
        with self._lock:
            self._claims = {
                c.code: c for c in self._claims.values() if c.until > now and c.code != code and not _is_parked(c, bays)
            }
            claims = list(self._claims.values())
            seconds = self._seconds(start, goals)
            chosen = best_bay(list(bays.values()), claims, seconds, wish)
            code = code or self.ids.new(now)
            if chosen is not None:
                found = self._to_bay(code, now, chosen, start, goals)
            elif wish in (Wish.ORDINARY, Wish.LARGE):
                found = self._to_zone(code, now, bays, zones, claims, seconds, start, goals)
            else:
                found = BayWay(code, "full" if any(z.zone.known for z in zones.values()) else "unknown", now)
            if found.zone_id is not None and len(self._claims) < CLAIMS_MOST:
                self._claims[code] = Claim(code, found.bay_id, found.zone_id, found.until)
        return found

    def _start(self, lane: str) -> str:
        entries = [one.id for one in self.site.lanes if one.kind is LaneKind.ENTRY]
        if lane and lane not in entries:
            raise not_found("site.lane_unknown", f"this site has no way in called {lane!r}")
        return f"lane:{lane or (entries[0] if entries else '')}"

    def _goals(self, entrance: str) -> tuple[str, ...]:
        known = [e.id for e in self.site.plan.entrances]
        if entrance and entrance not in known:
            raise not_found("site.entrance_unknown", f"this site has no entrance {entrance!r}")
        return tuple(f"entrance:{e}" for e in ([entrance] if entrance else known))

    def _time(self, graph: Graph, start: str, goal: str) -> float:
        key = (id(graph), start)
        if key not in self._times:
            self._times[key] = times_from(graph, start)
        access = graph.spots.get(goal)
        return float("inf") if access is None else self._times[key][access.node]

    def _walk_s(self, goals: tuple[str, ...], bay_id: BayId) -> float:
        """From the entrance back to the bay: people walk both ways."""
        return min((self._time(self.walk, goal, f"bay:{bay_id}") for goal in goals), default=0.0)

    def _seconds(self, start: str, goals: tuple[str, ...]) -> Seconds:
        drawn = start in self.drive.spots

        def seconds(bay_id: BayId) -> float:
            driving = self._time(self.drive, start, f"bay:{bay_id}") if drawn else 0.0
            walking = self._walk_s(goals, bay_id)
            return driving + (walking if walking < float("inf") else 0.0)

        return seconds

    def _to_bay(self, code: str, now: datetime, bay: BayView, start: str, goals: tuple[str, ...]) -> BayWay:
        return self._found(code, "bay", now, bay.zone_id, bay.bay_id, bay.kind, start, goals)

    def _to_zone(
        self,
        code: str,
        now: datetime,
        bays: Mapping[BayId, BayView],
        zones: Mapping[ZoneId, UsableView],
        claims: list[Claim],
        seconds: Seconds,
        start: str,
        goals: tuple[str, ...],
    ) -> BayWay:
        """A zone whose counter says that there is room in bays that nobody sees."""
        unseen = {
            zone: view.usable for zone, view in zones.items() if view.zone.known and view.seen < view.zone.capacity
        }
        nearest = {zone: self._nearest_unseen(zone, bays, seconds) for zone in unseen}
        costs = {zone: seconds(bay) for zone, bay in nearest.items() if bay is not None}
        zone = best_zone(unseen, claims, costs)
        if zone is None:
            return BayWay(code, "full" if any(z.zone.known for z in zones.values()) else "unknown", now)
        return self._found(code, "zone", now, zone, nearest[zone], None, start, goals)

    def _nearest_unseen(self, zone: ZoneId, bays: Mapping[BayId, BayView], seconds: Seconds) -> BayId | None:
        own = [b for b in self.site.zone(zone).bays if b in bays and bays[b].occupied is None]
        return min(own, key=lambda b: (seconds(b), b), default=None)

    def _found(
        self,
        code: str,
        known: str,
        now: datetime,
        zone_id: ZoneId,
        bay_id: BayId | None,
        kind: BayKind | None,
        start: str,
        goals: tuple[str, ...],
    ) -> BayWay:
        way = route(self.drive, start, f"bay:{bay_id}") if bay_id is not None else None
        takes = timedelta(seconds=way.seconds if way is not None else 60.0)
        walk_s = self._walk_s(goals, bay_id) if bay_id is not None and goals else float("inf")
        level_id = self.site.zone(zone_id).level
        return BayWay(
            code,
            known,
            now + CLAIM_LEAST + takes * CLAIM_SHARE,
            bay_id if known == "bay" else None,
            kind,
            zone_id,
            next((level for level in self.site.plan.levels if level.id == level_id), None),
            way,
            steps(way) if way is not None else (),
            walk_s if walk_s < float("inf") else None,
        )


def _is_parked(claim: Claim, bays: Mapping[BayId, BayView]) -> bool:
    """The bay is seen taken: whoever was on his way there has come, or has lost it."""
    bay = bays.get(claim.bay_id) if claim.bay_id is not None else None
    return bay is not None and bay.occupied is True
