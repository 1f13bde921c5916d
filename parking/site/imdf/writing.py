"""A drawn site to IMDF. Pure: the same site gives the same archive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import cos, radians, sin
from typing import Any

from parking.site.imdf.words import EXTENSION, EXTENSION_NAME, LINK_UNITS, VERSION, feature_id, labels, to_degrees
from parking.site.model import SiteMap
from parking.site.plan import BAY_LENGTH_M, BAY_WIDTH_M, Bay, BayKind, Level, Place, Point
from parking.site.words import LocalName

Json = dict[str, Any]
_MARGIN_M, _LINK_HALF_M = 3.0, 1.25


def archive(site: SiteMap, created: str) -> dict[str, Json]:
    """All files by name without their ending; `created` is an RFC 3339 time."""
    return _Writer(site).everything(created)


class _Writer:
    def __init__(self, site: SiteMap) -> None:
        self.site, self.plan = site, site.plan
        self.files: dict[str, list[Json]] = {}
        self.outlines = {level.id: level.outline or _around(self._points_of(level)) for level in self.plan.levels}

    def everything(self, created: str) -> dict[str, Json]:
        self._address_and_venue()
        for garage in self.plan.garages:
            self._garage(garage.id, garage.name)
        for level in self.plan.levels:
            self._level(level)
        self._zones()
        self._rooms()
        for bay in self.plan.bays:
            self._bay(bay)
        self._links()
        self._points()
        self._extension()
        manifest: Json = {
            "version": VERSION,
            "created": created,
            "generated_by": "mall-parking",
            "language": "zh",
            "extensions": [EXTENSION_NAME],
        }
        return {"manifest": manifest} | {
            kind: {"type": "FeatureCollection", "name": kind, "features": found} for kind, found in self.files.items()
        }

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _id(self, kind: str, ident: str) -> str:
        return feature_id(self.site.id, kind, ident)

    def _add(self, kind: str, ident: str, geometry: Json | None, /, **properties: Any) -> str:
        number = self._id(kind, ident)
        feature = {
            "id": number,
            "type": "Feature",
            "feature_type": kind,
            "geometry": geometry,
            "properties": properties,
        }
        self.files.setdefault(kind, []).append(feature)
        return number

    def _polygon(self, outline: Iterable[Point]) -> Json:
        ring = [to_degrees(self.plan.anchor, p) for p in outline]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}

    def _point(self, at: Point) -> Json:
        return {"type": "Point", "coordinates": to_degrees(self.plan.anchor, at)}

    def _points_of(self, level: Level) -> list[Point]:
        points = [b.at for b in self.plan.bays if b.level_id == level.id]
        points += [p for w in self.plan.ways if w.level_id == level.id for p in w.points]
        return points or [(0.0, 0.0)]

    # --- the building ------------------------------------------------------------------------------------------------

    def _address_and_venue(self) -> None:
        name, city = self.site.name, self.site.timezone.rpartition("/")[2].replace("_", " ")
        address = self._add("address", "site", None, address=name.en, unit=None, locality=city, province=None,
                            country="CN", postal_code=None, postal_code_ext=None)  # fmt: skip
        whole = _around([p for outline in self.outlines.values() for p in outline], 0.0)
        self._add("venue", "site", self._polygon(whole), category="parkingfacility", restriction=None,
                  name=labels(name), alt_name={"en": self.site.id}, hours=None, website=None, phone=None,
                  display_point=self._point(_mid(whole)), address_id=address)  # fmt: skip

    def _garage(self, garage_id: str, name: LocalName) -> None:
        levels = [v for v in self.plan.levels if v.garage_id == garage_id]
        whole = _around([p for v in levels for p in self.outlines[v.id]], 0.0)
        building = self._add("building", garage_id, None, name=labels(name), alt_name={"en": garage_id},
                             category="parking", restriction=None, display_point=self._point(_mid(whole)),
                             address_id=None)  # fmt: skip
        category = "subterranean" if all(v.ordinal < 0 for v in levels) else "ground"
        self._add(
            "footprint", garage_id, self._polygon(whole), category=category, name=labels(name), building_ids=[building]
        )

    def _level(self, level: Level) -> None:
        outline = self.outlines[level.id]
        middle = self._point(_mid(outline))
        number = self._add("level", level.id, self._polygon(outline), category="parking", restriction=None,
                           outdoor=False, ordinal=level.ordinal, name=labels(level.name),
                           short_name={"en": level.id}, display_point=middle, address_id=None,
                           building_ids=[self._id("building", level.garage_id)])  # fmt: skip
        self._add("unit", f"road:{level.id}", self._polygon(outline), category="road", restriction=None,
                  accessibility=None, name=None, alt_name=None, display_point=middle, level_id=number)  # fmt: skip

    def _zones(self) -> None:
        for zone in self.site.zones:
            own = [b.at for b in self.plan.bays if b.zone_id == zone.id]
            if own:
                around = _around(own)
                self._add("section", zone.id, self._polygon(around), category="parking", restriction=None,
                          accessibility=None, name=labels(zone.name), alt_name={"en": zone.id},
                          display_point=self._point(_mid(around)), level_id=self._id("level", zone.level),
                          address_id=None, correlation_id=None, parents=None)  # fmt: skip

    def _rooms(self) -> None:
        for number, room in enumerate(self.plan.rooms):
            unit = self._add("unit", f"room:{number}", self._polygon(room.outline), category=room.category, restriction=None,
                             accessibility=None, name=labels(room.name) if room.name else None, alt_name=None,
                             display_point=self._point(_mid(room.outline)),
                             level_id=self._id("level", room.level_id))  # fmt: skip
            self._own("room", unit, None, room.level_id)

    def _bay(self, bay: Bay) -> None:
        unit = self._add("unit", f"bay:{bay.id}", self._polygon(_bay_outline(bay)), category="parking",
                         restriction=_RESTRICTED.get(bay.kind),
                         accessibility=["wheelchair"] if bay.kind is BayKind.ACCESSIBLE else None,
                         name={"en": bay.id}, alt_name={"en": bay.id}, display_point=self._point(bay.at),
                         level_id=self._id("level", bay.level_id))  # fmt: skip
        if bay.kind is BayKind.EV:
            self._amenity(f"ev:{bay.id}", "parking.ev", {"en": bay.id}, bay.at, unit)

    def _amenity(self, ident: str, category: str, name: Json, at: Point, unit: str, alt: Json | None = None) -> None:
        self._add("amenity", ident, self._point(at), category=category, accessibility=None, name=name, alt_name=alt,
                  hours=None, phone=None, website=None, unit_ids=[unit], address_id=None,
                  correlation_id=None)  # fmt: skip

    def _links(self) -> None:
        for link in self.plan.links:
            unit_category, category = LINK_UNITS[link.kind]
            ends = []
            for stop in link.stops:
                x, y = stop.at
                around = [(x + i * _LINK_HALF_M, y + j * _LINK_HALF_M) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
                number = self._add("unit", f"link:{link.id}:{stop.level_id}", self._polygon(around),
                                   category=unit_category, restriction=None, accessibility=None,
                                   name=labels(link.name), alt_name={"en": link.id},
                                   display_point=self._point(stop.at),
                                   level_id=self._id("level", stop.level_id))  # fmt: skip
                ends.append({"id": number, "feature_type": "unit"})
            direction = "directed" if link.one_way else "undirected"
            self._add("relationship", link.id, None, category=category, direction=direction, origin=ends[0],
                      intermediary=ends[1:-1] or None, destination=ends[-1], hours=None)  # fmt: skip

    def _points(self) -> None:
        for pillar in self.plan.pillars:
            road = self._id("unit", f"road:{pillar.place.level_id}")
            self._amenity(
                f"pillar:{pillar.id}", "landmark", {"en": pillar.id}, pillar.place.at, road, {"en": pillar.id}
            )
        for entrance in self.plan.entrances:
            road = self._id("unit", f"road:{entrance.place.level_id}")
            name = labels(entrance.name)
            self._amenity(f"entrance:{entrance.id}", "entry", name, entrance.place.at, road, {"en": entrance.id})

    # --- what IMDF has no word for -----------------------------------------------------------------------------------

    def _extension(self) -> None:
        for way in self.plan.ways:
            line = {"type": "LineString", "coordinates": [to_degrees(self.plan.anchor, p) for p in way.points]}
            self._own("way", way.id, line, way.level_id, use=way.use.value, one_way=way.one_way)
        for bay in self.plan.bays:
            self._own("bay", bay.id, None, bay.level_id, zone=bay.zone_id, kind=bay.kind.value, heading=bay.heading_deg)
        for level in self.plan.levels:
            self._own("level", level.id, None, level.id, drawn=bool(level.outline))
        for link in self.plan.links:
            self._own("link", link.id, None, link.stops[0].level_id, working=link.working)
        for camera in self.plan.cameras:
            self._own("camera", camera.id, self._point(camera.place.at), camera.place.level_id,
                      heading=camera.heading_deg, view=camera.view_deg, reach=camera.reach_m)  # fmt: skip
        for spot in self.plan.help_points:
            self._own("help", spot.id, self._point(spot.place.at), spot.place.level_id, name=labels(spot.name))
        at: dict[str, Place] = {str(k): v for k, v in self.plan.lanes.items()}
        for lane in self.site.lanes:
            place = at.get(lane.id)
            geometry = self._point(place.at) if place else None
            self._own("lane", lane.id, geometry, place.level_id if place else "", name=labels(lane.name),
                      kind=lane.kind.value, from_zone=lane.from_zone, to_zone=lane.to_zone,
                      both_ways=lane.both_ways)  # fmt: skip
        hung: dict[str, Place] = {str(k): v for k, v in self.plan.signs.items()}
        for sign in self.site.signs:
            place = hung.get(sign.id)
            self._own("sign", sign.id, self._point(place.at) if place else None, place.level_id if place else "",
                      zone=sign.zone_id, driver=sign.driver, address=sign.address,
                      full_text=sign.full_text)  # fmt: skip
        for zone in self.site.zones:
            self._own("zone", zone.id, None, zone.level, opens_empty=zone.opens_empty,
                      not_usable=sorted(zone.not_usable))  # fmt: skip
        self._own("site", self.site.id, None, "", currency=self.site.currency, timezone=self.site.timezone,
                  anchor=list(self.plan.anchor))  # fmt: skip

    def _own(self, what: str, ident: str, geometry: Json | None, level_id: str, /, **properties: Any) -> None:
        self._add(EXTENSION, f"{what}:{ident}", geometry, what=what, ident=ident, level=level_id, **properties)


_RESTRICTED = {BayKind.RESERVED: "restricted", BayKind.LEASED: "restricted", BayKind.OUT_OF_SERVICE: "employeesonly"}


def _bay_outline(bay: Bay) -> Sequence[Point]:
    east, north = sin(radians(bay.heading_deg)), cos(radians(bay.heading_deg))
    x, y = bay.at
    corners = [
        (right * BAY_WIDTH_M / 2, ahead * BAY_LENGTH_M / 2) for right, ahead in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return [(x + right * north + ahead * east, y - right * east + ahead * north) for right, ahead in corners]


def _around(points: Sequence[Point], margin: float = _MARGIN_M) -> tuple[Point, ...]:
    """The upright box around points."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    left, right, low, high = min(xs) - margin, max(xs) + margin, min(ys) - margin, max(ys) + margin
    return (left, low), (right, low), (right, high), (left, high)


def _mid(outline: Sequence[Point]) -> Point:
    xs, ys = [p[0] for p in outline], [p[1] for p in outline]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
