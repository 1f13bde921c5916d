"""Cash as a channel like any other: an order waits until a person or a machine with an open shift has taken the money.

A refund waits in the same way until somebody has handed it out. There is no other party: what these rows say is the truth, and they
change in the transaction that books the money.
"""

from __future__ import annotations

from sqlalchemy import Connection, Row

from parking.kernel.money import Money
from parking.plumbing.db import Database, UnitOfWork, insert_once
from payments.cash import shift_store
from payments.providers import abilities
from payments.providers.abilities import Refund, RefundOutcome, RefundState
from payments.providers.base import Order, OrderState, Outcome, Provider, ProviderRefused

_STATES = {"WAITING": OrderState.WAITING, "DONE": OrderState.PAID, "CLOSED": OrderState.CLOSED}
_REFUNDS = {"WAITING": RefundState.PROCESSING, "DONE": RefundState.DONE, "CLOSED": RefundState.FAILED}


class CashBox:
    """The provider of the channel `cash`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, order: Order) -> Outcome:
        def work(uow: UnitOfWork) -> Outcome:
            _write_down(uow, order.number, order.amount, about=None)
            row = shift_store.order(uow.connection, order.number)
            assert row is not None
            if row.state == "CLOSED":
                raise ProviderRefused("ORDER_CLOSED")
            if (row.amount, row.currency) != (order.amount.minor, order.amount.currency):
                raise ProviderRefused("PARAM_MISMATCH")
            return _outcome(row)

        return self._database.write(work)

    def query(self, number: str) -> Outcome:
        def look(conn: Connection) -> Outcome:
            row = shift_store.order(conn, number)
            return Outcome(number, OrderState.ABSENT) if row is None else _outcome(row)

        return self._database.read(look)

    def close(self, order: Order) -> Outcome:
        def work(uow: UnitOfWork) -> Outcome:
            _write_down(uow, order.number, order.amount, about=None)
            shift_store.end_order(uow.connection, order.number, "CLOSED", ended_at=uow.now)
            row = shift_store.order(uow.connection, order.number)
            assert row is not None
            return _outcome(row)

        return self._database.write(work)

    def refund(self, refund: Refund) -> RefundOutcome:
        def work(uow: UnitOfWork) -> RefundOutcome:
            _write_down(uow, refund.number, refund.amount, about=refund.order_number)
            row = shift_store.order(uow.connection, refund.number)
            assert row is not None
            if row.amount != refund.amount.minor:
                raise ProviderRefused("PARAM_MISMATCH")
            return _refunded(row)

        return self._database.write(work)

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        row = self._database.read(lambda conn: shift_store.order(conn, number))
        return RefundOutcome(number, order_number, RefundState.ABSENT) if row is None else _refunded(row)


def _write_down(uow: UnitOfWork, number: str, amount: Money, *, about: str | None) -> None:
    row = {"number": number, "about": about, "amount": amount.minor, "currency": amount.currency, "state": "WAITING"}
    insert_once(uow.connection, shift_store.order_table, row)


def _outcome(row: Row[tuple[object, ...]]) -> Outcome:
    state = _STATES[row.state]
    paid = state is OrderState.PAID
    transaction = f"cash:{row.shift_id}" if paid else None
    return Outcome(
        row.number,
        state,
        Money(row.amount, row.currency),
        paid_at=row.ended_at if paid else None,
        transaction=transaction,
    )


def _refunded(row: Row[tuple[object, ...]]) -> RefundOutcome:
    reference = f"cash:{row.shift_id}" if row.state == "DONE" else None
    return RefundOutcome(row.number, row.about, _REFUNDS[row.state], Money(row.amount, row.currency), reference)


_: type[Provider] = CashBox
_refunds: type[abilities.Refunds] = CashBox
_tells: type[abilities.TellsRefunds] = CashBox
