"""GET /occupancy for everybody; POST /zones/{id}/adjustments for operators who have looked and say what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from guidance.advise import STALE_AFTER_S
from guidance.model import ZoneView
from guidance.service import Occupancy
from parking.kernel.ids import ZoneId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.site.api import NameSchema
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey, Once, Reply
from parking.web.schemas import Moment, Strict

Worker = Annotated[Principal, Depends(require(Scope.CASES_WORK))]


class ZoneOccupancy(Strict):
    """Occupied and free add up to the capacity; where `known` is false, nobody vouches for them."""

    id: str
    name: NameSchema
    capacity: int
    occupied: int
    free: int
    known: bool


class OccupancySchema(Strict):
    at: Moment
    zones: list[ZoneOccupancy]


class AdjustmentBody(Strict):
    """Exactly one of `free` and `occupied`, in bays, and why."""

    free: int | None = None
    occupied: int | None = None
    reason: str = Field(min_length=1, max_length=200)


def router(
    database: Database,
    occupancy: Occupancy,
    feed_age_s: Callable[[ZoneId], float] = lambda _: 0.0,
    stale_after_s: float = STALE_AFTER_S,
) -> APIRouter:
    """The routes of one site's counters; a zone whose evidence (`feed_age_s`) is too old is not known, here as on the signs."""
    routes = APIRouter(tags=["guidance"])
    site = occupancy.site

    def described(view: ZoneView) -> ZoneOccupancy:
        return ZoneOccupancy(
            id=view.zone_id,
            name=NameSchema.of(site.zone(view.zone_id).name),
            capacity=view.capacity,
            occupied=view.occupied,
            free=view.free,
            known=view.known and feed_age_s(view.zone_id) <= stale_after_s,
        )

    @routes.get("/occupancy", summary="Free bays by zone")
    async def read_occupancy() -> OccupancySchema:
        views = await database.aread(occupancy.views)
        return OccupancySchema(
            at=database.clock.now(), zones=[described(views[z.id]) for z in site.zones if z.id in views]
        )

    @routes.post("/zones/{zone_id}/adjustments", summary="State what a person counted in a zone")
    async def adjust(zone_id: str, body: AdjustmentBody, who: Worker, key: IdempotencyKey) -> ZoneOccupancy:
        said: dict[str, Any] = body.model_dump()

        def deed(uow: UnitOfWork) -> Reply:
            actor = f"{who.kind}:{who.subject}"
            view = occupancy.adjust(uow, ZoneId(zone_id), actor=actor, **said)
            return Reply(200, described(view).model_dump())

        once = Once.of(who, key, "guidance.adjust", {"zone_id": zone_id, **said})
        reply = await database.awrite(lambda uow: once.inside(uow, deed))
        return ZoneOccupancy.model_validate(reply.body)

    return routes
