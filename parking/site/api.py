"""GET /site: what a page needs to draw the site. Public; nothing in it says who is inside."""

from __future__ import annotations

from fastapi import APIRouter

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


def router(site: SiteMap) -> APIRouter:
    """The routes of one site."""
    routes = APIRouter(tags=["site"])
    zones = [ZoneSchema(id=z.id, name=NameSchema.of(z.name), capacity=z.capacity) for z in site.zones]
    reply = SiteSchema(
        site_id=site.id, name=NameSchema.of(site.name), currency=site.currency, timezone=site.timezone, zones=zones
    )

    @routes.get("/site", summary="The site with its zones")
    async def read_site() -> SiteSchema:
        return reply

    return routes
