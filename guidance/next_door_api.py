"""GET /overflow and POST /overflow/ways for everybody: the lots next door, and a way to one of them. Nobody says who he is."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from guidance.neighbours.choose import DISTRUSTED_FOR
from guidance.next_door import Asker, NextDoor, NextLot
from parking.kernel.clock import Clock
from parking.kernel.principal import Scope
from parking.site.api import NameSchema
from parking.web.deps import current_principal
from parking.web.limits import RateExceeded, RateLimit, caller_of
from parking.web.schemas import Moment, MoneySchema, Strict

ASKS_MOST = 30
COUNTED_EACH, COUNTED_WITHIN_S = 2, 600.0
"""So many new ways of one caller (a stay's code, else a network) in that time count against a lot: one phone never fills it."""
LotName = Annotated[str, Field(max_length=64)]


class NextLotView(Strict):
    """`state`: free (a bay can be promised), likely, full, closed, unknown; `free_on_arrival` counts what a car sent now will find."""

    lot: str
    name: NameSchema
    state: str
    free_on_arrival: int | None
    first: bool
    share: float
    drive_min: int
    walk_min: int
    hour: MoneySchema | None
    address: str
    seen_at: Moment | None


class OverflowPage(Strict):
    """`needed`: our own lots run short; the first choice stands first."""

    at: Moment
    needed: bool
    lots: list[NextLotView]


class AskNext(Strict):
    """`code` of a way that was given before; `lot` where the driver chooses himself; `full` are the lots that he found full."""

    code: str = Field(default="", max_length=64)
    lot: LotName = ""
    full: list[LotName] = Field(default=[], max_length=20)


class NextWay(Strict):
    """Where to drive, null: no lot has a bay that can be promised; `code` changes this way later."""

    code: str
    to: NextLotView | None


def _passes(limit: RateLimit, request: Request) -> bool:
    try:
        limit.check(caller_of(request))
    except RateExceeded:
        return False
    return True


def router(door: NextDoor, clock: Clock, currency: str) -> APIRouter:
    """The routes of the lots next door."""
    routes = APIRouter(tags=["guidance"])
    asks = RateLimit(ASKS_MOST, 60.0, clock)
    counted = RateLimit(COUNTED_EACH, COUNTED_WITHIN_S, clock)
    heard = RateLimit(1, DISTRUSTED_FOR.total_seconds(), clock)

    def view(one: NextLot) -> NextLotView:
        lot = one.neighbour.lot
        return NextLotView(
            lot=lot.id,
            name=NameSchema.of(one.neighbour.name),
            state=one.state,
            free_on_arrival=one.free_on_arrival,
            first=one.first,
            share=round(one.share, 2),
            drive_min=max(1, round(lot.drive_s / 60)),
            walk_min=max(1, round(lot.walk_s / 60)),
            hour=MoneySchema(amount=lot.hour_minor, currency=currency) if lot.hour_minor is not None else None,
            address=one.neighbour.address,
            seen_at=one.at,
        )

    @routes.get("/overflow", summary="Lots next door: bays on arrival, price, the way")
    async def overflow() -> OverflowPage:
        needed = await run_in_threadpool(door.needed) if door.neighbours else False
        return OverflowPage(at=clock.now(), needed=needed, lots=[view(one) for one in door.story()])

    @routes.post("/overflow/ways", summary="A way to a lot next door", dependencies=[Depends(asks)])
    async def ways(body: AskNext, request: Request) -> NextWay:
        """Whoever asks is shown a way each time; but only a few of one caller's are counted as cars that are coming."""

        asker = Asker(
            proven=current_principal(request).may(Scope.OWN_STAY),
            may_count=partial(_passes, counted, request),
            is_heard=partial(_passes, heard, request),
        )
        code, to = door.send(code=body.code, wanted=body.lot, full=body.full, asker=asker)
        return NextWay(code=code, to=view(to) if to is not None else None)

    return routes
