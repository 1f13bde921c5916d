"""The desk over HTTP: look, take, decide, undo; what was learned, and the switch to each lesson.

Every decision takes an Idempotency-Key, as any of them may move money, and the version of the case as its operator saw it.
"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from parking.kernel.clock import Clock
from parking.kernel.ids import CaseId, StayId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.sessions.desk import service, views
from parking.sessions.desk.model import Ranked
from parking.sessions.desk.schemas import (
    AskAbout,
    DecideCase,
    DecisionPage,
    DecisionView,
    DeskCase,
    DeskPage,
    LessonPage,
    RankedAgain,
    SwitchLesson,
    TypedPlate,
    UndoDecision,
)
from parking.sessions.desk.service import Desk
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.paging import Cursor, Limit

Reader = Annotated[Principal, Depends(require(Scope.CASES_READ))]
Worker = Annotated[Principal, Depends(require(Scope.CASES_WORK))]
Teacher = Annotated[Principal, Depends(require(Scope.LESSONS_SWITCH))]


def router(database: Database, desk: Desk, clock: Clock) -> APIRouter:
    """All routes of the desk."""
    routes = APIRouter(prefix="/desk", tags=["desk"])
    _case_routes(routes, database, desk, clock)
    _decision_routes(routes, database, desk)
    _lesson_routes(routes, database, desk)
    return routes


def _case_routes(routes: APIRouter, database: Database, desk: Desk, clock: Clock) -> None:
    def opened(uow: UnitOfWork, who: Principal, case_id: str) -> DeskCase:
        """The case as this operator sees it, and on record that they do."""
        found = views.case(uow.connection, desk, who, uow.now, case_id)
        whom = [found.stay_id, found.visit_id, *(one.stay_id for one in found.candidates)]
        service.seen(uow, desk, who, case_id, whom, clear=found.clear)
        return found

    def shown_again(uow: UnitOfWork, who: Principal, ranked: Ranked, about: str, *, clear: bool) -> RankedAgain:
        service.seen(uow, desk, who, about, [one.stay_id for one in ranked.candidates], clear=clear)
        found = views.candidates_of(uow.connection, ranked, clear=clear)
        return RankedAgain(candidates=found, costs=views.costs(uow.connection, desk))

    @routes.get("/cases")
    async def list_desk(who: Reader, cursor: Cursor = "", limit: Limit = 50) -> DeskPage:
        return await database.aread(lambda conn: views.page(conn, desk, who, clock.now(), cursor, limit))

    @routes.get("/cases/{case_id}")
    async def one_case(case_id: str, who: Reader) -> DeskCase:
        return await database.awrite(lambda uow: opened(uow, who, case_id))

    @routes.post("/cases/{case_id}/take")
    async def take_case(case_id: str, who: Worker) -> DeskCase:
        def work(uow: UnitOfWork) -> DeskCase:
            service.take(uow, desk, CaseId(case_id), who)
            return opened(uow, who, case_id)

        return await database.awrite(work)

    @routes.post("/cases/{case_id}/rank")
    async def rank_again(case_id: str, body: TypedPlate, who: Worker) -> RankedAgain:
        """The same question by the plate that its operator reads on the picture."""
        plate = Plate.parse(body.plate)

        def work(uow: UnitOfWork) -> RankedAgain:
            ranked = service.rank_again(uow.connection, desk, CaseId(case_id), who, plate, uow.now)
            return shown_again(uow, who, ranked, case_id, clear=True)

        return await database.awrite(work)

    @routes.post("/find")
    async def find(body: TypedPlate, who: Worker) -> RankedAgain:
        """Stays inside that this plate may mean, masked; whoever doubts one asks about it."""
        plate = Plate.parse(body.plate)

        def work(uow: UnitOfWork) -> RankedAgain:
            return shown_again(uow, who, desk.find(uow.connection, plate, uow.now), "desk", clear=False)

        return await database.awrite(work)

    @routes.post("/questions")
    async def ask(body: AskAbout, who: Worker) -> DeskCase:
        """A stay that no rule doubts becomes a case, in the hand of whoever asks."""
        return await database.awrite(lambda uow: opened(uow, who, service.ask(uow, desk, StayId(body.stay_id), who)))

    @routes.post("/cases/{case_id}/give-back")
    async def give_back_case(case_id: str, who: Worker) -> DeskCase:
        def work(uow: UnitOfWork) -> DeskCase:
            service.give_back(uow, CaseId(case_id), who)
            return views.case(uow.connection, desk, who, uow.now, case_id)

        return await database.awrite(work)


def _decision_routes(routes: APIRouter, database: Database, desk: Desk) -> None:
    def view(uow: UnitOfWork, who: Principal, case_id: str, decision_id: str) -> Reply:
        shown = views.case(uow.connection, desk, who, uow.now, case_id).decisions
        made = next(one for one in shown if one.id == decision_id)
        return Reply(200, made.model_dump(mode="json"))

    @routes.post("/cases/{case_id}/decide")
    async def decide(case_id: str, body: DecideCase, who: Worker, idempotency_key: IdempotencyKey) -> DecisionView:
        wish = body.wish()

        def deed(uow: UnitOfWork) -> Reply:
            made = service.decide(uow, desk, CaseId(case_id), body.version, who, wish)
            return view(uow, who, case_id, made.id)

        once = Once.of(who, idempotency_key, "desk.decide", {"case_id": case_id, **body.model_dump(mode="json")})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return DecisionView.model_validate_json(_json(reply))

    @routes.get("/decisions")
    async def list_decisions(
        who: Reader,
        cursor: Annotated[str, Query(max_length=36)] = "",
        limit: Limit = 20,
    ) -> DecisionPage:
        found = await database.aread(lambda conn: views.decisions(conn, desk, who, cursor, limit))
        return DecisionPage(items=found, next=found[-1].id if len(found) == limit else None)

    @routes.post("/decisions/{decision_id}/undo")
    async def undo(decision_id: str, body: UndoDecision, who: Worker, idempotency_key: IdempotencyKey) -> DecisionView:
        def deed(uow: UnitOfWork) -> Reply:
            made = service.undo(uow, desk, decision_id, who, body.reason)
            return view(uow, who, made.case_id, made.id)

        once = Once.of(who, idempotency_key, "desk.undo", {"decision_id": decision_id, "reason": body.reason})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return DecisionView.model_validate_json(_json(reply))


def _lesson_routes(routes: APIRouter, database: Database, desk: Desk) -> None:
    @routes.get("/lessons")
    async def list_lessons(
        _: Reader, cursor: Annotated[str, Query(max_length=36)] = "", limit: Limit = 50
    ) -> LessonPage:
        return await database.aread(lambda conn: views.lessons(conn, desk, cursor, limit))

    @routes.post("/lessons/{lesson_id}/switch")
    async def switch_lesson(lesson_id: str, body: SwitchLesson, who: Teacher) -> LessonPage:
        def work(uow: UnitOfWork) -> LessonPage:
            switched = service.switch_lesson(uow, desk, lesson_id, who, active=body.active, reason=body.reason)
            return views.one_lesson(uow.connection, desk, switched)

        return await database.awrite(work)


def _json(reply: Reply) -> str:
    return json.dumps(reply.body)
