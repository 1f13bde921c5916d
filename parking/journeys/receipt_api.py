"""The receipt of a payment: what was paid, for what, when and how; for whoever shows the stay's code, for its member, and for the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from parking.journeys import paying
from parking.journeys.ports import Cashier
from parking.journeys.schemas import BillView, LocalText
from parking.kernel.errors import conflict, not_found
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.sessions import store
from parking.sessions.model import ClosedStay
from parking.web.deps import require
from parking.web.schemas import MoneySchema, Strict

Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
Me = Annotated[Principal, Depends(require(Scope.OWN_MEMBER))]
Accountant = Annotated[Principal, Depends(require(Scope.BILLS_READ))]


class ReceiptView(Strict):
    """`number` is the payment's own; `bill` is how the stay stood with it, whatever was paid later; its lines sum to its total."""

    number: str
    site: LocalText
    plate: str | None
    entered_at: datetime
    priced_at: datetime
    paid_at: datetime
    channel: str
    channel_name: LocalText
    amount: MoneySchema
    bill: BillView


@dataclass(frozen=True, slots=True)
class Receipts:
    """What the routes need: the site's name, and the channels' names in both languages."""

    database: Database
    cashier: Cashier
    site: Mapping[str, str]
    channels: Mapping[str, Mapping[str, str]]
    own: Callable[[Connection, str, str], object]
    """Raises ParkingError for a stay that is not this member's."""

    async def of(self, payment_id: str, stay_id: str, *, discreet: bool = False) -> ReceiptView:
        return await self.database.aread(lambda conn: self._look(conn, payment_id, stay_id, discreet=discreet))

    def _look(self, conn: Connection, payment_id: str, stay_id: str, *, discreet: bool) -> ReceiptView:
        payment = self.cashier.payment(conn, PaymentId(payment_id))
        stay = store.get(conn, StayId(stay_id))
        if payment is None or stay is None or payment.stay_id != stay_id:
            raise not_found("payment.unknown", "there is no such payment for this stay")
        if payment.state != "PAID" or payment.captured_at is None:
            raise conflict("receipt.not_paid", "a receipt is for what was paid")
        at = stay.exited_at if isinstance(stay, ClosedStay) and stay.exited_at else payment.created_at
        at = min(at, payment.created_at)
        account = self.cashier.as_paid(conn, paying.priced(conn, stay), payment.payment_id, at)
        name = self.channels.get(payment.channel, {"zh": payment.channel, "en": payment.channel})
        return ReceiptView(
            number=payment.number,
            site=LocalText(zh=self.site["zh"], en=self.site["en"]),
            plate=stay.plate.masked if stay.plate else None,
            entered_at=stay.entered_at,
            priced_at=payment.created_at,
            paid_at=payment.captured_at,
            channel=payment.channel,
            channel_name=LocalText(zh=name["zh"], en=name["en"]),
            amount=MoneySchema.of(payment.amount),
            bill=BillView.of(account.discreet() if discreet else account),
        )


def router(receipts: Receipts) -> APIRouter:
    """Routes of receipts."""
    routes = APIRouter()

    @routes.get("/my/payments/{payment_id}/receipt", tags=["driver"])
    async def mine(who: Driver, payment_id: str) -> ReceiptView:
        return await receipts.of(payment_id, who.subject, discreet=not who.may(Scope.OWN_WALLET))

    @routes.get("/me/stays/{stay_id}/payments/{payment_id}/receipt", tags=["me"])
    async def of_own_stay(who: Me, stay_id: str, payment_id: str) -> ReceiptView:
        await receipts.database.aread(lambda conn: receipts.own(conn, who.subject, stay_id))
        return await receipts.of(payment_id, stay_id)

    @routes.get("/stays/{stay_id}/payments/{payment_id}/receipt", tags=["stays"])
    async def at_desk(_: Accountant, stay_id: str, payment_id: str) -> ReceiptView:
        return await receipts.of(payment_id, stay_id)

    return routes
