"""The bill of a stay that has left: booked once, taken back by a counter-entry, and what is given up of it, by whom and for what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork, insert_once
from parking.plumbing.jobs import enqueue
from payments import ledger, ledger_store, refund_store, settling, store
from payments.coupons import store as coupon_store
from payments.coupons import using
from payments.coupons.model import UseState
from payments.later.creditor import Creditor
from payments.model import StayToPrice
from payments.pricing import Prices
from payments.settling import flag
from payments.tariff.facts import kept
from payments.tariff.price import facts_of, price

BY_RIGHT, STOPPED, MISREAD, BY_PERSON = "right", "stopped", "misread", "desk:"
"""By what something of a bill is waived: a right, time in which its clock stood still, coupons of another plate, a person's decision."""


class Bills(Prices):
    """What a cashier does about bills; `later` lets vehicles leave first. Each takes the unit of work of its caller's transaction."""

    later: Creditor

    def post_due(self, uow: UnitOfWork, stay: StayToPrice, at: datetime, *, with_offers: bool = True) -> Money:
        """Book what the finished stay cost, and redeem what may be taken off the rest (but for `with_offers` False).

        Returns what nobody has paid, a debt from now on. The first booking stands.
        """
        conn = uow.connection
        ledger_store.take_head(conn)
        priced_by = self._discounts.basis(conn, stay).at(at)
        bill, facts = price(*priced_by), priced_by[-1]
        currency = bill.total.currency
        before = ledger_store.stay_sums(conn, stay.stay_id)
        if before.due is None:
            row = {"stay_id": stay.stay_id, "entered_at": stay.entered_at, "until": at}
            row |= {"tariff_version": stay.tariff_version, "total": bill.total.minor, "currency": currency}
            row |= {"stopped_minutes": facts.stopped_minutes, "facts": kept(facts)}
            insert_once(conn, store.bill_table, row)
            turn = ledger_store.bills_taken_back(conn, stay.stay_id)
            movement = ledger.due(stay.stay_id, currency, bill.total.minor, settled=before.settled, turn=turn)
            ledger_store.book(conn, movement, stay_id=stay.stay_id, at=uow.now)
            if with_offers and bill.total.minor > before.settled:
                self._discounts.redeem_left(uow, stay, at)
        after = ledger_store.stay_sums(conn, stay.stay_id)
        assert after.holds, "invariant I1 is broken by a due"
        if after.overpaid > before.overpaid:
            flag(uow, "payment_overpaid", stay.stay_id, stay.stay_id)
        return Money(after.debt, currency)

    def take_back(self, uow: UnitOfWork, stay_id: StayId) -> Money | None:
        """Take back the bill of a stay by a counter-entry, because it has not ended so; what it came to, None where there was none."""
        conn = uow.connection
        ledger_store.take_head(conn)
        row = store.bill_of(conn, stay_id)
        turn = ledger_store.bills_taken_back(conn, stay_id) + 1
        if row is not None:
            for what in (BY_RIGHT, STOPPED, MISREAD):
                settling.unwaive(uow, stay_id, settling.of_bill(what, stay_id, turn - 1))
        before = ledger_store.stay_sums(conn, stay_id)
        if row is None or before.due is None:
            return None
        ledger_store.book(conn, ledger.undue(stay_id, row.currency, before, turn=turn), stay_id=stay_id, at=uow.now)
        conn.execute(store.bill_table.delete().where(store.bill_table.c.stay_id == stay_id))
        assert ledger_store.stay_sums(conn, stay_id).holds, "invariant I1 is broken by a bill that was taken back"
        return Money(row.total, row.currency)

    def billed_until(self, conn: Connection, stay_id: StayId) -> datetime | None:
        """Until when a stay that has left was billed; None where it has no bill."""
        row = store.bill_of(conn, stay_id)
        return None if row is None else row.until

    def has_money(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether a payment of this stay is under way, or has come and has not gone back in whole."""
        return any(p.is_live or refund_store.is_kept(conn, p) for p in store.of_stay(conn, stay_id))

    def give_back_coupons(self, uow: UnitOfWork, stay_id: StayId, plate: Plate) -> Money | None:
        """This plate's coupons were used for a misread car: they are its again. What they had paid; None: there were none."""
        return using.give_back_of(uow, stay_id, plate)

    def bear(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> None:
        """Waive of what a stay owes as much as others' coupons had paid; taken back with its bill."""
        left = min(amount.minor, ledger_store.stay_sums(uow.connection, stay_id).debt)
        if left > 0:
            self.waive(uow, stay_id, Money(left, amount.currency), self._of_bill(uow, MISREAD, stay_id))

    def withdraw(self, uow: UnitOfWork, stay_id: StayId) -> None:
        """Whose stay it is was misread: an order with coupons of the other is closed, unless its driver has paid it first."""
        live = store.live_of(uow.connection, stay_id)
        if live is not None and coupon_store.uses_of_payment(uow.connection, live.payment_id, UseState.RESERVED):
            enqueue(uow, settling.CLOSE_JOB, f"close:{live.payment_id}", {"payment_id": live.payment_id})

    def hand_on(self, uow: UnitOfWork, stay_id: StayId, to: Sequence[StayId]) -> None:
        """Other stays hold in the place of this one, whose bill was taken back: theirs are its coupons, and nothing is set aside for it."""
        using.hand_on(uow, stay_id, to)
        self.later.release(uow, stay_id)

    def hand_back(self, uow: UnitOfWork, stay_id: StayId, to: StayId) -> None:
        """What was handed on to a stay, whose bill was taken back, is the other's again."""
        using.hand_back(uow, stay_id, to)
        self.later.release(uow, stay_id)

    def overcharged(self, uow: UnitOfWork, stay: StayToPrice) -> Money:
        """By how much the booked bill exceeds the price with all stops that are known now; zero once that was forgiven."""
        row = store.bill_of(uow.connection, stay.stay_id)
        tariff = self._tariffs.get(uow.connection, stay.tariff_version)
        if row is None or ledger_store.is_booked(uow.connection, f"waive:{self._of_bill(uow, STOPPED, stay.stay_id)}"):
            return Money(0, tariff.currency)
        known = self._discounts.booked_facts(row, stay)._replace(stopped_minutes=0)
        facts = facts_of(stay.stops, row.entered_at, row.until, known)
        return Money(max(0, row.total - price(tariff, row.entered_at, row.until, facts).total.minor), row.currency)

    def forgive(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> Money:
        """Waive as much of `amount`, the price of time in which its clock stood still, as the stay still owes.

        Returns how much of the rest it has paid. Taken back with its bill: the next one knows of the time.
        """
        sums = ledger_store.stay_sums(uow.connection, stay_id)
        given_up = min(sums.debt, amount.minor)
        if given_up:
            self.waive(uow, stay_id, Money(given_up, amount.currency), self._of_bill(uow, STOPPED, stay_id))
        return Money(min(amount.minor - given_up, sums.captured + sums.coupon), amount.currency)

    def waive(self, uow: UnitOfWork, stay_id: StayId, amount: Money, reference: str) -> None:
        """Give up a part of what a stay owes; the caller has checked who may, and has it on record."""
        settling.waive(uow, stay_id, amount, reference)

    def let_off(self, uow: UnitOfWork, stay_id: StayId, amount: Money) -> None:
        """Waive what a stay owes that left by right; taken back with its bill."""
        settling.waive(uow, stay_id, amount, self._of_bill(uow, BY_RIGHT, stay_id))

    def _of_bill(self, uow: UnitOfWork, what: str, stay_id: StayId) -> str:
        return settling.of_bill(what, stay_id, ledger_store.bills_taken_back(uow.connection, stay_id))

    def has_waiver(self, conn: Connection, stay_id: StayId, since: datetime | None = None) -> bool:
        """Whether a person has given up something of what a stay owes, or will owe (`since` then)."""
        booked = {movement.reference: at for at, movement in ledger_store.movements_of(conn, stay_id)}
        return any(
            one.startswith(f"waive:{BY_PERSON}") and f"un{one}" not in booked and (since is None or at >= since)
            for one, at in booked.items()
        )

    def unwaive(self, uow: UnitOfWork, stay_id: StayId, reference: str) -> None:
        """What was given up under this reference is owed again, by a counter-entry; what was not given up is left alone."""
        settling.unwaive(uow, stay_id, reference)
