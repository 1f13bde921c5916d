"""The scripted server's ways to pay, receipts and invoices: the real schemas, with the script in place of providers and tax bureaus."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Response, WebSocket
from starlette.websockets import WebSocketDisconnect

from hardware_sim.providers.invoice_papers import pdf
from parking.analytics.views import RatingIn, RatingView
from parking.journeys.cards_api import CardsView
from parking.journeys.owing_api import MyDebt
from parking.journeys.receipt_api import ReceiptView
from parking.journeys.schemas import BillView, LocalText
from parking.kernel.errors import not_found
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from parking.kernel.principal import Principal, Scope
from parking.web.deps import require
from parking.web.schemas import MoneySchema
from payments.api import ChannelView
from payments.invoices import words
from payments.invoices.asking import Offered
from payments.invoices.model import Bill, Colour, Invoice, InvoiceState, Policy
from payments.invoices.schemas import AskMine, BillToInvoice, Invoices, InvoiceView, Text
from payments.providers.registry import Method

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

IdempotencyKey = Annotated[str, Header(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Driver = Annotated[Principal, Depends(require(Scope.OWN_STAY))]
_NAMES = {"wallet": ("手机支付", "Phone"), "wechat": ("微信支付", "WeChat Pay"), "alipay": ("支付宝", "Alipay")}


@dataclass
class FakeMoney:
    """Which ways there are, and what became of invoices."""

    channels: list[str] = field(default_factory=lambda: ["wallet"])
    troubled: set[str] = field(default_factory=set)
    began: list[str] = field(default_factory=list)
    """The channels that payments were begun with."""
    offered: bool = False
    debts: list[MyDebt] = field(default_factory=list)
    cards: CardsView = field(default_factory=lambda: CardsView(channels=[], stands=None, tries=[]))
    rating: RatingView | None = None
    invoices: dict[str, Invoice] = field(default_factory=dict)

    def issue(self, fake: FakeServer) -> None:
        """The tax bureau has given the newest one its number."""
        key, one = list(self.invoices.items())[-1]
        issued = {"state": InvoiceState.ISSUED, "fiscal_number": "26312000000000000001", "has_pdf": True}
        values = {name: getattr(one, name) for name in one.__dataclass_fields__}
        self.invoices[key] = Invoice(**{**values, **issued, "issued_at": fake.now()})


def install(routes: APIRouter, fake: FakeServer) -> None:
    _ways(routes, fake)
    _receipts(routes, fake)
    _invoices(routes, fake)
    _owing(routes, fake)

    @routes.websocket("/my/payments/{payment_id}/live")
    async def live(websocket: WebSocket, payment_id: str) -> None:
        await websocket.accept()
        last = ""
        with suppress(WebSocketDisconnect, RuntimeError):
            await websocket.receive_text()
            while payment_id in fake.payments:
                state = fake.payments[payment_id].state
                if state != last:
                    await websocket.send_json({"type": "payment", "payment_id": payment_id, "state": state})
                last = state
                await asyncio.sleep(0.05)


def _ways(routes: APIRouter, fake: FakeServer) -> None:
    @routes.get("/payments/channels")
    async def channels() -> list[ChannelView]:
        return [
            ChannelView(
                name=name,
                zh=_NAMES[name][0],
                en=_NAMES[name][1],
                method=Method.QR,
                attended=False,
                troubled=name in fake.money.troubled,
            )
            for name in fake.money.channels
        ]


def _receipts(routes: APIRouter, fake: FakeServer) -> None:
    @routes.get("/my/payments/{payment_id}/receipt")
    async def receipt(who: Driver, payment_id: str) -> ReceiptView:
        payment = fake.payments[payment_id]
        stay, now = fake.stays[payment.token], fake.now()
        return ReceiptView(
            number="P0123456789",
            site=LocalText(zh="云港中心停车场", en="Cloud Harbour Centre"),
            plate=None,
            entered_at=stay.entered_at,
            priced_at=now,
            paid_at=now,
            channel="wallet",
            channel_name=LocalText(zh="手机支付", en="Phone"),
            amount=MoneySchema.model_validate(payment.amount),
            bill=BillView.model_validate(stay.bill),
        )


def _owing(routes: APIRouter, fake: FakeServer) -> None:
    @routes.get("/my/debts")
    async def debts(_: Driver) -> list[MyDebt]:
        return fake.money.debts

    @routes.get("/my/rating")
    async def rating(who: Driver) -> RatingView:
        return fake.money.rating or RatingView(
            open=fake.stays[who.subject].bill["paid"]["amount"] > 0, score=None, words=""
        )

    @routes.post("/my/rating")
    async def rate(_: Driver, body: RatingIn) -> RatingView:
        fake.money.rating = RatingView(open=False, score=body.score, words=body.words)
        return fake.money.rating

    @routes.get("/my/cards")
    async def cards(_: Driver) -> CardsView:
        return fake.money.cards


def _invoices(routes: APIRouter, fake: FakeServer) -> None:
    def bill_of(who: Principal) -> Bill:
        stay = fake.stays[who.subject]
        paid = Money(stay.bill["paid"]["amount"], "CNY")
        return Bill(PaymentId("p1"), StayId(who.subject), paid, fake.now() - timedelta(minutes=1))

    @routes.get("/my/invoices")
    async def invoices(who: Driver) -> Invoices:
        bill = bill_of(who)
        taken = "already_invoiced" if any(i.is_live or i.fiscal_number for i in fake.money.invoices.values()) else None
        return Invoices(
            offered=fake.money.offered,
            rules=[Text.of(rule) for rule in words.rules(Policy())],
            bills=[BillToInvoice.of(Offered(bill, taken))] if bill.amount.minor else [],
            invoices=[],  # a code from a kiosk sees only what it has asked for
        )

    @routes.post("/my/invoices", status_code=201)
    async def ask(who: Driver, body: AskMine, idempotency_key: IdempotencyKey) -> InvoiceView:
        if idempotency_key not in fake.money.invoices:
            fake.money.invoices[idempotency_key] = Invoice(
                id=f"i{len(fake.money.invoices) + 1}",
                colour=Colour.BLUE,
                order_no="I1",
                attempt=1,
                state=InvoiceState.NEW,
                amount=bill_of(who).amount,
                buyer=body.buyer.buyer(),
                tax_rate=900,
                asked_by="driver:1",
                asked_at=fake.now(),
            )
        return InvoiceView.of(fake.money.invoices[idempotency_key])

    def one(invoice_id: str) -> Invoice:
        found: Any = next((i for i in fake.money.invoices.values() if i.id == invoice_id), None)
        if not isinstance(found, Invoice):
            raise not_found("invoice.unknown", "there is no such invoice here")
        return found

    @routes.get("/my/invoices/{invoice_id}")
    async def invoice(_: Driver, invoice_id: str) -> InvoiceView:
        return InvoiceView.of(one(invoice_id))

    @routes.get("/my/invoices/{invoice_id}/pdf")
    async def document(_: Driver, invoice_id: str) -> Response:
        return Response(pdf([f"Fapiao {one(invoice_id).fiscal_number}"]), media_type="application/pdf")
