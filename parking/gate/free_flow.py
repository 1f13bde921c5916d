"""A lane that does not decide: held open by a person, taken by a person, or open for a fire. Vehicles are still counted one by one.

Fire wins over both, the person's key over a lane held open; only a person ends any of the three. A contradiction never ends one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parking.gate.states import Command, Event, State, Step

S, E, C = State, Event, Command
_Rows = Mapping[tuple[State, Event], Step]


@dataclass(frozen=True, slots=True)
class Family:
    """One such mode: its state for an empty lane (or one where nobody knows), and for each place of a vehicle."""

    empty: State
    waiting: State
    passing: State
    clearing: State
    followed: State

    @property
    def states(self) -> tuple[State, ...]:
        return self.empty, self.waiting, self.passing, self.clearing, self.followed


HELD = Family(S.HELD, S.HELD_WAITING, S.HELD_PASSING, S.HELD_CLEARING, S.HELD_FOLLOWED)
MANUAL = Family(S.MANUAL, S.MANUAL_WAITING, S.MANUAL_PASSING, S.MANUAL_CLEARING, S.MANUAL_FOLLOWED)
FIRE = Family(S.FIRE, S.FIRE_WAITING, S.FIRE_PASSING, S.FIRE_CLEARING, S.FIRE_FOLLOWED)
FAMILIES = (HELD, MANUAL, FIRE)
OF: Mapping[State, Family] = {state: family for family in FAMILIES for state in family.states}
"""The family of each of its states."""

_WAITING = (S.READING, S.REFUSED, S.ALLOWED, S.NO_RELAY)
_PLACES = {
    **dict.fromkeys(_WAITING, 1),
    **dict.fromkeys((S.PASSING, S.INTRUDING), 2),
    **dict.fromkeys((S.CLEARING, S.INTRUDED), 3),
    **dict.fromkeys((S.FOLLOWED, S.INTRUDED_NEXT), 4),
    **{state: place for family in FAMILIES for place, state in enumerate(family.states) if place},
}
"""Where the vehicle of a visit stands, as a place in `Family.states`; a state without one has no vehicle to take along."""


def _each(states: Iterable[State], event: Event, *commands: Command) -> _Rows:
    return {(state, event): Step(state, commands) for state in states}


def _vehicles(family: Family) -> _Rows:
    """How vehicles move in a lane that lets them: each is begun, and passes or backs away."""
    empty, waiting, passing, clearing, followed = family.states
    return {
        (empty, E.FOUND_EMPTY): Step(empty),
        (empty, E.FOUND_WAITING): Step(waiting, (C.BEGIN,)),
        (empty, E.FOUND_UNDER): Step(empty),
        (empty, E.FOUND_BOTH): Step(passing, (C.BEGIN,)),
        (empty, E.PRESENCE_ON): Step(waiting, (C.BEGIN,)),
        (empty, E.PRESENCE_OFF): Step(empty),
        (empty, E.SAFETY_ON): Step(empty),
        (empty, E.SAFETY_OFF): Step(empty),
        (waiting, E.PRESENCE_OFF): Step(empty, (C.BACKED_AWAY,)),
        (waiting, E.SAFETY_ON): Step(passing),
        (waiting, E.SAFETY_OFF): Step(waiting),
        (passing, E.PRESENCE_OFF): Step(clearing),
        (passing, E.SAFETY_OFF): Step(waiting),
        (clearing, E.SAFETY_OFF): Step(empty, (C.PASSED,)),
        (clearing, E.PRESENCE_ON): Step(followed),
        (followed, E.SAFETY_OFF): Step(waiting, (C.PASSED, C.BEGIN)),
        # Bumper to bumper: the second one left the first loop while the first one never cleared the second.
        (followed, E.PRESENCE_OFF): Step(clearing, (C.PASSED, C.BEGIN)),
        **{(state, E.INPUTS_LOST): Step(empty, (C.DROP,)) for state in family.states},
        **_each(family.states, E.ASK),
        **_each(family.states, E.PULSE_FAILED),
        **_each(family.states, E.CLEAR),
    }


def _enter(family: Family, event: Event, states: Iterable[State], *commands: Command) -> _Rows:
    """Into the family from each of the states, taking its vehicle along."""
    rows = {}
    for state in states:
        place = _PLACES.get(state, 0)
        rows[state, event] = Step(family.states[place], commands if place else (C.DROP, *commands))
    return rows


_WORKING = tuple(state for state in State if state not in OF)
ROWS: _Rows = {
    **_vehicles(HELD),
    **_vehicles(MANUAL),
    **_vehicles(FIRE),
    **_enter(FIRE, E.FIRE_ON, (*_WORKING, *HELD.states, *MANUAL.states), C.HOLD_OPEN),
    **_each(FIRE.states, E.FIRE_ON, C.HOLD_OPEN),
    **{(state, E.FIRE_ENDED): Step(S.UNKNOWN, (C.DROP, C.LET_GO)) for state in FIRE.states},
    **_each((*_WORKING, *HELD.states, *MANUAL.states), E.FIRE_ENDED),
    **_enter(HELD, E.HOLD, (*_WORKING, *MANUAL.states), C.HOLD_OPEN),
    **_each(HELD.states, E.HOLD, C.HOLD_OPEN),
    **_each(FIRE.states, E.HOLD),
    **_enter(MANUAL, E.TAKEN, _WORKING),
    # The contact is let go, so the loops are looked at afresh: the vehicle of this moment cannot be taken along.
    **{(state, E.TAKEN): Step(S.MANUAL, (C.DROP, C.LET_GO)) for state in HELD.states},
    **_each((*MANUAL.states, *FIRE.states), E.TAKEN),
    **{(state, E.RELEASED): Step(S.UNKNOWN, (C.DROP, C.LET_GO)) for state in HELD.states},
    **{(state, E.RELEASED): Step(S.UNKNOWN, (C.DROP, C.LOOK)) for state in MANUAL.states},
    **_each((*_WORKING, *FIRE.states), E.RELEASED),
    **_each((*HELD.states, *FIRE.states), E.ORDERED),  # it stands open: a pulse would end the held contact
    **_each(MANUAL.states, E.ORDERED, C.OPEN),
}
