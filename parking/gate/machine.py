"""Rule 1: everything that decides what a lane does next is in this one table. Rule 2: a pair that is not in it is a fault,
and a faulty lane does nothing by itself until it is empty. Power-up, lost inputs and fire are rows like any other.

A state says where the vehicles are: `p`/`P` presence loop free/covered, `s`/`S` safety loop free/covered. No row closes the boom
while a vehicle may be under it; CLOSE is merely a wish that `barrier.py` checks again and most lanes never grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    UNKNOWN = "unknown"  # after power-up, or the inputs are lost: arm and vehicles unknown
    FAULT = "fault"  # the world did something that cannot be: wait until the lane is empty
    IDLE = "idle"  # p s
    READING = "reading"  # P s  no answer yet
    REFUSED = "refused"  # P s  the answer was no
    ALLOWED = "allowed"  # P s  the open pulse was given
    NO_RELAY = "no_relay"  # P s  the answer was yes, but the board did not confirm the pulse
    GAP = "gap"  # p s  an allowed vehicle is off the first loop: short and going on, or backing away
    EXPECTED = "expected"  # p s  a person opened an empty lane: the next vehicle may pass
    PASSING = "passing"  # P S  allowed
    CLEARING = "clearing"  # p S  allowed, nearly through
    FOLLOWED = "followed"  # P S  allowed one under the boom, the next one waiting
    INTRUDING = "intruding"  # P S  not allowed
    INTRUDED = "intruded"  # p S  not allowed, nearly through
    INTRUDED_NEXT = "intruded_next"  # P S  not allowed one under the boom, the next one waiting
    OBSTRUCTED = "obstructed"  # p S  something came onto the safety loop from behind
    REVERSING = "reversing"  # P S  it goes on against the direction
    REVERSED = "reversed"  # P s  it stands on the presence loop, having come from behind
    STRADDLING = "straddling"  # P S  found so after power-up: nobody knows where it came from
    FIRE = "fire"  # held open until a person ends it
    FIRE_WAITING = "fire_waiting"  # P s
    FIRE_PASSING = "fire_passing"  # P S
    FIRE_CLEARING = "fire_clearing"  # p S
    FIRE_FOLLOWED = "fire_followed"  # P S


class Event(StrEnum):
    PRESENCE_ON = "presence_on"
    PRESENCE_OFF = "presence_off"
    SAFETY_ON = "safety_on"
    SAFETY_OFF = "safety_off"
    INPUTS_LOST = "inputs_lost"
    FOUND_EMPTY = "found_empty"  # first certain levels after UNKNOWN or FAULT
    FOUND_WAITING = "found_waiting"
    FOUND_UNDER = "found_under"
    FOUND_BOTH = "found_both"
    RESUME_PASSING = "resume_passing"  # levels as they follow from an allowed vehicle of a moment ago
    RESUME_CLEARING = "resume_clearing"
    ADMIT = "admit"
    REFUSE = "refuse"
    ASK = "ask"  # evidence, copy or price may have changed
    ORDERED = "ordered"  # a person orders the lane open
    PULSE_FAILED = "pulse_failed"
    TIMEOUT = "timeout"  # the state's own time is over
    CLEAR = "clear"  # the safety loop has been free for long enough to let the boom down
    FIRE_ON = "fire_on"
    FIRE_ENDED = "fire_ended"  # by a person


class Command(StrEnum):
    BEGIN = "begin"  # a new visit: mint its id, start the camera
    DECIDE = "decide"
    READ_AGAIN = "read_again"  # forget the evidence: it may belong to a vehicle that is gone
    OPEN = "open"
    CLOSE = "close"
    HOLD_OPEN = "hold_open"
    LET_GO = "let_go"
    PASSED = "passed"
    INTRUDED = "intruded"  # passed without permission
    BACKED_AWAY = "backed_away"
    SUSPEND = "suspend"  # the visit may be taken up again when the inputs are back
    DROP = "drop"  # the visit ends without proof; if it was let through, a person must look
    END = "end"  # nobody came
    ALARM_TAILGATE = "tailgate"
    ALARM_FOLLOWED = "tailgate_suspected"
    ALARM_WRONG_WAY = "wrong_way"
    ALARM_IMPOSSIBLE = "impossible_inputs"


@dataclass(frozen=True, slots=True)
class Step:
    """Where the lane is now, and what is to be done, in order."""

    state: State
    commands: tuple[Command, ...] = ()


S, E, C = State, Event, Command
_Rows = Mapping[tuple[State, Event], Step]

_FIRE_STATES = frozenset({S.FIRE, S.FIRE_WAITING, S.FIRE_PASSING, S.FIRE_CLEARING, S.FIRE_FOLLOWED})
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
    **_each(frozenset(State) - {S.READING, S.REFUSED, S.INTRUDING}, E.ASK),
    **_each(frozenset(State) - {S.ALLOWED, S.EXPECTED}, E.PULSE_FAILED),
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
    **_each(
        (S.GAP, S.EXPECTED, S.CLEARING, S.FOLLOWED, S.INTRUDED_NEXT, *_FIRE_STATES),
        E.ORDERED,
    ),
}

_LOST: _Rows = {
    **{(s, E.INPUTS_LOST): Step(S.UNKNOWN, (C.DROP,)) for s in frozenset(State) - _FIRE_STATES - _LOST_STATES},
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
    **_each(frozenset(State) - {S.IDLE, S.READING, S.REFUSED}, E.CLEAR),
}

_FIRE_ENTRY = {
    **dict.fromkeys((S.READING, S.REFUSED, S.ALLOWED, S.NO_RELAY), S.FIRE_WAITING),
    **dict.fromkeys((S.PASSING, S.INTRUDING), S.FIRE_PASSING),
    **dict.fromkeys((S.CLEARING, S.INTRUDED), S.FIRE_CLEARING),
    **dict.fromkeys((S.FOLLOWED, S.INTRUDED_NEXT), S.FIRE_FOLLOWED),
}
_FIRE: _Rows = {
    **{
        (s, E.FIRE_ON): Step(S.FIRE, (C.DROP, C.HOLD_OPEN))
        for s in frozenset(State) - _FIRE_STATES - _FIRE_ENTRY.keys()
    },
    **{(s, E.FIRE_ON): Step(after, (C.HOLD_OPEN,)) for s, after in _FIRE_ENTRY.items()},
    **_each(_FIRE_STATES, E.FIRE_ON, C.HOLD_OPEN),
    **{(s, E.FIRE_ENDED): Step(S.UNKNOWN, (C.DROP, C.LET_GO)) for s in _FIRE_STATES},
    **{(s, E.INPUTS_LOST): Step(S.FIRE, (C.DROP,)) for s in _FIRE_STATES},
    (S.FIRE, E.FOUND_EMPTY): Step(S.FIRE),
    (S.FIRE, E.FOUND_WAITING): Step(S.FIRE_WAITING, (C.BEGIN,)),
    (S.FIRE, E.FOUND_UNDER): Step(S.FIRE),
    (S.FIRE, E.FOUND_BOTH): Step(S.FIRE_PASSING, (C.BEGIN,)),
    (S.FIRE, E.PRESENCE_ON): Step(S.FIRE_WAITING, (C.BEGIN,)),
    (S.FIRE, E.PRESENCE_OFF): Step(S.FIRE),
    (S.FIRE, E.SAFETY_ON): Step(S.FIRE),
    (S.FIRE, E.SAFETY_OFF): Step(S.FIRE),
    (S.FIRE_WAITING, E.PRESENCE_OFF): Step(S.FIRE, (C.BACKED_AWAY,)),
    (S.FIRE_WAITING, E.SAFETY_ON): Step(S.FIRE_PASSING),
    (S.FIRE_WAITING, E.SAFETY_OFF): Step(S.FIRE_WAITING),
    (S.FIRE_PASSING, E.PRESENCE_OFF): Step(S.FIRE_CLEARING),
    (S.FIRE_PASSING, E.SAFETY_OFF): Step(S.FIRE_WAITING),
    (S.FIRE_CLEARING, E.SAFETY_OFF): Step(S.FIRE, (C.PASSED,)),
    (S.FIRE_CLEARING, E.PRESENCE_ON): Step(S.FIRE_FOLLOWED),
    (S.FIRE_FOLLOWED, E.SAFETY_OFF): Step(S.FIRE_WAITING, (C.PASSED, C.BEGIN)),
    # Bumper to bumper: the second one left the first loop while the first one never cleared the second.
    (S.FIRE_FOLLOWED, E.PRESENCE_OFF): Step(S.FIRE_CLEARING, (C.PASSED, C.BEGIN)),
}

TABLE: Mapping[tuple[State, Event], Step] = MappingProxyType(
    {**_VEHICLES, **_ANSWERS, **_ORDERS, **_LOST, **_CLOSING, **_FIRE}
)


def step(state: State, event: Event) -> Step:
    """What the table says; a pair that is not in it stops the lane and calls a person."""
    return TABLE.get((state, event), Step(State.FAULT, (Command.DROP, Command.ALARM_IMPOSSIBLE)))


def is_fire(state: State) -> bool:
    """Whether the lane is held open by an emergency."""
    return state in _FIRE_STATES


def is_lost(state: State) -> bool:
    """Whether the lane first has to find out what stands in it."""
    return state in _LOST_STATES
