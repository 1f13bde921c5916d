"""Figures for those who run the site, page by page and as CSV; money for those who may see bills. And a driver's rating of his stay."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from parking.analytics import queries, ratings
from parking.analytics.asked import BOUNDS_MIN, Asked, By, Split, page
from parking.analytics.local_days import slot_of
from parking.analytics.projection import Figures
from parking.analytics.views import (
    COLUMNS,
    Choices,
    DwellPage,
    DwellView,
    FlowPage,
    OccupancyPage,
    OccupancyView,
    PassagesView,
    RatingIn,
    RatingsPage,
    RatingsView,
    RatingView,
    RevenuePage,
    RevenueView,
)
from parking.kernel.csv_cells import as_text
from parking.kernel.errors import conflict, invalid
from parking.kernel.ids import StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.web.deps import require
from parking.web.schemas import AS_CSV, SiteDay

What = Literal["flow", "dwell", "occupancy", "revenue", "ratings"]
Reader = Annotated[Principal, Depends(require(Scope.FIGURES_READ))]
Accountant = Annotated[Principal, Depends(require(Scope.FIGURES_READ, Scope.BILLS_READ))]
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Name = Annotated[str, Query(max_length=64)]
Most = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str, Query(max_length=140, description="`next` of the page before.")]
_BY_PLACE = (Split.LANE, Split.LOT, Split.CLASS)
_SPLITS: Mapping[str, tuple[Split, ...]] = {
    "flow": _BY_PLACE,
    "dwell": _BY_PLACE,
    "occupancy": (Split.ZONE, Split.LEVEL),
    "revenue": (*_BY_PLACE, Split.CHANNEL),
    "ratings": (Split.LANE,),
}
_ONLY = {"flow": "lane lot class", "dwell": "lane lot class", "occupancy": "zone", "ratings": "lane"}
_ONLY["revenue"] = "lane lot class channel"


@dataclass(frozen=True, slots=True)
class Room:
    """What the routes need: the figures, and the level of each zone of the site, its lanes."""

    database: Database
    figures: Figures
    level_of: Mapping[str, str]
    lanes: Sequence[str]

    def rows(self, conn: Connection, what: What, asked: Asked) -> list[Any]:
        """The rows of one kind of figures, each as it is shown."""
        asked = asked.checked(*_SPLITS[what])
        for name in asked.only:
            if name not in _ONLY[what].split():
                raise invalid("figures.only", f"{what} is not told by {name}", field=name)
        match what:
            case "flow":
                return [PassagesView.of(row) for row in queries.flow(conn, asked)]
            case "dwell":
                return [DwellView.of(row) for row in queries.dwell(conn, asked)]
            case "revenue":
                return [RevenueView.of(row) for row in queries.money(conn, asked)]
            case "ratings":
                if asked.by is By.HOUR:
                    asked = replace(asked, by=By.DAY)  # nobody's hour
                return [RatingsView.of(row) for row in queries.ratings_of(conn, asked)]
            case "occupancy":
                zone, now = self.figures.zone, self.database.clock.now()
                return [OccupancyView.of(row) for row in queries.occupancy(conn, asked, zone, now, self.level_of)]

    def choices(self, conn: Connection) -> Choices:
        seen = queries.choices(conn)
        return Choices(
            today=slot_of(self.database.clock.now(), self.figures.zone).day,
            timezone=str(self.figures.zone),
            lanes=sorted({*seen["lane"], *self.lanes}),
            lots=seen["lot"],
            classes=seen["class"],
            channels=seen["channel"],
            zones=sorted(self.level_of),
            levels=sorted(set(self.level_of.values())),
            behind=self.figures.behind(conn),
        )


def asked(
    since: SiteDay,
    until: SiteDay,
    by: By = By.DAY,
    split: Split = Split.NONE,
    lane: Name = "",
    lot: Name = "",
    vehicle_class: Annotated[str, Query(alias="class", max_length=24)] = "",
    channel: Name = "",
    zone: Name = "",
) -> Asked:
    """Days at the site, both counted; an empty filter is none."""
    only = {"lane": lane, "lot": lot, "class": vehicle_class, "channel": channel, "zone": zone}
    return Asked(since, until, by, split, {name: value for name, value in only.items() if value})


Query_ = Annotated[Asked, Depends(asked)]


def router(room: Room) -> APIRouter:
    """Routes of figures and of ratings."""
    routes = APIRouter()
    _pages(routes, room)
    _export(routes, room)
    _ratings(routes, room)
    return routes


def _pages(routes: APIRouter, room: Room) -> None:
    async def found(what: What, asked: Asked, after: str, limit: int) -> dict[str, Any]:
        rows = await room.database.aread(lambda conn: room.rows(conn, what, asked))
        shown, following = page(rows, after, limit)
        return {"as_of": room.database.clock.now(), "next": following, "rows": list(shown)}

    @routes.get("/figures", tags=["figures"])
    async def choices(_: Reader) -> Choices:
        """What can be asked for."""
        return await room.database.aread(room.choices)

    @routes.get("/figures/flow", tags=["figures"])
    async def flow(_: Reader, query: Query_, after: After = "", limit: Most = 500) -> FlowPage:
        """Vehicles in and out, by lane, lot or class."""
        return FlowPage(**await found("flow", query, after, limit))

    @routes.get("/figures/dwell", tags=["figures"])
    async def dwell(_: Reader, query: Query_, after: After = "", limit: Most = 500) -> DwellPage:
        """How long the stays lasted that ended in each period."""
        return DwellPage(**await found("dwell", query, after, limit), bounds_min=list(BOUNDS_MIN))

    @routes.get("/figures/occupancy", tags=["figures"])
    async def occupancy(_: Reader, query: Query_, after: After = "", limit: Most = 500) -> OccupancyPage:
        """Bays taken, by zone or level."""
        return OccupancyPage(**await found("occupancy", query, after, limit))

    @routes.get("/figures/revenue", tags=["figures"])
    async def revenue(_: Accountant, query: Query_, after: After = "", limit: Most = 500) -> RevenuePage:
        """What was booked, by lane, lot, class or channel; the sums of a day are the ledger's of that day."""
        return RevenuePage(**await found("revenue", query, after, limit))

    @routes.get("/figures/ratings", tags=["figures"])
    async def given(_: Reader, query: Query_, after: After = "", limit: Most = 500) -> RatingsPage:
        """What drivers thought, by day and lane."""
        return RatingsPage(**await found("ratings", query, after, limit))


