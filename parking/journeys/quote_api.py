"""Quotes over HTTP: a driver asks for the stay in hand, staff for any; plates are not among the answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import Connection

from parking.journeys.quote_json import QuoteText
from parking.journeys.quoting import Quotes
from parking.journeys.schemas import BillView, LineView, LocalText
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database, UnitOfWork
from parking.web.deps import permitted, require
from parking.web.schemas import Moment, MoneySchema, Strict

Look = Callable[[UnitOfWork, Principal, str, str], object]
"""Writes down who has looked at what of whom."""
LeavingAt = Annotated[Moment | None, Query(description="What it would cost to leave then; now, if not said.")]


class PeriodView(Strict):
    """A part of the stay; before coupons the lines of all periods sum to the bill."""

    begins_at: datetime
    ends_at: datetime
    lines: list[LineView]


class AheadView(Strict):
    """Who leaves before `before` pays `total` in all, from then on `later`."""

    before: datetime
    total: MoneySchema
    later: MoneySchema
    text: LocalText


class QuoteView(Strict):
    """What a stay costs if it ends at `at`."""

    at: datetime
    entered_at: datetime
    state: str
    leave_by: datetime | None
    bill: BillView
    periods: list[PeriodView]
    what_if: list[AheadView]


class Unasked(APIRoute):
    """A route all of whose parameters may be left out: a request without a query has nothing to be read or checked.

    Every open page asks again and again, and every app when its driver looks: working out that nothing was asked cost a tenth of a quote.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        checked = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.scope["query_string"]:
                return await checked(request)
            response: Response = await self.endpoint(request)
            return response

        return handle


def router(database: Database, quotes: Quotes, clock: Clock, look: Look) -> APIRouter:
    """Routes of quotes."""
    routes = APIRouter()

    async def quoted(stay_id: str, leaving_at: datetime | None, *, discreet: bool = False) -> Response:
        now = clock.now()

        def ask(conn: Connection) -> bytes:
            found: QuoteText = quotes.ask(
                conn,
                StayId(stay_id),
                now,
                leaving_at,
                lambda quote: QuoteText(quote, discreet=discreet),
                discreet=discreet,
            )
            return found.at(now if leaving_at is None else leaving_at)

        return Response(await database.aread(ask), media_type="application/json")

    async def my_quote(request: Request, leaving_at: LeavingAt = None) -> Response:
        """The driver's own stay, now or at a moment to come, with what leaving before the next steps saves."""
        who = permitted(request, Scope.OWN_STAY)
        return await quoted(who.subject, leaving_at, discreet=not who.may(Scope.OWN_WALLET))

    routes.add_api_route(
        "/my/quote", my_quote, methods=["GET"], tags=["driver"], response_model=QuoteView, route_class_override=Unasked
    )

    @routes.get("/stays/{stay_id}/quote", tags=["stays"], response_model=QuoteView)
    async def stay_quote(
        stay_id: str, who: Annotated[Principal, Depends(require(Scope.STAYS_READ))], leaving_at: LeavingAt = None
    ) -> Response:
        """The same for staff."""
        answer = await quoted(stay_id, leaving_at)
        await database.awrite(lambda uow: look(uow, who, "quote", stay_id))
        return answer

    return routes
