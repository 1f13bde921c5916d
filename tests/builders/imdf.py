"""An IMDF archive as somebody else would write it (OGC 20-094)."""

from __future__ import annotations

from math import cos, radians, sin
from typing import Any
from uuid import UUID, uuid5

from parking.site.imdf.words import to_degrees

CREATED = "2026-03-02T04:00:00+00:00"
NAMES = UUID("00000000-0000-4000-8000-000000000000")
AT = (9.0, 48.0)
Json = dict[str, Any]


def number(text: str) -> str:
    return str(uuid5(NAMES, text))


def box(x: float, y: float, width: float, height: float) -> Json:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return {"type": "Polygon", "coordinates": [[to_degrees(AT, c) for c in corners]]}


def slanted(x: float, y: float, degrees: float) -> Json:
    """A bay's outline with its middle at (x, y), turned to the right."""
    east, north = sin(radians(degrees)), cos(radians(degrees))
    corners = [
        (dx * north + dy * east, dy * north - dx * east)
        for dx, dy in ((-1.25, -2.5), (1.25, -2.5), (1.25, 2.5), (-1.25, 2.5))
    ]
    ring = [to_degrees(AT, (x + dx, y + dy)) for dx, dy in corners]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def point(x: float, y: float) -> Json:
    return {"type": "Point", "coordinates": to_degrees(AT, (x, y))}


def feature(kind: str, name: str, geometry: Json | None, /, **said: Any) -> Json:
    return {"id": number(name), "type": "Feature", "feature_type": kind, "geometry": geometry, "properties": said}


def label(text: str) -> Json:
    return {"en": text}


def stranger() -> dict[str, Json]:
    """A museum's garage as somebody else would write it: two floors of rooms with doors, a lift and stairs, bays straight and slanted."""
    names = {"name": {"en": "Museum", "zh": "博物馆"}, "restriction": None}
    level = {"category": "parking", "restriction": None, "outdoor": False, "address_id": None, "display_point": None}
    own = {"building_ids": [number("house")]}
    up, down = number("up"), number("down")

    def unit(name: str, category: str, level_id: str, shape: Json, /, **more: Any) -> Json:
        basic = {"category": category, "restriction": None, "accessibility": None, "name": label(name),
                 "alt_name": None, "display_point": None, "level_id": level_id}  # fmt: skip
        return feature("unit", f"unit {name}", shape, **(basic | more))

    door = {"type": "LineString", "coordinates": [to_degrees(AT, (10, 4)), to_degrees(AT, (10, 6))]}
    files = {
        "venue": [feature("venue", "v", box(0, 0, 40, 20), category="museum", display_point=None, **names)],
        "building": [feature("building", "house", None, category="parking", name=label("House"))],
        "footprint": [feature("footprint", "f", box(0, 0, 40, 20), category="ground", building_ids=[number("house")])],
        "level": [
            feature("level", "up", box(0, 0, 40, 20), ordinal=0, name=label("Ground"), short_name=label("G"), **level, **own),
            feature("level", "down", box(0, 0, 40, 20), ordinal=-1, name=label("Below"), short_name=label("P1"), **level, **own),
        ],
        "unit": [
            unit("foyer", "lobby", up, box(0, 0, 10, 20)),
            unit("hall", "walkway", up, box(10, 0, 30, 20)),
            unit("deck", "road", down, box(0, 0, 40, 20)),
            unit("17", "parking", down, box(20, 14, 2.5, 5)),
            unit("18", "parking", down, box(23, 14, 2.5, 5), accessibility=["wheelchair"]),
            unit("19", "parking", down, box(26, 14, 2.5, 5)),
            unit("20", "parking", down, box(29, 14, 2.5, 5), restriction="employeesonly"),
            unit("21", "parking", down, slanted(6, 5, 60)),
            unit("22", "parking", down, slanted(6, 8, 60)),
            unit("23", "parking", down, slanted(26, 4, 90)),
            unit("17 again", "parking", up, slanted(26, 4, 0), name=label("17")),
            unit("lift up", "elevator", up, box(34, 8, 2, 2)),
            unit("lift down", "elevator", down, box(34, 8, 2, 2)),
            unit("stairs up", "stairs", up, box(14, 8, 2, 2)),
            unit("stairs down", "stairs", down, box(14, 8, 2, 2)),
        ],
        "opening": [feature("opening", "d", door, category="pedestrian", level_id=up)],
        "amenity": [
            feature("amenity", "charger", point(27, 16), category="parking.ev", unit_ids=[number("unit 19")], name=None),
            feature("amenity", "door", point(1, 10), category="entry", unit_ids=[number("unit foyer")], name=label("Main door")),
        ],
        "relationship": [
            feature("relationship", "l", None, category="elevator", direction="undirected", intermediary=None, hours=None,
                    origin={"id": number("unit lift up"), "feature_type": "unit"},
                    destination={"id": number("unit lift down"), "feature_type": "unit"}),
            feature("relationship", "s", None, category="stairs", direction="undirected", intermediary=None, hours=None,
                    origin={"id": number("unit stairs up"), "feature_type": "unit"},
                    destination={"id": number("unit stairs down"), "feature_type": "unit"}),
        ],
    }  # fmt: skip
    collections = {k: {"type": "FeatureCollection", "name": k, "features": v} for k, v in files.items()}
    return {"manifest": {"version": "1.0.0", "created": CREATED, "language": "en"}, **collections}
