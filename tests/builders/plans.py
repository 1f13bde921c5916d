"""Drawn sites: a small one with good defaults, any of random shape, and the big example."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from parking.kernel.ids import BayId, GarageId, LevelId, LinkId, PillarId, ZoneId
from parking.site.loader import load
from parking.site.model import SiteMap
from parking.site.plan import Bay, Garage, Level, Link, LinkKind, Pillar, Place, Plan, Use, Way
from parking.site.words import LocalName

TWIN = Path(__file__).parents[2] / "hardware_sim" / "sites" / "twin" / "site.yaml"
SMALL = """\
site: {id: mall, name: {zh: 商场, en: Mall}, currency: CNY, timezone: Asia/Shanghai, anchor: [121.5, 31.2]}
garages:
  - {id: g, name: {zh: 库, en: Garage}}
levels:
  - {id: b1, garage: g, ordinal: -1, name: {zh: 一, en: B1}, outline: [[0, 0], [60, 0], [60, 30], [0, 30]]}
  - {id: b2, garage: g, ordinal: -2, name: {zh: 二, en: B2}}
zones:
  - {id: z1, name: {zh: 一区, en: Zone 1}, level: b1, opens_empty: true}
  - {id: z2, name: {zh: 二区, en: Zone 2}, level: b2, opens_empty: true}
bays:
  - {zone: z1, first: A-01, count: 10, at: [10, 4.5], step: [2.5, 0]}
  - {zone: z1, first: A-11, at: [40, 4.5], kind: accessible}
  - {zone: z2, first: B-01, count: 9, at: [10, 4.5], step: [2.5, 0]}
  - {zone: z2, first: B-10, at: [40, 4.5], kind: out_of_service}
ways:
  - {id: w1, level: b1, points: [[5, 10], [50, 10]]}
  - {id: w2, level: b2, points: [[5, 10], [50, 10]]}
links:
  - {id: lift, kind: lift, name: {zh: 电梯, en: Lift}, stops: [{level: b1, at: [50, 12]}, {level: b2, at: [50, 12]}]}
  - {id: stairs, kind: stairs, name: {zh: 楼梯, en: Stairs}, stops: [{level: b1, at: [5, 12]}, {level: b2, at: [5, 12]}]}
  - {id: ramp, kind: ramp, name: {zh: 坡道, en: Ramp}, stops: [{level: b1, at: [30, 13]}, {level: b2, at: [30, 13]}]}
lanes:
  - {id: entry-1, name: {zh: 入, en: In}, kind: entry, to: z1, level: b1, at: [4, 10]}
  - {id: exit-1, name: {zh: 出, en: Out}, kind: exit, from: z1, level: b1, at: [52, 10]}
  - {id: ramp-1, name: {zh: 坡, en: Ramp}, kind: ramp, from: z1, to: z2, both_ways: true}
signs:
  - {id: sign-1, zone: z1, driver: memory, level: b1, at: [6, 10]}
pillars:
  - {id: P1, level: b1, at: [12, 8]}
  - {id: P2, level: b2, at: [12, 8]}
entrances:
  - {id: hall, name: {zh: 大厅, en: Hall}, level: b1, at: [52, 12]}
help_points:
  - {id: help-1, name: {zh: 求助, en: Help}, level: b1, at: [48, 12]}
cameras:
  - {id: cam-1, level: b1, at: [30, 10], heading: 90, view: 120, reach: 25}
"""


def small_site() -> SiteMap:
    """Two levels with a lift, stairs and a ramp."""
    return load(SMALL, "small.yaml")


@cache
def twin_site() -> SiteMap:
    """Two garages, five levels, two thousand bays."""
    return load(TWIN.read_text(encoding="utf-8"), TWIN.name)


def towers(levels: int, aisles: int, bays: int, length_m: float = 130.0) -> Plan:
    """So many levels of so many aisles with so many bays on either side each, a lift and stairs through all."""
    ids = [LevelId(f"l{n}") for n in range(levels)]
    name = LocalName("层", "Level")
    ways, found = [], []
    for level in ids:
        for aisle in range(aisles):
            y = 16.0 * aisle
            ways.append(Way(f"{level}-{aisle}", level, Use.BOTH, ((0.0, y), (length_m, y))))
            for n in range(bays):
                x = 4.0 + n * (length_m - 8) / max(1, bays)
                for side in (-5.5, 5.5):
                    bay = BayId(f"{level}-{aisle}-{n}-{side:g}")
                    found.append(Bay(bay, ZoneId("z"), level, (round(x + side / 100, 3), y + side)))
        ways.append(Way(f"{level}-across", level, Use.BOTH, ((0.0, 0.0), (0.0, 16.0 * (aisles - 1) or 1.0))))
    stops = [tuple(Place(level, at) for level in ids) for at in ((-2.0, 0.0), (-2.0, 3.0))]
    links = (
        Link(LinkId("lift"), name, LinkKind.LIFT, stops[0]),
        Link(LinkId("stairs"), name, LinkKind.STAIRS, stops[1]),
    )
    return Plan(
        (Garage(GarageId("g"), name),),
        tuple(Level(level, GarageId("g"), name, -n) for n, level in enumerate(ids)),
        tuple(found),
        tuple(ways),
        links if levels > 1 else (),
        (Pillar(PillarId("P"), Place(ids[0], (length_m - 2, 2.0))),),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any tower of up to four levels, with links of any kinds between any of its levels."""
    levels = draw(st.integers(2, 4))
    bare = towers(levels, draw(st.integers(1, 3)), 3, 40.0)
    places = st.tuples(st.sampled_from([0.0, 10.0, 20.0, 39.0]), st.sampled_from([0.0, 2.0]))
    links = []
    for n in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(list(LinkKind)))
        most = levels if kind in (LinkKind.LIFT, LinkKind.STAIRS) else 2
        chosen = draw(st.lists(st.sampled_from(bare.levels), min_size=2, max_size=most, unique=True))
        stops = tuple(Place(level.id, draw(places)) for level in chosen)
        one_way = draw(st.booleans()) and kind in (LinkKind.RAMP, LinkKind.ESCALATOR)
        links.append(Link(LinkId(f"k{n}"), LocalName("", ""), kind, stops, one_way, draw(st.booleans())))
    return Plan(bare.garages, bare.levels, bare.bays, bare.ways, tuple(links), bare.pillars)
