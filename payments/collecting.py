"""Talks to providers, never inside a transaction: first our row is committed, then the provider is called, then its word
is taken over. Whatever stays unknown in between is asked for by a durable job until it is known."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import structlog

from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler, enqueue
from payments import ledger_store, store
from payments.coupons import using
from payments.model import Payment, PaymentState
from payments.providers.abilities import Charge, ChargesByAgreement
from payments.providers.base import (
    LONGEST_NUMBER,
    NotSent,
    Order,
    OrderState,
    Outcome,
    Provider,
    ProviderFault,
    ProviderRefused,
)
from payments.settling import CLOSE_JOB, settle

ASK_JOB = "payments.ask"
NOT_SENT = "NOT_SENT"
"""The failure of a payment whose provider could not be reached at all: another channel may finish it at once."""
_TROUBLE_LASTS = timedelta(minutes=1)
_LADDER_S = (10, 15, 30, 60, 120, 300, 600)  # the last step for ever
log = structlog.get_logger(__name__)


def ask_later(uow: UnitOfWork, payment_id: PaymentId, turn: int, expires_at: datetime, series: str = "") -> None:
    """Have a payment asked for again; in time for its expiry, then ever more rarely. A `series` counts its own turns."""
    run_at = uow.now + timedelta(seconds=_LADDER_S[min(turn - 1, len(_LADDER_S) - 1)])
    if uow.now < expires_at < run_at:
        run_at = expires_at
    payload = {"payment_id": payment_id, "turn": turn, "series": series}
    enqueue(uow, ASK_JOB, f"ask:{payment_id}:{series}{turn}", payload, run_at)


@dataclass(frozen=True, slots=True)
class Orders:
    """How our orders are named at providers, where those call, and how long one can be paid."""

    notify_base: str
    number_prefix: str
    valid: timedelta

    def __post_init__(self) -> None:
        if not self.number_prefix.isalnum() or len(self.number_prefix) + 26 > LONGEST_NUMBER:
            raise invalid("payment.prefix", "should be 1 to 6 letters or digits", field="number_prefix")


@runtime_checkable
class Answers(Protocol):
    """Says what became of an order or a charge."""

    def query(self, number: str) -> Outcome: ...


@runtime_checkable
class Closes(Protocol):
    """Makes sure that an order cannot be paid any more."""

    def close(self, order: Order) -> Outcome: ...


class Collector:
    """Sends, asks and closes payments at the providers of their channels; the `attended` ones need our staff.

    `by_plate` are channels that no driver chooses: they only charge by agreement.
    """

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, Provider],
        clock: Clock,
        *,
        subject: str,
        attended: Collection[str] = (),
        by_plate: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._providers = dict(providers)
        self._every = {**by_plate, **self._providers}
        self._clock = clock
        self.subject = subject
        self._attended = frozenset(attended)
        self._trouble: dict[str, datetime] = {}  # a hint for payers, never a rule: it is forgotten with the process

    def channels(self) -> tuple[str, ...]:
        """The channels that a driver can finish alone, in the order of the site's settings, the troubled ones last."""
        return tuple(sorted((n for n in self._providers if n not in self._attended), key=self.troubled))

    def troubled(self, channel: str) -> bool:
        """Whether the last call of this channel failed for a technical reason, within the last minute."""
        since = self._trouble.get(channel)
        return since is not None and self._clock.now() - since < _TROUBLE_LASTS

    def provider(self, channel: str) -> Provider:
        try:
            return self._providers[channel]
        except KeyError:
            known = ", ".join(sorted(self._providers)) or "none"
            raise invalid(
                "payment.channel", f"this site has no such channel; it has: {known}", field="channel"
            ) from None

    def write_down(
        self,
        uow: UnitOfWork,
        orders: Orders,
        stay_id: StayId,
        amount: Money,
        channel: str,
        *,
        at: datetime,
        key: str,
        payment_id: PaymentId | None = None,
    ) -> Payment:
        """A new payment of a stay that has no live one, before its provider hears of it; asked for until its end is known."""
        payment_id = payment_id or PaymentId(uow.ids.new(uow.now))
        new = Payment(
            payment_id=payment_id,
            stay_id=stay_id,
            charge_no=1 + max(store.captured_charges(uow.connection, stay_id), default=0),
            number=orders.number_prefix + base64.b32encode(UUID(payment_id).bytes).decode().rstrip("="),
            channel=channel,
            state=PaymentState.NEW,
            amount=amount,
            created_at=at,
            expires_at=at + orders.valid,
            pay_url=None,
            notify_url=f"{orders.notify_base}/{channel}/callback",
            captured_at=None,
            failure=None,
        )
        store.insert(uow.connection, new, key=key)
        ask_later(uow, payment_id, 1, new.expires_at)
        return new

    def charge(self, payment: Payment, charge: Charge) -> Payment:
        """Collect without the driver's hand; the same number again is the same charge. What stays unknown is asked for."""
        provider = self._every.get(payment.channel)
        if not isinstance(provider, ChargesByAgreement):
            return self._move(payment, PaymentState.FAILED, "NO_AGREEMENTS")
        payment = self._no_longer_first(payment)
        if not payment.is_live:
            return payment
        try:
            outcome = provider.charge(charge)
        except ProviderRefused as refused:
            log.warning("charge.refused", payment=payment.payment_id, code=refused.code)
            return self._move(payment, PaymentState.FAILED, refused.code[:64])
        except ProviderFault as fault:
            log.warning("charge.unknown", payment=payment.payment_id, error=str(fault))
            return payment
        return self.take_over(payment, outcome)

    def send(self, payment: Payment, *, first: bool = False) -> Payment:
        """Make a payment payable. One that may have been sent before is asked for first; the number stays the same.

        `first`: nobody but this caller has ever sent it, so that without a connection it is certain that it is nowhere.
        """
        provider = self.provider(payment.channel)
        payment = payment if first else self._no_longer_first(payment)
        if not payment.is_live:
            return payment
        try:
            outcome = provider.query(payment.number) if payment.state is not PaymentState.NEW else None
            if outcome is None or outcome.state is OrderState.ABSENT or _hides_its_page(outcome):
                outcome = provider.create(self.order_of(payment))
        except ProviderRefused as refused:
            log.warning("payment.refused", payment=payment.payment_id, code=refused.code)
            return self._move(payment, PaymentState.FAILED, refused.code[:64])
        except ProviderFault as fault:
            log.warning("payment.unknown", payment=payment.payment_id, error=str(fault))
            self._trouble[payment.channel] = self._clock.now()
            if first and isinstance(
                fault, NotSent
            ):  # unless somebody else has begun to send it meanwhile: then PENDING
                return self._move(payment, PaymentState.FAILED, NOT_SENT, only_from=(PaymentState.NEW,))
            return self._move(payment, PaymentState.PENDING, None)
        self._trouble.pop(payment.channel, None)
        return self.take_over(payment, outcome)

    def close(self, payment: Payment) -> Payment:
        """Try to make sure that a payment cannot be paid any more; it stays live when the provider does not say so."""
        payment = self._no_longer_first(payment)
        provider = self._every.get(payment.channel)
        if not payment.is_live or not isinstance(provider, Closes):
            return payment  # what cannot be closed is charged again under its own number, or asked for
        try:
            outcome = provider.close(self.order_of(payment))
        except (ProviderFault, ProviderRefused) as fault:
            log.warning("payment.not_closed", payment=payment.payment_id, error=str(fault))
            return payment
        return self.take_over(payment, outcome)

    def word_on(self, payment: Payment) -> Outcome | None:
        """What the provider says of a payment now; None when it cannot be asked."""
        provider = self._every.get(payment.channel)
        if not isinstance(provider, Answers):
            return None
        try:
            return provider.query(payment.number)
        except (ProviderFault, ProviderRefused) as fault:
            log.warning("payment.unknown", payment=payment.payment_id, error=str(fault))
            return None

    def take_over(self, payment: Payment, outcome: Outcome) -> Payment:
        """Commit what the provider said, and return the payment as it now is."""

        def work(uow: UnitOfWork) -> Payment:
            ledger_store.take_head(uow.connection)  # first of all: whoever waits for it sees what was done meanwhile
            settle(uow, payment, outcome)
            _keep_answer(uow, payment, outcome)
            now = store.get(uow.connection, payment.payment_id)
            assert now is not None
            if now.state is PaymentState.CLOSED and payment.is_live:  # a provider may break its word: ask once more
                ask_later(uow, now.payment_id, len(_LADDER_S), now.expires_at, series="closed")
            return now

        return self._database.write(work)

    def jobs(self) -> dict[str, JobHandler]:
        """The durable jobs of this room, by kind."""
        return {ASK_JOB: self._ask, CLOSE_JOB: self._close_job}

    def _ask(self, database: Database, payload: dict[str, Any]) -> None:
        payment = database.read(lambda conn: store.get(conn, PaymentId(payload["payment_id"])))
        if payment is None or payment.state in (PaymentState.PAID, PaymentState.FAILED):
            return
        outcome = self.word_on(payment)
        if outcome is not None:
            payment = self.take_over(payment, outcome)
            open_at_provider = outcome.state in (OrderState.WAITING, OrderState.ABSENT)
            if payment.is_live and open_at_provider and self._clock.now() >= payment.expires_at:
                payment = self.close(payment)
        if payment.is_live or outcome is None:
            known, turn, series = payment, int(payload["turn"]) + 1, str(payload["series"])
            database.write(lambda uow: ask_later(uow, known.payment_id, turn, known.expires_at, series))

    def _close_job(self, database: Database, payload: dict[str, Any]) -> None:
        payment = database.read(lambda conn: store.get(conn, PaymentId(payload["payment_id"])))
        if payment is not None and payment.is_live:
            self.close(payment)  # if that fails, its own ask job closes it at its expiry

    def _no_longer_first(self, payment: Payment) -> Payment:
        """Say, durably, that a second caller is about to speak of this payment: from now on nobody knows it unsent."""
        if payment.state is not PaymentState.NEW:
            return payment
        return self._move(payment, PaymentState.PENDING, None, only_from=(PaymentState.NEW,))

    def _move(
        self,
        payment: Payment,
        to: PaymentState,
        failure: str | None,
        only_from: Sequence[PaymentState] = (PaymentState.NEW, PaymentState.PENDING),  # a callback may have been faster
    ) -> Payment:
        def work(uow: UnitOfWork) -> Payment:
            changed = store.change(uow.connection, payment.payment_id, only_from=only_from, to=to, failure=failure)
            if changed and to is PaymentState.FAILED:
                using.payment_over(uow, payment.payment_id)
            now = store.get(uow.connection, payment.payment_id)
            assert now is not None
            return now

        return self._database.write(work)

    def order_of(self, payment: Payment) -> Order:
        """The order that a payment is at its provider."""
        return Order(payment.number, payment.amount, self.subject, payment.notify_url, payment.expires_at)


def _hides_its_page(outcome: Outcome) -> bool:
    """Some providers say only once where the payer goes; creating the same order again makes them say it again."""
    return outcome.state is OrderState.WAITING and outcome.pay_url is None


def _keep_answer(uow: UnitOfWork, payment: Payment, outcome: Outcome) -> None:
    """The first answer of each state, as it came, beside the callbacks."""
    if outcome.raw:
        about = (payment.channel, f"answer:{payment.number}:{outcome.state}", payment.number)
        store.keep_said(uow, *about, outcome.raw, "answer")
