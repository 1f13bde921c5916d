"""Rule 1: everything that decides what a lane does next is in this one table. Rule 2: a pair that is not in it is a fault,
and a faulty lane does nothing by itself until it is empty. Power-up, lost inputs and fire are rows like any other.

The words are in `states.py`. No row closes the boom while a vehicle may be under it; CLOSE is merely a wish that `barrier.py`
checks again and most lanes never grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from parking.gate import free_flow
from parking.gate.states import Command, Event, State, Step

__all__ = ["TABLE", "Command", "Event", "State", "Step", "is_fire", "is_held", "is_lost", "is_manual", "step"]

S, E, C = State, Event, Command
_Rows = Mapping[tuple[State, Event], Step]

_WORKING = frozenset(State) - free_flow.OF.keys()
_LOST_STATES = frozenset({S.UNKNOWN, S.FAULT})
_RESUMABLE = frozenset({S.ALLOWED, S.NO_RELAY, S.GAP, S.PASSING, S.CLEARING})


def _each(states: Iterable[State], event: Event, *commands: Command) -> _Rows:
    """Rows that leave each of the states as it is."""
    return {(state, event): Step(state, commands) for state in states}


_VEHICLES: _Rows = {
    (S.IDLE, E.PRESENCE_ON): Step(S.READING, (C.BEGIN, C.DECIDE)),
    (S.IDLE, E.SAFETY_ON): Step(S.OBSTRUCTED),
    (S.READING, E.PRESENCE_OFF): Step(S.IDLE, (C.BACKED_AWAY,)),
    (S.READING, E.SAFETY_ON): Step(S.INTRUDING),
    (S.REFUSED, E.PRESENCE_OFF): Step(S.IDLE, (C.BACKED_AWAY,)),
    (S.REFUSED, E.SAFETY_ON): Step(S.INTRUDING),
    (S.ALLOWED, E.PRESENCE_OFF): Step(S.GAP),
    (S.ALLOWED, E.SAFETY_ON): Step(S.PASSING),
    # An unanswered pulse may have opened the boom all the same: whoever drives on was allowed to.
    (S.NO_RELAY, E.PRESENCE_OFF): Step(S.GAP),
    (S.NO_RELAY, E.SAFETY_ON): Step(S.PASSING),
    (S.GAP, E.SAFETY_ON): Step(S.CLEARING),
    (S.GAP, E.PRESENCE_ON): Step(S.READING, (C.BACKED_AWAY, C.BEGIN, C.DECIDE)),
    (S.GAP, E.TIMEOUT): Step(S.IDLE, (C.BACKED_AWAY,)),
    (S.EXPECTED, E.PRESENCE_ON): Step(S.ALLOWED),
    (S.EXPECTED, E.SAFETY_ON): Step(S.CLEARING),
    (S.EXPECTED, E.TIMEOUT): Step(S.IDLE, (C.END,)),
    (S.PASSING, E.PRESENCE_OFF): Step(S.CLEARING),
    # Back off the safety loop, or a presence loop that is stuck: the permission is spent until a fresh read confirms it.
    (S.PASSING, E.SAFETY_OFF): Step(S.READING, (C.READ_AGAIN,)),
    (S.CLEARING, E.SAFETY_OFF): Step(S.IDLE, (C.PASSED,)),
    (S.CLEARING, E.PRESENCE_ON): Step(S.FOLLOWED),
    (S.FOLLOWED, E.SAFETY_OFF): Step(S.READING, (C.PASSED, C.BEGIN, C.DECIDE)),
    (S.FOLLOWED, E.PRESENCE_OFF): Step(S.CLEARING, (C.ALARM_FOLLOWED,)),
    (S.INTRUDING, E.PRESENCE_OFF): Step(S.INTRUDED),
    (S.INTRUDING, E.SAFETY_OFF): Step(S.READING, (C.DECIDE,)),
    (S.INTRUDED, E.SAFETY_OFF): Step(S.IDLE, (C.INTRUDED, C.ALARM_TAILGATE)),
    (S.INTRUDED, E.PRESENCE_ON): Step(S.INTRUDED_NEXT),
    (S.INTRUDED_NEXT, E.SAFETY_OFF): Step(S.READING, (C.INTRUDED, C.ALARM_TAILGATE, C.BEGIN, C.DECIDE)),
    (S.INTRUDED_NEXT, E.PRESENCE_OFF): Step(S.INTRUDED, (C.ALARM_FOLLOWED,)),
    (S.OBSTRUCTED, E.SAFETY_OFF): Step(S.IDLE),
    (S.OBSTRUCTED, E.PRESENCE_ON): Step(S.REVERSING),
    (S.REVERSING, E.PRESENCE_OFF): Step(S.OBSTRUCTED),
    (S.REVERSING, E.SAFETY_OFF): Step(S.REVERSED),
    (S.REVERSED, E.PRESENCE_OFF): Step(S.IDLE, (C.ALARM_WRONG_WAY,)),
    (S.REVERSED, E.SAFETY_ON): Step(S.REVERSING),
    # It stays: whatever way it came, it waits to be served.
    (S.REVERSED, E.TIMEOUT): Step(S.READING, (C.BEGIN, C.DECIDE)),
    (S.STRADDLING, E.PRESENCE_OFF): Step(S.OBSTRUCTED),
    (S.STRADDLING, E.SAFETY_OFF): Step(S.READING, (C.BEGIN, C.DECIDE)),
}

_ANSWERS: _Rows = {
    (S.READING, E.ADMIT): Step(S.ALLOWED, (C.OPEN,)),
    (S.READING, E.REFUSE): Step(S.REFUSED),
    (S.REFUSED, E.ADMIT): Step(S.ALLOWED, (C.OPEN,)),
    (S.REFUSED, E.REFUSE): Step(S.REFUSED),
    # It drove on before the answer came; the boom is down in front of it, or still up behind the vehicle before.
    (S.INTRUDING, E.ADMIT): Step(S.PASSING, (C.OPEN,)),
    (S.INTRUDING, E.REFUSE): Step(S.INTRUDING),
    (S.ALLOWED, E.TIMEOUT): Step(S.READING, (C.READ_AGAIN,)),
    (S.NO_RELAY, E.TIMEOUT): Step(S.READING, (C.DECIDE,)),
    (S.ALLOWED, E.PULSE_FAILED): Step(S.NO_RELAY),
    (S.EXPECTED, E.PULSE_FAILED): Step(S.IDLE, (C.END,)),
    **_each((S.READING, S.REFUSED, S.INTRUDING), E.ASK, C.DECIDE),
    **_each(_WORKING - {S.READING, S.REFUSED, S.INTRUDING}, E.ASK),
    **_each(_WORKING - {S.ALLOWED, S.EXPECTED}, E.PULSE_FAILED),
}

_ORDERS: _Rows = {
    (S.IDLE, E.ORDERED): Step(S.EXPECTED, (C.BEGIN, C.OPEN)),
    **{(s, E.ORDERED): Step(S.ALLOWED, (C.OPEN,)) for s in (S.READING, S.REFUSED, S.ALLOWED, S.NO_RELAY)},
    (S.INTRUDING, E.ORDERED): Step(S.PASSING, (C.OPEN,)),
    (S.INTRUDED, E.ORDERED): Step(S.CLEARING, (C.OPEN,)),
    (S.REVERSED, E.ORDERED): Step(S.ALLOWED, (C.BEGIN, C.OPEN)),
    # Opening is always safe; where nobody knows what stands there it gives no permission.
    **_each((S.UNKNOWN, S.FAULT, S.OBSTRUCTED, S.REVERSING, S.STRADDLING, S.PASSING), E.ORDERED, C.OPEN),
    # Not now: whom would it be for? The order stays pending until it is taken or expires.
    **_each((S.GAP, S.EXPECTED, S.CLEARING, S.FOLLOWED, S.INTRUDED_NEXT), E.ORDERED),
}

_LOST: _Rows = {
    **{(s, E.INPUTS_LOST): Step(S.UNKNOWN, (C.DROP,)) for s in _WORKING - _LOST_STATES},
    **{(s, E.INPUTS_LOST): Step(S.UNKNOWN, (C.SUSPEND,)) for s in _RESUMABLE},
    **{(s, E.INPUTS_LOST): Step(S.UNKNOWN) for s in _LOST_STATES},
    (S.UNKNOWN, E.FOUND_EMPTY): Step(S.IDLE, (C.DROP,)),
    (S.UNKNOWN, E.FOUND_WAITING): Step(S.READING, (C.DROP, C.BEGIN, C.DECIDE)),
    (S.UNKNOWN, E.FOUND_UNDER): Step(S.OBSTRUCTED, (C.DROP,)),
    (S.UNKNOWN, E.FOUND_BOTH): Step(S.STRADDLING, (C.DROP,)),
    (S.UNKNOWN, E.RESUME_PASSING): Step(S.PASSING),
    (S.UNKNOWN, E.RESUME_CLEARING): Step(S.CLEARING),
    (S.FAULT, E.FOUND_EMPTY): Step(S.IDLE),
    **_each((S.FAULT,), E.FOUND_WAITING),
    **_each((S.FAULT,), E.FOUND_UNDER),
    **_each((S.FAULT,), E.FOUND_BOTH),
}

_CLOSING: _Rows = {
    **_each((S.IDLE, S.READING, S.REFUSED), E.CLEAR, C.CLOSE),
    **_each(_WORKING - {S.IDLE, S.READING, S.REFUSED}, E.CLEAR),
}

TABLE: Mapping[tuple[State, Event], Step] = MappingProxyType(
    {**_VEHICLES, **_ANSWERS, **_ORDERS, **_LOST, **_CLOSING, **free_flow.ROWS}
)


def step(state: State, event: Event) -> Step:
    """What the table says; a pair that is not in it stops the lane and calls a person, but never ends a fire or a person's mode."""
    taken = TABLE.get((state, event))
    if taken is not None:
        return taken
    family = free_flow.OF.get(state)
    return Step(family.empty if family else State.FAULT, (Command.DROP, Command.ALARM_IMPOSSIBLE))


def is_fire(state: State) -> bool:
    """Whether the lane is held open by an emergency."""
    return state in free_flow.FIRE.states


def is_held(state: State) -> bool:
    """Whether a person holds the lane open."""
    return state in free_flow.HELD.states


def is_manual(state: State) -> bool:
    """Whether a person has taken the lane."""
    return state in free_flow.MANUAL.states


def is_lost(state: State) -> bool:
    """Whether the lane first has to find out what stands in it."""
    return state in _LOST_STATES
