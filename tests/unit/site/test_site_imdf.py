"""IMDF (OGC 20-094): our sites go out and come back equal in meaning; a stranger's archive becomes a site one can walk through."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import UUID, uuid5

import pytest

from parking.kernel.errors import ParkingError
from parking.site.drawing import svg
from parking.site.graph import walk_graph
from parking.site.imdf.reading import site_of
from parking.site.imdf.words import EXTENSION, STANDARD, to_degrees
from parking.site.imdf.writing import archive
from parking.site.imdf.zipped import pack, unpack
from parking.site.plan import BayKind, LinkKind
from parking.site.route import route
from tests.builders.plans import small_site, twin_site

CREATED = "2026-03-02T04:00:00+00:00"
NAMES = UUID("00000000-0000-4000-8000-000000000000")
AT = (9.0, 48.0)
Json = dict[str, Any]


def number(text: str) -> str:
    return str(uuid5(NAMES, text))


def box(x: float, y: float, width: float, height: float) -> Json:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return {"type": "Polygon", "coordinates": [[to_degrees(AT, c) for c in corners]]}


def point(x: float, y: float) -> Json:
    return {"type": "Point", "coordinates": to_degrees(AT, (x, y))}


def feature(kind: str, name: str, geometry: Json | None, /, **said: Any) -> Json:
    return {"id": number(name), "type": "Feature", "feature_type": kind, "geometry": geometry, "properties": said}


def label(text: str) -> Json:
    return {"en": text}


def stranger() -> dict[str, Json]:
    """A museum's garage as somebody else would write it: two floors of rooms with doors, a lift and stairs, four bays below."""
    names = {"name": {"en": "Museum"}, "restriction": None}
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


@pytest.mark.req("MAP-1")
@pytest.mark.parametrize("site", [small_site, twin_site])
def test_a_site_goes_out_and_comes_back_equal(site: Any) -> None:
    there = site()
    assert site_of(unpack(pack(archive(there, CREATED)))) == there


def test_an_archive_is_a_zip_with_a_manifest_and_a_file_for_every_feature_type_of_the_standard() -> None:
    raw = pack(archive(small_site(), CREATED))
    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        assert set(zipped.namelist()) == {"manifest.json", *(f"{s}.geojson" for s in (*STANDARD, EXTENSION))}
        manifest = json.loads(zipped.read("manifest.json"))
    assert (manifest["version"], manifest["created"]) == ("1.0.0", CREATED)
    assert manifest["extensions"] == [f"imdf:extension:{EXTENSION}#1.0.0"]


def test_every_feature_has_a_uuid_of_its_own_and_every_reference_leads_to_one() -> None:
    files = archive(twin_site(), CREATED)
    features = [f for name, file in files.items() if name != "manifest" for f in file["features"]]
    ids = {f["id"] for f in features}
    assert len(ids) == len(features)
    assert all(str(UUID(i)) == i for i in ids)
    for one in features:
        said = one["properties"]
        named = [
            said.get("level_id"),
            said.get("address_id"),
            *(said.get("unit_ids") or []),
            *(said.get("building_ids") or []),
        ]
        named += [
            e["id"] for e in (said.get("origin"), said.get("destination"), *(said.get("intermediary") or [])) if e
        ]
        assert {n for n in named if n is not None} <= ids


@pytest.mark.req("MAP-1")
def test_a_strangers_archive_becomes_a_site_that_is_drawn_and_walked_through() -> None:
    site = site_of(stranger(), currency="EUR", timezone="Europe/Berlin")
    plan = site.plan
    assert {b.id: b.kind for b in plan.bays} == {
        "17": BayKind.ORDINARY,
        "18": BayKind.ACCESSIBLE,
        "19": BayKind.EV,
        "20": BayKind.LEASED,
    }
    assert [(z.level, z.capacity) for z in site.zones] == [("p1", 4)]
    assert svg(plan, plan.levels[1].id).count("data-bay=") == 4
    graph = walk_graph(plan)
    quick = route(graph, "entrance:Main-door", "bay:17")
    free = route(graph, "entrance:Main-door", "bay:17", step_free=True)
    assert quick is not None
    assert free is not None
    assert LinkKind.STAIRS in {leg.kind for leg in quick.legs}
    assert {leg.kind for leg in free.legs} == {None, LinkKind.LIFT}


def test_a_strangers_archive_goes_out_again_and_means_the_same() -> None:
    site = site_of(stranger())
    assert site_of(unpack(pack(archive(site, CREATED)))) == site


def broken(file: str, change: Any) -> dict[str, Json]:
    files = stranger()
    change(files[file]["features"])
    return files


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("level", lambda fs: fs[0]["properties"].pop("ordinal"), "no whole ordinal"),
        ("level", lambda fs: fs[0]["properties"].update(building_ids=["nobody"]), "name no building"),
        ("unit", lambda fs: fs[3]["properties"].update(level_id="nowhere"), "level_id names no level"),
        ("unit", lambda fs: fs[3].update(geometry=None), "no polygon"),
        ("unit", lambda fs: fs[3].pop("id"), "no id of its own"),
        ("unit", lambda fs: fs.append(fs[0]), "no id of its own"),
        ("unit", lambda fs: fs[3].pop("properties"), "no Feature with properties"),
        ("amenity", lambda fs: fs[1]["properties"].update(unit_ids=["none"]), "name no unit"),
    ],
)
def test_a_broken_feature_is_named_with_its_file_and_fault(file: str, change: Any, says: str) -> None:
    with pytest.raises(ParkingError) as refused:
        site_of(broken(file, change))
    assert f"{file}.geojson" in str(refused.value.field)
    assert says in refused.value.message


@pytest.mark.parametrize("raw", [b"", b"PK", b"not a zip at all"])
def test_what_is_no_zip_is_refused(raw: bytes) -> None:
    with pytest.raises(ParkingError, match="not a zip"):
        unpack(raw)


def test_an_archive_of_another_version_is_refused() -> None:
    with pytest.raises(ParkingError, match=r"no manifest of IMDF 1\.x"):
        site_of({"manifest": {"version": "2.0.0"}})
