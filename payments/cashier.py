"""Prices stays and collects for them: the row before the call, one live payment per stay, one capture per charge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError, conflict, invalid
from parking.kernel.ids import PaymentId, StayId
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler
from payments import ledger_store, store
from payments.bills import Bills
from payments.collecting import Collector, Orders
from payments.discounting import Discounts
from payments.later.collecting import DebtCollector
from payments.later.creditor import Creditor
from payments.later.model import Policy
from payments.model import KnowsStays, Payment, PaymentState, StayToPrice
from payments.plausible import Bounds
from payments.providers.abilities import ChargesByAgreement
from payments.providers.base import Provider
from payments.refunding import Refunder
from payments.settling import flag, settle_free
from payments.tariff_book import TariffBook

ANY = "any"
"""The channel of a payer who does not care: the first of the site's that works."""
_MOST_TURNS = 3
COUPONS_ALONE = "coupon"
"""The channel of a payment of nothing: coupons and standing have paid it all."""


@dataclass(frozen=True, slots=True)
class CashierSettings:
    """`notify_base` + `/<channel>/callback` is where providers call; an order can be paid for `order_valid`.

    `attended` channels need our staff (cash, a card terminal) or an app, and are never chosen for a payer who takes any; money that
    is taken `in_hand` needs an open shift, so that no stay's code begins it.
    A charge above `hold_above_minor` is not collected but shown to a person (invariant I6): a misread can join two stays.
    """

    notify_base: str
    subject: str = "停车费 Parking"
    number_prefix: str = "P"
    order_valid: timedelta = timedelta(minutes=5)
    hold_above_minor: int | None = None
    attended: tuple[str, ...] = ()
    in_hand: frozenset[str] = frozenset()
    later: Policy = field(default_factory=Policy)
    lot_name: str = ""
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class _Step:
    """What to do with a payment after its row is committed: use it, send it (for the first time), close it, or hold the charge."""

    do: str
    payment: Payment | None = None


class Cashier(Bills):
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
        every = {**by_plate, **providers}
        charging = frozenset(name for name, one in every.items() if isinstance(one, ChargesByAgreement))
        self.later = Creditor(settings.later, charging)
        self._refunder = Refunder(every, notify_base=settings.notify_base)
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

    def check_by_code(self, channel: str) -> None:
        """ParkingError where a payment by this channel is not begun by a stay's code, on a phone or wherever it is read."""
        if channel in self._settings.in_hand:
            raise invalid(
                "payment.channel", "cash is begun at the cash desk or where a machine takes it", field="channel"
            )

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


def _is_unsent(payment: Payment) -> bool:
    return payment.state is PaymentState.PENDING or (payment.state is PaymentState.NEW and payment.pay_url is None)
