"""IMDF to a drawn site. Pure. A feature that does not fit is told by file and id; features of no use for parking are passed over.

With our own extension nothing is lost. Without it the archive is a stranger's: kinds come from accessibility, amenities and
restrictions, and the ways on foot from openings and the rooms that they lead into.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from parking.kernel.errors import invalid
from parking.kernel.ids import BayId, GarageId, LaneId, LevelId, LinkId, PillarId, SignId, SiteId, ZoneId
from parking.site.check import faults, refuse
from parking.site.geometry import inside, middle
from parking.site.imdf.foreign import distinct, foreign_kind, foreign_ways, heading_of, is_hall
from parking.site.imdf.words import (
    EXTENSION,
    LINK_UNITS,
    VERSION,
    Archive,
    Feature,
    ident_of,
    label,
    name_of,
    slug,
    to_metres,
    wrong,
)
from parking.site.model import Lane, LaneKind, Sign, SiteMap, Zone
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
from parking.site.words import LocalName

_KINDS = {unit: kind for kind, (unit, _) in LINK_UNITS.items()}


def site_of(archive: Archive, *, site_id: str = "", currency: str = "CNY", timezone: str = "Asia/Shanghai") -> SiteMap:
    """The site in an archive; id, currency and time zone for one that does not say. ParkingError names file and feature."""
    return _Reader(archive).site(site_id, currency, timezone)


class _Reader:
    def __init__(self, archive: Archive) -> None:
        manifest = archive.get("manifest")
        if not isinstance(manifest, Mapping) or str(manifest.get("version", "")).split(".")[0] != VERSION[0]:
            raise invalid("site.imdf", "there is no manifest of IMDF 1.x", field="manifest.json: version")
        self._archive = archive
        self.own: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        self._own_at: dict[str, Feature] = {}
        for feature in self.features(EXTENSION):
            said = feature["properties"]
            self.own[str(said.get("what"))][str(said.get("ident"))] = said
            self._own_at[f"{said.get('what')}:{said.get('ident')}"] = feature
        about = next(iter(self.own["site"].values()), {})
        self.anchor: Point = tuple(about["anchor"]) if "anchor" in about else self._first_corner()
        self.levels: dict[str, Level] = {}

    # --- features ----------------------------------------------------------------------------------------------------

    def features(self, kind: str) -> Iterator[Feature]:
        """The features of one file, each an object with id and properties."""
        collection = self._archive.get(kind)
        if collection is None:
            return
        found = collection.get("features") if isinstance(collection, Mapping) else None
        if not isinstance(found, list):
            raise wrong(kind, "the file", "is no FeatureCollection")
        seen: set[str] = set()
        for position, feature in enumerate(found):
            if not isinstance(feature, Mapping) or not isinstance(feature.get("properties"), Mapping):
                raise wrong(kind, f"feature {position}", "is no Feature with properties")
            number = str(feature.get("id", ""))
            if not number or number in seen:
                raise wrong(kind, f"feature {position}", "has no id of its own")
            seen.add(number)
            yield feature

    def ring(self, kind: str, feature: Feature) -> tuple[Point, ...]:
        """The outer ring of a polygon, in metres, without its repeated last point."""
        geometry = feature.get("geometry") or {}
        try:
            rings = geometry["coordinates"]
            ring = rings[0][0] if geometry["type"] == "MultiPolygon" else rings[0]
            points = tuple(to_metres(self.anchor, p) for p in ring)
        except (KeyError, IndexError, TypeError):
            raise wrong(kind, str(feature["id"]), "has no polygon") from None
        if len(points) < 4:
            raise wrong(kind, str(feature["id"]), "its polygon has less than three corners")
        return points[:-1]

    def at(self, kind: str, feature: Feature) -> Point:
        """Where a feature is: its point, its display point, or the middle of its outline."""
        for geometry in (feature["properties"].get("display_point"), feature.get("geometry")):
            if isinstance(geometry, Mapping) and geometry.get("type") == "Point":
                try:
                    return to_metres(self.anchor, geometry["coordinates"])
                except (KeyError, IndexError, TypeError):
                    raise wrong(kind, str(feature["id"]), "its point has no coordinates") from None
        return middle(self.ring(kind, feature))

    def _first_corner(self) -> Point:
        for feature in self.features("venue"):
            try:
                lon, lat = (feature.get("geometry") or {})["coordinates"][0][0][:2]
                return float(lon), float(lat)
            except (KeyError, IndexError, TypeError, ValueError):
                raise wrong("venue", str(feature["id"]), "has no polygon") from None
        raise invalid("site.imdf", "there is no venue", field="venue.geojson")

    def level_of(self, kind: str, feature: Feature) -> Level:
        found = self.levels.get(str(feature["properties"].get("level_id")))
        if found is None:
            raise wrong(kind, str(feature["id"]), "its level_id names no level")
        return found

    # --- the site ----------------------------------------------------------------------------------------------------

    def site(self, site_id: str, currency: str, timezone: str) -> SiteMap:
        venue = next(self.features("venue"), None)
        if venue is None:
            raise invalid("site.imdf", "there is no venue", field="venue.geojson")
        about = next(iter(self.own["site"].values()), {})
        garages = self._garages()
        units = list(self.features("unit"))
        sections = [s for s in self.features("section") if s["properties"].get("category") == "parking"]
        bays = self._bays(units, sections)
        amenities = list(self.features("amenity"))
        unit_level = {str(u["id"]): self.level_of("unit", u).id for u in units}
        ways = tuple(self._way(ident, said) for ident, said in self.own["way"].items())
        links = self._links(units)
        plan = Plan(
            garages,
            tuple(self.levels.values()),
            bays,
            ways or foreign_ways(self, units, links),
            links,
            tuple(Pillar(PillarId(i), p) for i, _, p in self._amenities(amenities, "landmark", unit_level)),
            tuple(self._camera(ident, said) for ident, said in self.own["camera"].items()),
            tuple(Spot(i, name_of(s, i), self._own_place("help", i)) for i, s in self.own["help"].items()),
            tuple(Spot(i, n, p) for i, n, p in self._amenities(amenities, "entry", unit_level)),
            {LaneId(i): self._own_place("lane", i) for i, s in self.own["lane"].items() if s.get("level")},
            {SignId(i): self._own_place("sign", i) for i, s in self.own["sign"].items() if s.get("level")},
            self._rooms(units),
            self.anchor,
        )
        said_id = site_id or label(venue["properties"].get("alt_name")) or "site"
        site = SiteMap(
            SiteId(slug(said_id)),
            name_of(venue["properties"], said_id),
            str(about.get("currency", currency)),
            str(about.get("timezone", timezone)),
            self._zones(sections, bays),
            tuple(self._lane(ident, said) for ident, said in self.own["lane"].items()),
            tuple(self._sign(ident, said) for ident, said in self.own["sign"].items()),
            plan,
        )
        refuse(faults(site), "imdf")
        return site

    def _garages(self) -> tuple[Garage, ...]:
        garages: dict[str, Garage] = {}
        for feature in self.features("building"):
            garages[str(feature["id"])] = Garage(GarageId(slug(ident_of(feature))), name_of(feature["properties"]))
        for feature in self.features("level"):
            said = feature["properties"]
            ordinal, owners = said.get("ordinal"), said.get("building_ids") or []
            if type(ordinal) is not int:
                raise wrong("level", str(feature["id"]), "has no whole ordinal")
            owner = next((garages[str(b)] for b in owners if str(b) in garages), None)
            if owner is None:
                raise wrong("level", str(feature["id"]), "its building_ids name no building")
            ident = slug(label(said.get("short_name")) or str(feature["id"]))
            if any(ident == level.id for level in self.levels.values()):
                ident = f"{owner.id}-{ident}"[:40]
            drawn = self.own["level"].get(ident, {}).get("drawn", True)
            outline = self.ring("level", feature) if drawn else ()
            level = Level(LevelId(ident), owner.id, name_of(said), ordinal, outline)
            self.levels[str(feature["id"])] = level
        return tuple(garages.values())

    def _bays(self, units: Iterable[Feature], sections: Sequence[Feature]) -> tuple[Bay, ...]:
        charging = {
            str(unit)
            for a in self.features("amenity")
            if a["properties"].get("category") == "parking.ev"
            for unit in a["properties"].get("unit_ids") or []
        }
        areas = [(slug(ident_of(s)), self.level_of("section", s).id, self.ring("section", s)) for s in sections]
        found: list[Bay] = []
        for unit in units:
            said = unit["properties"]
            if not self._is_bay(unit):
                continue
            level, at, ring = self.level_of("unit", unit), self.at("unit", unit), self.ring("unit", unit)
            ident = distinct(ident_of(unit), {b.id for b in found}, level.id)
            own = self.own["bay"].get(ident, {})
            zone = own.get("zone") or _area(areas, level.id, at) or level.id
            kind = BayKind(own["kind"]) if "kind" in own else foreign_kind(said, str(unit["id"]) in charging)
            heading = float(own["heading"]) if "heading" in own else heading_of(ring)
            found.append(Bay(BayId(ident), ZoneId(zone), level.id, at, kind, heading))
        return tuple(found)

    def _is_bay(self, unit: Feature) -> bool:
        return unit["properties"].get("category") == "parking" and not is_hall(self.ring("unit", unit))

    def _rooms(self, units: Iterable[Feature]) -> tuple[Room, ...]:
        """All units that are neither bay nor link; of an archive of ours those that were drawn as rooms."""
        found = []
        for unit in units:
            said = unit["properties"]
            is_room = str(unit["id"]) in self.own["room"] if self.own["site"] else not self._is_bay(unit)
            if is_room and said.get("category") not in _KINDS.keys() - {"walkway"}:
                name = name_of(said) if label(said.get("name")) else None
                category = slug(str(said.get("category", "")))
                found.append(Room(self.level_of("unit", unit).id, category, self.ring("unit", unit), name))
        return tuple(found)

    def _zones(self, sections: Sequence[Feature], bays: Sequence[Bay]) -> tuple[Zone, ...]:
        named = {slug(ident_of(s)): name_of(s["properties"]) for s in sections}
        level_names = {level.id: level.name for level in self.levels.values()}
        groups: dict[ZoneId, list[Bay]] = {ZoneId(z): [] for z in self.own["zone"]}
        for bay in bays:
            groups.setdefault(bay.zone_id, []).append(bay)
        zones = []
        for zone_id, own in groups.items():
            if not own:
                continue
            said = self.own["zone"].get(zone_id, {})
            level_id = own[0].level_id
            out = {BayId(b) for b in said.get("not_usable", [])}
            out |= {b.id for b in own if b.kind is BayKind.OUT_OF_SERVICE}
            name = named.get(zone_id) or level_names[level_id]
            ids = tuple(b.id for b in own)
            zones.append(Zone(zone_id, name, level_id, ids, frozenset(out), bool(said.get("opens_empty"))))
        return tuple(zones)

    def _links(self, units: Iterable[Feature]) -> tuple[Link, ...]:
        by_id = {str(u["id"]): u for u in units if u["properties"].get("category") in _KINDS}
        found: list[Link] = []
        for relation in self.features("relationship"):
            said = relation["properties"]
            ends = [said.get("origin"), *(said.get("intermediary") or []), said.get("destination")]
            joined = [by_id[str(e["id"])] for e in ends if isinstance(e, Mapping) and str(e.get("id")) in by_id]
            if len(joined) < 2:
                continue  # a relationship of things that nobody walks through
            kind = _KINDS[str(joined[0]["properties"]["category"])]
            stops = tuple(Place(self.level_of("unit", u).id, self.at("unit", u)) for u in joined)
            ident = distinct(slug(ident_of(joined[0])), {link.id for link in found}, stops[0].level_id)
            working = bool(self.own["link"].get(ident, {}).get("working", True))
            one_way = said.get("direction") == "directed" and kind in (LinkKind.RAMP, LinkKind.ESCALATOR)
            found.append(Link(LinkId(ident), name_of(joined[0]["properties"], ident), kind, stops, one_way, working))
        return tuple(found)

    def _amenities(
        self, amenities: Iterable[Feature], category: str, unit_level: Mapping[str, LevelId]
    ) -> Iterator[tuple[str, LocalName, Place]]:
        taken: set[str] = set()
        for feature in amenities:
            if feature["properties"].get("category") == category:
                levels = [
                    unit_level[str(u)] for u in feature["properties"].get("unit_ids") or [] if str(u) in unit_level
                ]
                if not levels:
                    raise wrong("amenity", str(feature["id"]), "its unit_ids name no unit")
                said = ident_of(feature) if category == "landmark" else slug(ident_of(feature))
                ident = distinct(said, taken, levels[0])
                taken.add(ident)
                yield ident, name_of(feature["properties"]), Place(levels[0], self.at("amenity", feature))

    # --- the extension -----------------------------------------------------------------------------------------------

    def _own_place(self, what: str, ident: str) -> Place:
        feature = self._own_at[f"{what}:{ident}"]
        return Place(LevelId(str(feature["properties"]["level"])), self.at(EXTENSION, feature))

    def _way(self, ident: str, said: Mapping[str, Any]) -> Way:
        try:
            line = self._own_at[f"way:{ident}"]["geometry"]["coordinates"]
            points = tuple(to_metres(self.anchor, p) for p in line)
            return Way(ident, LevelId(said["level"]), Use(said["use"]), points, bool(said["one_way"]))
        except (KeyError, TypeError, ValueError, IndexError):
            raise wrong(EXTENSION, f"way {ident}", "has no line, level or use") from None

    def _camera(self, ident: str, said: Mapping[str, Any]) -> Camera:
        place = self._own_place("camera", ident)
        return Camera(ident, place, float(said["heading"]), float(said["view"]), float(said["reach"]))

    def _lane(self, ident: str, said: Mapping[str, Any]) -> Lane:
        zones = [ZoneId(said[k]) if said.get(k) else None for k in ("from_zone", "to_zone")]
        return Lane(LaneId(ident), name_of(said), LaneKind(said["kind"]), zones[0], zones[1], bool(said["both_ways"]))

    def _sign(self, ident: str, said: Mapping[str, Any]) -> Sign:
        return Sign(
            SignId(ident), ZoneId(said["zone"]), str(said["driver"]), str(said["address"]), str(said["full_text"])
        )


def _area(areas: Sequence[tuple[str, LevelId, Sequence[Point]]], level_id: LevelId, at: Point) -> str:
    return next((ident for ident, level, ring in areas if level == level_id and inside(ring, at)), "")
