"""Works out what a stay owes with everything that may be taken off it, and holds or redeems just that.

A coupon never stands in the way of a payment: one that somebody else has just used is left out, and the bill says what it is without.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from parking.kernel.ids import PaymentId
from parking.plumbing.db import UnitOfWork
from payments import ledger_store, store
from payments.coupons import store as coupon_store
from payments.coupons import using, wallet
from payments.coupons.model import UseState
from payments.ledger import StaySums
from payments.model import StayToPrice
from payments.quote import Account, StayFee, quote, used_before
from payments.tariff.facts import NO_FACTS, Facts
from payments.tariff.model import Bill, Tariff
from payments.tariff.plate_words import facts_of_plate
from payments.tariff.price import facts_of, price
from payments.tariff_book import TariffBook

_MOST_TURNS = 8
_SECOND = timedelta(seconds=1)


def known_of(tariff: Tariff, stay: StayToPrice) -> Facts:
    """What the stay's plate says of its vehicle, if the tariff asks."""
    return facts_of_plate(stay.plate) if tariff.asks_who else NO_FACTS


class Discounts:
    """Quotes for stays under the tariffs that they are frozen to."""

    def __init__(self, tariffs: TariffBook) -> None:
        self._tariffs = tariffs

    def priced(self, conn: Connection, stay: StayToPrice, at: datetime) -> tuple[Tariff, datetime, datetime, Facts]:
        """What the bill of a stay is worked out from if it ends at `at`; one that has left keeps what was booked."""
        row = store.bill_of(conn, stay.stay_id)
        if row is not None:
            tariff = self._tariffs.get(conn, row.tariff_version)
            facts = known_of(tariff, stay)
            if row.stopped_minutes:
                facts = facts._replace(stopped_minutes=row.stopped_minutes)
            return tariff, row.entered_at, row.until, facts
        tariff = self._tariffs.get(conn, stay.tariff_version)
        return tariff, stay.entered_at, at, facts_of(stay.stops, stay.entered_at, at, known_of(tariff, stay))

    def bill(self, conn: Connection, stay: StayToPrice, at: datetime) -> Bill:
        """What the stay costs if it ends at `at`, before anything is taken off."""
        return price(*self.priced(conn, stay, at))

    def account(
        self,
        conn: Connection,
        stay: StayToPrice,
        at: datetime,
        *,
        with_offers: bool = True,
        without: Collection[str] = (),
    ) -> Account:
        """What is owed if the stay ended at `at`; what its live payment holds counts as its own. After the exit nothing new counts."""
        sums = ledger_store.stay_sums(conn, stay.stay_id)
        return self._account(conn, stay, at, sums, with_offers=with_offers and sums.due is None, without=without)

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
    ) -> Account:
        tariff, entered_at, until, facts = self.priced(conn, stay, at)
        bill = price(tariff, entered_at, until, facts)
        redeemed = coupon_store.uses_of_stay(conn, stay.stay_id, UseState.REDEEMED)
        offers = wallet.offers(conn, stay, at, tariff.timezone, without, own=own) if with_offers else []
        before = used_before(redeemed, wallet.rules_of(conn, {use.campaign for use in redeemed}))
        return quote(bill, StayFee(bill, tariff, entered_at, until, facts), sums, offers, redeemed, before)

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
                with uow.connection.begin_nested():
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
        self, conn: Connection, stay: StayToPrice, since: datetime, gross: Sequence[tuple[datetime, int]]
    ) -> Sequence[tuple[datetime, int]]:
        """A price schedule with what may be taken off at each of its steps, so that a lane alone asks for no more than we would."""
        sums = ledger_store.stay_sums(conn, stay.stay_id)
        time_zone = self._tariffs.get(conn, stay.tariff_version).timezone
        offers = wallet.offers(conn, stay, since, time_zone)
        if not any(offer.refused is None for offer in offers):
            return gross
        redeemed = coupon_store.uses_of_stay(conn, stay.stay_id, UseState.REDEEMED)
        before = used_before(redeemed, wallet.rules_of(conn, {use.campaign for use in redeemed}))
        rows = []
        for until, minor in gross:
            tariff, entered_at, _, facts = self.priced(conn, stay, until - _SECOND)
            valid = [offer for offer in offers if offer.expires_at is None or offer.expires_at >= until]
            bill = price(tariff, entered_at, until - _SECOND, facts)
            fee = StayFee(bill, tariff, entered_at, until - _SECOND, facts)
            plan = quote(bill, fee, sums, valid, redeemed, before).plan
            rows.append((until, minor - sum(one.off for one in plan.applied)))
        return rows
