"""Prices stays and collects for them: the row before the call, one live payment per stay, one capture per charge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, conflict
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork, insert_once
from parking.plumbing.jobs import JobHandler, enqueue
from payments import ledger, ledger_store, refund_store, settling, store
from payments.collecting import Collector, Orders
from payments.coupons import store as coupon_store
from payments.coupons import using
from payments.coupons.model import UseState
from payments.discounting import Discounts
from payments.later.collecting import DebtCollector
from payments.later.creditor import Creditor
from payments.later.model import Policy
from payments.model import KnowsStays, Payment, PaymentState, StayToPrice
from payments.plausible import Bounds
from payments.pricing import Prices
from payments.providers.base import Provider
from payments.refunding import Refunder
from payments.settling import flag, settle_free
from payments.tariff.facts import kept
from payments.tariff.price import facts_of, price
from payments.tariff_book import TariffBook

ANY = "any"
"""The channel of a payer who does not care: the first of the site's that works."""
_MOST_TURNS = 3
COUPONS_ALONE = "coupon"
"""The channel of a payment of nothing: coupons and standing have paid it all."""


@dataclass(frozen=True, slots=True)
class CashierSettings:
    """`notify_base` + `/<channel>/callback` is where providers call; an order can be paid for `order_valid`.

    `attended` channels need our staff (cash, a card terminal) and are never chosen for a payer who takes any.
    A charge above `hold_above_minor` is not collected but shown to a person (invariant I6): a misread can join two stays.
    """

    notify_base: str
    subject: str = "停车费 Parking"
    number_prefix: str = "P"
    order_valid: timedelta = timedelta(minutes=5)
    hold_above_minor: int | None = None
    attended: tuple[str, ...] = ()
    later: Policy = field(default_factory=Policy)
    lot_name: str = ""
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class _Step:
    """What to do with a payment after its row is committed: use it, send it (for the first time), close it, or hold the charge."""

    do: str
    payment: Payment | None = None


BY_RIGHT, STOPPED, BY_PERSON = "right", "stopped", "desk:"
"""By what something of a stay's bill is waived: a right, time in which its clock stood still, a person's decision."""


