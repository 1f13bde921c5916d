"""GET /availability for everybody; bays, patrols and cones for operators. No plate goes out here, and none of a patrol is shown again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection

from guidance import outlook_store
from guidance.advise import STALE_AFTER_S
from guidance.bays import Reading
from guidance.healing import BayBook, BayView, Healer, UsableView, seen_whole
from guidance.outlook import Trend
from guidance.traffic import KINDS, Flow, Passages
from parking.kernel.errors import invalid
from parking.kernel.events import PatrolEnded
from parking.kernel.ids import BayId, DeviceId, LaneId, ZoneId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.unit_of_work import Audit
from parking.site.api import NameSchema
from parking.web.deps import require
from parking.web.schemas import Moment, Strict

LONGEST_ROUND = timedelta(hours=12)
Worker = Annotated[Principal, Depends(require(Scope.CASES_WORK))]
Watcher = Annotated[Principal, Depends(require(Scope.LANES_READ))]


class OutlookSchema(Strict):
    """By how much such words were off lately: `error_bays` those of 15 minutes, `error_min` those of being full; null: not measured yet."""

    in_15_min: int
    full_in_min: int | None
    error_bays: float | None
    error_min: float | None


class Availability(Strict):
    """`usable` is what anybody may drive into; where `known` is false, nobody vouches for it. `state`: free, few, full or unknown."""

    zone: str
    name: NameSchema
    level: str
    capacity: int
    usable: int | None
    known: bool
    state: str
    confidence: float
    usable_by_kind: dict[str, int]
    outlook: OutlookSchema | None


class FlowView(Strict):
    """`state`: flowing, busy (a queue), slow (some lanes do not serve), closed, or unknown; cars an hour over the last ten minutes."""

    state: str
    an_hour: int | None
    lanes: int
    serving: int


class Traffic(Strict):
    into: FlowView
    out: FlowView


class AvailabilityPage(Strict):
    at: Moment
    site: str
    zones: list[Availability]
    traffic: Traffic


class BayRow(Strict):
    """`state`: taken, free or unknown, `fault` why it is unknown; `since` it last changed, `heard_at` somebody last saw it, null: never;
    `out_of_service` is nobody's by the site's drawing.
    """

    bay: str
    zone: str
    kind: str
    state: str
    fault: str | None
    since: Moment | None
    heard_at: Moment | None
    source: str
    coned_off: bool
    out_of_service: bool


class PatrolRead(Strict):
    """What a patrol saw in one bay; `plate` where somebody read it."""

    bay: str = Field(max_length=40)
    occupied: bool
    plate: str | None = Field(default=None, max_length=24)


class PatrolReads(Strict):
    """`began`, only with a read of every bay of the site: from then on no stay is open whose car stands nowhere."""

    reads: list[PatrolRead] = Field(min_length=1, max_length=5000)
    began: Moment | None = None


class Difference(Strict):
    """A bay that stood otherwise than was believed: `believed` was taken, free or unknown, with the fault known of it."""

    bay: str
    believed: str
    found: str
    fault: str | None


class PatrolReport(Strict):
    """`unread`: taken bays without a plate; `ends_unfound`: a whole round, of which the stays that it did not find will end."""

    taken_in: int
    differences: list[Difference]
    unread: int
    ends_unfound: bool


class ConeBody(Strict):
    off: bool
    reason: str = Field(min_length=3, max_length=200)


@dataclass(slots=True)
class Bays:
    """Everything that the routes need; `trends` is fed by `see`, once a minute, and begins with what was learned before a restart."""

    database: Database
    book: BayBook
    healer: Healer
    audit: Audit
    feed_age_s: Callable[[], float]
    passages: Passages = field(default_factory=lambda: Passages(datetime.max.replace(tzinfo=UTC)))
    troubled: Callable[[Connection], Mapping[LaneId, bool]] = lambda _: {}
    trends: dict[ZoneId, Trend] = field(default_factory=dict)

    def seen_whole(self) -> dict[ZoneId, UsableView]:
        """The zones for which the sensors vouch alone."""
        now = self.database.clock.now()
        return seen_whole(self.database.read(lambda conn: self.healer.views(conn, now)))

    def see(self) -> None:
        """Look at every zone for the outlook, and keep what was learned of it."""
        now = self.database.clock.now()
        views = self.database.read(lambda conn: self.healer.views(conn, now))
        known = {zone_id: view for zone_id, view in views.items() if view.zone.known}
        if not known.keys() <= self.trends.keys():
            before = self.database.read(outlook_store.all_of)
            for zone_id in known.keys() - self.trends.keys():
                capacity = known[zone_id].zone.capacity
                kept = before.get(zone_id)
                self.trends[zone_id] = Trend(capacity) if kept is None else Trend.of(capacity, kept)
        news = {z: self.trends[z].learned() for z, view in known.items() if self.trends[z].see(now, view.usable)}
        if news:
            self.database.write(lambda uow: outlook_store.put(uow.connection, news, now))


def router(b: Bays) -> APIRouter:
    """The routes of one site's bays."""
    routes = APIRouter(tags=["guidance"])

    @routes.get("/availability", summary="Usable bays by zone, with an outlook and how far it was off lately")
    async def availability() -> AvailabilityPage:
        now = b.database.clock.now()
        views, troubled = await b.database.aread(lambda conn: (b.healer.views(conn, now), b.troubled(conn)))
        fed = b.feed_age_s() <= STALE_AFTER_S
        vouched = views if fed else seen_whole(views)
        zones = [_availability(b, z.id, views[z.id], z.id in vouched) for z in b.book.site.zones if z.id in views]
        flows = {name: _flow(b, name, troubled, now, fed=fed) for name in KINDS}
        return AvailabilityPage(at=now, site=b.book.site.id, zones=zones, traffic=Traffic(**flows))

    @routes.get("/bays", summary="Bays as they are believed now")
    async def bays(_: Watcher, zone: Annotated[str, Query(max_length=64)] = "") -> list[BayRow]:
        now = b.database.clock.now()
        views = await b.database.aread(lambda conn: b.book.views(conn, now))
        return [_row(v, out=v.bay_id in b.healer.out) for v in views.values() if zone in ("", v.zone_id)]

    @routes.post("/bays/reads", summary="What a patrol saw; the differences come back as proposals")
    async def patrol(body: PatrolReads, who: Worker) -> PatrolReport:
        now = b.database.clock.now()
        readings = [_reading(read, n, who, now) for n, read in enumerate(body.reads)]
        ended = None if body.began is None else _whole_round(b, body.began, readings, who, now)

        def work(uow: UnitOfWork) -> list[Difference]:
            before = b.book.views(uow.connection, uow.now)
            b.book.hear(uow, readings)
            b.audit(uow, who, "bays.patrol", who.subject, f"{len(readings)} bays read")
            if ended is not None:
                uow.publish(ended)
            return [_difference(before[r.bay_id], r) for r in readings if before[r.bay_id].occupied is not r.occupied]

        found = await b.database.awrite(work)
        unread = sum(r.occupied and r.plate is None for r in readings)
        return PatrolReport(taken_in=len(readings), differences=found, unread=unread, ends_unfound=ended is not None)

    @routes.put("/bays/{bay_id}/cone", status_code=204, summary="Take a bay out of use, or back")
    async def cone(bay_id: str, body: ConeBody, who: Worker) -> None:
        def work(uow: UnitOfWork) -> None:
            b.book.cone(uow, BayId(bay_id), off=body.off)
            b.audit(uow, who, "bays.coned_off" if body.off else "bays.opened", bay_id, body.reason)

        await b.database.awrite(work)

    return routes


