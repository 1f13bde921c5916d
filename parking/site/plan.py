"""The drawn site, in metres: levels of garages, bays, the ways that lead to them, what joins levels, what hangs where. Pure.

`x` grows to the east, `y` to the north, from one point of the site; a level's ordinal is 0 at the street, negative below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parking.kernel.errors import not_found
from parking.kernel.ids import BayId, GarageId, LaneId, LevelId, LinkId, PillarId, SignId, ZoneId
from parking.site.words import LocalName

Point = tuple[float, float]
BAY_WIDTH_M, BAY_LENGTH_M = 2.5, 5.0


class BayKind(StrEnum):
    """Whom a bay is for; `lift` is a place on a mechanical stacker, `out_of_service` nobody's."""

    ORDINARY = "ordinary"
    ACCESSIBLE = "accessible"
    EV = "ev"
    RESERVED = "reserved"
    LEASED = "leased"
    LIFT = "lift"
    OUT_OF_SERVICE = "out_of_service"


FOR_ANYBODY = frozenset({BayKind.ORDINARY, BayKind.LIFT})
"""Kinds that whoever comes in may use; the others need a right, a car of a kind, or a booking."""


class Use(StrEnum):
    """Who goes along a way."""

    DRIVE = "drive"
    WALK = "walk"
    BOTH = "both"


class LinkKind(StrEnum):
    RAMP = "ramp"
    LIFT = "lift"
    STAIRS = "stairs"
    ESCALATOR = "escalator"
    PASSAGE = "passage"  # on foot and level, from garage to garage


@dataclass(frozen=True, slots=True)
class Garage:
    id: GarageId
    name: LocalName


@dataclass(frozen=True, slots=True)
class Level:
    """One floor of a garage; `outline` is its wall, empty where nobody drew it."""

    id: LevelId
    garage_id: GarageId
    name: LocalName
    ordinal: int
    outline: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """Walls that a drawing shows on a level: a hall, a lobby, a shop; `category` is IMDF's word for it (OGC 20-094, unit categories)."""

    level_id: LevelId
    category: str
    outline: tuple[Point, ...]
    name: LocalName | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A point on a level."""

    level_id: LevelId
    at: Point


@dataclass(frozen=True, slots=True)
class Bay:
    """`at` is its middle, `heading_deg` the way its nose points (0 north, 90 east)."""

    id: BayId
    zone_id: ZoneId
    level_id: LevelId
    at: Point
    kind: BayKind = BayKind.ORDINARY
    heading_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """A line along which one drives or walks; ways meet where they share a point, or where one ends on another."""

    id: str
    level_id: LevelId
    use: Use
    points: tuple[Point, ...]
    one_way: bool = False  # in the order of its points; people on foot do not care


@dataclass(frozen=True, slots=True)
class Link:
    """What leads from level to level: a ramp, escalator or passage from its first stop to its last, a lift or stairs between all stops."""

    id: LinkId
    name: LocalName
    kind: LinkKind
    stops: tuple[Place, ...]
    one_way: bool = False
    working: bool = True


@dataclass(frozen=True, slots=True)
class Pillar:
    id: PillarId
    place: Place


@dataclass(frozen=True, slots=True)
class Camera:
    """Looks along `heading_deg` over `view_deg` degrees, as far as `reach_m` metres."""

    id: str
    place: Place
    heading_deg: float
    view_deg: float
    reach_m: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A named point: a help point, or an entrance through which people come from the mall."""

    id: str
    name: LocalName
    place: Place


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything drawn of a site; empty where nobody has drawn it. The reader (`plan_rows`, `imdf`) sees to its references."""

    garages: tuple[Garage, ...] = ()
    levels: tuple[Level, ...] = ()
    bays: tuple[Bay, ...] = ()
    ways: tuple[Way, ...] = ()
    links: tuple[Link, ...] = ()
    pillars: tuple[Pillar, ...] = ()
    cameras: tuple[Camera, ...] = ()
    help_points: tuple[Spot, ...] = ()
    entrances: tuple[Spot, ...] = ()
    lanes: Mapping[LaneId, Place] = field(default_factory=dict)
    signs: Mapping[SignId, Place] = field(default_factory=dict)
    rooms: tuple[Room, ...] = ()
    anchor: tuple[float, float] = (0.0, 0.0)  # longitude and latitude of x = 0, y = 0

    def __bool__(self) -> bool:
        return bool(self.levels)

    def level(self, level_id: LevelId) -> Level:
        """ParkingError (not found) when there is none."""
        for level in self.levels:
            if level.id == level_id:
                return level
        raise not_found("site.level_unknown", f"this site has no level {level_id!r}")

    def pillar(self, pillar_id: str) -> Pillar:
        """ParkingError (not found) when there is none."""
        for pillar in self.pillars:
            if pillar.id == pillar_id:
                return pillar
        raise not_found("site.pillar_unknown", "this site has no such pillar")

    def bay(self, bay_id: str) -> Bay:
        """ParkingError (not found) when there is none."""
        for bay in self.bays:
            if bay.id == bay_id:
                return bay
        raise not_found("site.bay_unknown", f"this site has no bay {bay_id!r}")


EMPTY = Plan()
