"""Works out what a stay owes with everything that may be taken off it, and holds or redeems just that.

A coupon never stands in the way of a payment: one that somebody else has just used is left out, and the bill says what it is without.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row

from parking.kernel.fee_clock import Stop
from parking.kernel.ids import PaymentId
from parking.kernel.price_facts import NOTHING_MORE
from parking.plumbing.db import UnitOfWork
from parking.plumbing.prepared import attempt
from payments import ledger, ledger_store, store
from payments.coupons import limits, using, wallet
from payments.coupons import store as coupon_store
from payments.coupons.limits import Taken
from payments.coupons.model import UseState
from payments.ledger import StaySums
from payments.model import KnowsStays, Payment, StayToPrice
from payments.quote import Account, StayFee, quote, stepwise, used_before
from payments.tariff.facts import NO_FACTS, Facts, recalled
from payments.tariff.model import Bill, Tariff
from payments.tariff.plate_words import facts_of_plate
from payments.tariff.price import BOOKED, Itemised, booked_line, facts_of, itemise, price
from payments.tariff_book import TariffBook

_MOST_TURNS = 8
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the bill of a stay is worked out from. `booked_until`: it has left, and keeps what was booked, `booked` minor units."""

    tariff: Tariff
    entered_at: datetime
    facts: Facts
    stops: Sequence[Stop] = ()
    booked_until: datetime | None = None
    booked: int | None = None

    def at(self, leaving_at: datetime) -> tuple[Tariff, datetime, datetime, Facts]:
        """What `price` takes, for leaving at this moment."""
        if self.booked_until is not None:
            return self.tariff, self.entered_at, self.booked_until, self.facts
        facts = facts_of(self.stops, self.entered_at, leaving_at, self.facts)
        return self.tariff, self.entered_at, leaving_at, facts

    def bill(self, leaving_at: datetime) -> Bill:
        """The bill; of one that is booked a line says by how much calendars that were put right since would have it another."""
        bill = price(*self.at(leaving_at))
        if self.booked is None or self.booked == bill.total.minor:
            return bill
        total = self.tariff.book.money(self.booked)
        return bill._replace(total=total, lines=(*bill.lines, booked_line(self.tariff, total - bill.total)))

    def fee(self, leaving_at: datetime) -> tuple[Bill, StayFee]:
        """The bill, and what it would have been had its clock run less."""
        bill = self.bill(leaving_at)
        return bill, StayFee(bill, *self.at(leaving_at))

    def periods(self, leaving_at: datetime) -> Sequence[Itemised]:
        """The same bill day by day."""
        days = itemise(*self.at(leaving_at))
        last = self.bill(leaving_at).lines[-1:] if self.booked is not None else ()
        if not (days and last and last[0].code == BOOKED):
            return days
        return (*days, Itemised(days[0].begins_at_s, days[-1].ends_at_s, last))


