"""A site file becomes a SiteMap or one clear error that names file, key and line; a half-valid site does not exist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from parking.kernel.errors import ParkingError
from parking.kernel.ids import BayId, LaneId, LevelId, SignId, SiteId, ZoneId
from parking.kernel.money import Money
from parking.site import plan_rows
from parking.site.check import faults, refuse
from parking.site.model import Lane, LaneKind, Sign, SiteMap, Zone
from parking.site.plan import Bay, BayKind, Level, Place, Plan
from parking.site.plan_rows import ident, named
from parking.site.rows import Row, read

_BAY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_ADDRESS = re.compile(r"[^\s:]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5}")
_MOST_BAYS = 20_000


def load(text: str, name: str, sign_addresses: Mapping[str, str] | None = None) -> SiteMap:
    """The site that the YAML `text` describes; `name` is how errors call the file, `sign_addresses` overrides where signs listen."""
    top = read(text, name)
    head = top.row("site")
    site_id, site_name = ident(head), named(head)
    currency, timezone = _currency(head), _timezone(head)
    anchor = head.point("anchor") if head.has("anchor") else (0.0, 0.0)
    head.finish()
    garages = plan_rows.read_garages(top)
    levels = plan_rows.read_levels(top, garages)
    rows = plan_rows.read_bays(top)
    zones: list[Zone] = []
    for row in top.rows("zones"):
        zones.append(_zone(row, zones, levels, [bay for one in rows for bay in one.bays]))
    if not zones:
        raise top.wrong("a site needs at least one zone", "zones")
    bays = plan_rows.on_levels(rows, {z.id: LevelId(z.level) for z in zones})
    known = frozenset(z.id for z in zones)
    lanes: list[Lane] = []
    lanes_at: dict[LaneId, Place] = {}
    for row in top.rows("lanes"):
        lane_id = LaneId(row.text("id"))
        if row.has("at"):
            lanes_at[lane_id] = plan_rows.place(row, levels)
        lanes.append(_lane(row, known, lanes))
    signs: list[Sign] = []
    signs_at: dict[SignId, Place] = {}
    for row in top.rows("signs"):
        if row.has("at"):
            signs_at[SignId(row.text("id"))] = plan_rows.place(row, levels)
        signs.append(_sign(row, known, signs))
    plan = plan_rows.read_rest(top, Plan(garages, levels, bays), lanes_at, signs_at, anchor)
    top.finish()
    site = SiteMap(SiteId(site_id), site_name, currency, timezone, tuple(zones), tuple(lanes), tuple(signs), plan)
    refuse(faults(site), name)
    return site.with_sign_addresses(sign_addresses or {})


def _currency(row: Row) -> str:
    code = row.text("currency")
    try:
        return Money.zero(code).currency
    except ParkingError:
        raise row.wrong(f"{code!r} is not an ISO 4217 currency code such as CNY", "currency") from None


def _timezone(row: Row) -> str:
    zone = row.text("timezone")
    try:
        return ZoneInfo(zone).key
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; a folder of names such as "Asia"
        raise row.wrong(f"{zone!r} is not a time zone such as Asia/Shanghai", "timezone") from None


def _zone(row: Row, before: Sequence[Zone], levels: Sequence[Level], drawn: Sequence[Bay]) -> Zone:
    zone_id = ident(row, [z.id for z in before])
    name, level, opens_empty = named(row), row.text("level"), row.flag("opens_empty")
    if levels and level not in {v.id for v in levels}:
        raise row.wrong(f"there is no level {level!r}; levels: {', '.join(v.id for v in levels)}", "level")
    own = [bay for bay in drawn if bay.zone_id == zone_id]
    capacity = row.whole("capacity") if row.has("capacity") or not own else len(own)
    if not 0 < capacity <= _MOST_BAYS:
        raise row.wrong(f"a zone has 1 to {_MOST_BAYS} bays, not {capacity}", "capacity")
    listed, out = row.texts("bays"), row.texts("not_usable")
    row.finish()
    if own and listed:
        raise row.wrong("the bays of this zone are drawn in rows: do not list them again", "bays")
    listed = listed or tuple(bay.id for bay in own)
    if listed and len(listed) != capacity:
        raise row.wrong(f"{len(listed)} bays are listed, but capacity says {capacity}", "bays")
    bays = listed or tuple(f"{zone_id}-{number:03d}" for number in range(1, capacity + 1))
    taken = {bay for z in before for bay in z.bays}
    for position, bay in enumerate(bays):
        if not _BAY.fullmatch(bay):
            raise row.wrong(f"{bay!r} is not a bay id", f"bays[{position}]")
        if bay in taken:
            raise row.wrong(f"the bay {bay!r} stands in another zone already", f"bays[{position}]")
    standing = frozenset(bays)
    for position, bay in enumerate(out):
        if bay not in standing:
            raise row.wrong(f"this zone has no bay {bay!r}", f"not_usable[{position}]")
    unusable = {*out, *(bay.id for bay in own if bay.kind is BayKind.OUT_OF_SERVICE)}
    if len(unusable) == capacity:
        raise row.wrong("a zone without one usable bay cannot be counted", "not_usable")
    standing_bays = tuple(BayId(b) for b in bays)
    return Zone(ZoneId(zone_id), name, level, standing_bays, frozenset(BayId(b) for b in unusable), opens_empty)


def _reference(row: Row, key: str, known: frozenset[ZoneId]) -> ZoneId:
    zone = ZoneId(row.text(key))
    if zone not in known:
        raise row.wrong(f"there is no zone {zone!r}; zones: {', '.join(sorted(known))}", key)
    return zone


def _lane(row: Row, known: frozenset[ZoneId], before: Sequence[Lane]) -> Lane:
    lane_id, name = LaneId(ident(row, [lane.id for lane in before])), named(row)
    kind_text = row.text("kind")
    if kind_text not in tuple(LaneKind):
        raise row.wrong(f"a lane is one of {', '.join(LaneKind)}, not {kind_text!r}", "kind")
    kind = LaneKind(kind_text)
    wanted = {LaneKind.ENTRY: ("to",), LaneKind.EXIT: ("from",), LaneKind.RAMP: ("from", "to")}[kind]
    for key in ("from", "to"):
        if key not in wanted and row.has(key):
            raise row.wrong(f"an {kind} lane has no {key!r}", key)
    from_zone = _reference(row, "from", known) if "from" in wanted else None
    to_zone = _reference(row, "to", known) if "to" in wanted else None
    both_ways = row.flag("both_ways")
    row.finish()
    if from_zone == to_zone:
        raise row.wrong("a ramp leads from one zone to another", "to")
    if both_ways and kind is not LaneKind.RAMP:
        raise row.wrong("only a ramp counts both ways", "both_ways")
    return Lane(lane_id, name, kind, from_zone, to_zone, both_ways)


def _sign(row: Row, known: frozenset[ZoneId], before: Sequence[Sign]) -> Sign:
    sign_id = SignId(ident(row, [s.id for s in before]))
    zone = _reference(row, "zone", known)
    driver, address, full_text = row.text("driver"), row.text("address", ""), row.text("full_text", "FULL")
    row.finish()
    if address and (not _ADDRESS.fullmatch(address) or int(address.rpartition(":")[2]) > 65535):
        raise row.wrong(f"{address!r} is not host:port", "address")
    return Sign(sign_id, zone, driver, address, full_text)
