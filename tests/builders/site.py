"""A small mall with good defaults: two levels, a lane in, a lane out, a ramp, a sign on each level."""

from __future__ import annotations

from parking.kernel.ids import BayId, LaneId, SignId, SiteId, ZoneId
from parking.site.model import Lane, LaneKind, LocalName, Sign, SiteMap, Zone

B1, B2 = ZoneId("b1"), ZoneId("b2")


def named(text: str) -> LocalName:
    return LocalName(zh=f"{text}号", en=text)


def zone(ident: str = "b1", *, bays: int = 30, out: int = 0, opens_empty: bool = True) -> Zone:
    ids = tuple(BayId(f"{ident}-{n:03d}") for n in range(1, bays + 1))
    return Zone(ZoneId(ident), named(ident), ident.upper(), ids, frozenset(ids[:out]), opens_empty)


def site(*zones: Zone, signs: tuple[Sign, ...] = (), b1: int = 30, b2: int = 30, opens_empty: bool = True) -> SiteMap:
    lanes = (
        Lane(LaneId("entry-1"), named("entry-1"), LaneKind.ENTRY, to_zone=B1),
        Lane(LaneId("exit-1"), named("exit-1"), LaneKind.EXIT, from_zone=B1),
        Lane(LaneId("ramp-1"), named("ramp-1"), LaneKind.RAMP, B1, B2, both_ways=True),
    )
    levels = zones or (zone("b1", bays=b1, opens_empty=opens_empty), zone("b2", bays=b2, opens_empty=opens_empty))
    return SiteMap(SiteId("mall"), named("mall"), "CNY", "Asia/Shanghai", tuple(levels), lanes, signs)


def sign(ident: str = "sign-b1", zone_id: str = "b1", driver: str = "memory", address: str = "") -> Sign:
    return Sign(SignId(ident), ZoneId(zone_id), driver, address)
