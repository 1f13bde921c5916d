"""Quotes over HTTP: a driver asks for the stay in hand, staff for any; plates are not among the answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from parking.journeys.ports import Cashier
from parking.journeys.quoting import StayQuote, quote_of
from parking.journeys.schemas import BillView, LineView, LocalText, state_of
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.web.deps import require
from parking.web.schemas import Moment, MoneySchema, Strict

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

    @classmethod
    def of(cls, quote: StayQuote, *, discreet: bool = False) -> QuoteView:
        """`discreet`: for eyes that have shown no more than a plate."""
        found = quote.found
        account = found.account.discreet() if discreet else found.account
        return cls(
            at=quote.at,
            entered_at=found.stay.entered_at,
            state=state_of(found.stay, quote.at, found.leave_by),
            leave_by=found.leave_by,
            bill=BillView.of(account),
            periods=[
                PeriodView(
                    begins_at=one.begins_at, ends_at=one.ends_at, lines=[LineView.of(line) for line in one.lines]
                )
                for one in quote.periods
            ],
            what_if=[
                AheadView(
                    before=one.until,
                    total=MoneySchema.of(one.total),
                    later=MoneySchema.of(one.later),
                    text=LocalText(zh=one.text["zh"], en=one.text["en"]),
                )
                for one in quote.ahead
            ],
        )


def router(database: Database, cashier: Cashier, clock: Clock) -> APIRouter:
    """Routes of quotes."""
    routes = APIRouter()

    async def quoted(stay_id: str, leaving_at: datetime | None, *, discreet: bool = False) -> QuoteView:
        now = clock.now()
        found = await database.aread(lambda conn: quote_of(conn, cashier, StayId(stay_id), now, leaving_at))
        return QuoteView.of(found, discreet=discreet)

    @routes.get("/my/quote", tags=["driver"])
    async def my_quote(
        who: Annotated[Principal, Depends(require(Scope.OWN_STAY))], leaving_at: LeavingAt = None
    ) -> QuoteView:
        """The driver's own stay, now or at a moment to come, with what leaving before the next steps saves."""
        return await quoted(who.subject, leaving_at, discreet=not who.may(Scope.OWN_WALLET))

    @routes.get("/stays/{stay_id}/quote", tags=["stays"])
    async def stay_quote(
        stay_id: str, _: Annotated[Principal, Depends(require(Scope.STAYS_READ))], leaving_at: LeavingAt = None
    ) -> QuoteView:
        """The same for staff."""
        return await quoted(stay_id, leaving_at)

    return routes
