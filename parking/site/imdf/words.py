"""What both directions agree on: names of files, categories, ids, and how metres become degrees. Pure.

IMDF has no word for the ways that one drives along, nor for lanes, cameras and signs: they travel in an extension of our own, which the
manifest declares, so that an archive stays readable for everybody and loses nothing for us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from parking.kernel.errors import ParkingError, invalid
from parking.site.plan import LinkKind, Point
from parking.site.words import LocalName

VERSION = "1.0.0"
EXTENSION = "mall-parking"
EXTENSION_NAME = f"imdf:extension:{EXTENSION}#1.0.0"
STANDARD = (
    *("address", "amenity", "anchor", "building", "detail", "fixture", "footprint", "geofence", "kiosk", "level"),
    *("occupant", "opening", "relationship", "section", "unit", "venue"),
)
METRES_A_DEGREE = 111_319.49
LINK_UNITS: Mapping[LinkKind, tuple[str, str]] = {
    LinkKind.RAMP: ("ramp", "ramp"),
    LinkKind.LIFT: ("elevator", "elevator"),
    LinkKind.STAIRS: ("stairs", "stairs"),
    LinkKind.ESCALATOR: ("escalator", "escalator"),
    LinkKind.PASSAGE: ("walkway", "traversal"),
}
"""The category of a link's units, and of the relationship that joins them."""
Feature = Mapping[str, Any]
Archive = Mapping[str, Any]
"""File names without ending, and the JSON in them."""


def feature_id(site_id: str, kind: str, ident: str) -> str:
    """A UUID that is the same whenever the same thing is exported."""
    return str(uuid5(NAMESPACE_URL, f"mall-parking:{site_id}:{kind}:{ident}"))


def labels(name: LocalName) -> dict[str, str]:
    return {"zh": name.zh, "en": name.en}


def to_degrees(anchor: Point, at: Point) -> list[float]:
    """Longitude and latitude of a point in metres, flat around the anchor."""
    lon, lat = anchor
    east = METRES_A_DEGREE * cos(radians(lat))
    return [round(lon + at[0] / east, 9), round(lat + at[1] / METRES_A_DEGREE, 9)]


def to_metres(anchor: Point, at: Sequence[float]) -> Point:
    """The way back, to the millimetre."""
    lon, lat = anchor
    east = METRES_A_DEGREE * cos(radians(lat))
    return round((at[0] - lon) * east, 3), round((at[1] - lat) * METRES_A_DEGREE, 3)


def wrong(file: str, feature: str, says: str) -> ParkingError:
    """An error that names the file and the feature."""
    return invalid("site.imdf", says, field=f"{file}.geojson: {feature}")


def label(said: Any) -> str:
    """One text of a set of labels: English, else whatever there is."""
    if not isinstance(said, Mapping):
        return ""
    return str(said.get("en") or next(iter(said.values()), ""))


def name_of(said: Mapping[str, Any], default: str = "") -> LocalName:
    texts = said.get("name")
    english = label(texts) or default or "?"
    chinese = next((str(v) for k, v in texts.items() if k.startswith("zh")), "") if isinstance(texts, Mapping) else ""
    return LocalName(zh=chinese or english, en=english)


def ident_of(feature: Feature) -> str:
    """What we call a feature: its other name, else its name, else its id."""
    said = feature["properties"]
    text = label(said.get("alt_name")) or label(said.get("name")) or str(feature["id"])
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:40] or str(feature["id"])


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:40] or "x"
