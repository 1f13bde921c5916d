"""A drawn site is read whole or refused with the feature and its fault; what can be reached is known before anybody is sent there."""

from __future__ import annotations

import pytest

from parking.kernel.errors import ParkingError
from parking.site.api import PlaceSchema, on_map
from parking.site.drawing import svg, view_box
from parking.site.file import text_of
from parking.site.loader import load
from parking.site.plan import BayKind
from tests.builders.plans import SMALL, small_site, twin_site

BAD = [
    ("a level of no garage", "garage: g, ordinal: -2", "garage: h, ordinal: -2", "levels[1].garage", "no garage 'h'"),
    ("two levels at one height", "ordinal: -2", "ordinal: -1", "levels[1].ordinal", "has a level -1"),
    ("a zone on no level", "en: Zone 2}, level: b2", "en: Zone 2}, level: b3", "zones[1].level", "no level 'b3'"),
    ("bays of no zone", "zone: z2, first: B-10", "zone: z9, first: B-10", "bays[3].zone", "no zone 'z9'"),
    ("a bay in two rows", "first: A-11", "first: A-10", "bays[1].first", "another row"),
    ("a row without a step", "count: 10, at: [10, 4.5], step: [2.5, 0]", "count: 10, at: [10, 4.5]", "bays[0].step",
     "by which step"),
    ("a row that counts from a word", "first: A-01", "first: A", "bays[0].first", "ends in its number"),
    ("a kind that is none", "kind: accessible", "kind: vip", "bays[1].kind", "is one of ordinary"),
    ("a point of three numbers", "at: [40, 4.5], kind: acc", "at: [40, 4, 5], kind: acc", "bays[1].at", "point [x, y]"),
    ("a point of words", "at: [40, 4.5], kind: acc", "at: [40, far], kind: acc", "bays[1].at", "a number"),
    ("a way on no level", "id: w2, level: b2", "id: w2, level: b7", "ways[1].level", "no level 'b7'"),
    ("a way of one point", "level: b2, points: [[5, 10], [50, 10]]", "level: b2, points: [[5, 10]]", "ways[1].points",
     "at least 2 points"),
    ("a lift that stops once", "[{level: b1, at: [50, 12]}, {level: b2, at: [50, 12]}]", "[{level: b1, at: [50, 12]}]",
     "links[0].stops", "two levels at least"),
    ("a lift of one way", "kind: lift,", "kind: lift, one_way: true,", "links[0].one_way", "both ways"),
    ("a link of no kind", "kind: lift,", "kind: slide,", "links[0].kind", "is one of ramp"),
    ("a camera that sees nothing", "view: 120", "view: 0", "cameras[0].view", "more than 0"),
    ("the same pillar twice", "{id: P2, level: b2", "{id: P1, level: b2", "pillars[1].id", "there twice"),
    ("a key nobody knows", "kind: accessible", "kind: accessible, colour: red", "bays[1].colour", "not known"),
    # what only shows when all is read
    ("a bay outside the wall", "first: A-11, at: [40, 4.5]", "first: A-11, at: [70, 4.5]", "bay A-11", "outside the outline"),
    ("a bay on a bay", "first: A-11, at: [40, 4.5]", "first: A-11, at: [10, 4.5]", "bay A-11", "where bay A-01 stands"),
    ("a bay far from every way", "at: [40, 4.5], kind: out", "at: [40, 60], kind: out", "bay B-10", "more than 30 m"),
    ("a level without a ramp", "kind: ramp, name: {zh: 坡道, en: Ramp}", "kind: ramp, working: false, name: {zh: 坡道, en: Ramp}",
     "bay B-01", "cannot be driven to"),
    ("an entry far away", "level: b1, at: [4, 10]", "level: b1, at: [400, 10]", "lane entry-1", "more than 30 m"),
]  # fmt: skip


@pytest.mark.req("MAP-1")
@pytest.mark.parametrize(("before", "after", "where", "what"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_wrong_drawing_is_refused_with_the_feature_and_the_fault(
    before: str, after: str, where: str, what: str
) -> None:
    assert SMALL.count(before) == 1, before
    with pytest.raises(ParkingError) as refused:
        load(SMALL.replace(before, after), "small.yaml")
    assert where in str(refused.value.field)
    assert what in refused.value.message


def test_nobody_walks_to_a_level_whose_lift_and_stairs_stand_still() -> None:
    text = SMALL.replace("kind: lift,", "kind: lift, working: false,").replace(
        "kind: stairs,", "kind: stairs, working: false,"
    )
    with pytest.raises(ParkingError, match="cannot be walked to from any entrance"):
        load(text, "small.yaml")


def test_a_row_of_bays_is_bays_with_names_places_and_kinds() -> None:
    site = small_site()
    assert site.plan.bay("A-03").at == (15.0, 4.5)
    assert site.plan.bay("A-11").kind is BayKind.ACCESSIBLE
    assert site.zone(site.zones[1].id).capacity == 9, "a bay out of service is none that counts"


@pytest.mark.req("GUIDE-3")
def test_the_big_example_has_two_garages_five_levels_and_two_thousand_bays_of_every_kind() -> None:
    plan = twin_site().plan
    assert (len(plan.garages), len(plan.levels), len(plan.bays)) == (2, 5, 2000)
    kinds = {kind: sum(b.kind is kind for b in plan.bays) for kind in BayKind}
    assert kinds[BayKind.ACCESSIBLE] >= 16
    assert kinds[BayKind.EV] >= 40
    assert kinds[BayKind.LEASED] >= 20
    assert kinds[BayKind.OUT_OF_SERVICE] >= 2
    assert kinds[BayKind.LIFT] >= 20
    assert kinds[BayKind.RESERVED] >= 10


@pytest.mark.parametrize("site", [small_site, twin_site])
def test_a_site_written_out_is_read_back_the_same(site: object) -> None:
    there = site()  # type: ignore[operator]
    assert load(text_of(there), "again.yaml") == there


def test_a_level_is_drawn_with_all_its_bays_inside_the_picture() -> None:
    plan = twin_site().plan
    level = plan.levels[0].id
    picture = svg(plan, level)
    assert picture.count("data-bay=") == 400
    assert picture.startswith("<svg ")
    assert picture.endswith("</svg>")
    left, top, width, height = view_box(plan, level)
    for bay in plan.bays:
        if bay.level_id == level:
            assert left < bay.at[0] < left + width
            assert top < -bay.at[1] < top + height


def test_a_level_that_is_not_there_is_not_drawn() -> None:
    with pytest.raises(ParkingError, match="no level 'roof'"):
        svg(small_site().plan, "roof")  # type: ignore[arg-type]


@pytest.mark.req("MAP-1")
def test_the_map_tells_where_lanes_signs_and_cameras_are_and_of_a_lane_that_nobody_drew_where_it_leads() -> None:
    drawn = on_map(small_site())
    assert {zone.id: zone.level for zone in drawn.zones} == {"z1": "b1", "z2": "b2"}
    ramp = next(lane for lane in drawn.lanes if lane.id == "ramp-1")
    assert (ramp.place, ramp.from_zone, ramp.to_zone) == (None, "z1", "z2")
    assert drawn.signs[0].place == PlaceSchema(level="b1", x=6.0, y=10.0)
    assert (drawn.cameras[0].heading, drawn.cameras[0].view, drawn.cameras[0].reach) == (90.0, 120.0, 25.0)
    wide = on_map(twin_site())
    assert (len(wide.lanes), len(wide.signs), len(wide.cameras)) == (14, 10, 20)
