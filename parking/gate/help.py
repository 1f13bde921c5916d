"""No exit is a dead end: what is done, and when, for a vehicle that the lane does not serve by itself. Pure; time is handed in.

Beside the vehicle's place (`machine.py`) a waiting vehicle has a stage of help, and this is its table. A pair that is not in it
does nothing: help never stops a lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from parking.gate.model import Cause, HelpAction, HelpRule, LaneConfig
from parking.gate.states import State
from parking.kernel.events import Direction


class Stage(StrEnum):
    QUIET = "quiet"
    SHOWING = "showing"  # a code is shown, with which the driver helps himself
    CALLING = "calling"
    ANSWERED = "answered"  # a person has taken the call and sees to it


class HelpEvent(StrEnum):
    DEBT_DUE = "debt_due"  # the rule opens now
    CODE_DUE = "code_due"
    CALL_DUE = "call_due"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # the time of the call, or of the code, is over
    STILL_HERE = "still_here"  # somebody answered long ago, and it still waits
    TRY_AGAIN = "try_again"  # it was to open, and the relay did not
    SOLVED = "solved"  # the lane serves it by itself after all
    HELPED = "helped"  # a person let it through
    OPENED = "opened"  # the policy's opening has come through
    GONE = "gone"


class Act(StrEnum):
    SHOW_CODE = "show_code"
    HIDE_CODE = "hide_code"
    CALL = "call"
    OPEN = "open"
    END_ANSWERED = "answered"
    END_OPENED = "opened_by_policy"
    END_GONE = "gone"


@dataclass(frozen=True, slots=True)
class Turn:
    stage: Stage
    acts: tuple[Act, ...] = ()


S, E, A = Stage, HelpEvent, Act
TABLE: Mapping[tuple[Stage, HelpEvent], Turn] = MappingProxyType(
    {
        (S.QUIET, E.DEBT_DUE): Turn(S.QUIET, (A.OPEN,)),
        (S.QUIET, E.TRY_AGAIN): Turn(S.QUIET, (A.OPEN,)),
        (S.QUIET, E.CODE_DUE): Turn(S.SHOWING, (A.SHOW_CODE,)),
        (S.QUIET, E.CALL_DUE): Turn(S.CALLING, (A.CALL,)),
        (S.SHOWING, E.DEBT_DUE): Turn(S.QUIET, (A.HIDE_CODE, A.OPEN)),
        (S.SHOWING, E.CALL_DUE): Turn(S.CALLING, (A.HIDE_CODE, A.CALL)),
        (S.SHOWING, E.UNANSWERED): Turn(S.CALLING, (A.HIDE_CODE, A.CALL)),
        **{(S.SHOWING, over): Turn(S.QUIET, (A.HIDE_CODE,)) for over in (E.SOLVED, E.HELPED, E.OPENED, E.GONE)},
        # The network went, or the person did: what opens now does not wait for an answer.
        (S.CALLING, E.DEBT_DUE): Turn(S.QUIET, (A.END_OPENED, A.OPEN)),
        (S.CALLING, E.TRY_AGAIN): Turn(S.CALLING, (A.OPEN,)),
        (S.CALLING, E.ANSWERED): Turn(S.ANSWERED, (A.END_ANSWERED,)),
        (S.CALLING, E.UNANSWERED): Turn(S.QUIET, (A.END_OPENED, A.OPEN)),
        (S.CALLING, E.HELPED): Turn(S.QUIET, (A.END_ANSWERED,)),
        (S.CALLING, E.OPENED): Turn(S.QUIET, (A.END_OPENED,)),
        (S.CALLING, E.SOLVED): Turn(S.QUIET, (A.END_GONE,)),
        (S.CALLING, E.GONE): Turn(S.QUIET, (A.END_GONE,)),
        (S.ANSWERED, E.STILL_HERE): Turn(S.CALLING, (A.CALL,)),
        **{(S.ANSWERED, over): Turn(S.QUIET) for over in (E.SOLVED, E.HELPED, E.OPENED, E.GONE)},
    }
)

BLAMELESS = frozenset(
    {Cause.CAMERA, Cause.NETWORK, Cause.PAYMENT, Cause.RELAY, Cause.POWER, Cause.UNKNOWN_PLATE, Cause.PERSON_AWAY}
)
"""The vehicle waits and it is not its driver's doing: the fee clock stands still."""
_UNREAD = frozenset({"no_plate", "doubtful_read"})
_UNKNOWN = frozenset({"stay_not_found", "stay_in_doubt", "price_unknown"})
_CAN_WAIT = frozenset({State.READING, State.REFUSED, State.INTRUDING})


