"""Invoices and the cash desk put together: what they need of stays, members and codes is handed in here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.bootstrap.application import Application
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.journeys import me_api, paying_at_desk
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.signed import Verifier, unseal
from parking.security import audit
from payments.cash import api as cash_api
from payments.cash.model import CHANNEL
from payments.invoices import api as invoices_api
from payments.model import Payment


def routers(application: Application, signer: Ed25519Signer, clock: Clock) -> tuple[APIRouter, ...]:
    """The routes of invoices, and those of the cash desk where cash is taken."""
    database, cashier = application.database, application.cashier
    stay_of_ticket = stay_of(KeyRing([signer.public]))

    def begin(stay_id: str, key: str) -> Payment:
        begun = paying_at_desk.begin(database, cashier, StayId(stay_id), clock.now(), CHANNEL, key)
        assert isinstance(begun, Payment)
        return begun

    invoices = invoices_api.InvoiceRoom(
        database=database,
        clock=clock,
        audit=audit.record,
        policy=application.invoices,
        stay_of_ticket=stay_of_ticket,
        stays_of_member=stays_of_member,
    )
    cash = cash_api.CashRoom(
        database=database,
        clock=clock,
        audit=audit.record,
        currency=application.tariffs.current(clock.now()).currency,
        begin=begin,
        close=cashier.collector.close,
        stay_of_ticket=stay_of_ticket,
    )
    return invoices_api.router(invoices), cash_api.router(cash)


def stay_of(verifier: Verifier) -> Callable[[str, datetime], str]:
    """Which stay a driver's code is for; ParkingError for one that is not valid."""
    return lambda ticket, now: str(unseal(ticket, verifier, use="stay", now=now).get("stay"))


def stays_of_member(conn: Connection, member_id: str) -> Collection[str]:
    """The stays of a member's own vehicles, as far as he has agreed that they are shown to him."""
    return {str(stay.id) for stay in me_api.own_stays_of(conn, member_id)}
