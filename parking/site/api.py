"""GET /site: what a page needs to draw the site. Public; nothing in it says who is inside."""

from __future__ import annotations

from fastapi import APIRouter, Response

from parking.kernel.errors import not_found
from parking.kernel.ids import LevelId
from parking.site.drawing import svg
from parking.site.model import LocalName, SiteMap
from parking.web.schemas import Strict


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


def router(site: SiteMap) -> APIRouter:
    """The routes of one site."""
    routes = APIRouter(tags=["site"])
    zones = [ZoneSchema(id=z.id, name=NameSchema.of(z.name), capacity=z.capacity) for z in site.zones]
    reply = SiteSchema(
        site_id=site.id, name=NameSchema.of(site.name), currency=site.currency, timezone=site.timezone, zones=zones
    )

    maps = {level.id: svg(site.plan, level.id) for level in site.plan.levels}

    @routes.get("/site/levels", summary="The drawn levels, from the top down")
    async def read_levels() -> list[LevelSchema]:
        levels = sorted(site.plan.levels, key=lambda level: (-level.ordinal, level.id))
        return [
            LevelSchema(id=level.id, garage=level.garage_id, name=NameSchema.of(level.name), ordinal=level.ordinal)
            for level in levels
        ]

    @routes.get("/site/levels/{level_id}/map.svg", summary="One level as a picture", response_class=Response)
    async def read_map(level_id: str) -> Response:
        if level_id not in maps:
            raise not_found("site.level_unknown", "this site has no such level")
        return Response(maps[LevelId(level_id)], media_type="image/svg+xml")

    @routes.get("/site", summary="The site with its zones")
    async def read_site() -> SiteSchema:
        return reply

    return routes
