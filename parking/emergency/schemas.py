"""What calls, emergencies and openings look like over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from parking.emergency import escalation
from parking.emergency.escalation import Ladder
from parking.emergency.model import CallSource, CallState, CallStep, Emergency, HeldLane, HelpCall, ManualOpening
from parking.emergency.saying import LONGEST, Said
from parking.web.schemas import Strict

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
"""Why a person does it, in their own words; blanks are no reason."""


class WithReason(Strict):
    reason: Reason


class WithNote(Strict):
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class SayToCaller(Strict):
    """One of our sentences by its code, or words of one's own: exactly one of the two."""

    phrase: str = Field(default="", max_length=24)
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)] = ""


class SaidView(Strict):
    """What an operator told the caller, in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, said: Said | None) -> SaidView | None:
        return None if said is None else cls(zh=said.zh, en=said.en)


class Press(Strict):
    """A call of a driver or a kiosk; `lane_id` when they stand at a lane."""

    lane_id: str | None = Field(default=None, max_length=64)


class CallView(Strict):
    """A call as operators see it; `called` are the roles called so far, `mine` says whether the asker has taken it.

    `has_screen` says whether the caller can be shown words, `said` which ones were last; `plate` is that of its stay, masked, until
    the call has ended.
    """

    id: str
    source: str
    lane_id: str | None
    visit_id: str | None
    stay_id: str | None
    plate: str | None
    cause: str
    picture_ref: str | None
    called_at: datetime
    state: str
    called: list[str]
    taken_by: str | None
    taken_at: datetime | None
    mine: bool
    ended_at: datetime | None
    how: str | None
    note: str
    has_screen: bool
    said: SaidView | None

    @classmethod
    def of(
        cls, call: HelpCall, ladder: Ladder, *, asker: str, name: str, said: Said | None, plate: str | None
    ) -> CallView:
        """`name` is what people call whoever has taken it."""
        return cls(
            id=call.id,
            source=call.source.value,
            lane_id=call.lane_id,
            visit_id=call.visit_id,
            stay_id=call.stay_id,
            plate=plate,
            cause=call.cause,
            picture_ref=call.picture_ref,
            called_at=call.called_at,
            state=call.state.value,
            called=list(escalation.called(ladder, call.level)),
            taken_by=name or None,
            taken_at=call.taken_at,
            mine=call.state is CallState.TAKEN and call.taken_by == asker,
            ended_at=call.ended_at,
            how=call.how or None,
            note=call.note,
            has_screen=call.source is not CallSource.LANE,
            said=SaidView.of(said),
        )


class CallPage(Strict):
    items: list[CallView]
    now: datetime
    next: str | None


class StepView(Strict):
    at: datetime
    what: str
    who: str
    detail: str

    @classmethod
    def of(cls, step: CallStep, name: str) -> StepView:
        return cls(at=step.at, what=step.what, who=name, detail=step.detail)


class CallWithLog(CallView):
    log: list[StepView]


class OrderedOpen(Strict):
    command_id: str


class MyCall(Strict):
    """A call as whoever pressed sees it: whether somebody has answered, what they said last, and nobody's name."""

    call_id: str
    state: str
    called_at: datetime
    said: SaidView | None

    @classmethod
    def of(cls, call: HelpCall, said: Said | None) -> MyCall:
        return cls(call_id=call.id, state=call.state.value, called_at=call.called_at, said=SaidView.of(said))


class HeldLaneView(Strict):
    """One lane in an emergency: ordered open, standing open, closed again."""

    lane_id: str
    ordered_at: datetime | None
    opened_at: datetime | None
    cleared_at: datetime | None


class EmergencyView(Strict):
    """The emergency that stands, or the last one; null times where something has not happened."""

    id: str
    standing: bool
    cause: str
    lane_id: str | None
    started_at: datetime
    begun_by: str
    reason: str
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None
    lanes: list[HeldLaneView]

    @classmethod
    def of(cls, emergency: Emergency, lanes: Sequence[HeldLane], begun_by: str, ended_by: str) -> EmergencyView:
        return cls(
            id=emergency.id,
            standing=emergency.ended_at is None,
            cause=emergency.cause,
            lane_id=emergency.lane_id,
            started_at=emergency.started_at,
            begun_by=begun_by,
            reason=emergency.reason,
            ended_at=emergency.ended_at,
            ended_by=ended_by or None,
            end_reason=emergency.end_reason or None,
            lanes=[
                HeldLaneView(
                    lane_id=lane.lane_id,
                    ordered_at=lane.ordered_at,
                    opened_at=lane.opened_at,
                    cleared_at=lane.cleared_at,
                )
                for lane in lanes
            ],
        )


class EmergencyState(Strict):
    """`latest` is the emergency that stands now, else the last there was, else null."""

    standing: bool
    latest: EmergencyView | None


class OpeningView(Strict):
    """One opening by hand: who, why, and the lane's picture where it has one."""

    command_id: str
    lane_id: str
    action: str
    actor: str
    reason: str
    ordered_at: datetime
    call_id: str | None
    visit_id: str | None
    picture_ref: str | None
    pulsed_at: datetime | None
    read_back: bool | None

    @classmethod
    def of(cls, opening: ManualOpening, name: str) -> OpeningView:
        return cls(
            command_id=opening.command_id,
            lane_id=opening.lane_id,
            action=opening.action,
            actor=name,
            reason=opening.reason,
            ordered_at=opening.ordered_at,
            call_id=opening.call_id,
            visit_id=opening.visit_id,
            picture_ref=opening.picture_ref,
            pulsed_at=opening.pulsed_at,
            read_back=opening.read_back,
        )


class OpeningPage(Strict):
    items: list[OpeningView]
    next: str | None
