"""Which free bay suits a driver who comes in, so that not everybody is led to the same one. Pure.

The bay that is soonest, driving and then on foot to the wanted entrance, among those seen free and not led to just now. A claim is soft
and short: it keeps the next driver away for as long as the way takes, never a car out. Where no bay is seen, a zone with room is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from parking.kernel.ids import BayId, ZoneId
from parking.site.plan import BayKind


class SeenBay(Protocol):
    """A bay as it is believed now; `occupied` None: nobody can say."""

    @property
    def bay_id(self) -> BayId: ...

    @property
    def kind(self) -> BayKind: ...

    @property
    def occupied(self) -> bool | None: ...

    @property
    def coned_off(self) -> bool: ...


Seen = TypeVar("Seen", bound=SeenBay)


class Wish(StrEnum):
    """What a driver needs; `large` is a car that fits no stacker."""

    ORDINARY = "ordinary"
    EV = "ev"
    ACCESSIBLE = "accessible"
    LARGE = "large"


SUITS: Mapping[Wish, Mapping[BayKind, float]] = {
    Wish.ORDINARY: {BayKind.ORDINARY: 0.0, BayKind.LIFT: 90.0},
    Wish.LARGE: {BayKind.ORDINARY: 0.0},
    Wish.EV: {BayKind.EV: 0.0, BayKind.ORDINARY: 900.0},
    Wish.ACCESSIBLE: {BayKind.ACCESSIBLE: 0.0, BayKind.ORDINARY: 900.0},
}
"""The kinds of bays for each wish, with the seconds that one would rather drive on than take it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody is on his way to this bay, or to some bay of this zone, until then."""

    code: str
    bay_id: BayId | None
    zone_id: ZoneId
    until: datetime


Seconds = Callable[[BayId], float]
"""How long from the lane to a bay and on foot to the entrance; infinite where there is no way."""


def best_bay(bays: Sequence[Seen], claims: Sequence[Claim], seconds: Seconds, wish: Wish) -> Seen | None:
    """The bay for this driver; one that somebody is on his way to only where there is no other. None: none that suits is seen free."""
    suits = SUITS[wish]
    free = [b for b in bays if b.occupied is False and not b.coned_off and b.kind in suits]
    taken_by = {one.bay_id: one.until for one in claims if one.bay_id is not None}
    costs = {b.bay_id: seconds(b.bay_id) + suits[b.kind] for b in free}
    reached = [b for b in free if costs[b.bay_id] < float("inf")]
    unclaimed = [b for b in reached if b.bay_id not in taken_by]
    if unclaimed:
        return min(unclaimed, key=lambda b: (costs[b.bay_id], b.bay_id))
    return min(reached, key=lambda b: (taken_by[b.bay_id], b.bay_id), default=None)


def best_zone(usable: Mapping[ZoneId, int], claims: Sequence[Claim], seconds: Mapping[ZoneId, float]) -> ZoneId | None:
    """The zone that is soonest and has room for one more than are on their way; None: there is none."""
    room = {zone: n - sum(c.zone_id == zone for c in claims) for zone, n in usable.items()}
    with_room = [zone for zone, n in room.items() if n > 0]
    return min(with_room, key=lambda zone: (seconds.get(zone, float("inf")), -room[zone], zone), default=None)
