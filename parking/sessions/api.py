"""Cases over HTTP; stays are shown by `journeys`, which knows their bills."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from parking.kernel.ids import CaseId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.sessions import cases, store
from parking.sessions.desk import service as desk
from parking.sessions.model import ReviewCase
from parking.web.deps import require
from parking.web.schemas import Strict


class CaseView(Strict):
    id: str
    reason: str
    stay_id: str | None
    visit_id: str | None
    lane_id: str | None
    opened_at: datetime
    state: str
    note: str
    resolved_by: str

    @classmethod
    def of(cls, case: ReviewCase) -> CaseView:
        return cls(
            id=case.id,
            reason=case.reason,
            stay_id=case.stay_id,
            visit_id=case.visit_id,
            lane_id=case.lane_id,
            opened_at=case.opened_at,
            state=case.state,
            note=case.note,
            resolved_by=case.resolved_by,
        )


class CasePage(Strict):
    items: list[CaseView]
    next: str | None


class Resolution(Strict):
    note: str = Field(min_length=1, max_length=500)


def router(database: Database, audit: Audit) -> APIRouter:
    """Routes for the people who work on cases."""
    routes = APIRouter(tags=["cases"])

    @routes.get("/cases")
    async def list_cases(
        _: Annotated[Principal, Depends(require(Scope.CASES_WORK))],
        state: Annotated[str, Query(pattern="^(open|resolved)$")] = "open",
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> CasePage:
        found = await database.aread(lambda conn: store.cases(conn, state, cursor, limit))
        return CasePage(items=[CaseView.of(c) for c in found], next=found[-1].id if len(found) == limit else None)

    @routes.post("/cases/{case_id}/resolve")
    async def resolve(
        case_id: str, body: Resolution, who: Annotated[Principal, Depends(require(Scope.CASES_WORK))]
    ) -> CaseView:
        def work(uow: UnitOfWork) -> ReviewCase:
            desk.leave_to_its_holder(uow.connection, CaseId(case_id), who, uow.now)
            audit(uow, who, "case.resolve", case_id, body.note)
            return cases.resolve_case(uow, CaseId(case_id), by=who.subject, note=body.note)

        return CaseView.of(await database.awrite(work))

    return routes
