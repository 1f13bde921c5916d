"""A site file is read whole or refused with the key and the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.ids import LaneId, SignId, ZoneId
from parking.site.loader import load
from parking.site.model import LaneKind, LocalName

DEMO = Path(__file__).parents[3] / "hardware_sim" / "sites" / "demo" / "site.yaml"
GOOD = """\
site: {id: mall, name: {zh: 商场, en: Mall}, currency: CNY, timezone: Asia/Shanghai}
zones:
  - {id: b1, name: {zh: 一, en: B1}, level: B1, capacity: 3}
  - {id: b2, name: {zh: 二, en: B2}, level: B2, capacity: 2, bays: [A-1, A-2], not_usable: [A-2]}
lanes:
  - {id: in-1, name: {zh: 入, en: In}, kind: entry, to: b1}
  - {id: out-1, name: {zh: 出, en: Out}, kind: exit, from: b1}
  - {id: ramp-1, name: {zh: 坡, en: Ramp}, kind: ramp, from: b1, to: b2, both_ways: true}
signs:
  - {id: sign-1, zone: b1, driver: led_counter, address: "10.0.0.7:502"}
"""

BAD = [
    ("a key nobody knows", "currency: CNY", "currency: CNY, colour: red", "site.colour (line 1)", "not known"),
    ("a missing key", "currency: CNY, ", "", "site.currency (line 1)", "missing"),
    ("an unknown currency", "CNY", "yuan", "site.currency (line 1)", "ISO 4217"),
    ("an unknown time zone", "Asia/Shanghai", "Asia/Shangri-La", "site.timezone (line 1)", "time zone"),
    ("a time zone that climbs out", "Asia/Shanghai", "../../etc/passwd", "site.timezone (line 1)", "time zone"),
    ("a folder of time zones", "Asia/Shanghai", "Asia", "site.timezone (line 1)", "time zone"),
    ("a key written twice", "level: B1,", "level: B1, level: B9,", "zones[0].level (line 3)", "twice"),
    ("a zone id used twice", "id: b2", "id: b1", "zones[1].id (line 4)", "used twice"),
    ("an id with a space", "id: b1", "id: b 1", "zones[0].id (line 3)", "an id has"),
    ("no bays", "capacity: 3", "capacity: 0", "zones[0].capacity (line 3)", "1 to"),
    ("fewer than no bays", "capacity: 3", "capacity: -3", "zones[0].capacity (line 3)", "1 to"),
    ("half a bay", "capacity: 3", "capacity: 2.5", "zones[0].capacity (line 3)", "whole number"),
    ("a capacity in words", "capacity: 3", "capacity: many", "zones[0].capacity (line 3)", "whole number"),
    ("bays that do not add up", "capacity: 2", "capacity: 4", "zones[1].bays (line 4)", "2 bays are listed"),
    ("a bay listed twice", "[A-1, A-2]", "[A-1, A-1]", "zones[1].bays[1] (line 4)", "listed twice"),
    ("a bay in two zones", "[A-1, A-2]", "[b1-001, A-2]", "zones[1].bays[0] (line 4)", "another zone"),
    ("an unusable bay that is not there", "[A-2]}", "[A-9]}", "zones[1].not_usable[0] (line 4)", "no bay"),
    (
        "a zone with nothing usable",
        "not_usable: [A-2]",
        "not_usable: [A-1, A-2]",
        "zones[1].not_usable (line 4)",
        "usable",
    ),
    ("a number where a text belongs", "level: B1", "level: 1", "zones[0].level (line 3)", "quotes"),
    ("a name in one language", "{zh: 入, en: In}", "{en: In}", "lanes[0].name.zh (line 6)", "missing"),
    ("a lane to nowhere", "kind: entry, to: b1", "kind: entry, to: b7", "lanes[0].to (line 6)", "no zone 'b7'"),
    (
        "an entry that leads out",
        "kind: entry, to: b1",
        "kind: entry, to: b1, from: b1",
        "lanes[0].from (line 6)",
        "has no",
    ),
    ("an exit without a zone", "kind: exit, from: b1", "kind: exit", "lanes[1].from (line 7)", "missing"),
    ("a lane of no kind", "kind: exit", "kind: door", "lanes[1].kind (line 7)", "one of entry, exit, ramp"),
    ("a ramp to itself", "from: b1, to: b2", "from: b1, to: b1", "lanes[2].to (line 8)", "another"),
    ("an exit both ways", "from: b1}", "from: b1, both_ways: true}", "lanes[1].both_ways (line 7)", "only a ramp"),
    ("a flag that is neither", "both_ways: true", "both_ways: maybe", "lanes[2].both_ways (line 8)", "true or false"),
    ("a lane id used twice", "id: out-1", "id: in-1", "lanes[1].id (line 7)", "used twice"),
    ("a sign for a zone that is not there", "zone: b1", "zone: b3", "signs[0].zone (line 10)", "no zone 'b3'"),
    ("a sign that listens nowhere", '"10.0.0.7:502"', '"10.0.0.7"', "signs[0].address (line 10)", "host:port"),
    ("a port too high", '"10.0.0.7:502"', '"10.0.0.7:99999"', "signs[0].address (line 10)", "host:port"),
    ("a list that is none", "signs:\n  - {id", "signs:\n  {id", "signs (line 9)", "a list"),
    ("a row that is a word", "signs:\n  - {", "signs:\n  - sign-0\n  - {", "signs[0] (line 10)", "mapping"),
    ("a top key nobody knows", "signs:", "sings:", "sings (line 9)", "not known"),
    ("an alias", "name: {zh: 一, en: B1}", "name: &n {zh: 一, en: B1, x: *n}", "line 3", "aliases"),
    ("no YAML at all", "zones:\n", "zones: [\n", "line", "not readable"),
]


def test_a_good_file_becomes_the_site_it_describes() -> None:
    site = load(GOOD, "mall.yaml")
    assert site.zone(ZoneId("b1")).bays == ("b1-001", "b1-002", "b1-003")
    assert site.lane(LaneId("ramp-1")).zones == ("b1", "b2")
    assert site.lane(LaneId("in-1")).kind is LaneKind.ENTRY
    assert site.signs[0].address == "10.0.0.7:502"
    assert site.zones[0].name == LocalName(zh="一", en="B1")
    assert not site.zones[0].opens_empty


@pytest.mark.req("GUIDE-3")
def test_a_bay_that_is_not_usable_does_not_count_as_capacity() -> None:
    assert load(GOOD, "mall.yaml").zone(ZoneId("b2")).capacity == 1


@pytest.mark.parametrize(("old", "new", "place", "says"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_file_is_refused_by_key_and_line(old: str, new: str, place: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(ParkingError) as refused:
        load(GOOD.replace(old, new, 1), "mall.yaml")
    assert refused.value.kind is ErrorKind.INVALID
    assert str(refused.value).startswith("mall.yaml: ")
    assert place in (refused.value.field or "")
    assert says in refused.value.message


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "just words", "[]", "zones: []", "a: b\n---\nc: d\n", "[" * 5000, "\x00"]
)
def test_what_is_no_site_at_all_is_refused_by_file(text: str) -> None:
    with pytest.raises(ParkingError, match=r"^mall\.yaml"):
        load(text, "mall.yaml")


def test_a_site_without_zones_is_refused() -> None:
    text = GOOD.split("zones:")[0]
    with pytest.raises(ParkingError, match=r"zones .*at least one zone"):
        load(text, "mall.yaml")


def test_the_demo_is_two_levels_of_thirty_bays_with_a_sign_each() -> None:
    addresses = {"sign-b1": "127.0.0.1:7001", "sign-b2": "127.0.0.1:7002"}
    site = load(DEMO.read_text(encoding="utf-8"), "site.yaml", addresses)
    assert {str(z.id): z.capacity for z in site.zones} == {"b1": 30, "b2": 30}
    assert {str(s.id): s.address for s in site.signs} == addresses
    assert {str(s.zone_id) for s in site.signs} == {"b1", "b2"}
    assert all(z.opens_empty for z in site.zones)


def test_an_address_for_a_sign_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParkingError, match=r"sign_addresses\.sign-9: this site has no sign"):
        load(GOOD, "mall.yaml", {"sign-9": "127.0.0.1:7001"})


def test_asking_for_what_the_site_has_not_is_an_error_of_its_own() -> None:
    site = load(GOOD, "mall.yaml")
    with pytest.raises(ParkingError, match="no zone"):
        site.zone(ZoneId("b9"))
    with pytest.raises(ParkingError, match="no lane"):
        site.lane(LaneId("in-9"))
    assert site.with_sign_addresses({SignId("sign-1"): "a:1"}).signs[0].address == "a:1"
