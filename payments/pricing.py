"""What a stay costs, would cost, and how long that stays so: all questions about a price, none of which changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from parking.kernel.ids import PaymentId
from parking.kernel.money import Money
from payments import store
from payments.coupons import limits
from payments.coupons.best import NOTHING_BEFORE
from payments.coupons.limits import Taken
from payments.discounting import Basis, Discounts
from payments.ledger import NOTHING_BOOKED
from payments.model import StayToPrice
from payments.plausible import Bounds
from payments.quote import Account, quote
from payments.quote_words import Ahead, Period
from payments.tariff.facts import NO_FACTS, Facts
from payments.tariff.model import Bill
from payments.tariff.outlook import changes, schedule
from payments.tariff.plate_words import facts_of_plate
from payments.tariff_book import TariffBook

_AHEAD = timedelta(hours=24)
_NEXT_CHANGES = 3
_HOUR = timedelta(hours=1)


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day at the site."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


@dataclass(frozen=True, slots=True)
class Look:
    """One quote: the account, its periods, what comes next.

    `holds_until`: until when nothing but its clock changes the account, as long as `taken` (how far limits of a day were reached) and
    `facts` stay what they were; None where others' doings may, at any time.
    """

    account: Account
    periods: Sequence[Period]
    ahead: Sequence[Ahead]
    holds_until: datetime | None
    taken: Sequence[Taken] = ()
    facts: Facts = NO_FACTS


class Prices:
    """The half of a cashier that only reads."""

    def __init__(self, tariffs: TariffBook, discounts: Discounts, bounds: Bounds) -> None:
        self._tariffs = tariffs
        self._discounts = discounts
        self._bounds = bounds

    def current_tariff(self, conn: Connection, at: datetime) -> str:
        """The version of the tariff for whoever enters at this moment."""
        return self._tariffs.at_entry(conn, at).version

    def bill(self, conn: Connection, stay: StayToPrice, at: datetime) -> Bill:
        """What the stay costs if it ends at `at`, before anything is taken off; one that has left keeps the bill that was booked."""
        return self._discounts.basis(conn, stay).bill(at)

    def account(self, conn: Connection, stay: StayToPrice, at: datetime, *, with_offers: bool = True) -> Account:
        """What is owed if the stay ended at `at`, with everything taken off that may be (but for `with_offers` False)."""
        return self._discounts.account(conn, stay, at, with_offers=with_offers)

    def as_paid(self, conn: Connection, stay: StayToPrice, payment_id: PaymentId, at: datetime) -> Account:
        """How a stay stood with this payment of it, which was priced for `at`."""
        payment = store.get(conn, payment_id)
        assert payment is not None, "payments are never deleted"
        return self._discounts.as_paid(conn, stay, payment, at)

    def schedule(
        self, conn: Connection, stay: StayToPrice, since: datetime, horizon: datetime
    ) -> Sequence[tuple[datetime, int]]:
        """Until when -> minor units in all, ascending, from `since` to `horizon`: what a lane's copy needs to price alone."""
        running = self._discounts.running(conn, stay)
        gross = schedule(running.tariff, stay.entered_at, horizon, since=since, stops=stay.stops, facts=running.facts)
        return self._discounts.net(conn, stay, since, gross, running)

    def look(
        self, conn: Connection, stay: StayToPrice, until: datetime, at: datetime, *, ahead: bool, fresh: bool = False
    ) -> Look:
        """The quote of a stay billed until `until`, with the next changes after `at`, if they are asked for.

        `fresh`: the caller knows that nothing was ever booked for it, noted of it or given to it, so that nothing has to be read.
        """
        basis = self._discounts.fresh(conn, stay) if fresh else self._discounts.basis(conn, stay)
        if fresh:
            account = quote(*basis.fee(until), NOTHING_BOOKED, (), (), NOTHING_BEFORE)
        else:
            account = self._discounts.account(conn, stay, until, basis=basis)
        periods = [Period.of(one) for one in basis.periods(until)]
        rows = self._ahead(conn, stay, at, basis, fresh=fresh) if ahead else ()
        holds = None if basis.tariff.asks.earlier else account.holds_until(at)
        taken = self._discounts.taken(conn, stay, at, account)
        if taken and holds is not None:
            holds = min(holds, _midnight(at, ZoneInfo(basis.tariff.timezone)))
        return Look(account, periods, rows, holds, taken, basis.facts)

    def holds_still(self, conn: Connection, stay: StayToPrice, look: Look, *, passes: bool) -> bool:
        """Whether limits are reached as far as they were, and (where `passes` may have ended) the stay's facts are the same."""
        return limits.hold(conn, look.taken) and (not passes or self._discounts.facts(conn, stay) == look.facts)

    def _ahead(
        self, conn: Connection, stay: StayToPrice, at: datetime, basis: Basis, *, fresh: bool
    ) -> Sequence[Ahead]:
        """The changes of the next 24 hours, looked for to a whole hour of the stay: the same, wherever in that hour it is asked."""
        since = max(at, stay.entered_at)
        hours = -((since + _AHEAD - stay.entered_at) // -_HOUR)
        horizon = stay.entered_at + hours * _HOUR
        tariff, most = basis.tariff, _NEXT_CHANGES + 1
        gross = schedule(tariff, stay.entered_at, horizon, since=since, stops=stay.stops, facts=basis.facts, most=most)
        net = gross if fresh else self._discounts.net(conn, stay, at, gross, basis)
        zone = ZoneInfo(tariff.timezone)
        return [Ahead.of(one, zone) for one in changes(net, tariff.currency)[:_NEXT_CHANGES]]

    def time_to_leave(self, conn: Connection, stay: StayToPrice) -> timedelta | None:
        """How long a driver has to leave once he has paid, by the tariff of his stay; None where it leaves that to the site."""
        tariff = self._discounts.tariff_of(conn, stay)
        minutes = tariff.for_vehicle(facts_of_plate(stay.plate)).exit_minutes
        return None if minutes is None else timedelta(minutes=minutes)

    def why_held(
        self,
        due: Money,
        since: datetime,
        until: datetime,
        *,
        kind: str | None,
        lot_id: str | None,
        passes: Callable[[], Iterable[str]] = tuple,
    ) -> str | None:
        """Why a person has to see a bill before its driver, as a stable code; None where it is plausible."""
        return self._bounds.why_held(due.minor, until - since, kind, lot_id, passes)

    def learn_bounds(self, by_lot: Mapping[str | None, int]) -> None:
        """From now on these bounds count besides the set ones: what each lot's own history says (`payments.plausible`)."""
        self._bounds = self._bounds.having_learned(by_lot)
