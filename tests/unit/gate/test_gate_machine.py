"""The lane's table, swept whole: every state with every event is decided, and none of the decisions can hurt anybody."""

from __future__ import annotations

from itertools import product

import pytest

from parking.gate import free_flow, machine
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
EVERYWHERE = (
    Event.ASK, Event.ORDERED, Event.CLEAR, Event.PULSE_FAILED, Event.INPUTS_LOST,
    Event.FIRE_ON, Event.FIRE_ENDED, Event.HOLD, Event.TAKEN, Event.RELEASED,
)  # fmt: skip
"""What can happen whatever the lane is doing."""
FOUND = (Event.FOUND_EMPTY, Event.FOUND_WAITING, Event.FOUND_UNDER, Event.FOUND_BOTH)
FREE = {state for state in State if state in free_flow.OF}
FIRE_STATES = {state for state in State if machine.is_fire(state)}
WORKING = set(State) - FREE
ALL = list(product(State, Event))


def test_every_pair_is_decided_and_what_is_not_in_the_table_stops_the_lane() -> None:
    for state, event in ALL:
        taken = machine.step(state, event)
        if (state, event) in TABLE:
            assert taken == TABLE[state, event]
            continue
        assert taken.state is (free_flow.OF[state].empty if state in FREE else State.FAULT)
        assert taken.commands == (Command.DROP, Command.ALARM_IMPOSSIBLE), "it opens nothing and tells no passage"


def test_each_pair_that_is_not_in_the_table_is_one_that_cannot_happen() -> None:
    """The table is left out on purpose only where loops contradict the state, or nobody asks for that event there."""
    asked = {State.READING, State.REFUSED, State.INTRUDING}  # where DECIDE is a command, and so an answer an event
    timed = {State.GAP, State.ALLOWED, State.EXPECTED, State.REVERSED, State.NO_RELAY}
    looks = {State.UNKNOWN, State.FAULT} | {family.empty for family in free_flow.FAMILIES}
    for state, event in set(ALL) - set(TABLE):
        if event in EDGES:
            loop, covered = EDGES[event]
            assert state in FREE | {State.UNKNOWN, State.FAULT} or LEVELS[state][loop] is covered
        elif event in FOUND:
            assert state not in looks
        elif event in (Event.RESUME_PASSING, Event.RESUME_CLEARING):
            assert state is not State.UNKNOWN
        elif event in (Event.ADMIT, Event.REFUSE):
            assert state not in asked or (state, event) == (State.REFUSED, Event.REFUSE)
        else:
            assert event is Event.TIMEOUT
            assert state not in timed


def test_decisions_are_asked_for_only_where_their_answer_is_a_row() -> None:
    for (_, _), taken in TABLE.items():
        if Command.DECIDE in taken.commands:
            assert {(taken.state, Event.ADMIT), (taken.state, Event.REFUSE)} <= TABLE.keys()


def test_what_can_happen_at_any_time_is_a_row_for_every_state() -> None:
    assert set(product(State, EVERYWHERE)) <= TABLE.keys()


def test_an_edge_that_contradicts_the_state_is_a_fault_and_every_other_is_a_row() -> None:
    for state, event in product(LEVELS, EDGES):
        loop, covered = EDGES[event]
        assert ((state, event) not in TABLE) is (LEVELS[state][loop] is covered)


def test_an_edge_leads_to_a_state_whose_loops_are_as_the_edge_left_them() -> None:
    for state, event in product(LEVELS, EDGES):
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
    for state, event in product(FIRE_STATES, Event):
        taken = machine.step(state, event)
        assert taken.state in FIRE_STATES or event is Event.FIRE_ENDED, "not even a contradiction of the loops ends it"
        assert not {Command.CLOSE, Command.OPEN} & set(taken.commands), "a pulse would end the held contact"
        assert Command.LET_GO not in taken.commands or event is Event.FIRE_ENDED


def test_a_lane_that_a_person_has_taken_opens_and_closes_for_nobody_by_itself() -> None:
    for state, event in product(free_flow.MANUAL.states, Event):
        taken = machine.step(state, event)
        assert Command.CLOSE not in taken.commands
        assert Command.DECIDE not in taken.commands
        assert Command.OPEN not in taken.commands or event is Event.ORDERED
        left = taken.state not in free_flow.MANUAL.states
        assert not left or event in (Event.RELEASED, Event.HOLD, Event.FIRE_ON)


def test_a_lane_held_open_is_left_by_a_persons_word_or_by_fire_only() -> None:
    for state, event in product(free_flow.HELD.states, Event):
        taken = machine.step(state, event)
        assert not {Command.CLOSE, Command.OPEN, Command.DECIDE} & set(taken.commands)
        left = taken.state not in free_flow.HELD.states
        assert not left or event in (Event.RELEASED, Event.TAKEN, Event.FIRE_ON)
        assert Command.LET_GO not in taken.commands or event in (Event.RELEASED, Event.TAKEN)


def test_every_held_contact_is_let_go_when_its_mode_ends() -> None:
    for (state, event), taken in TABLE.items():
        held = state in free_flow.HELD.states or state in FIRE_STATES
        holds = taken.state in free_flow.HELD.states or taken.state in FIRE_STATES
        assert (Command.LET_GO in taken.commands) is (held and not holds), (state, event)


def test_after_power_up_or_lost_inputs_nothing_moves_but_by_a_persons_order() -> None:
    for (state, event), taken in TABLE.items():
        if machine.is_lost(state) and event not in (Event.ORDERED, Event.FIRE_ON, Event.HOLD):
            assert not {Command.OPEN, Command.CLOSE, Command.HOLD_OPEN} & set(taken.commands)


def test_a_passage_is_told_only_when_the_safety_loop_clears_behind_the_vehicle() -> None:
    told = {(s, e) for (s, e), taken in TABLE.items() if {Command.PASSED, Command.INTRUDED} & set(taken.commands)}
    assert {event for state, event in told if state in WORKING} == {Event.SAFETY_OFF}


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


@pytest.mark.req("GATE-1")
@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("closed", {State.IDLE, State.READING, State.REFUSED}),
        ("opening and open", {State.ALLOWED, State.GAP, State.EXPECTED, State.NO_RELAY}),
        ("vehicle under the boom", {state for state, (_, safety) in LEVELS.items() if safety}),
        ("held open", set(free_flow.HELD.states)),
        ("manual", set(free_flow.MANUAL.states)),
        ("fire", FIRE_STATES),
        ("power returned, sensor unknown", {State.UNKNOWN, State.FAULT}),
    ],
)
def test_a_technicians_word_for_the_lane_is_a_set_of_states_and_only_the_closed_ones_let_the_boom_down(
    name: str, states: set[State]
) -> None:
    closes = {s for s in states if Command.CLOSE in machine.step(s, Event.CLEAR).commands}
    assert closes == (states if name == "closed" else set())
