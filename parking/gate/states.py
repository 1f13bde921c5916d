"""The words of a lane's table: where the vehicles are, what can happen, what is then to be done.

In a state's note `p`/`P` is the presence loop free/covered, `s`/`S` the safety loop free/covered. As technicians call it:
- closed: IDLE, READING, REFUSED, REVERSED. The boom is down, or on its way down by its own hardware.
- opening, open: ALLOWED, GAP, EXPECTED; with limit switches `Inputs.boom` tells which. NO_RELAY: nobody knows whether it opens.
- vehicle under the boom: PASSING, CLEARING, FOLLOWED, INTRUDING, INTRUDED, INTRUDED_NEXT, OBSTRUCTED, REVERSING, STRADDLING.
- closing refused: CLEAR comes in any state that is not closed and does nothing; what `Barrier.close` itself refuses is a fault.
- held open, manual, fire: HELD, MANUAL, FIRE with a state each for an empty lane and for where the vehicle is (`free_flow.py`).
- power returned, sensor unknown: UNKNOWN. Where the boom is nobody knows then, so nothing moves it but a person, or fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    HELD = "held"  # a person holds the lane open
    HELD_WAITING = "held_waiting"  # P s
    HELD_PASSING = "held_passing"  # P S
    HELD_CLEARING = "held_clearing"  # p S
    HELD_FOLLOWED = "held_followed"  # P S
    MANUAL = "manual"  # a person has taken the lane: it opens and closes for nobody by itself
    MANUAL_WAITING = "manual_waiting"  # P s
    MANUAL_PASSING = "manual_passing"  # P S
    MANUAL_CLEARING = "manual_clearing"  # p S
    MANUAL_FOLLOWED = "manual_followed"  # P S
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
    PULSE_FAILED = "pulse_failed"  # not confirmed by the board, or the boom did not move
    TIMEOUT = "timeout"  # the state's own time is over
    CLEAR = "clear"  # the safety loop has been free for long enough to let the boom down
    HOLD = "hold"  # a person has the lane stand open; again when its contact is not seen closed
    TAKEN = "taken"  # a person takes the lane
    RELEASED = "released"  # a person gives it back
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
    LOOK = "look"  # look afresh at what stands in the lane
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
