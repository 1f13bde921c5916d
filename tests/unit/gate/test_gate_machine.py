"""The lane's table, swept whole: every state with every event is decided, and none of the decisions can hurt anybody."""

from __future__ import annotations

from itertools import product

import pytest

from parking.gate import machine
from parking.gate.machine import TABLE, Command, Event, State

LEVELS: dict[State, tuple[bool, bool]] = {
    **dict.fromkeys((State.IDLE, State.GAP, State.EXPECTED), (False, False)),
    **dict.fromkeys((State.READING, State.REFUSED, State.ALLOWED, State.NO_RELAY, State.REVERSED), (True, False)),
    **dict.fromkeys((State.PASSING, State.FOLLOWED, State.INTRUDING, State.INTRUDED_NEXT), (True, True)),
    **dict.fromkeys((State.REVERSING, State.STRADDLING), (True, True)),
    **dict.fromkeys((State.CLEARING, State.INTRUDED, State.OBSTRUCTED), (False, True)),
}
"""Which loops are covered in a state; where it is not listed, nobody relies on it."""
EDGES = {
    Event.PRESENCE_ON: (0, True),
    Event.PRESENCE_OFF: (0, False),
    Event.SAFETY_ON: (1, True),
    Event.SAFETY_OFF: (1, False),
}
EVERYWHERE = (Event.ASK, Event.ORDERED, Event.CLEAR, Event.PULSE_FAILED, Event.INPUTS_LOST, Event.FIRE_ON)
FIRE_STATES = {state for state in State if machine.is_fire(state)}
ALL = list(product(State, Event))


@pytest.mark.parametrize(("state", "event"), ALL)
def test_every_pair_is_decided_and_what_is_not_in_the_table_stops_the_lane(state: State, event: Event) -> None:
    taken = machine.step(state, event)
    if (state, event) in TABLE:
        assert taken == TABLE[state, event]
    else:
        assert taken.state is State.FAULT
        assert Command.ALARM_IMPOSSIBLE in taken.commands
        assert not {Command.OPEN, Command.CLOSE, Command.PASSED} & set(taken.commands)


@pytest.mark.parametrize(("state", "event"), [(s, e) for s, e in ALL if e in EVERYWHERE])
def test_what_can_happen_at_any_time_is_a_row_for_every_state(state: State, event: Event) -> None:
    assert (state, event) in TABLE


@pytest.mark.parametrize(("state", "event"), list(product(LEVELS, EDGES)))
def test_an_edge_that_contradicts_the_state_is_a_fault_and_every_other_is_a_row(state: State, event: Event) -> None:
    loop, covered = EDGES[event]
    contradicts = LEVELS[state][loop] is covered
    assert ((state, event) not in TABLE) is contradicts


@pytest.mark.parametrize(("state", "event"), list(product(LEVELS, EDGES)))
def test_an_edge_leads_to_a_state_whose_loops_are_as_the_edge_left_them(state: State, event: Event) -> None:
    loop, covered = EDGES[event]
    if (state, event) in TABLE:
        after = list(LEVELS[state])
        after[loop] = covered
        assert LEVELS[TABLE[state, event].state] == tuple(after)


@pytest.mark.req("GATE-1")
def test_closing_is_wished_only_where_nothing_stands_under_the_boom() -> None:
    closing = {(state, event) for (state, event), taken in TABLE.items() if Command.CLOSE in taken.commands}
    assert closing == {(state, Event.CLEAR) for state in (State.IDLE, State.READING, State.REFUSED)}


@pytest.mark.req("GATE-4")
def test_fire_wins_over_everything_and_only_a_person_ends_it() -> None:
    for state in State:
        taken = machine.step(state, Event.FIRE_ON)
        assert taken.state in FIRE_STATES
        assert Command.HOLD_OPEN in taken.commands
    ends = {event for (state, event), taken in TABLE.items() if state in FIRE_STATES and taken.state not in FIRE_STATES}
    assert ends == {Event.FIRE_ENDED}
    for (state, _), taken in TABLE.items():
        if state in FIRE_STATES:
            assert not {Command.CLOSE, Command.OPEN} & set(taken.commands), "a pulse would end the held contact"


def test_after_power_up_or_lost_inputs_nothing_moves_but_by_a_persons_order() -> None:
    for (state, event), taken in TABLE.items():
        if machine.is_lost(state) and event is not Event.ORDERED:
            assert not {Command.OPEN, Command.CLOSE} & set(taken.commands)


def test_a_passage_is_told_only_when_the_safety_loop_clears_behind_the_vehicle() -> None:
    told = {(s, e) for (s, e), taken in TABLE.items() if {Command.PASSED, Command.INTRUDED} & set(taken.commands)}
    assert {event for state, event in told if state not in FIRE_STATES} == {Event.SAFETY_OFF}


def test_every_state_can_be_reached_and_left() -> None:
    reached, frontier = {State.UNKNOWN}, [State.UNKNOWN]
    while frontier:
        here = frontier.pop()
        for event in Event:
            after = machine.step(here, event).state
            if after not in reached:
                reached.add(after)
                frontier.append(after)
    assert reached == set(State)
    for state in State:
        assert any(machine.step(state, event).state is not state for event in Event)
