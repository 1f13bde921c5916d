"""What stands where: levels of zones, lanes that lead between them, signs that speak about them. Nothing here changes while cars move.

A zone's capacity is its *usable* bays: a bay out of service or a lift bay nobody can drive onto is not a free bay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from parking.kernel.errors import invalid, not_found
from parking.kernel.ids import BayId, LaneId, SignId, SiteId, ZoneId
from parking.site.plan import EMPTY, Plan
from parking.site.words import LocalName

__all__ = ["Lane", "LaneKind", "LocalName", "Sign", "SiteMap", "Zone"]


@dataclass(frozen=True, slots=True)
class Zone:
    """Bays that are counted together; `opens_empty` says that nobody is inside when counting first begins."""

    id: ZoneId
    name: LocalName
    level: str
    bays: tuple[BayId, ...]
    not_usable: frozenset[BayId] = frozenset()
    opens_empty: bool = False

    @property
    def capacity(self) -> int:
        """Usable bays."""
        return len(self.bays) - len(self.not_usable)


class LaneKind(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"
    RAMP = "ramp"


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: an entry has only `to_zone`, an exit only `from_zone`, a ramp both; `both_ways` lets a ramp count either way."""

    id: LaneId
    name: LocalName
    kind: LaneKind
    from_zone: ZoneId | None = None
    to_zone: ZoneId | None = None
    both_ways: bool = False

    @property
    def zones(self) -> tuple[ZoneId, ...]:
        """The zones whose count this lane feeds."""
        return tuple(z for z in (self.from_zone, self.to_zone) if z is not None)


@dataclass(frozen=True, slots=True)
class Sign:
    """A free-bay sign: what drives it, where it listens (`host:port`, empty when handed in at the start), its word for full."""

    id: SignId
    zone_id: ZoneId
    driver: str
    address: str = ""
    full_text: str = "FULL"


@dataclass(frozen=True, slots=True)
class SiteMap:
    """One site; ids are unique within their kind and every reference points to something (the loader sees to it)."""

    id: SiteId
    name: LocalName
    currency: str
    timezone: str
    zones: tuple[Zone, ...]
    lanes: tuple[Lane, ...]
    signs: tuple[Sign, ...]
    plan: Plan = EMPTY

    def zone(self, zone_id: ZoneId) -> Zone:
        """The zone with this id; ParkingError (not found) when the site has none."""
        for zone in self.zones:
            if zone.id == zone_id:
                return zone
        raise not_found("site.zone_unknown", f"this site has no zone {zone_id!r}")

    def lane(self, lane_id: LaneId) -> Lane:
        """The lane with this id; ParkingError (not found) when the site has none."""
        for lane in self.lanes:
            if lane.id == lane_id:
                return lane
        raise not_found("site.lane_unknown", f"this site has no lane {lane_id!r}")

    def with_sign_addresses(self, addresses: Mapping[str, str]) -> SiteMap:
        """The same site with signs listening elsewhere; ParkingError for a sign that the site does not have."""
        for stranger in sorted(addresses.keys() - {str(s.id) for s in self.signs}):
            raise invalid(
                "site.sign_unknown", f"this site has no sign {stranger!r}", field=f"sign_addresses.{stranger}"
            )
        return replace(self, signs=tuple(replace(s, address=addresses.get(str(s.id), s.address)) for s in self.signs))
