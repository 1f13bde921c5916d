"""What a stay costs, would cost, and what leaving sooner saves: asked at any time while it is parked.

A price is pure: a quote that rests on what an earlier one rested on, within the same minute of the stay, is that one. What it rests on is
read every time, in one statement; what may change by the mere passing of time is worked out every time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from parking.access.service import parks_free
from parking.journeys.covered import covered
from parking.journeys.paying import StayAccount, priced
from parking.journeys.ports import Ahead, Cashier, Look, Period, PricedStay
from parking.journeys.quote_marks import Marks, MarksOf
from parking.kernel.errors import invalid, not_found
from parking.kernel.fee_clock import Stop, reached_at, spans, stopped_s
from parking.kernel.ids import StayId
from parking.sessions import store
from parking.sessions.model import ClosedStay, OpenStay, Stay

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
FURTHEST = timedelta(days=366)
KEPT = 4_096
"""Quotes that are remembered at most; then all are forgotten, and worked out again as they are asked for."""


@dataclass(frozen=True, slots=True)
class StayQuote:
    """The account at `at`, the bill's periods, and the next moments at which leaving later costs another amount."""

    found: StayAccount
    at: datetime
    periods: Sequence[Period]
    ahead: Sequence[Ahead]


Holds = Callable[[Connection, datetime], bool]
"""Whether what a quote rests on besides its marks is at this moment as it was."""


def quote_of(
    conn: Connection, cashier: Cashier, marks: Marks, at: datetime
) -> tuple[StayQuote, datetime | None, Holds | None]:
    """The quote of a stay for leaving at a moment, and until when it says the same (None: nobody knows), as long as it holds.

    One that is not open is quoted as it ended.
    """
    if marks.are_bare:
        return *_bare(conn, cashier, store.to_open(marks.stay), at), None
    stay = store.to_stay(marks.stay)
    to_price = priced(conn, stay)
    if not isinstance(stay, OpenStay):
        until = stay.exited_at if isinstance(stay, ClosedStay) else at
        look = cashier.look(conn, to_price, until, at, ahead=False)
        return StayQuote(StayAccount(stay, look.account), at, look.periods, look.ahead), None, None
    until, leave_by = stay.billed_until(at, to_price.stops), stay.may_leave_until(at, to_price.stops)
    settled = leave_by is not None and at <= leave_by
    look = cashier.look(conn, to_price, until, at, ahead=not settled)
    found = StayAccount(stay, look.account, leave_by)
    right = parks_free(conn, stay.id, stay.plate, at) if marks.have_right else None
    if right is not None and look.account.unsettled.minor > 0:
        found = replace(found, account=covered(cashier.account(conn, to_price, until, with_offers=False)))
    quote = StayQuote(found, at, look.periods, look.ahead)
    if any(ended is None for _, ended in to_price.stops):  # a clock that stands still now has minutes of its own
        return quote, None, None

    def holds(conn: Connection, at: datetime) -> bool:
        if marks.have_right and parks_free(conn, stay.id, stay.plate, at) != right:
            return False
        return cashier.holds_still(conn, to_price, look, passes=marks.have_pass)

    return quote, _until(stay, look, at, leave_by if settled else None, to_price.stops), holds


def _bare(conn: Connection, cashier: Cashier, stay: OpenStay, at: datetime) -> tuple[StayQuote, datetime | None]:
    """The quote of most who ask: a visitor who has paid nothing yet and has nothing."""
    to_price = PricedStay(stay.id, stay.entered_at, stay.tariff_version, (), stay.plate, None)
    look = cashier.look(conn, to_price, at, at, ahead=True, fresh=True)
    return StayQuote(StayAccount(stay, look.account), at, look.periods, look.ahead), _until(stay, look, at, None)


def _until(
    stay: Stay, look: Look, at: datetime, leave_by: datetime | None, stops: Sequence[Stop] = ()
) -> datetime | None:
    """The end of this minute of the stay, in which nothing but its clock changes; an offer's end or the time to leave may come first.

    A fee clock that stood still for a while has minutes that end at other seconds.
    """
    began = stay.entered_at.replace(microsecond=0)
    if look.holds_until is None or at < began + _SECOND:
        return None
    ends = began + ((at - began) // _MINUTE + 1) * _MINUTE
    if stops:
        begun_s, at_s = int(began.timestamp()), int(at.timestamp())
        joined = spans(stops)
        ran_s = at_s - begun_s - stopped_s(joined, begun_s, at_s)
        reached_s = reached_at(joined, begun_s, 60 * (ran_s // 60 + 1))
        ends = ends if reached_s is None else min(ends, datetime.fromtimestamp(reached_s, UTC))
    return min(ends, look.holds_until, *([leave_by] if leave_by is not None else []))


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, and what it rests on."""

    whole: tuple[Any, ...]
    since: datetime
    until: datetime
    holds: Holds | None
    answer: Any

    def is_for(self, conn: Connection, whole: tuple[Any, ...], at: datetime) -> bool:
        if not (self.since <= at < self.until and self.whole == whole):
            return False
        return self.holds is None or self.holds(conn, at)


class Quotes:
    """Quotes of stays as the answers that `shown` makes of them; safe to share between threads, and right in any number of processes."""

    def __init__(self, cashier: Cashier, marks_of: MarksOf) -> None:
        self._cashier = cashier
        self._marks_of = marks_of
        self._known: dict[tuple[StayId, bool], _Known] = {}

    def ask(
        self,
        conn: Connection,
        stay_id: StayId,
        now: datetime,
        leaving_at: datetime | None,
        shown: Callable[[StayQuote], Any],
        *,
        discreet: bool = False,
    ) -> Any:
        """What `shown` makes of the quote for leaving now or at a later moment; an answer holds wherever only `at` differs."""
        at = now if leaving_at is None else leaving_at
        if at < now:
            raise invalid("quote.past", "is in the past; ask for a moment to come", field="leaving_at")
        if at > now + FURTHEST:  # every day of it is a line of the answer, and work for whoever asks
            raise invalid("quote.far", "is too far ahead; ask for a moment within a year", field="leaving_at")
        marks = self._marks_of(conn, stay_id)
        if marks is None:
            raise not_found("stay.unknown", "this stay is not known")
        known = self._known.get((stay_id, discreet))
        if known is not None and known.is_for(conn, marks.whole, at):
            return known.answer
        quote, until, holds = quote_of(conn, self._cashier, marks, at)
        answer = shown(quote)
        if until is not None:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[stay_id, discreet] = _Known(marks.whole, at, until, holds, answer)
        return answer
