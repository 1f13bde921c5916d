"""A real server with a member behind its pages: his app, a café's till, a tier, coupons, points, and a car that comes and goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from parking.bootstrap.keys import create_key
from parking.kernel.clock import ManualClock
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import PaymentId, StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.standing import Benefit, Effect, OffKind
from parking.members import store as member_store
from parking.members.model import Level
from parking.security.devices import enrol_app, enrol_till
from payments import store as payments
from payments.coupons import merchants
from payments.coupons import store as coupons
from payments.coupons.merchants import Merchant
from payments.coupons.model import Bound, Campaign, Source
from payments.invoices.loader import Platform
from payments.invoices.model import Policy
from payments.invoices.providers.memory import MemoryInvoices
from payments.later import agreements
from payments.later.model import Terms
from payments.providers.base import Order, Outcome
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from payments.providers.registry import Method
from tests.browser.office import Office
from tests.builders.journeys import EXIT, MORNING, PLATE, passage
from tests.builders.plumbing import eventually
from tests.builders.security import SET_UP

CONSENTS = dict.fromkeys(("recognise", "history", "points", "contact"), True)
TERMS = Terms(per_stay_minor=3000, at_once_minor=9000, per_day_minor=9000)
CHEAP = Effect(OffKind.AMOUNT, minor=300)


class Wallet(MemoryProvider):
    """Its page to pay on sends the payer back at once, to the plain address of the driver's page."""

    def create(self, order: Order) -> Outcome:
        return replace(super().create(order), pay_url=f"/driver/?{order.number}")


class Mall(Office):
    """One wallet company, invoices, an app, a till, a tier and three campaigns."""

    def __init__(self, folder: Path) -> None:
        clock = ManualClock(MORNING)
        self.wallet = Wallet(clock)
        channel = Channel("wechat", "微信支付", "WeChat Pay", Method.QR, self.wallet)
        built = {"channels": {"wechat": channel}, "invoices": Platform(MemoryInvoices(clock), Policy())}
        super().__init__(folder, clock=clock, built=built, public_url="")
        self.key = create_key(folder / "keys" / "app.pem")
        self.app_token, self.till_token = self.application.database.write(self._enrol)
        self.http = httpx.Client(base_url=f"{self.url}/api/v1", timeout=60)

    def _enrol(self, uow: Any) -> tuple[str, str]:
        app = enrol_app(uow, SET_UP, device_id="app", key_id=self.key.key_id, public_key=self.key.public)
        till = enrol_till(uow, SET_UP, device_id="till-1")
        merchants.save(uow, Merchant("cafe", "云顶咖啡 Cloud Café", points_per_unit=1))
        merchants.save(uow, Merchant("mall", "商场", points_per_unit=1))
        merchants.place_till(uow, "till-1", "cafe")
        hour = Benefit("tier:silver:0", "银卡首小时", "Silver first hour", Effect(OffKind.FIRST_HOUR, minutes=30))
        for level in (
            Level("silver", "tier", "银卡", "Silver", 100, (hour,)),
            Level("gold", "tier", "金卡", "Gold", 1000, (hour,)),
        ):
            member_store.save_level(uow.connection, level)
        self._campaign(uow, "welcome", "入会停车券", "Welcome coupon", CHEAP, source=Source.CAMPAIGN)
        self._campaign(uow, "points-80", "两小时停车券", "Two hours", Effect(OffKind.HOURS, minutes=120), points=80)
        self._campaign(uow, "points-900", "全天停车券", "A whole day", Effect(OffKind.FREE), points=900)
        self._campaign(uow, "whole", "全程免费券", "The whole stay", Effect(OffKind.FREE), source=Source.CAMPAIGN)
        dear = Effect(OffKind.AMOUNT, minor=1000, least_fee_minor=5000)
        self._campaign(uow, "big", "满 50 减 10", "10 off 50", dear, source=Source.CAMPAIGN)
        return app, till

    def _campaign(self, uow: Any, name: str, zh: str, en: str, effect: Effect, **more: Any) -> None:
        source = Source.POINTS if "points" in more else Source.CAMPAIGN
        times = {"valid_from": MORNING - timedelta(days=9), "valid_until": MORNING + timedelta(days=300)}
        values = {"source": source, "currency": "CNY", "bound": Bound.MEMBER, **times, **more}
        coupons.save_campaign(uow.connection, Campaign(name, "mall", zh=zh, en=en, effect=effect, **values))

    def ask(self, who: str, method: str, path: str, **how: Any) -> Any:
        """A request of whoever carries this token, and its answer."""
        reply = self.http.request(
            method, path, headers={"Authorization": f"Bearer {who}", **how.pop("headers", {})}, **how
        )
        assert reply.status_code < 400, (path, reply.text)
        return reply.json() if reply.content else None

    def give(self, member_id: str, campaign: str, why: str) -> None:
        """The mall's app gives its member one coupon."""
        body = {"origin": f"{why}-{member_id[-8:]}", "member_id": member_id}
        key = {"Idempotency-Key": f"{campaign}-{why}-{member_id[-12:]}"}
        self.ask(self.app_token, "POST", f"/coupons/campaigns/{campaign}/issue", json=body, headers=key)

    def later(self, **span: float) -> None:
        """Time passes; what was due by then is done."""
        self.clock.advance(timedelta(**span))
        self.application.jobs.run_due()

    def close(self) -> None:
        self.http.close()
        super().close()

    def leaves(self, stay_id: str, plate: str = PLATE) -> None:
        self.passes(Direction.OUT, plate, stay=stay_id)

    def leaves_owing(self, plate: str = PLATE, minor: int = 600) -> str:
        """A car that pays afterwards has come and gone; its stay."""
        stay_id = self.passes(Direction.IN, plate)
        self.clock.advance(timedelta(minutes=170))
        visit, sums = VisitId(f"out-{stay_id}"[:36]), (Money(minor, "CNY"), Money(3000, "CNY"))
        promise = ExitPromised(EXIT, visit, StayId(stay_id), *sums, f"token-{stay_id[-20:]}")
        self.hear(promise, passage(Direction.OUT, visit, plate, stay=stay_id))
        return stay_id

    def approve(self, stay_id: str) -> None:
        """The payer presses the wallet's button for the stay's newest payment, and it is booked."""
        payment = self.application.database.read(lambda conn: payments.of_stay(conn, StayId(stay_id)))[-1]
        self.application.cashier.collector.take_over(payment, self.wallet.approve(payment.number))
        database = self.application.database
        eventually(
            lambda: (
                (p := database.read(lambda c: payments.get(c, PaymentId(payment.payment_id)))) is not None
                and p.state == "PAID"
            )
        )
        self.hear()

    def agree(self, plate: str = PLATE) -> None:
        """The plate's stays are charged afterwards."""
        self.application.database.write(lambda uow: agreements.agree(uow, Plate(plate), "wechat", "contract-1", TERMS))


