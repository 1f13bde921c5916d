"""What a stay costs, would cost, and what leaving sooner saves: asked at any time while it is parked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from parking.journeys.paying import StayAccount, account_of, priced
from parking.journeys.ports import Ahead, Cashier, Period
from parking.kernel.errors import invalid
from parking.kernel.ids import StayId
from parking.sessions.model import OpenStay


@dataclass(frozen=True, slots=True)
class StayQuote:
    """The account at `at`, the bill's periods, and the next moments at which leaving later costs another amount."""

    found: StayAccount
    at: datetime
    periods: Sequence[Period]
    ahead: Sequence[Ahead]


def quote_of(
    conn: Connection, cashier: Cashier, stay_id: StayId, now: datetime, leaving_at: datetime | None
) -> StayQuote:
    """The quote of a stay for leaving now or at a later moment; one that is not open is quoted as it ended."""
    at = now if leaving_at is None else leaving_at
    if at < now:
        raise invalid("quote.past", "is in the past; ask for a moment to come", field="leaving_at")
    found = account_of(conn, cashier, stay_id, at)
    to_price = priced(conn, found.stay)
    if not isinstance(found.stay, OpenStay):
        return StayQuote(found, at, cashier.periods(conn, to_price, at), ())
    until = found.stay.billed_until(at, to_price.stops)
    ahead = () if found.leave_by is not None and at <= found.leave_by else cashier.ahead(conn, to_price, at)
    return StayQuote(found, at, cashier.periods(conn, to_price, until), ahead)