def _availability(b: Bays, zone_id: ZoneId, view: UsableView, is_vouched_for: bool) -> Availability:
    zone = b.book.site.zone(zone_id)
    known = view.zone.known and is_vouched_for
    trend = b.trends.get(zone_id)
    outlook = trend.outlook() if trend is not None and known else None
    few = max(2, zone.capacity // 20)
    state = "unknown" if not known else "full" if view.usable == 0 else "few" if view.usable <= few else "free"
    return Availability(
        zone=zone_id,
        name=NameSchema.of(zone.name),
        level=zone.level,
        capacity=zone.capacity,
        usable=view.usable if known else None,
        known=known,
        state=state,
        confidence=round(view.confidence, 3) if known else 0.0,
        usable_by_kind={kind.value: n for kind, n in view.usable_by_kind.items()} if known else {},
        outlook=None
        if outlook is None
        else OutlookSchema(
            in_15_min=outlook.in_15_min,
            full_in_min=outlook.full_in_min,
            error_bays=None if outlook.error_bays is None else round(outlook.error_bays, 1),
            error_min=None if outlook.error_min is None else round(outlook.error_min, 1),
        ),
    )


def _flow(b: Bays, name: str, troubled: Mapping[LaneId, bool], now: datetime, *, fed: bool) -> FlowView:
    lanes = [lane.id for lane in b.book.site.lanes if lane.kind is KINDS[name]]
    flow = b.passages.flow(lanes, troubled, now)
    if not fed:  # the gate boxes are silent: nobody can say
        flow = Flow("unknown", None, flow.lanes, flow.serving)
    return FlowView(state=flow.state, an_hour=flow.an_hour, lanes=flow.lanes, serving=flow.serving)


def _row(view: BayView, *, out: bool) -> BayRow:
    return BayRow(
        bay=view.bay_id,
        zone=view.zone_id,
        kind=view.kind.value,
        state=_word(view.occupied),
        fault=view.fault.value if view.fault else None,
        since=view.since,
        heard_at=view.heard_at,
        source=view.source,
        coned_off=view.coned_off,
        out_of_service=out,
    )


def _word(occupied: bool | None) -> str:
    return {True: "taken", False: "free", None: "unknown"}[occupied]


def _reading(read: PatrolRead, number: int, who: Principal, now: Any) -> Reading:
    if read.plate and not read.occupied:
        raise invalid("bays.plate", "an empty bay has no plate", field=f"reads[{number}].plate")
    plate = Plate.parse(read.plate) if read.plate else None
    return Reading(BayId(read.bay), read.occupied, now, now, "patrol", DeviceId(who.subject), 1.0, plate)


def _whole_round(b: Bays, began: datetime, readings: Sequence[Reading], who: Principal, now: datetime) -> PatrolEnded:
    """The word of a patrol that left no bay out; ParkingError names what is missing."""
    if not now - LONGEST_ROUND <= began <= now:
        raise invalid("bays.began", "a round begins before it ends, and at most twelve hours before", field="began")
    undrawn = next((z.id for z in b.book.site.zones if len(z.bays) < z.capacity), None)
    if undrawn is not None:
        raise invalid("bays.undrawn", f"zone {undrawn!r} has bays that are not drawn: no round is whole", field="began")
    missing = sorted(b.book.zone_of.keys() - {r.bay_id for r in readings})
    if missing:
        raise invalid("bays.not_whole", f"{len(missing)} bays are left out, the first is {missing[0]!r}", field="reads")
    plates = tuple(r.plate for r in readings if r.plate is not None)
    unread = tuple(r.bay_id for r in readings if r.occupied and r.plate is None)
    return PatrolEnded(began, plates, unread, who.subject)


def _difference(before: BayView, reading: Reading) -> Difference:
    return Difference(
        bay=before.bay_id,
        believed=_word(before.occupied),
        found=_word(reading.occupied),
        fault=before.fault.value if before.fault else None,
    )