class Discounts:
    """Quotes for stays under the tariffs that they are frozen to; `knows` is asked for what only the site itself can know."""

    def __init__(self, tariffs: TariffBook, knows: KnowsStays | None = None) -> None:
        self._tariffs = tariffs
        self._knows = knows

    def tariff_of(self, conn: Connection, stay: StayToPrice) -> Tariff:
        return self._tariffs.get(conn, stay.tariff_version)

    def facts(self, conn: Connection, stay: StayToPrice) -> Facts:
        """What the price of a stay that still runs depends on, but for the stops of its clock."""
        tariff = self.tariff_of(conn, stay)
        words = facts_of_plate(stay.plate) if tariff.asks_who else NO_FACTS
        more = self._knows(conn, stay, tariff.asks) if self._knows is not None else NOTHING_MORE
        if more is NOTHING_MORE:
            return words
        return words._replace(places=more.places, covered=more.covered, earlier=more.earlier)

    def booked_facts(self, row: Row[Any], stay: StayToPrice) -> Facts:
        """What a booked bill was priced from; one that was booked before bills kept their facts has only its plate's word."""
        if row.facts is not None:
            return recalled(row.facts)
        words = facts_of_plate(stay.plate)
        return words._replace(stopped_minutes=row.stopped_minutes) if row.stopped_minutes else words

    def basis(self, conn: Connection, stay: StayToPrice, *, billed: bool = True) -> Basis:
        """What the bill of a stay is worked out from; one that has left keeps what was booked.

        `billed` False: the ledger says that no bill was booked.
        """
        row = store.bill_of(conn, stay.stay_id) if billed else None
        if row is not None:
            tariff = self._tariffs.get(conn, row.tariff_version)
            facts = self.booked_facts(row, stay)
            return Basis(tariff, row.entered_at, facts, booked_until=row.until, booked=row.total)
        return self.running(conn, stay)

    def running(self, conn: Connection, stay: StayToPrice) -> Basis:
        """The same of a stay that still runs."""
        return Basis(self.tariff_of(conn, stay), stay.entered_at, self.facts(conn, stay), stay.stops)

    def fresh(self, conn: Connection, stay: StayToPrice) -> Basis:
        """The same of one of which nothing is booked and nothing is noted: only earlier stays may have to be asked for."""
        tariff = self.tariff_of(conn, stay)
        if tariff.asks.earlier:
            return self.running(conn, stay)
        words = facts_of_plate(stay.plate) if tariff.asks_who else NO_FACTS
        return Basis(tariff, stay.entered_at, words, stay.stops)

    def account(
        self,
        conn: Connection,
        stay: StayToPrice,
        at: datetime,
        *,
        with_offers: bool = True,
        without: Collection[str] = (),
        basis: Basis | None = None,
    ) -> Account:
        """What is owed if the stay ended at `at`; what its live payment holds counts as its own. After the exit nothing new counts.

        A `basis` that the caller has worked out is not worked out again.
        """
        sums = ledger_store.stay_sums(conn, stay.stay_id)
        offers = with_offers and sums.due is None
        return self._account(conn, stay, at, sums, with_offers=offers, without=without, basis=basis)

    def _account(
        self,
        conn: Connection,
        stay: StayToPrice,
        at: datetime,
        sums: StaySums,
        *,
        with_offers: bool,
        without: Collection[str],
        own: bool = True,
        basis: Basis | None = None,
    ) -> Account:
        basis = basis or self.basis(conn, stay, billed=sums.due is not None)
        uses = coupon_store.uses_of_stay(conn, stay.stay_id, UseState.REDEEMED, UseState.RESERVED)
        redeemed = [use for use in uses if use.state is UseState.REDEEMED]
        held = [use for use in uses if own and use.state is UseState.RESERVED]
        offers = wallet.offers(conn, stay, at, basis.tariff.timezone, without, held=held) if with_offers else []
        before = used_before(redeemed, wallet.rules_of(conn, {use.campaign for use in redeemed}))
        return quote(*basis.fee(at), sums, offers, redeemed, before)

    def as_paid(self, conn: Connection, stay: StayToPrice, payment: Payment, at: datetime) -> Account:
        """How a stay stood with this payment of it, priced for `at`: the bill until then, what was paid and used by then."""
        row = store.bill_of(conn, stay.stay_id)
        basis = self.basis(conn, stay, billed=row is not None)
        if row is not None and at < row.until:  # it was inside then, and the clock's stops are those until then
            facts = basis.facts._replace(stopped_minutes=0)
            basis = replace(basis, facts=facts, stops=stay.stops, booked_until=None, booked=None)
        booked = {one.reference: when for when, one in ledger_store.movements_of(conn, stay.stay_id)}
        first, surplus = ledger.capture_references(stay.stay_id, payment.charge_no, payment.number)
        moment = booked.get(surplus) or booked.get(first) or at
        uses = coupon_store.uses_of_stay(conn, stay.stay_id, UseState.REDEEMED)
        used = [use for use in uses if use.at <= moment]
        sums = ledger_store.stay_sums_at(conn, stay.stay_id, moment)
        sums = replace(sums, coupon=sum(use.amount for use in used))  # those that are in use still, as the lines say
        return quote(*basis.fee(at), sums, (), used, used_before(used, {}))

    def taken(self, conn: Connection, stay: StayToPrice, at: datetime, account: Account) -> tuple[Taken, ...]:
        """How far the day's limits of this account's offers are reached."""
        if not account.limited:
            return ()
        holder, zone = wallet.holder_of(conn, stay), self.tariff_of(conn, stay).timezone
        day = wallet.day_of(at, zone)
        keys = (wallet.limit_key(campaign, holder) for campaign in sorted(account.limited))
        return tuple((key, day, limits.slots_taken(conn, key, day)) for key in keys)

    def hold(self, uow: UnitOfWork, stay: StayToPrice, at: datetime, payment_id: PaymentId) -> Account:
        """Reserve the best offers for this payment; returns the account that it pays."""
        sums = ledger_store.stay_sums(uow.connection, stay.stay_id)
        return self._take(uow, stay, at, sums, payment_id)

    def redeem_left(self, uow: UnitOfWork, stay: StayToPrice, at: datetime) -> int:
        """The stay has left and owes something: redeem the best offers against its debt; returns what they took off."""
        sums = ledger_store.stay_sums(uow.connection, stay.stay_id)
        before = sums.coupon
        self._take(uow, stay, at, sums, None)
        return ledger_store.stay_sums(uow.connection, stay.stay_id).coupon - before

    def _take(
        self, uow: UnitOfWork, stay: StayToPrice, at: datetime, sums: StaySums, payment_id: PaymentId | None
    ) -> Account:
        without: set[str] = set()
        for _ in range(_MOST_TURNS):
            account = self._account(uow.connection, stay, at, sums, with_offers=True, without=without, own=False)
            try:
                with attempt(uow.connection):
                    uses = using.reserve(
                        uow,
                        account.plan.applied,
                        stay,
                        currency=account.gross.currency,
                        time_zone=self._tariffs.get(uow.connection, stay.tariff_version).timezone,
                        payment_id=payment_id,
                    )
                    if payment_id is None:
                        using.redeem(uow, uses)
                return account
            except using.OfferGone as gone:
                without.add(gone.key)
        return self._account(uow.connection, stay, at, sums, with_offers=False, without=without)

    def net(
        self,
        conn: Connection,
        stay: StayToPrice,
        since: datetime,
        gross: Sequence[tuple[datetime, int]],
        basis: Basis,
    ) -> Sequence[tuple[datetime, int]]:
        """A price schedule with what may be taken off at each of its steps, so that a lane alone asks for no more than we would."""
        uses = coupon_store.uses_of_stay(conn, stay.stay_id, UseState.REDEEMED, UseState.RESERVED)
        held = [use for use in uses if use.state is UseState.RESERVED]
        offers = wallet.offers(conn, stay, since, basis.tariff.timezone, held=held)
        if not any(offer.refused is None for offer in offers):
            return gross
        sums = ledger_store.stay_sums(conn, stay.stay_id)
        redeemed = [use for use in uses if use.state is UseState.REDEEMED]
        before = used_before(redeemed, wallet.rules_of(conn, {use.campaign for use in redeemed}))

        @cache
        def off_at(moment: datetime) -> int:
            valid = [offer for offer in offers if offer.expires_at is None or offer.expires_at > moment]
            return sum(one.off for one in quote(*basis.fee(moment), sums, valid, redeemed, before).plan.applied)

        entered_at = stay.entered_at.replace(microsecond=0)
        begin, grid = max(since.replace(microsecond=0), entered_at + _SECOND), _SECOND if stay.stops else _MINUTE
        ends = sorted({offer.expires_at for offer in offers if offer.expires_at is not None})
        rows: list[tuple[datetime, int]] = []
        for until, minor in gross:
            for end in [*(one for one in ends if begin < one < until), until]:
                rows += [(at, minor - off) for at, off in stepwise(off_at, begin, end, entered_at, grid)]
                begin = end
        return [row for row, then in zip(rows, [*rows[1:], None], strict=True) if then is None or then[1] != row[1]]
