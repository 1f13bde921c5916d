"""Free bays by script: the real next door and the real ways over the big drawing; zones as the script has them."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter

from guidance import bay_ways_api, next_door_api
from guidance.bay_api import AvailabilityPage, Bays
from guidance.bay_ways import BayWays
from guidance.healing import BayView, UsableView
from guidance.neighbours.base import Lot
from guidance.next_door import Feed, Neighbour, NextDoor
from parking.kernel.clock import SystemClock
from parking.kernel.ids import LotId, RandomIds
from parking.site.graph import drive_graph, walk_graph
from parking.site.words import LocalName
from tests.builders.plans import twin_site

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

LOTS = (
    Neighbour(
        Lot(LotId("riverside"), 220, 120.0, 180.0, 800), LocalName("滨江停车场", "Riverside car park"), "滨江路 12 号"
    ),
    Neighbour(Lot(LotId("opera"), 300, 240.0, 300.0, 600), LocalName("大剧院停车场", "Opera car park")),
    Neighbour(Lot(LotId("harbour"), 500, 420.0, 420.0), LocalName("港口停车场", "Harbour car park")),
)
FEED = Feed("city", "park_api", "http://city.example", {n.lot.id: n.lot.id for n in LOTS})


class FakeGuide:
    """What is free, here and next door; the clock is the machine's, as next door's is."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        self.clock = SystemClock()
        self.short = False
        self.zones: list[dict[str, Any]] = []
        self.traffic = {"into": flow("busy", 190), "out": flow("flowing", 84)}
        self.door = NextDoor(LOTS, (FEED,), self.clock, RandomIds(), 10, lambda: 3 if self.short else 200)
        site = twin_site()
        self.ways = BayWays(site, drive_graph(site.plan), walk_graph(site.plan), RandomIds())
        self.free = {"E3G25", "E1A05", "E2A07"} & {b.id for b in site.plan.bays} or {site.plan.bays[40].id}
        self.asked: list[dict[str, Any]] = []

    def zone(self, zone: str, name: tuple[str, str], usable: int | None, **more: Any) -> None:
        state = "unknown" if usable is None else "full" if usable == 0 else "few" if usable <= 12 else "free"
        plain = {"zone": zone, "name": {"zh": name[0], "en": name[1]}, "level": zone, "capacity": 320, "usable": usable,
                 "known": usable is not None, "state": state, "confidence": 0.9, "usable_by_kind": {}, "outlook": None}  # fmt: skip
        self.zones.append(plain | more)

    def next_door(self, **free: int) -> None:
        """The city's feed has spoken: free bays by lot."""
        capacity = {n.lot.id: n.lot.capacity for n in LOTS}
        rows = [{"id": lot, "free": n, "total": capacity[LotId(lot)], "state": "open"} for lot, n in free.items()]
        at = self.clock.now() - timedelta(seconds=5)
        self.door.hear(FEED, {"last_updated": at.isoformat(), "lots": rows})

    def seen(self) -> tuple[dict[Any, BayView], dict[Any, UsableView]]:
        now = self.clock.now()
        bays = self.ways.site.plan.bays
        views = {
            b.id: BayView(b.id, b.zone_id, b.kind, b.id not in self.free, None, now, now, "us", False) for b in bays
        }
        return views, {}


def flow(state: str, an_hour: int | None, lanes: int = 2) -> dict[str, Any]:
    return {"state": state, "an_hour": an_hour, "lanes": lanes, "serving": lanes}


def outlook(days_bays: float | None, full_in: int | None, minutes: float | None, soon: int = 40) -> dict[str, Any]:
    """An outlook with its errors: of the bays in a quarter of an hour, and of being full."""
    return {"in_15_min": soon, "full_in_min": full_in, "error_bays": days_bays, "error_min": minutes}


def install(routes: APIRouter, fake: FakeServer) -> None:
    """The routes of free bays; the ways and next door are the product's own."""
    guide = fake.guide

    @routes.get("/availability")
    async def availability() -> AvailabilityPage:
        return AvailabilityPage.model_validate(
            {"at": guide.clock.now(), "site": "demo", "zones": guide.zones, "traffic": guide.traffic}
        )

    async def aread(_: Any) -> Any:
        return guide.seen()

    database = SimpleNamespace(aread=aread)
    bays = cast(Bays, SimpleNamespace(database=database, book=None, healer=None))
    routes.include_router(bay_ways_api.router(bays, guide.ways, guide.clock))
    routes.include_router(next_door_api.router(guide.door, guide.clock, "CNY"))
