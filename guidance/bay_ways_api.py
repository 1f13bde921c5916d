"""POST /bays/way for everybody: from a lane to a free bay that suits, with the way drawn and told. Nobody says who he is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import Connection

from guidance.bay_api import Bays
from guidance.bay_ways import BayWay, BayWays
from guidance.free_bays import Wish
from guidance.healing import BayView, UsableView
from parking.kernel.clock import Clock
from parking.kernel.ids import BayId, ZoneId
from parking.site.api import NameSchema
from parking.site.model import LaneKind
from parking.site.route import Leg, Step
from parking.web.limits import RateLimit
from parking.web.schemas import Loose, Moment, Strict

ASKS_MOST = 30


class AskBay(Strict):
    """`lane` is the way in (default: the first), `entrance` where one wants to walk to, `code` that of a way that is given up."""

    wish: Annotated[Wish, Loose] = Wish.ORDINARY
    lane: str = Field(default="", max_length=64)
    entrance: str = Field(default="", max_length=64)
    code: str = Field(default="", max_length=64)


class NamedPlace(Strict):
    id: str
    name: NameSchema


class BayWayChoices(Strict):
    """The ways in, and the entrances of the mall that one may want to be near."""

    lanes: list[NamedPlace]
    entrances: list[NamedPlace]


class DriveStep(Strict):
    """`turn` is start, straight, left, right, back, ride (by the ramp `link`, to `level`) or arrive."""

    turn: str
    metres: int
    level: str
    level_name: NameSchema | None
    link: NameSchema | None


class DriveLeg(Strict):
    """A line on one level in metres (x east, y north); a ramp has the level it ends on in `to_level`."""

    level: str
    level_name: NameSchema
    to_level: str
    kind: str | None
    points: list[list[float]]


class BayWayView(Strict):
    """`known` is bay, zone (no bay of it is seen), full or unknown; until `until` nobody else is led to the bay."""

    code: str
    known: str
    until: Moment
    bay: str | None
    kind: str | None
    zone: NameSchema | None
    level: str | None
    level_name: NameSchema | None
    map_url: str | None
    drive_s: int | None
    walk_s: int | None
    legs: list[DriveLeg]
    steps: list[DriveStep]


def router(b: Bays, ways: BayWays, clock: Clock) -> APIRouter:
    """The routes to free bays."""
    routes = APIRouter(tags=["guidance"])
    asks = RateLimit(ASKS_MOST, 60.0, clock)

    site = ways.site
    choices = BayWayChoices(
        lanes=[NamedPlace(id=x.id, name=NameSchema.of(x.name)) for x in site.lanes if x.kind is LaneKind.ENTRY],
        entrances=[NamedPlace(id=e.id, name=NameSchema.of(e.name)) for e in site.plan.entrances],
    )

    @routes.get("/bays/way", summary="From where and to where one may ask for a bay")
    async def read_choices() -> BayWayChoices:
        return choices

    @routes.post("/bays/way", summary="A way to a free bay", dependencies=[Depends(asks)])
    async def way(body: AskBay) -> BayWayView:
        now = clock.now()

        def seen(conn: Connection) -> tuple[dict[BayId, BayView], dict[ZoneId, UsableView]]:
            return b.book.views(conn, now), b.healer.views(conn, now)

        bays, zones = await b.database.aread(seen)
        found = ways.lead(bays, zones, now, lane=body.lane, entrance=body.entrance, wish=body.wish, code=body.code)
        return _view(found, ways)

    return routes


def _view(found: BayWay, ways: BayWays) -> BayWayView:
    zone = ways.site.zone(found.zone_id) if found.zone_id is not None else None
    level = found.level
    name = NameSchema.of(level.name) if level else NameSchema(zh=zone.level, en=zone.level) if zone else None
    return BayWayView(
        code=found.code,
        known=found.known,
        until=found.until,
        bay=found.bay_id,
        kind=found.kind.value if found.kind else None,
        zone=NameSchema.of(zone.name) if zone else None,
        level=level.id if level else None,
        level_name=name,
        map_url=f"/api/v1/site/levels/{level.id}/map.svg" if level else None,
        drive_s=round(found.way.seconds) if found.way else None,
        walk_s=round(found.walk_s) if found.walk_s is not None else None,
        legs=[_leg(leg, ways) for leg in found.way.legs] if found.way else [],
        steps=[_step(step, ways) for step in found.steps],
    )


def _leg(leg: Leg, ways: BayWays) -> DriveLeg:
    return DriveLeg(
        level=leg.level_id,
        level_name=NameSchema.of(ways.site.plan.level(leg.level_id).name),
        to_level=leg.to_level_id,
        kind=leg.kind.value if leg.kind else None,
        points=[[round(x, 2), round(y, 2)] for x, y in leg.points],
    )


def _step(step: Step, ways: BayWays) -> DriveStep:
    plan = ways.site.plan
    link = next((one for one in plan.links if one.id == step.link_id), None)
    return DriveStep(
        turn=step.turn.value,
        metres=round(step.metres),
        level=step.level_id,
        level_name=NameSchema.of(plan.level(step.level_id).name),
        link=NameSchema.of(link.name) if link else None,
    )