class Member:
    """Somebody with the mall's app on the phone."""

    def __init__(self, mall: Mall, ref: str = "customer-1", **consents: bool) -> None:
        self.mall = mall
        self.id: str = mall.ask(mall.app_token, "POST", "/members", json={"ref": ref})["member_id"]
        self.ask("PUT", "/me/consents", json=consents or CONSENTS)

    @property
    def token(self) -> str:
        """Fresh from the app, which logs its member in whenever it wakes up."""
        return str(self.mall.ask(self.mall.app_token, "POST", f"/members/{self.id}/token")["token"])

    @property
    def page(self) -> str:
        """What the app opens."""
        return f"{self.mall.url}{self.mall.ask(self.mall.app_token, 'POST', f'/members/{self.id}/token')['page_url']}"

    def ask(self, method: str, path: str, **how: Any) -> Any:
        return self.mall.ask(self.token, method, path, **how)

    def owns(self, plate: str = PLATE) -> None:
        """Has come once with a car and bound it by the ticket; days later it is his."""
        stay_id = self.mall.passes(Direction.IN, plate)
        body = {"proof": "lane_qr", "stay_token": self.mall.ticket(stay_id)}
        self.ask("POST", "/me/vehicles", json=body)
        self.mall.leaves(stay_id, plate)
        self.mall.later(days=8)
        self.mall.hear()

    def buys(self, receipt: str, yuan: int) -> None:
        """Shows the code at the café's till."""
        code = self.ask("POST", "/me/code")["code"]
        body = {"receipt": receipt, "amount": yuan * 100, "currency": "CNY", "member_code": code}
        self.mall.ask(self.mall.till_token, "POST", "/till/purchases", json=body)

    def pays(self, stay_id: str) -> None:
        code = self.ask("POST", f"/me/stays/{stay_id}/code")["token"]
        key = {"Idempotency-Key": f"pay-{stay_id[-12:]}"}
        self.mall.ask(code, "POST", "/my/payments", json={"channel": "wechat"}, headers=key)
        self.mall.approve(stay_id)


def a_full_membership(mall: Mall) -> tuple[Member, str]:
    """A member who has something of everything, and the stay of the car that is inside."""
    member = Member(mall)
    member.owns()
    member.buys("R-1001", 320)
    for campaign in ("welcome", "big"):
        mall.give(member.id, campaign, "joined")
    mall.agree()
    first = mall.passes(Direction.IN, PLATE)
    mall.later(minutes=100)
    member.pays(first)
    mall.leaves(first)
    mall.leaves_owing()
    mall.give(member.id, "welcome", "birthday")
    inside = mall.passes(Direction.IN, PLATE)
    mall.later(minutes=100)
    return member, inside
