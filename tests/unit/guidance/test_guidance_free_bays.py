"""Ways to a free bay: one that suits, near the wanted entrance, and not the same one for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guidance.bay_ways import BayWays
from guidance.free_bays import Wish
from guidance.healing import BayView, UsableView
from guidance.model import ZoneView
from parking.kernel.errors import ParkingError
from parking.kernel.ids import BayId, RandomIds, ZoneId
from parking.site.graph import drive_graph, walk_graph
from parking.site.model import SiteMap
from parking.site.plan import BayKind
from tests.builders.guidance import at
from tests.builders.plans import small_site, twin_site

NOW = at(0)
SMALL = small_site()


def ways(site: SiteMap = SMALL) -> BayWays:
    return BayWays(site, drive_graph(site.plan), walk_graph(site.plan), RandomIds())


def bays(site: SiteMap = SMALL, *, occupied: bool | None = False, **other: bool | None) -> dict[BayId, BayView]:
    """Every bay as it is believed; `other` by its id with _ for -."""
    drawn = {b.id: b for b in site.plan.bays}
    said = {BayId(name.replace("_", "-")): state for name, state in other.items()}
    return {
        b.id: BayView(b.id, b.zone_id, b.kind, said.get(b.id, occupied), None, NOW, NOW, "us", False)
        for b in drawn.values()
    }


def zones(z1: int = 0, z2: int = 0, *, seen: int = 0, known: bool = True) -> dict[ZoneId, UsableView]:
    return {
        ZoneId(name): UsableView(ZoneView(ZoneId(name), 11, 11 - n, n, known, NOW), n, 1.0, seen, {})
        for name, n in (("z1", z1), ("z2", z2))
    }


@pytest.mark.req("GUIDE-2")
def test_thirty_cars_at_one_moment_are_led_to_as_many_bays_as_there_are() -> None:
    w, seen = ways(), bays()
    led = [w.lead(seen, zones(11, 9), NOW).bay_id for _ in range(19)]
    assert len(set(led)) == 19
    assert w.lead(seen, zones(11, 9), NOW).bay_id in led, "a claim is soft: nobody is turned away by it"


@pytest.mark.req("GUIDE-2")
def test_the_bay_is_the_soonest_to_the_wanted_entrance() -> None:
    found = ways().lead(bays(), zones(), NOW, entrance="hall")
    assert found.bay_id == "A-10", "the last ordinary bay before the hall"
    assert found.way is not None
    assert found.steps[-1].turn == "arrive"
    assert found.walk_s is not None
    assert found.walk_s < 60


@pytest.mark.req("GUIDE-3")
def test_each_gets_a_bay_of_his_kind_and_nobody_one_of_another() -> None:
    w = ways()
    assert w.lead(bays(), zones(), NOW, wish=Wish.ACCESSIBLE).bay_id == "A-11"
    second = w.lead(bays(), zones(), NOW, wish=Wish.ACCESSIBLE)
    assert second.kind is BayKind.ORDINARY, "a taken accessible bay does not leave him without one"
    for _ in range(25):
        assert w.lead(bays(), zones(), NOW).kind is BayKind.ORDINARY


@pytest.mark.req("GUIDE-3")
def test_coned_off_taken_and_unseen_bays_are_nobodys() -> None:
    seen = bays(occupied=True, A_03=False, A_04=False)
    seen[BayId("A-03")] = replace(seen[BayId("A-03")], coned_off=True)
    assert ways().lead(seen, zones(), NOW).bay_id == "A-04"
    assert ways().lead(bays(occupied=True), zones(), NOW).known == "full"
    assert ways().lead(bays(occupied=None), zones(known=False), NOW).known == "unknown"


@pytest.mark.req("GUIDE-2")
def test_where_no_bay_is_seen_a_zone_with_room_is_named_and_its_room_is_shared_out() -> None:
    w = ways()
    led = [w.lead(bays(occupied=None), zones(2, 3), NOW) for _ in range(6)]
    assert [one.known for one in led] == ["zone"] * 5 + ["full"]
    assert [one.zone_id for one in led[:5]].count(ZoneId("z1")) == 2
    assert led[0].bay_id is None
    assert led[0].way is not None


@pytest.mark.req("GUIDE-2")
def test_a_claim_ends_by_itself_by_arrival_and_by_a_new_question() -> None:
    w = ways()
    first = w.lead(bays(), zones(), NOW)
    again = w.lead(bays(), zones(), NOW, code=first.code)
    assert (again.bay_id, again.code) == (first.bay_id, first.code)
    assert w.lead(bays(), zones(), NOW).bay_id != first.bay_id
    assert w.lead(bays(), zones(), again.until + timedelta(seconds=1)).bay_id == first.bay_id
    one_left = bays(occupied=True, A_01=False)
    w.lead(one_left, zones(), NOW)
    w.lead(bays(occupied=True), zones(), NOW)
    assert w.lead(one_left, zones(), NOW).bay_id == "A-01"


@pytest.mark.parametrize(("lane", "entrance"), [("exit-1", ""), ("moon", ""), ("", "moon")])
def test_a_lane_or_entrance_that_there_is_not_is_named(lane: str, entrance: str) -> None:
    with pytest.raises(ParkingError):
        ways().lead(bays(), zones(), NOW, lane=lane, entrance=entrance)


TWIN = ways(twin_site())


@pytest.mark.req("GUIDE-3")
def test_where_only_a_stacker_has_room_a_car_that_fits_none_is_led_nowhere_and_any_other_onto_it() -> None:
    site = twin_site()
    seen = bays(site, occupied=True)
    lifts = [b for b, one in seen.items() if one.kind is BayKind.LIFT]
    seen |= {b: replace(seen[b], occupied=False) for b in lifts}
    w = BayWays(site, TWIN.drive, TWIN.walk, RandomIds(), {}, TWIN._times)
    assert w.lead(seen, {}, NOW, wish=Wish.LARGE).bay_id is None
    assert w.lead(seen, {}, NOW, wish=Wish.ORDINARY).bay_id in lifts


@pytest.mark.req("GUIDE-2")
@settings(max_examples=10, deadline=None)
@given(st.sampled_from([Wish.ORDINARY, Wish.LARGE]), st.integers(0, 2**32))
def test_in_a_mall_of_two_thousand_bays_whoever_is_led_finds_a_free_bay_that_suits(wish: Wish, seed: int) -> None:
    site = twin_site()
    seen = bays(site, occupied=True)
    free = [b for n, b in enumerate(seen) if (n * 2654435761 + seed) % 97 < 5]
    seen |= {b: replace(seen[b], occupied=False) for b in free}
    w = BayWays(site, TWIN.drive, TWIN.walk, RandomIds(), {}, TWIN._times)
    led = [w.lead(seen, {}, NOW, wish=wish) for _ in range(5)]
    assert len({one.bay_id for one in led}) == len(led)
    assert all(one.bay_id in free and one.way is not None for one in led)
