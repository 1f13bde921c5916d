"""A short run of `make prove NAME=lane-states`: every menu a few actions deep, walks in memory and over Modbus TCP."""

from __future__ import annotations

import pytest

from tests.prove import lane_states
from tests.tools.lane_explorer import ACTIONS, MENUS, explore
from tests.tools.lane_ghost import Unsafe
from tests.tools.lane_world import PRESENCE, SAFETY, World

pytestmark = [pytest.mark.req("GATE-1"), pytest.mark.req("GATE-3"), pytest.mark.req("GATE-4")]


@pytest.mark.parametrize("name", MENUS)
def test_whatever_happens_first_nothing_unsafe_follows(name: str) -> None:
    found = explore(name, 400, heal_every=40)
    assert found.unsafe == []
    assert found.situations > 50
    assert found.healed > 0


def test_long_random_walks_are_safe_and_end_with_everybody_served() -> None:
    found = lane_states.walk(7, 1200)
    assert (found.unsafe, found.transitions) == ([], 1200)
    assert found.pulses > 0


def test_the_same_properties_hold_on_the_board_over_modbus_tcp() -> None:
    found = lane_states.walk(11, 240, lane_states.WiredBoard)
    assert (found.unsafe, found.transitions) == ([], 240)


def test_every_action_is_on_a_menu_or_in_the_walks_and_every_menu_knows_its_actions() -> None:
    for _, before, names in MENUS.values():
        assert {*before, *names} <= ACTIONS.keys()


def test_no_barrier_lowers_by_software_without_a_declared_interlock() -> None:
    assert lane_states.configured_unsafely() == []


# --- the properties have teeth ---------------------------------------------------------------------------------------


def opened() -> World:
    """A car is through, the boom is still up and soon to be closed by the lane."""
    world = World()
    world.step()
    world.pay(True)
    world.toggle(PRESENCE)
    world.read()
    world.toggle(SAFETY)
    world.toggle(PRESENCE)
    return world


def test_a_lane_closes_in_this_world_at_all() -> None:
    world = opened()
    world.toggle(SAFETY)
    world.wait(4)
    assert (world.ghost.pulses, world.ghost.closings) == (1, 1)


def test_a_close_order_on_an_occupied_loop_would_be_noticed() -> None:
    world = opened()
    with pytest.raises(Unsafe, match="I14"):
        world.board.pulse(1, 500)


def test_a_pulse_without_a_deadline_would_be_noticed() -> None:
    world = opened()
    with pytest.raises(Unsafe, match="I15"):
        world.board.pulse(0, 500)


def test_a_pulse_that_the_journal_knows_nothing_of_would_be_noticed() -> None:
    world = World()
    world.step()
    with pytest.raises(Unsafe, match="I12"):
        world.board.pulse(0, 500, not_after_s=world.clock.monotonic_s() + 1)


def test_a_fire_that_ended_by_itself_would_be_noticed() -> None:
    world = World()
    world.step()
    world.ghost.fire = True
    with pytest.raises(Unsafe, match="I17"):
        world.check()
