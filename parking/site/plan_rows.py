"""The drawn part of a site file. Whatever does not fit is told with the feature, the key and the line; nothing is guessed.

Bays stand in rows: `{zone: a, first: A-001, count: 40, at: [2, 9], step: [2.5, 0]}` are forty bays.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from parking.kernel.ids import BayId, GarageId, LaneId, LevelId, LinkId, PillarId, SignId, ZoneId
from parking.site.plan import (
    Bay,
    BayKind,
    Camera,
    Garage,
    Level,
    Link,
    LinkKind,
    Pillar,
    Place,
    Plan,
    Point,
    Room,
    Spot,
    Use,
    Way,
)
from parking.site.rows import Row
from parking.site.words import LocalName

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_NUMBERED = re.compile(r"(.*?)(\d+)")
_MOST_IN_ROW = 2_000
Kind = TypeVar("Kind", BayKind, Use, LinkKind)


@dataclass(frozen=True, slots=True)
class RowOfBays:
    """A row as it was written: its bays know their zone, and their level as soon as the zones are known."""

    row: Row
    zone_id: ZoneId
    bays: tuple[Bay, ...]


def ident(row: Row, taken: Sequence[str] = ()) -> str:
    """The row's id; ParkingError when it is none, or taken."""
    found = row.text("id")
    if not _ID.fullmatch(found):
        raise row.wrong("an id has small letters, digits, '-', '_' or '.', at most 40", "id")
    if found in taken:
        raise row.wrong(f"the id {found!r} is used twice", "id")
    return found


def named(row: Row) -> LocalName:
    inner = row.row("name")
    name = LocalName(zh=inner.text("zh"), en=inner.text("en"))
    inner.finish()
    return name


def read_garages(top: Row) -> tuple[Garage, ...]:
    found: list[Garage] = []
    for row in top.rows("garages"):
        found.append(Garage(GarageId(ident(row, [g.id for g in found])), named(row)))
        row.finish()
    return tuple(found)


def read_levels(top: Row, garages: Sequence[Garage]) -> tuple[Level, ...]:
    found: list[Level] = []
    known = {g.id for g in garages}
    for row in top.rows("levels"):
        level_id, garage_id = LevelId(ident(row, [v.id for v in found])), GarageId(row.text("garage"))
        if garage_id not in known:
            raise row.wrong(
                f"there is no garage {garage_id!r}; garages: {', '.join(sorted(known)) or 'none'}", "garage"
            )
        ordinal = row.whole("ordinal")
        if any(v.garage_id == garage_id and v.ordinal == ordinal for v in found):
            raise row.wrong(f"the garage {garage_id!r} has a level {ordinal} already", "ordinal")
        found.append(Level(level_id, garage_id, named(row), ordinal, row.points("outline", fewest=0)))
        row.finish()
    return tuple(found)


def read_bays(top: Row) -> tuple[RowOfBays, ...]:
    """The rows of bays; their levels are filled in by `on_levels`."""
    found: list[RowOfBays] = []
    taken: set[str] = set()
    for row in top.rows("bays"):
        zone_id, first = ZoneId(row.text("zone")), row.text("first")
        count, at = row.whole("count") if row.has("count") else 1, row.point("at")
        step = row.point("step") if row.has("step") else (0.0, 0.0)
        kind = _kind(row, "kind", BayKind, BayKind.ORDINARY)
        heading = row.number("heading", 0.0)
        row.finish()
        if not 1 <= count <= _MOST_IN_ROW:
            raise row.wrong(f"a row has 1 to {_MOST_IN_ROW} bays", "count")
        if count > 1 and step == (0.0, 0.0):
            raise row.wrong("bays of one row stand side by side: say by which step", "step")
        bays = []
        for number, bay_id in enumerate(_run(row, first, count)):
            if bay_id in taken:
                raise row.wrong(f"the bay {bay_id!r} stands in another row already", "first")
            taken.add(bay_id)
            place = (round(at[0] + number * step[0], 3), round(at[1] + number * step[1], 3))
            bays.append(Bay(BayId(bay_id), zone_id, LevelId(""), place, kind, heading))
        found.append(RowOfBays(row, zone_id, tuple(bays)))
    return tuple(found)


def _run(row: Row, first: str, count: int) -> list[str]:
    if not _CODE.fullmatch(first):
        raise row.wrong(f"{first!r} is not a bay id", "first")
    if count == 1:
        return [first]
    match = _NUMBERED.fullmatch(first)
    if match is None:
        raise row.wrong("the first bay of a row ends in its number, such as A-001", "first")
    head, digits = match.groups()
    return [f"{head}{int(digits) + n:0{len(digits)}d}" for n in range(count)]


def on_levels(rows: Sequence[RowOfBays], level_of: Mapping[ZoneId, LevelId]) -> tuple[Bay, ...]:
    """The bays on the levels of their zones; ParkingError names the row whose zone there is not."""
    for one in rows:
        if one.zone_id not in level_of:
            known = ", ".join(sorted(level_of))
            raise one.row.wrong(f"there is no zone {one.zone_id!r}; zones: {known}", "zone")
    return tuple(replace(bay, level_id=level_of[one.zone_id]) for one in rows for bay in one.bays)


def place(row: Row, levels: Sequence[Level]) -> Place:
    """`level` and `at` of a row."""
    return Place(known_level(row, levels), row.point("at"))