class Cashier(Prices):
    """The service of this room; safe to share between threads."""

    def __init__(
        self,
        database: Database,
        tariffs: TariffBook,
        providers: Mapping[str, Provider],
        clock: Clock,
        settings: CashierSettings,
        by_plate: Mapping[str, object] = MappingProxyType({}),
        knows: KnowsStays | None = None,
    ) -> None:
        self.database = database
        self.collector = Collector(
            database, providers, clock, subject=settings.subject, attended=settings.attended, by_plate=by_plate
        )
        super().__init__(tariffs, Discounts(tariffs, knows), settings.bounds)
        self._settings = settings
        self._orders = Orders(settings.notify_base, settings.number_prefix, settings.order_valid)
        self.later = Creditor(settings.later)
        self._refunder = Refunder({**by_plate, **providers}, notify_base=settings.notify_base)
        self._debts = DebtCollector(self.collector, self._orders, settings.later, lot_name=settings.lot_name)

    # --- paying ------------------------------------------------------------------------------------------------------

    def begin_payment(
        self, stay: StayToPrice, at: datetime, channel: str, key: str, *, confirmed: bool = False
    ) -> Payment:
        """Start paying what is due at `at`; the same key gives the same payment. Calls the provider: use a thread.

        `confirmed`: a person has seen the bill and says that it is true, however high.

        A live payment of the same amount is given back. One of another amount or channel is closed first; while its
        provider cannot say that it is closed, ParkingError UNAVAILABLE: better no second payment than two. The channel
        ANY takes the first of the site's that works; it passes to the next only when the one before is surely nowhere.
        """
        if channel != ANY:
            return self._begin_on(stay, at, channel, key, confirmed=confirmed)
        begun: Payment | None = None
        for nth, name in enumerate(self._channels_for(stay)):
            try:
                begun = self._begin_on(stay, at, name, f"{key}~{nth}" if nth else key, confirmed=confirmed)
            except ParkingError as error:
                if begun is None or error.kind is not ErrorKind.UNAVAILABLE:
                    raise
                return begun  # the one before is still being clarified: better no second payment than two
            if begun.state not in (PaymentState.FAILED, PaymentState.PENDING):
                return begun
        if begun is None:
            self.collector.provider(ANY)  # says which channels there are
            raise AssertionError("unreachable")
        return begun

    def _channels_for(self, stay: StayToPrice) -> Sequence[str]:
        live = self.database.read(lambda conn: store.live_of(conn, stay.stay_id))
        return sorted(self.collector.channels(), key=lambda name: live is None or name != live.channel)

    def _begin_on(self, stay: StayToPrice, at: datetime, channel: str, key: str, *, confirmed: bool) -> Payment:
        self.collector.provider(channel)
        for _ in range(_MOST_TURNS):
            step = self.database.write(lambda uow: self._open(uow, stay, at, channel, key, confirmed=confirmed))
            if step.payment is None:
                raise conflict("payment.held", "this charge is unusually high; our staff will look at it first")
            if step.do == "use":
                return step.payment
            if step.do in ("send", "first"):
                return self.collector.send(step.payment, first=step.do == "first")
            closed = self.collector.close(step.payment)
            if closed.is_live:
                break
            if closed.state is PaymentState.PAID and self._nothing_due(stay, at):
                return closed
        raise ParkingError(
            ErrorKind.UNAVAILABLE,
            "payment.unknown",
            "an earlier payment of this stay is still being clarified; try again",
        )

    def _nothing_due(self, stay: StayToPrice, at: datetime) -> bool:
        return not self.database.read(lambda conn: self.account(conn, stay, at)).is_open

    def _open(
        self, uow: UnitOfWork, stay: StayToPrice, at: datetime, channel: str, key: str, *, confirmed: bool
    ) -> _Step:
        conn = uow.connection
        ledger_store.take_head(conn)  # two kiosks at once: the second sees the first one's payment
        known = store.by_key(conn, stay.stay_id, key)
        if known is not None:
            if not _is_unsent(known):
                return _Step("use", known)
            return _Step("send" if uow.now < known.expires_at else "close", known)
        account = self.account(conn, stay, at)
        due = account.due
        live = store.live_of(conn, stay.stay_id)
        if live is not None:
            if live.amount != due or live.channel != channel or uow.now >= live.expires_at:
                return _Step("close", live)
            return _Step("send" if _is_unsent(live) else "use", live)
        if not account.is_open:
            raise conflict("payment.nothing_due", "nothing is due for this stay now")
        if not confirmed and due.minor > (self._settings.hold_above_minor or due.minor):
            flag(uow, "charge_over_bound", stay.stay_id, stay.stay_id)
            return _Step("hold")
        payment_id = PaymentId(uow.ids.new(uow.now))
        due = self._discounts.hold(uow, stay, at, payment_id).due
        through = channel if due.minor else COUPONS_ALONE
        new = self.collector.write_down(
            uow, self._orders, stay.stay_id, due, through, at=at, key=key, payment_id=payment_id
        )
        return _Step("first", new) if due.minor else _Step("use", settle_free(uow, new))

    def begun(self, conn: Connection, stay_id: StayId, key: str) -> Payment | None:
        """The payment that was begun for this stay under this key."""
        return store.by_key(conn, stay_id, key)

    def payment(self, conn: Connection, payment_id: PaymentId) -> Payment | None:
        return store.get(conn, payment_id)

    def payments_of(self, conn: Connection, stay_id: StayId) -> Sequence[Payment]:
        """All payments of a stay, oldest first."""
        return store.of_stay(conn, stay_id)

    def jobs(self) -> dict[str, JobHandler]:
        """Durable jobs to run: unknown payments are asked for, outdated ones closed, debts collected."""
        return self.collector.jobs() | self._debts.jobs() | self._refunder.jobs()

    # --- leaving -----------------------------------------------------------------------------------------------------

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
            for what in (BY_RIGHT, STOPPED):
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

    def give_back_coupons(self, uow: UnitOfWork, stay_id: StayId, plate: Plate) -> None:
        """This plate's coupons were used for a car that was misread as it: they are its again, and the mall bears what they had paid."""
        using.give_back_of(uow, stay_id, plate)

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

    def has_waiver(self, conn: Connection, stay_id: StayId) -> bool:
        """Whether a person has given up something of what a stay owes, or will owe."""
        booked = {movement.reference for _, movement in ledger_store.movements_of(conn, stay_id)}
        return any(one.startswith(f"waive:{BY_PERSON}") and f"un{one}" not in booked for one in booked)

    def unwaive(self, uow: UnitOfWork, stay_id: StayId, reference: str) -> None:
        """What was given up under this reference is owed again, by a counter-entry; what was not given up is left alone."""
        settling.unwaive(uow, stay_id, reference)


def _is_unsent(payment: Payment) -> bool:
    return payment.state is PaymentState.PENDING or (payment.state is PaymentState.NEW and payment.pay_url is None)
