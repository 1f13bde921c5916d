"""Debts under an agreement are collected without the driver's hand: one number at a time, again by the ladder, at last by a person.

A new number is used only after the one before is known to be closed; an outcome that nobody knows is asked for, never tried again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler, enqueue
from payments import ledger_store
from payments import store as payments_store
from payments.collecting import Collector, Orders
from payments.later import debts, notice_store, store
from payments.later.model import Agreement, Debt, DebtState, Policy
from payments.later.notices import colour_of
from payments.model import Payment, PaymentState
from payments.providers import abilities
from payments.settling import flag

LOOK_AGAIN = timedelta(minutes=10)
"""How long to leave a charge alone whose end is not known yet; its own questions go on meanwhile."""


class DebtCollector:
    """The durable job that collects one debt; any number of processes may run it."""

    def __init__(self, collector: Collector, orders: Orders, policy: Policy, *, lot_name: str) -> None:
        self._collector = collector
        self._orders = orders
        self._policy = policy
        self._lot_name = lot_name

    def jobs(self) -> dict[str, JobHandler]:
        return {debts.COLLECT_JOB: self._collect}

    def _collect(self, database: Database, payload: dict[str, Any]) -> None:
        stay_id = StayId(payload["stay_id"])
        prepared = database.write(lambda uow: self._prepare(uow, stay_id))
        if prepared is None:
            return
        payment, charge = prepared
        if charge is not None:
            payment = self._collector.charge(payment, charge)
        database.write(lambda uow: self._follow_up(uow, payment))

    def _prepare(self, uow: UnitOfWork, stay_id: StayId) -> tuple[Payment, abilities.Charge | None] | None:
        """The payment to go on with, and the charge if it is ours to make; None when there is nothing to collect."""
        conn = uow.connection
        ledger_store.take_head(conn)
        debt = store.debt(conn, stay_id)
        if debt is None or debt.state is not DebtState.OPEN or debt.agreement_id is None:
            return None
        left = ledger_store.stay_sums(conn, stay_id).debt
        agreement = store.agreement(conn, debt.agreement_id)
        if left == 0 or agreement is None:
            debts.follow(uow, stay_id)
            return None
        live = payments_store.live_of(conn, stay_id)
        if live is None:
            amount, key = Money(left, debt.amount.currency), f"debt:{debt.tries}:{uow.now.timestamp():.0f}"
            channel = agreement.channel
            live = self._collector.write_down(uow, self._orders, stay_id, amount, channel, at=uow.now, key=key)
        elif live.channel != agreement.channel or live.state not in (PaymentState.NEW, PaymentState.PENDING):
            return live, None  # the driver is paying by hand just now, or the provider has taken it on
        return live, self._charge(uow, debt, agreement, live)

    def _charge(self, uow: UnitOfWork, debt: Debt, agreement: Agreement, payment: Payment) -> abilities.Charge:
        bill = payments_store.bill_table
        row = uow.connection.execute(sa.select(bill).where(bill.c.stay_id == debt.stay_id)).one()
        customer, _, means = agreement.reference.partition("/")
        notice = notice_store.get(uow.connection, debt.stay_id, agreement.channel)
        return abilities.Charge(
            number=payment.number,
            amount=payment.amount,
            subject=self._collector.subject,
            notify_url=payment.notify_url,
            entered_at=row.entered_at,
            left_at=max(row.until, row.entered_at + timedelta(seconds=1)),
            car=abilities.Car(agreement.plate.text, notice.colour if notice else colour_of(agreement.plate, None)),
            agreement=abilities.Agreement(customer, means) if means else None,
            reference=notice.reference if notice is not None else None,
            lot_name=self._lot_name,
        )

    def _follow_up(self, uow: UnitOfWork, payment: Payment) -> None:
        """Look again while its end is not known; after a no, the next try by the ladder; after the last, a person."""
        debt = store.debt(uow.connection, payment.stay_id)
        if debt is None or debt.state is not DebtState.OPEN or payment.state is PaymentState.PAID:
            return
        if payment.is_live:
            self._again(uow, payment.stay_id, uow.now + LOOK_AGAIN)
            return
        tried = debt.tries + 1
        following = self._policy.collect[tried] if tried < len(self._policy.collect) else None
        at = max(debt.since + following, uow.now + LOOK_AGAIN) if following is not None else None
        store.change_debt(uow.connection, payment.stay_id, tries=tried, next_try_at=at)
        if at is not None:
            self._again(uow, payment.stay_id, at)
        else:
            flag(uow, "debt_uncollected", payment.stay_id, payment.stay_id)

    def _again(self, uow: UnitOfWork, stay_id: StayId, at: datetime) -> None:
        enqueue(uow, debts.COLLECT_JOB, f"collect:{stay_id}:{at.timestamp():.0f}", {"stay_id": stay_id}, at)
