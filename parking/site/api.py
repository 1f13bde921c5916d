"""GET /site: what a page needs to draw the site. Nothing in it says who is inside; where cameras look is for operators alone."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from parking.kernel.errors import not_found
from parking.kernel.ids import LevelId
from parking.kernel.principal import Principal, Scope
from parking.site.drawing import svg
from parking.site.model import LocalName, SiteMap
from parking.site.plan import Place
from parking.web.deps import require
from parking.web.schemas import Strict

Watcher = Annotated[Principal, Depends(require(Scope.LANES_READ))]


class NameSchema(Strict):
    """A name in Chinese and English."""

    zh: str
    en: str

    @classmethod
    def of(cls, name: LocalName) -> NameSchema:
        return cls(zh=name.zh, en=name.en)


class ZoneSchema(Strict):
    """A zone; `capacity` is its usable bays."""

    id: str
    name: NameSchema
    capacity: int


class SiteSchema(Strict):
    site_id: str
    name: NameSchema
    currency: str
    timezone: str
    zones: list[ZoneSchema]


class LevelSchema(Strict):
    """A floor of a garage; `ordinal` is 0 at the street."""

    id: str
    garage: str
    name: NameSchema
    ordinal: int


class PlaceSchema(Strict):
    """A point of a level: metres to the east and to the north of the site's own zero."""

    level: str
    x: float
    y: float

    @classmethod
    def of(cls, place: Place) -> PlaceSchema:
        return cls(level=place.level_id, x=place.at[0], y=place.at[1])


class ZoneOnMap(Strict):
    id: str
    name: NameSchema
    level: str


class LaneOnMap(Strict):
    """`place` is null where nobody drew the lane; it leads out of `from_zone` into `to_zone`, null being outside."""

    id: str
    name: NameSchema
    kind: str
    from_zone: str | None
    to_zone: str | None
    place: PlaceSchema | None


class SignOnMap(Strict):
    """`zone` is the zone it speaks of."""

    id: str
    zone: str
    place: PlaceSchema | None


class CameraOnMap(Strict):
    """Looks along `heading` (0 north, 90 east) over `view` degrees, as far as `reach` metres."""

    id: str
    place: PlaceSchema
    heading: float
    view: float
    reach: float


class SiteMapSchema(Strict):
    zones: list[ZoneOnMap]
    lanes: list[LaneOnMap]
    signs: list[SignOnMap]
    cameras: list[CameraOnMap]


def on_map(site: SiteMap) -> SiteMapSchema:
    """What stands where on a site; its bays and walls are in the drawings of its levels."""
    plan = site.plan
    return SiteMapSchema(
        zones=[ZoneOnMap(id=z.id, name=NameSchema.of(z.name), level=z.level) for z in site.zones],
        lanes=[
            LaneOnMap(
                id=lane.id,
                name=NameSchema.of(lane.name),
                kind=lane.kind.value,
                from_zone=lane.from_zone,
                to_zone=lane.to_zone,
                place=_placed(plan.lanes.get(lane.id)),
            )
            for lane in site.lanes
        ],
        signs=[SignOnMap(id=s.id, zone=s.zone_id, place=_placed(plan.signs.get(s.id))) for s in site.signs],
        cameras=[
            CameraOnMap(id=c.id, place=PlaceSchema.of(c.place), heading=c.heading_deg, view=c.view_deg, reach=c.reach_m)
            for c in plan.cameras
        ],
    )


def _placed(place: Place | None) -> PlaceSchema | None:
    return None if place is None else PlaceSchema.of(place)


_AS_SVG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}}


def router(site: SiteMap) -> APIRouter:
    """The routes of one site."""
    routes = APIRouter(tags=["site"])
    zones = [ZoneSchema(id=z.id, name=NameSchema.of(z.name), capacity=z.capacity) for z in site.zones]
    reply = SiteSchema(
        site_id=site.id, name=NameSchema.of(site.name), currency=site.currency, timezone=site.timezone, zones=zones
    )

    drawn = on_map(site)
    maps = {level.id: svg(site.plan, level.id) for level in site.plan.levels}

    @routes.get("/site/levels", summary="The drawn levels, from the top down")
    async def read_levels() -> list[LevelSchema]:
        levels = sorted(site.plan.levels, key=lambda level: (-level.ordinal, level.id))
        return [
            LevelSchema(id=level.id, garage=level.garage_id, name=NameSchema.of(level.name), ordinal=level.ordinal)
            for level in levels
        ]

    @routes.get(
        "/site/levels/{level_id}/map.svg", summary="One level as a picture", response_class=Response, responses=_AS_SVG
    )
    async def read_map(level_id: str) -> Response:
        if level_id not in maps:
            raise not_found("site.level_unknown", "this site has no such level")
        return Response(maps[LevelId(level_id)], media_type="image/svg+xml")

    @routes.get("/site/map", summary="Where zones, lanes, signs and cameras are")
    async def read_site_map(_: Watcher) -> SiteMapSchema:
        return drawn

    @routes.get("/site", summary="The site with its zones")
    async def read_site() -> SiteSchema:
        return reply

    return routes
