"""The exception desk on the scripted server: the contract's paths, bodies and refusals; another operator is a word of the script."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header

from parking.journeys.story_api import StayStory
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import CaseId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.sessions.desk import queue
from parking.sessions.desk.model import Hand, Queued
from parking.sessions.desk.schemas import (
    AskAbout,
    CandidateView,
    ChoiceView,
    CostsView,
    DecideCase,
    DecisionPage,
    DecisionView,
    DeskCase,
    DeskPage,
    DeskRow,
    LessonPage,
    LessonView,
    RankedAgain,
    SwitchLesson,
    TypedPlate,
    UndoDecision,
    WhyView,
    shown,
)
from parking.web.deps import require

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

Reader = Annotated[Principal, Depends(require(Scope.CASES_READ))]
Worker = Annotated[Principal, Depends(require(Scope.CASES_WORK))]
Teacher = Annotated[Principal, Depends(require(Scope.LESSONS_SWITCH))]
Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=64)]
ME, OTHER = "王芳", "李明"
LEASE = timedelta(minutes=3)


class FakeDesk:
    """What the script says of cases; `decided` and `undone` are what operators did, with the keys they did it under."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        self.hands: dict[str, Hand] = {}
        self.reads: dict[str, str] = {}
        self.typed: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.candidates: dict[str, list[tuple[str, str | None, float, list[tuple[str, float]], float]]] = {}
        self.visits: dict[str, str] = {}
        self.decided: list[tuple[str, DecideCase, str]] = []
        self.decisions: list[DecisionView] = []
        self.undone: list[tuple[str, str]] = []
        self.lessons: list[LessonView] = []
        self.lessons_at_once = 50
        self.stories: dict[str, StayStory] = {}
        self.looks: list[bool] = []

    def question(
        self,
        case_id: str,
        *,
        read: str | None = None,
        visit: str | None = None,
        candidates: list[tuple[str, str | None, float, list[tuple[str, float]], float]] | None = None,
    ) -> None:
        """What a case is about: the plate as read, the visit, and (stay, plate, cost, why, hours inside), likeliest first."""
        if read is not None:
            self.reads[case_id] = read
        self.visits[case_id] = visit or f"visit-{case_id}"
        self.candidates[case_id] = candidates or []

    def taken_by(self, case_id: str, who: str) -> None:
        """Somebody takes the case, or (with an empty name) nobody has it any more."""
        hand = self.hand(case_id)
        until = self._fake.now() + LEASE
        self.hands[case_id] = Hand(hand.version + 1, who, until if who else None)
        self._fake.event("CaseChanged", reason=self._fake.cases[case_id]["reason"], state="taken")

    def hand(self, case_id: str) -> Hand:
        return self.hands.get(case_id, Hand())

    def costs(self) -> CostsView:
        active = sum(one.active for one in self.lessons)
        return CostsView(version="7c1e90ab42f3" if active else "none", lessons=active)

    def row(self, case: dict[str, Any], *, asker: str = ME) -> DeskRow:
        hand, read = self.hand(case["id"]), self.reads.get(case["id"])
        opened = datetime.fromisoformat(case["opened_at"])
        queued = Queued(
            CaseId(case["id"]),
            case["reason"],
            case["stay_id"],
            VisitId(visit) if (visit := self.visits.get(case["id"])) else None,
            case["lane_id"],
            opened,
            hand,
        )
        plate = Plate(read) if read else None
        return DeskRow.of(queued, plate=plate, holder_name=hand.holder, asker=asker, now=self._fake.now())

    def whole(self, case_id: str, who: Principal) -> DeskCase:
        case = self._fake.cases.get(case_id)
        if case is None:
            raise not_found("case.unknown", "there is no such case")
        row, read = self.row(case), self.reads.get(case_id)
        clear = row.holder is not None and row.holder.mine
        views = [
            CandidateView(
                stay_id=stay,
                cost=cost,
                why=[WhyView(code=code, cost=part) for code, part in why],
                plate=shown(Plate(plate), clear=clear) if plate else None,
                state="open",
                entered_at=self._fake.now() - timedelta(hours=hours),
                lane_id="entry-1",
            )
            for stay, plate, cost, why, hours in self.candidates.get(case_id, [])
        ]
        return DeskCase(
            **row.model_dump(),
            state=case["state"],
            resolved_by=case["resolved_by"],
            note=case["note"],
            clear=clear,
            read=shown(Plate(read), clear=clear) if read else None,
            awaits=False,
            choices=ChoiceView.all_of(case["reason"], who),
            candidates=views,
            decisions=[one for one in self.decisions if one.case_id == case_id],
            waits_min=[int(wait.total_seconds() // 60) for wait in queue.WAITS],
            costs=self.costs(),
        )

    def ranked_by(self, views: list[CandidateView], plate: str) -> RankedAgain:
        """Whoever has most signs in common with a typed plate stands first."""
        alike = sorted(views, key=lambda one: -sum(a == b for a, b in zip(one.plate or "", plate, strict=False)))
        again = [one.model_copy(update={"cost": 3.5 + 9 * nth}) for nth, one in enumerate(alike)]
        return RankedAgain(candidates=again, costs=self.costs())

    def made(self, case_id: str, body: DecideCase) -> DecisionView:
        case = self._fake.cases[case_id]
        made = DecisionView(
            id=f"d{len(self.decisions) + 1}", case_id=case_id, stay_id=body.stay_id or case["stay_id"], choice=body.choice.value,
            chosen=body.stay_id, reason=body.reason, note=body.note, rule=f"desk.{body.choice.value}", before={"state": "open"},
            after={"state": "closed"}, evidence={}, by=ME, decided_at=self._fake.now(), undone_by="", undone_at=None,
            undo_reason="", may_undo=True,
        )  # fmt: skip
        self.decisions.insert(0, made)
        if body.choice.value != "hold":
            case |= {"state": "resolved", "note": body.note or body.reason, "resolved_by": ME}
            self._fake.resolved[case_id] = body.choice.value
        wait = self._fake.now() + timedelta(minutes=body.wait_minutes) if body.wait_minutes else None
        self.hands[case_id] = Hand(body.version + 1, wait_until=wait)
        self._fake.event("CaseChanged", reason=case["reason"], state="resolved")
        return made


def install(routes: APIRouter, fake: FakeServer) -> None:
    """All routes of the desk."""
    _cases(routes, fake, fake.desk)
    _decisions(routes, fake, fake.desk)
    _records(routes, fake.desk)


def _cases(routes: APIRouter, fake: FakeServer, known: FakeDesk) -> None:
    @routes.get("/desk/cases")
    async def page(_: Reader) -> DeskPage:
        rows = [known.row(case) for case in fake.cases.values() if case["state"] == "open"]
        rows.sort(key=lambda row: (row.waits_until is not None, row.due_at))
        late = sum(row.overdue for row in rows)
        return DeskPage(items=rows, next=None, now=fake.now(), open=len(rows), overdue=late, costs=known.costs())

    @routes.get("/desk/cases/{case_id}")
    async def one(case_id: str, who: Reader) -> DeskCase:
        return known.whole(case_id, who)

    @routes.post("/desk/cases/{case_id}/take")
    async def take(case_id: str, who: Worker) -> DeskCase:
        holder = known.hand(case_id).holder_at(fake.now())
        if holder not in ("", ME):
            raise conflict("case.taken", f"{holder} has taken this case")
        if fake.cases[case_id]["state"] != "open":
            raise conflict("case.resolved", "somebody has resolved this case already")
        if holder != ME:
            known.taken_by(case_id, ME)
        return known.whole(case_id, who)

    @routes.post("/desk/cases/{case_id}/rank")
    async def rank_again(case_id: str, body: TypedPlate, who: Worker) -> RankedAgain:
        known.typed.append((case_id, body.plate))
        return known.ranked_by(known.whole(case_id, who).candidates, body.plate)

    @routes.post("/desk/find")
    async def find(body: TypedPlate, who: Worker) -> RankedAgain:
        known.typed.append(("", body.plate))
        everybody = [one for case_id in known.candidates for one in known.whole(case_id, who).candidates]
        return known.ranked_by(everybody, body.plate)

    @routes.post("/desk/questions")
    async def ask(body: AskAbout, who: Worker) -> DeskCase:
        known.asked.append(body.stay_id)
        if "asked" not in fake.cases:
            fake.case("asked", queue.ASKED, lane_id="entry-1", stay_id=body.stay_id)
            known.question("asked", read="沪AD88588")
        known.taken_by("asked", ME)
        return known.whole("asked", who)

    @routes.post("/desk/cases/{case_id}/give-back")
    async def give_back(case_id: str, who: Worker) -> DeskCase:
        if known.hand(case_id).holder == ME:
            known.taken_by(case_id, "")
        return known.whole(case_id, who)


def _decisions(routes: APIRouter, fake: FakeServer, known: FakeDesk) -> None:
    @routes.post("/desk/cases/{case_id}/decide")
    async def decide(case_id: str, body: DecideCase, _: Worker, key: Key) -> DecisionView:
        hand = known.hand(case_id)
        if hand.holder_at(fake.now()) not in ("", ME):
            raise conflict("case.taken", f"{hand.holder} has taken this case")
        if hand.version != body.version:
            raise conflict("case.changed", "this case has changed since you saw it: look again")
        known.decided.append((case_id, body, key))
        return known.made(case_id, body)

    @routes.get("/desk/decisions")
    async def made(_: Reader) -> DecisionPage:
        return DecisionPage(items=known.decisions[:8], next=None)

    @routes.post("/desk/decisions/{decision_id}/undo")
    async def undo(decision_id: str, body: UndoDecision, _: Worker, key: Key) -> DecisionView:
        assert key
        at = next(n for n, one in enumerate(known.decisions) if one.id == decision_id)
        change = {"undone_by": ME, "undone_at": fake.now(), "undo_reason": body.reason, "may_undo": False}
        known.decisions[at] = known.decisions[at].model_copy(update=change)
        case = fake.cases[known.decisions[at].case_id]
        case |= {"state": "open", "note": "", "resolved_by": ""}
        known.undone.append((decision_id, body.reason))
        fake.event("CaseChanged", reason=case["reason"], state="reopened")
        return known.decisions[at]


def _records(routes: APIRouter, known: FakeDesk) -> None:
    @routes.get("/desk/lessons")
    async def lessons(_: Reader, cursor: str = "") -> LessonPage:
        ids = [one.id for one in known.lessons]
        first = ids.index(cursor) + 1 if cursor else 0
        shown = known.lessons[first : first + known.lessons_at_once]
        more = shown[-1].id if first + len(shown) < len(ids) else None
        return LessonPage(items=shown, next=more, known=len(ids), costs=known.costs())

    @routes.post("/desk/lessons/{lesson_id}/switch")
    async def switch(lesson_id: str, body: SwitchLesson, _: Teacher) -> LessonPage:
        at = next(n for n, one in enumerate(known.lessons) if one.id == lesson_id)
        change = {
            "active": body.active,
            "switched_by": ME,
            "switch_reason": body.reason,
            "switched_at": known.lessons[at].learned_at,
        }
        known.lessons[at] = known.lessons[at].model_copy(update=change)
        return LessonPage(items=[known.lessons[at]], next=None, known=len(known.lessons), costs=known.costs())

    @routes.get("/stays/{stay_id}/story")
    async def story(
        stay_id: str, _: Annotated[Principal, Depends(require(Scope.STAYS_READ))], clear: bool = False
    ) -> StayStory:
        if stay_id not in known.stories:
            raise not_found("stay.unknown", "this stay is not known")
        known.looks.append(clear)
        return known.stories[stay_id].model_copy(update={"clear": clear})
