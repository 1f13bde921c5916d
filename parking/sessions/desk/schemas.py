"""What the desk looks like over HTTP. Plates are masked, but for whoever has taken the case: taking it is on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.sessions.desk import queue
from parking.sessions.desk.lessons import Teaching, differences
from parking.sessions.desk.model import Candidate, Choice, Decision, Lesson, Queued, Wish
from parking.sessions.model import ClosedStay, OpenStay, Stay
from parking.web.schemas import Loose, Moment, Strict

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]


class HandView(Strict):
    """Who has the case, and until when if nothing is heard of them."""

    name: str
    mine: bool
    until: datetime


class ChoiceView(Strict):
    """Something that may be said about a case; `allowed` is false where this operator's roles do not reach.

    `names_stay`: it goes with a `stay_id`, of a candidate (`match`) or of the case's earlier or later stay (its `stay_id`, its `visit_id`).
    """

    choice: str
    reasons: list[str]
    allowed: bool
    names_stay: bool

    @classmethod
    def all_of(cls, reason: str, who: Principal) -> list[ChoiceView]:
        return [
            cls(
                choice=one.value,
                reasons=[*queue.REASONS[one], queue.OTHER],
                allowed=who.may(Scope.CASES_WORK) and (one not in queue.MOVES_MONEY or who.may(Scope.BILLS_WAIVE)),
                names_stay=queue.names_stay(reason, one),
            )
            for one in queue.question_of(reason).choices
        ]


class DeskRow(Strict):
    """A case in the queue."""

    id: str
    reason: str
    lane_id: str | None
    stay_id: str | None
    visit_id: str | None
    plate: str | None
    opened_at: datetime
    due_at: datetime
    overdue: bool
    waits_until: datetime | None
    version: int
    holder: HandView | None

    @classmethod
    def of(cls, case: Queued, *, plate: Plate | None, holder_name: str, asker: str, now: datetime) -> DeskRow:
        holder, due = case.hand.holder_at(now), queue.due_at(case.reason, case.opened_at)
        held = HandView(name=holder_name, mine=holder == asker, until=case.hand.lease_until or now)
        return cls(
            id=case.case_id,
            reason=case.reason,
            lane_id=case.lane_id,
            stay_id=case.stay_id,
            visit_id=case.visit_id,
            plate=plate.masked if plate else None,
            opened_at=case.opened_at,
            due_at=due,
            overdue=now >= due,
            waits_until=case.hand.wait_until if case.hand.waits_at(now) else None,
            version=case.hand.version,
            holder=held if holder else None,
        )


class CostsView(Strict):
    """By how many lessons candidates are ranked now; `version` names just these."""

    version: str
    lessons: int

    @classmethod
    def of(cls, teaching: Teaching) -> CostsView:
        return cls(version=teaching.version, lessons=len(teaching.lessons))


class DeskPage(Strict):
    items: list[DeskRow]
    next: str | None
    now: datetime
    open: int
    overdue: int
    costs: CostsView


class WhyView(Strict):
    """One part of a cost as a stable code; a negative one speaks for the candidate."""

    code: str
    cost: float


class CandidateView(Strict):
    """A stay that may be meant; `cost` is a natural logarithm, less is likelier; its picture goes by its stay's id."""

    stay_id: str
    cost: float
    why: list[WhyView]
    plate: str | None
    state: str
    entered_at: datetime
    lane_id: str

    @classmethod
    def of(cls, found: Candidate, stay: Stay, *, clear: bool) -> CandidateView:
        return cls(
            stay_id=found.stay_id,
            cost=round(found.cost, 2),
            why=[WhyView(code=code, cost=round(cost, 2)) for code, cost in found.why],
            plate=shown(stay.plate, clear=clear),
            state="open" if isinstance(stay, OpenStay) else "closed" if isinstance(stay, ClosedStay) else "review",
            entered_at=stay.entered_at,
            lane_id=stay.lane_id,
        )