def _export(routes: APIRouter, room: Room) -> None:
    def exporting(what: What) -> Callable[..., Any]:
        async def export(query: Query_) -> Response:
            rows = await room.database.aread(lambda conn: room.rows(conn, what, query))
            out = io.StringIO()
            write = csv.writer(out)
            write.writerow(COLUMNS[what])
            write.writerows([as_text(cell) if isinstance(cell, str) else cell for cell in row.cells()] for row in rows)
            name = f"attachment; filename={what}-{query.since}-{query.until}.csv"
            return Response(out.getvalue(), media_type="text/csv", headers={"Content-Disposition": name})

        return export

    for what in ("flow", "dwell", "occupancy", "revenue", "ratings"):
        needs = (Scope.FIGURES_READ, Scope.BILLS_READ) if what == "revenue" else (Scope.FIGURES_READ,)
        routes.add_api_route(
            f"/figures/{what}.csv",
            exporting(what),
            name=f"{what}_csv",
            description="The same as CSV, all rows; the first line names the columns and never changes but at its end.",
            methods=["GET"],
            tags=["figures"],
            response_class=Response,
            responses=AS_CSV,
            dependencies=[Depends(require(*needs))],
        )


def _ratings(routes: APIRouter, room: Room) -> None:
    @routes.get("/my/rating", tags=["driver"])
    async def mine(who: Driver) -> RatingView:
        """What was said of this stay, and whether anything can be said now; whoever has shown no more than a plate reads nobody's words."""

        def look(conn: Connection) -> RatingView:
            stay_id = StayId(who.subject)
            kept = ratings.of_stay(conn, stay_id)
            if kept is not None and not who.may(Scope.OWN_WALLET):
                return RatingView(open=False, score=None, words="")
            if kept is not None:
                return RatingView(open=False, score=kept.score, words=kept.words)
            return RatingView(open=room.figures.books.paid(conn, stay_id), score=None, words="")

        return await room.database.aread(look)

    @routes.post("/my/rating", tags=["driver"])
    async def rate(who: Driver, body: RatingIn) -> RatingView:
        """Once per stay, when something has been paid; the same again changes nothing."""
        stay_id, words = StayId(who.subject), body.words.strip()

        def work(uow: Any) -> RatingView:
            if not room.figures.books.paid(uow.connection, stay_id):
                raise conflict("rating.not_paid", "a stay can be rated once it is paid for")
            kept = ratings.give(uow, stay_id, body.score, words, room.figures.zone)
            return RatingView(open=False, score=kept.score, words=kept.words)

        return await room.database.awrite(work)