def known_level(row: Row, levels: Sequence[Level]) -> LevelId:
    """`level` of a row; ParkingError when there is none of this name."""
    level_id = LevelId(row.text("level"))
    if level_id not in {v.id for v in levels}:
        raise row.wrong(f"there is no level {level_id!r}; levels: {', '.join(v.id for v in levels)}", "level")
    return level_id


def _kind(row: Row, key: str, kinds: type[Kind], default: Kind | None = None) -> Kind:
    said = row.text(key, None if default is None else default.value)
    if said not in tuple(kinds):
        raise row.wrong(f"is one of {', '.join(kinds)}, not {said!r}", key)
    return kinds(said)


def read_rest(
    top: Row,
    plan: Plan,
    lanes: Mapping[LaneId, Place],
    signs: Mapping[SignId, Place],
    anchor: Point,
) -> Plan:
    """The plan with its ways, links and everything that hangs or stands somewhere."""
    levels = plan.levels
    return replace(
        plan,
        rooms=_rooms(top, levels),
        ways=_ways(top, levels),
        links=_links(top, levels),
        pillars=_pillars(top, levels),
        cameras=_cameras(top, levels),
        help_points=_spots(top, "help_points", levels),
        entrances=_spots(top, "entrances", levels),
        lanes=lanes,
        signs=signs,
        anchor=anchor,
    )


def _rooms(top: Row, levels: Sequence[Level]) -> tuple[Room, ...]:
    found: list[Room] = []
    for row in top.rows("rooms"):
        level_id, category = known_level(row, levels), row.text("category")
        if not _ID.fullmatch(category):
            raise row.wrong("a category has small letters, digits, '-', '_' or '.', at most 40", "category")
        name = named(row) if row.has("name") else None
        found.append(Room(level_id, category, row.points("outline", fewest=3), name))
        row.finish()
    return tuple(found)


def _ways(top: Row, levels: Sequence[Level]) -> tuple[Way, ...]:
    found: list[Way] = []
    for row in top.rows("ways"):
        way_id, level_id = ident(row, [w.id for w in found]), known_level(row, levels)
        points = row.points("points")
        if any(a == b for a, b in itertools.pairwise(points)):
            raise row.wrong("two points of a way that follow each other are the same", "points")
        found.append(Way(way_id, level_id, _kind(row, "use", Use, Use.BOTH), points, row.flag("one_way")))
        row.finish()
    return tuple(found)


def _links(top: Row, levels: Sequence[Level]) -> tuple[Link, ...]:
    found: list[Link] = []
    for row in top.rows("links"):
        link_id, kind = LinkId(ident(row, [k.id for k in found])), _kind(row, "kind", LinkKind)
        stops = []
        for stop in row.rows("stops"):
            stops.append(place(stop, levels))
            stop.finish()
        if len({s.level_id for s in stops}) != len(stops) or len(stops) < 2:
            raise row.wrong("a link stops at two levels at least, at each of them once", "stops")
        if kind not in (LinkKind.LIFT, LinkKind.STAIRS) and len(stops) != 2:
            raise row.wrong(f"this {kind} leads from one level to one other: write one for each", "stops")
        link = Link(link_id, named(row), kind, tuple(stops), row.flag("one_way"), row.flag("working", True))
        if link.one_way and kind not in (LinkKind.RAMP, LinkKind.ESCALATOR):
            raise row.wrong(f"a {kind} leads both ways", "one_way")
        row.finish()
        found.append(link)
    return tuple(found)


def _pillars(top: Row, levels: Sequence[Level]) -> tuple[Pillar, ...]:
    found: dict[str, Pillar] = {}
    for row in top.rows("pillars"):
        first, count = row.text("id"), row.whole("count") if row.has("count") else 1
        start = place(row, levels)
        step = row.point("step") if row.has("step") else (0.0, 0.0)
        row.finish()
        if not 1 <= count <= _MOST_IN_ROW:
            raise row.wrong(f"a row has 1 to {_MOST_IN_ROW} pillars", "count")
        for number, code in enumerate(_run(row, first, count)):
            if code in found:
                raise row.wrong(f"the pillar {code!r} is there twice", "id")
            at = (round(start.at[0] + number * step[0], 3), round(start.at[1] + number * step[1], 3))
            found[code] = Pillar(PillarId(code), Place(start.level_id, at))
    return tuple(found.values())


def _cameras(top: Row, levels: Sequence[Level]) -> tuple[Camera, ...]:
    found: list[Camera] = []
    for row in top.rows("cameras"):
        camera_id, where = ident(row, [c.id for c in found]), place(row, levels)
        view, reach = row.number("view", 90.0), row.number("reach", 20.0)
        if not 0 < view <= 360:
            raise row.wrong("a camera sees more than 0 and at most 360 degrees", "view")
        if reach <= 0:
            raise row.wrong("a camera reaches more than 0 metres", "reach")
        found.append(Camera(camera_id, where, row.number("heading", 0.0), view, reach))
        row.finish()
    return tuple(found)


def _spots(top: Row, key: str, levels: Sequence[Level]) -> tuple[Spot, ...]:
    found: list[Spot] = []
    for row in top.rows(key):
        found.append(Spot(ident(row, [s.id for s in found]), named(row), place(row, levels)))
        row.finish()
    return tuple(found)
