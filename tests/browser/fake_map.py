"""The site map by script: the real routes of a drawn site, and bays that stand as the script says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from guidance.bay_api import BayRow
from parking.site import api
from parking.site.model import SiteMap
from tests.browser.script import stamp
from tests.builders.plans import twin_site

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer


@dataclass
class FakeMap:
    """A drawn site; a bay of which the script says nothing is unknown."""

    fake: FakeServer
    site: SiteMap = field(default_factory=twin_site)
    states: dict[str, str] = field(default_factory=dict)

    def stands(self, bay: str, zone: str, state: str) -> None:
        """A bay is seen free or taken, and the feed tells."""
        self.states[bay] = state
        value: dict[str, Any] = {"zone_id": zone, "state": state, "source": "sensor", "at": stamp(self.fake.now())}
        self.fake.hub.put(f"bay.{bay}", value)

    def rows(self) -> list[BayRow]:
        return [
            BayRow(
                bay=bay.id,
                zone=bay.zone_id,
                kind=bay.kind.value,
                state=self.states.get(bay.id, "unknown"),
                fault=None if bay.id in self.states else "never_heard",
                since=self.fake.now() if bay.id in self.states else None,
                heard_at=self.fake.now() if bay.id in self.states else None,
                source="sensor" if bay.id in self.states else "",
                coned_off=False,
                out_of_service=False,
            )
            for bay in self.site.plan.bays
        ]


def install(routes: APIRouter, fake: FakeServer) -> None:
    """The routes of the map; whatever else the script answers itself stands before them."""

    @routes.get("/bays")
    async def bays() -> list[BayRow]:
        return fake.map.rows()

    routes.include_router(api.router(fake.map.site))
