"""Talks to providers, never inside a transaction: first our row is committed, then the provider is called, then its word
is taken over. Whatever stays unknown in between is asked for by a durable job until it is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.kernel.ids import PaymentId
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler, enqueue
from payments import store
from payments.model import Payment, PaymentState
from payments.providers.base import Order, OrderState, Outcome, Provider, ProviderFault, ProviderRefused
from payments.settling import CLOSE_JOB, settle

ASK_JOB = "payments.ask"
_LADDER_S = (10, 15, 30, 60, 120, 300, 600)  # the last step for ever
log = structlog.get_logger(__name__)


def ask_later(uow: UnitOfWork, payment_id: PaymentId, turn: int, expires_at: datetime, series: str = "") -> None:
    """Have a payment asked for again; in time for its expiry, then ever more rarely. A `series` counts its own turns."""
    run_at = uow.now + timedelta(seconds=_LADDER_S[min(turn - 1, len(_LADDER_S) - 1)])
    if uow.now < expires_at < run_at:
        run_at = expires_at
    payload = {"payment_id": payment_id, "turn": turn, "series": series}
    enqueue(uow, ASK_JOB, f"ask:{payment_id}:{series}{turn}", payload, run_at)


class Collector:
    """Sends, asks and closes payments at the providers of their channels."""

    def __init__(self, database: Database, providers: Mapping[str, Provider], clock: Clock, *, subject: str) -> None:
        self._database = database
        self._providers = dict(providers)
        self._clock = clock
        self._subject = subject

    def provider(self, channel: str) -> Provider:
        try:
            return self._providers[channel]
        except KeyError:
            known = ", ".join(sorted(self._providers)) or "none"
            raise invalid(
                "payment.channel", f"this site has no such channel; it has: {known}", field="channel"
            ) from None

    def send(self, payment: Payment) -> Payment:
        """Make a payment payable. One that may have been sent before is asked for first; the number stays the same."""
        provider = self.provider(payment.channel)
        try:
            outcome = provider.query(payment.number) if payment.state is not PaymentState.NEW else None
            if outcome is None or outcome.state is OrderState.ABSENT:
                outcome = provider.create(self._order(payment))
        except ProviderRefused as refused:
            log.warning("payment.refused", payment=payment.payment_id, code=refused.code)
            return self._move(payment, PaymentState.FAILED, refused.code[:64])
        except ProviderFault as fault:
            log.warning("payment.unknown", payment=payment.payment_id, error=str(fault))
            return self._move(payment, PaymentState.PENDING, None)
        return self.take_over(payment, outcome)

    def close(self, payment: Payment) -> Payment:
        """Try to make sure that a payment cannot be paid any more; it stays live when the provider does not say so."""
        try:
            outcome = self.provider(payment.channel).close(payment.number)
        except (ProviderFault, ProviderRefused) as fault:
            log.warning("payment.not_closed", payment=payment.payment_id, error=str(fault))
            return payment
        return self.take_over(payment, outcome)

    def take_over(self, payment: Payment, outcome: Outcome) -> Payment:
        """Commit what the provider said, and return the payment as it now is."""

        def work(uow: UnitOfWork) -> Payment:
            settle(uow, payment, outcome)
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
        try:
            outcome = self.provider(payment.channel).query(payment.number)
        except (ProviderFault, ProviderRefused) as fault:
            log.warning("payment.unknown", payment=payment.payment_id, error=str(fault))
            outcome = None
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

    def _move(self, payment: Payment, to: PaymentState, failure: str | None) -> Payment:
        def work(uow: UnitOfWork) -> Payment:
            early = (PaymentState.NEW, PaymentState.PENDING)  # a callback may have been faster
            store.change(uow.connection, payment.payment_id, only_from=early, to=to, failure=failure)
            now = store.get(uow.connection, payment.payment_id)
            assert now is not None
            return now

        return self._database.write(work)

    def _order(self, payment: Payment) -> Order:
        return Order(payment.number, payment.amount, self._subject, payment.notify_url, payment.expires_at)
