"""Whose car waits at an exit, over HTTP: the stays that it may be in, and the word of a person that it is one of them.

Plates are masked but for whoever has taken the vehicle's call or may see them by right; each such look is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from parking.emergency import store as calls
from parking.journeys import whose_car
from parking.journeys.ranking import RankAtLane
from parking.journeys.schemas import Ordered
from parking.kernel.ids import LaneId, StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.security import looks
from parking.sessions.desk import views
from parking.sessions.desk.schemas import CandidateView
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.schemas import Strict

Opener = Annotated[Principal, Depends(require(Scope.LANES_OPEN))]
SEEN = "lane.candidates"
"""In the audit: somebody looked at whose car this may be; once an hour and person."""


class AskWhose(Strict):
    """`plate` is what an operator reads on the picture, or hears from the driver."""

    plate: str | None = Field(default=None, min_length=1, max_length=24)


class WhoseCar(Strict):
    """The stays that a waiting vehicle may be in, likeliest first; `clear` says whether their plates stand in clear."""

    clear: bool
    candidates: list[CandidateView]


class NameCar(Strict):
    stay_id: str = Field(min_length=1, max_length=36)


@dataclass(frozen=True, slots=True)
class Naming:
    """Everything that the routes below need."""

    database: Database
    audit: Audit
    rank: RankAtLane


def router(naming: Naming) -> APIRouter:
    """Both routes."""
    routes = APIRouter(tags=["lanes"])

    @routes.post("/lanes/{lane_id}/visits/{visit_id}/candidates")
    async def candidates(lane_id: str, visit_id: str, body: AskWhose, who: Opener) -> WhoseCar:
        typed = Plate.parse(body.plate) if body.plate is not None else None

        def work(uow: UnitOfWork) -> WhoseCar:
            here = whose_car.waiting(uow.connection, LaneId(lane_id), VisitId(visit_id))
            ranked = naming.rank(uow.connection, here, uow.now, typed)
            open_calls = calls.open_calls_at(uow.connection, LaneId(lane_id))
            mine = any(one.visit_id == visit_id and one.taken_by == who.subject for one in open_calls)
            clear = mine or who.may(Scope.PLATES_READ)
            for one in ranked.candidates:
                looks.note(uow, who, "plates" if clear else "stay", one.stay_id)
            if looks.note(uow, who, "candidates", visit_id):
                naming.audit(uow, who, SEEN, visit_id, "")
            return WhoseCar(clear=clear, candidates=views.candidates_of(uow.connection, ranked, clear=clear))

        return await naming.database.awrite(work)

    @routes.post("/lanes/{lane_id}/visits/{visit_id}/name", status_code=202)
    async def name(lane_id: str, visit_id: str, body: NameCar, who: Opener, idempotency_key: IdempotencyKey) -> Ordered:
        """It leaves by the rules as this stay: it pays what that owes, and the boom opens by itself."""

        def work(uow: UnitOfWork) -> Reply:
            stay_id = StayId(body.stay_id)
            ordered = whose_car.name(uow, naming.audit, who, LaneId(lane_id), VisitId(visit_id), stay_id)
            return Reply(202, {"command_id": ordered})

        asked = {"lane_id": lane_id, "visit_id": visit_id, "stay_id": body.stay_id}
        once = Once.of(who, idempotency_key, "lane.name", asked)
        return Ordered(**(await naming.database.awrite(lambda uow: once.inside(uow, work))).body)

    return routes