def cause_of(
    state: State, reason: str, troubles: frozenset[Cause], direction: Direction, *, calls_person: bool
) -> Cause | None:
    """Why the vehicle that stands here is not served; `reason` is the rules' refusal, empty while they have not spoken.

    `calls_person` is what the rules say of their refusal; before an entry only such a one is worth a call, an exit helps everybody.
    """
    if state is State.NO_RELAY:
        return Cause.RELAY
    if state not in _CAN_WAIT or not reason:
        return None
    if reason == "payment_due":
        hindered = [trouble for trouble in (Cause.PAYMENT, Cause.NETWORK, Cause.POWER) if trouble in troubles]
        return hindered[0] if hindered else Cause.UNPAID
    if reason in _UNREAD or reason in _UNKNOWN:
        blamed = (Cause.CAMERA, Cause.POWER) if reason in _UNREAD else (Cause.NETWORK, Cause.CAMERA, Cause.POWER)
        return next((trouble for trouble in blamed if trouble in troubles), Cause.UNKNOWN_PLATE)
    return Cause.REFUSED if calls_person or direction is Direction.OUT else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the lane tells its help at every step: `cause` None means that no vehicle waits in vain.

    `by` is who let the vehicle through when none waits any more; `relay_fails`: the last opening did not come through.
    """

    cause: Cause | None
    troubles: frozenset[Cause] = frozenset()
    can_open: bool = True
    relay_fails: bool = False
    by: str = "rule"


class Help:
    """The help for one waiting vehicle; `cause` is what it gets it for."""

    def __init__(self, config: LaneConfig, *, shows_codes: bool = True) -> None:
        self._config = config
        self._shows_codes = shows_codes
        self._forget()

    def _forget(self) -> None:
        self.stage = Stage.QUIET
        self.cause: Cause | None = None
        self.blocked = False
        """Whether the vehicle cannot leave and it is not its driver's doing."""
        self._since_s: float | None = None
        self._stage_s = 0.0
        self._pressed = False
        self._tried = False  # it was opened by policy, and nobody knows yet whether that came through

    def follow(self, waiting: Waiting, now_s: float) -> tuple[Act, ...]:
        """What is to be done now."""
        cause = Cause.BUTTON if self._pressed and waiting.cause is None else waiting.cause
        if cause is None:
            return self._served(waiting.by, now_s)
        self.cause = cause = self._if_somebody_is_there(cause, waiting.troubles)
        if self._since_s is None:
            self._since_s = now_s
        rule = self._config.help_for(cause)
        is_time = now_s - self._since_s >= rule.after_s
        acts = self._take(self._due(rule, is_time, waiting, now_s - self._stage_s), now_s)
        self.blocked = cause in BLAMELESS and is_time and (Act.OPEN not in acts or waiting.relay_fails)
        return acts

    def _if_somebody_is_there(self, cause: Cause, troubles: frozenset[Cause]) -> Cause:
        """A call that nobody can hear is no help; who has merely not paid can still pay."""
        in_vain = self._config.help_for(cause).action is not HelpAction.OPEN_WITH_DEBT
        return Cause.PERSON_AWAY if in_vain and Cause.PERSON_AWAY in troubles and cause is not Cause.UNPAID else cause

    def _due(self, rule: HelpRule, is_time: bool, waiting: Waiting, in_stage_s: float) -> HelpEvent | None:
        over = rule.open_after_s is not None and in_stage_s >= rule.open_after_s
        opens = rule.action is HelpAction.OPEN_WITH_DEBT and is_time
        if self.stage is Stage.ANSWERED:
            return HelpEvent.STILL_HERE if in_stage_s >= self._config.timings.answered_s else None
        if self._tried and waiting.can_open and waiting.relay_fails:
            return HelpEvent.TRY_AGAIN
        if opens and waiting.can_open:
            return HelpEvent.DEBT_DUE
        if self.stage is not Stage.QUIET:
            return HelpEvent.UNANSWERED if over and (waiting.can_open or self.stage is Stage.SHOWING) else None
        if not is_time:
            return None
        shows = rule.action is HelpAction.SHOW_CODE and self._shows_codes
        return HelpEvent.CODE_DUE if shows else HelpEvent.CALL_DUE

    def _served(self, by: str, now_s: float) -> tuple[Act, ...]:
        if self._since_s is None:
            return ()
        known = {"policy": HelpEvent.OPENED, "rule": HelpEvent.SOLVED}
        acts = self._take(known.get(by, HelpEvent.HELPED), now_s)
        self._forget()
        return acts

    def pressed(self, now_s: float) -> tuple[Act, ...]:
        """The driver has pressed the call button: a person is called at once, whatever else goes on."""
        self._pressed = True
        if self._since_s is None:
            self._since_s = now_s
        if self.cause is None:
            self.cause = Cause.BUTTON
        return self._take(HelpEvent.CALL_DUE, now_s)

    def answered(self, now_s: float) -> tuple[Act, ...]:
        """A person has taken the call."""
        return self._take(HelpEvent.ANSWERED, now_s)

    def gone(self, now_s: float) -> tuple[Act, ...]:
        """The vehicle has left, this way or that; what was going on for it ends."""
        acts = self._take(HelpEvent.GONE, now_s)
        self._forget()
        return acts

    def _take(self, event: HelpEvent | None, now_s: float) -> tuple[Act, ...]:
        turn = TABLE.get((self.stage, event)) if event is not None else None
        if turn is None:
            return ()
        if turn.stage is not self.stage:
            self.stage, self._stage_s = turn.stage, now_s
            self._pressed &= turn.stage is Stage.CALLING
        self._tried |= Act.OPEN in turn.acts
        return turn.acts
