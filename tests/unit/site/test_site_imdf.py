"""IMDF (OGC 20-094): our sites go out and come back equal in meaning; a stranger's archive becomes a site one can walk through."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from parking.kernel.errors import ParkingError
from parking.site.drawing import svg
from parking.site.file import text_of
from parking.site.graph import walk_graph
from parking.site.imdf.reading import site_of
from parking.site.imdf.words import EXTENSION, STANDARD
from parking.site.imdf.writing import archive
from parking.site.imdf.zipped import pack, unpack
from parking.site.loader import load
from parking.site.plan import BayKind, LinkKind
from parking.site.route import route
from tests.builders.imdf import CREATED, Json, label, number, stranger
from tests.builders.plans import small_site, twin_site


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
        "21": BayKind.ORDINARY,
        "22": BayKind.ORDINARY,
        "23": BayKind.ORDINARY,
        "g-17": BayKind.ORDINARY,
    }
    assert [plan.bay(bay).heading_deg for bay in ("17", "21", "22", "23")] == [0.0, 60.0, 60.0, 90.0]
    assert [(z.level, z.capacity) for z in site.zones] == [("p1", 7), ("g", 1)]
    assert [(r.level_id, r.category, r.name and r.name.en) for r in plan.rooms] == [
        ("g", "lobby", "foyer"),
        ("g", "walkway", "hall"),
        ("p1", "road", "deck"),
    ]
    graph = walk_graph(plan)
    quick = route(graph, "entrance:main-door", "bay:17")
    free = route(graph, "entrance:main-door", "bay:17", step_free=True)
    assert quick is not None
    assert free is not None
    assert LinkKind.STAIRS in {leg.kind for leg in quick.legs}
    assert {leg.kind for leg in free.legs} == {None, LinkKind.LIFT}


@pytest.mark.req("MAP-1")
def test_a_strangers_archive_goes_out_again_and_means_the_same_and_so_does_the_site_file_made_of_it() -> None:
    site = site_of(stranger())
    assert site_of(unpack(pack(archive(site, CREATED)))) == site
    assert load(text_of(site), "site.yaml") == site


@pytest.mark.req("MAP-1")
def test_whoever_reads_our_archive_without_our_extension_sees_the_same_rooms_and_bays() -> None:
    site = site_of(stranger())
    files = {name: file for name, file in archive(site, CREATED).items() if name != EXTENSION}
    read = site_of(files).plan
    assert [(b.id, b.level_id, b.heading_deg) for b in read.bays] == [
        (b.id, b.level_id, b.heading_deg) for b in site.plan.bays
    ]
    assert {r.outline for r in read.rooms} >= {r.outline for r in site.plan.rooms}


@pytest.mark.req("MAP-1")
def test_the_picture_of_each_level_has_all_its_rooms_bays_lifts_and_stairs() -> None:
    plan = site_of(stranger()).plan
    for level in plan.levels:
        drawn = ElementTree.fromstring(svg(plan, level.id))
        classes = Counter(str(part.get("class")).split()[0] for part in drawn)
        assert classes["outline"] == 1
        assert classes["room"] == sum(r.level_id == level.id for r in plan.rooms)
        assert classes["link"] == sum(s.level_id == level.id for k in plan.links for s in k.stops)
        bays = {part.get("data-bay") for part in drawn if part.get("data-bay")}
        assert bays == {b.id for b in plan.bays if b.level_id == level.id}


def test_lifts_doors_and_bays_of_one_name_are_told_apart() -> None:
    files = stranger()
    for unit in files["unit"]["features"][-4:]:
        unit["properties"]["name"] = label("Way up")
    door = files["amenity"]["features"][1]
    again = {**door, "id": number("second door")}
    files["amenity"]["features"].append(again)
    plan = site_of(files).plan
    assert [link.id for link in plan.links] == ["way-up", "g-way-up"]
    assert [entrance.id for entrance in plan.entrances] == ["main-door", "g-main-door"]
    assert load(text_of(site_of(files)), "site.yaml").plan == plan


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