class DecisionView(Strict):
    """A decision on record; `may_undo` where it is the last about its case and this operator may take it back."""

    id: str
    case_id: str
    stay_id: str | None
    choice: str
    chosen: str | None
    reason: str
    note: str
    rule: str
    before: dict[str, Any]
    after: dict[str, Any]
    evidence: dict[str, Any]
    by: str
    decided_at: datetime
    undone_by: str
    undone_at: datetime | None
    undo_reason: str
    may_undo: bool

    @classmethod
    def of(cls, made: Decision, who: Principal, *, by: str, undone_by: str, last: bool) -> DecisionView:
        theirs = who.may(Scope.CASES_UNDO) or (who.may(Scope.CASES_WORK) and made.actor == who.subject)
        return cls(
            id=made.id,
            case_id=made.case_id,
            stay_id=made.stay_id,
            choice=made.choice.value,
            chosen=made.chosen,
            reason=made.reason,
            note=made.note,
            rule=made.rule,
            before=dict(made.before),
            after=dict(made.after),
            evidence=dict(made.evidence),
            by=by,
            decided_at=made.decided_at,
            undone_by=undone_by,
            undone_at=made.undone_at,
            undo_reason=made.undo_reason,
            may_undo=last and made.undone_at is None and theirs,
        )


class DecisionPage(Strict):
    items: list[DecisionView]
    next: str | None


class DeskCase(DeskRow):
    """A case with all that there is to decide it by; `clear` says whether plates stand in clear.

    `awaits`: a gate box is cut off that may have let the vehicle in; the case is looked at again when it has told all.
    """

    state: str
    resolved_by: str
    note: str
    clear: bool
    read: str | None
    awaits: bool
    choices: list[ChoiceView]
    candidates: list[CandidateView]
    decisions: list[DecisionView]
    waits_min: list[int]
    costs: CostsView


class LessonView(Strict):
    """What a person's decision taught: `signs` are (true, read), empty for a sign that was missed or made up."""

    id: str
    decision_id: str
    read: str
    true: str
    signs: list[list[str]]
    learned_at: datetime
    taught_by: str
    active: bool
    switched_by: str
    switched_at: datetime | None
    switch_reason: str

    @classmethod
    def of(cls, one: Lesson, *, taught_by: str, switched_by: str) -> LessonView:
        return cls(
            id=one.id,
            decision_id=one.decision_id,
            read=one.read.masked,
            true=one.true.masked,
            signs=[list(pair) for pair in differences(one.read, one.true)],
            learned_at=one.learned_at,
            taught_by=taught_by,
            active=one.active,
            switched_by=switched_by,
            switched_at=one.switched_at,
            switch_reason=one.switch_reason,
        )


class LessonPage(Strict):
    """Newest first; `known` counts all."""

    items: list[LessonView]
    next: str | None
    known: int
    costs: CostsView


class DecideCase(Strict):
    """What an operator says; `version` is that of the case as they saw it, `typed` the plate by which they had it ranked again."""

    version: int = Field(ge=0)
    choice: Annotated[Choice, Loose]
    reason: str = Field(min_length=1, max_length=32)
    note: Note = ""
    stay_id: str | None = Field(default=None, max_length=36)
    plate: str | None = Field(default=None, max_length=24)
    wait_minutes: int | None = Field(default=None, ge=1, le=7 * 24 * 60)
    left_at: Moment | None = None
    came_at: Moment | None = None
    typed: str | None = Field(default=None, max_length=24)

    def wish(self) -> Wish:
        """The wish in these words; a plate that is none raises ParkingError."""
        return Wish(
            choice=self.choice,
            reason=self.reason,
            note=self.note,
            stay_id=self.stay_id,  # type: ignore[arg-type] # an id is a string with a type
            plate=Plate.parse(self.plate) if self.plate is not None else None,
            wait=timedelta(minutes=self.wait_minutes) if self.wait_minutes is not None else None,
            left_at=self.left_at,
            came_at=self.came_at,
            typed=Plate.parse(self.typed) if self.typed is not None else None,
        )


class TypedPlate(Strict):
    """A plate that an operator reads on a picture, or hears from a driver."""

    plate: str = Field(min_length=1, max_length=24)


class RankedAgain(Strict):
    """The candidates by a typed plate, likeliest first."""

    candidates: list[CandidateView]
    costs: CostsView


class AskAbout(Strict):
    """A stay that a person doubts."""

    stay_id: str = Field(min_length=1, max_length=36)


class UndoDecision(Strict):
    reason: Why


class SwitchLesson(Strict):
    active: bool
    reason: Why


def shown(plate: Plate | None, *, clear: bool) -> str | None:
    """A plate as this reader may see it."""
    if plate is None:
        return None
    return plate.text if clear else plate.masked
