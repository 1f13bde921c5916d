"""Invoices, receipts, cards and the cash desk put together: what they need of stays, members and codes is handed in here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.bootstrap.application import Application
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.journeys import cards_api, own_stays, paying_at_desk, payment_feed, ports, receipt_api
from parking.kernel.clock import Clock
from parking.kernel.ids import StayId
from parking.kernel.signed import Verifier, unseal
from parking.security import audit
from payments import in_app as in_app_orders
from payments import journal_api
from payments.cash import api as cash_api
from payments.cash import machine_api
from payments.cash.model import CHANNEL
from payments.invoices import api as invoices_api
from payments.later import saving
from payments.later import store as later_store
from payments.model import Payment
from payments.providers.registry import Method


def routers(
    application: Application, signer: Ed25519Signer, clock: Clock, name_of: Callable[[Connection, str], str]
) -> tuple[APIRouter, ...]:
    """The routes of invoices, and those of the cash desk; `name_of` says what people call an operator with this id."""
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
        name_of=name_of,
        counted=frozenset(application.kiosks.machines),
    )
    receipts = receipt_api.Receipts(
        database=database,
        cashier=cashier,
        site={"zh": application.site.name.zh, "en": application.site.name.en},
        channels={name: {"zh": c.zh, "en": c.en} for name, c in application.channels.items()},
        own=own_stays.one_shown_to,
    )
    return (
        journal_api.router(database, ZoneInfo(application.site.timezone)),
        invoices_api.router(invoices),
        cash_api.router(cash),
        machine_api.router(
            machine_api.MachineRoom(
                cash, application.kiosks.machines, application.kiosks.cards, application.kiosks.wake
            )
        ),
        receipt_api.router(receipts),
        payment_feed.router(database, cashier, clock, stay_of_ticket),
        cards_api.router(_cards(application)),
    )


def _cards(application: Application) -> cards_api.Cards:
    def look(one: cards_api.Saving) -> cards_api.Saving:
        assert isinstance(one, saving.Saving)
        return application.cards.look(one)

    return cards_api.Cards(
        database=application.database,
        cashier=application.cashier,
        saver=application.cards,
        audit=audit.record,
        look=look,
        tries_of=saving.of_stay,
        standing=later_store.agreement_of,
    )


def in_app(application: Application) -> Callable[[ports.Payment, str | None], Mapping[str, str] | None]:
    """What a page inside a provider's app needs to have a payment confirmed there; None for every other channel."""
    inside = frozenset(name for name, c in application.channels.items() if c.method is Method.IN_APP)

    def parameters(payment: ports.Payment, payer: str | None) -> Mapping[str, str] | None:
        if payment.channel not in inside:
            return None
        assert isinstance(payment, Payment)
        return in_app_orders.parameters(application.cashier.collector, payment, payer)

    return parameters


def stay_of(verifier: Verifier) -> Callable[[str, datetime], str]:
    """Which stay a driver's code is for; ParkingError for one that is not valid."""
    return lambda ticket, now: str(unseal(ticket, verifier, use="stay", now=now).get("stay"))


def stays_of_member(conn: Connection, member_id: str) -> Collection[str]:
    """The stays of a member's own vehicles, as far as he has agreed that they are shown to him."""
    return {str(stay.id) for stay in own_stays.shown_to(conn, member_id)}
