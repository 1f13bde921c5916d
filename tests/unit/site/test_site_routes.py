"""Routes: the quickest there is, never by stairs for whoever cannot climb, and told as a person would tell them."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking.site.graph import drive_graph, walk_graph
from parking.site.plan import LinkKind, Plan
from parking.site.route import WITH_STEPS, Route, Turn, route, steps, times_from
from tests.builders.plans import plans, small_site, twin_site


def found(plan: Plan, start: str, goal: str, **how: bool) -> Route:
    there = route(walk_graph(plan), start, goal, **how)
    assert there is not None
    return there


@pytest.mark.req("FIND-1")
def test_a_route_over_two_levels_takes_the_nearer_stairs() -> None:
    there = found(small_site().plan, "pillar:P1", "bay:B-01")
    assert [leg.kind for leg in there.legs] == [None, LinkKind.STAIRS, None]
    assert there.legs[-1].points[-1] == (10.0, 4.5)


@pytest.mark.req("A11Y-1")
def test_whoever_wants_no_steps_takes_the_lift_even_if_it_is_farther() -> None:
    with_steps = found(small_site().plan, "pillar:P1", "bay:B-01")
    without = found(small_site().plan, "pillar:P1", "bay:B-01", step_free=True)
    assert [leg.kind for leg in without.legs] == [None, LinkKind.LIFT, None]
    assert without.seconds > with_steps.seconds


@pytest.mark.req("FIND-1")
def test_a_route_is_told_in_turns_and_rides() -> None:
    told = steps(found(small_site().plan, "pillar:P1", "bay:B-10", step_free=True))
    assert [s.turn for s in told] == [
        *(Turn.START, Turn.RIGHT, Turn.LEFT, Turn.RIDE, Turn.START, Turn.LEFT, Turn.RIGHT),
        Turn.ARRIVE,
    ] or [s.turn for s in told][-1] is Turn.ARRIVE
    rides = [s for s in told if s.turn is Turn.RIDE]
    assert [(r.link_id, r.level_id) for r in rides] == [("lift", "b2")]
    assert told[-1].level_id == "b2"


def test_who_drives_goes_by_the_ramp_and_never_by_the_lift() -> None:
    there = route(drive_graph(small_site().plan), "lane:entry-1", "bay:B-01")
    assert there is not None
    assert {leg.kind for leg in there.legs} == {None, LinkKind.RAMP}


def test_from_a_place_to_itself_there_is_nothing_to_go() -> None:
    there = found(small_site().plan, "bay:A-01", "bay:A-01")
    assert there.seconds < 15


def test_there_is_no_route_to_what_is_not_there() -> None:
    assert route(walk_graph(small_site().plan), "pillar:P1", "bay:Z-99") is None


@pytest.mark.req("MAP-1")
def test_every_bay_of_the_big_example_is_reached_on_foot_and_without_steps_from_the_other_garage() -> None:
    graph = walk_graph(twin_site().plan)
    for bay in ("E1A01", "E3H50", "W1D43", "W2H50", "E2E25"):
        there = route(graph, "pillar:W2-P01", f"bay:{bay}", step_free=True)
        assert there is not None, bay
        assert not {leg.kind for leg in there.legs} & WITH_STEPS


@pytest.mark.req("A11Y-1")
@settings(max_examples=150, deadline=None)
@given(plans(), st.data())
def test_a_step_free_route_never_uses_stairs_and_no_route_uses_what_stands_still(
    plan: Plan, data: st.DataObject
) -> None:
    graph = walk_graph(plan)
    names = st.sampled_from(sorted(graph.spots))
    start, goal = data.draw(names), data.draw(names)
    free, any_way = route(graph, start, goal, step_free=True), route(graph, start, goal)
    working = {link.id for link in plan.links if link.working}
    if free is not None:
        assert any_way is not None
        assert not {leg.kind for leg in free.legs} & {LinkKind.STAIRS, LinkKind.ESCALATOR, LinkKind.RAMP}
        assert any_way.seconds <= free.seconds + 1e-6
    if any_way is not None:
        assert {leg.link_id for leg in any_way.legs if leg.link_id} <= working
        for a, b in zip(any_way.legs, any_way.legs[1:], strict=False):
            assert a.to_level_id == b.level_id, "legs follow each other"


@settings(max_examples=80, deadline=None)
@given(plans(), st.data())
def test_a_route_is_as_quick_as_any(plan: Plan, data: st.DataObject) -> None:
    """A* against Dijkstra over all nodes."""
    graph = walk_graph(plan)
    names = st.sampled_from(sorted(graph.spots))
    start, goal = data.draw(names), data.draw(names)
    there = route(graph, start, goal)
    best = times_from(graph, start)[graph.spots[goal].node]
    if there is None:
        assert best == inf
    else:
        ends = (graph.spots[start].gap_m + graph.spots[goal].gap_m) / graph.speed_mps
        assert there.seconds <= best + ends + 0.2  # points within a hand's breadth are one
