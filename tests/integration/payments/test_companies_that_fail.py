"""Every failure mode of every simulated company, through the cashier: what the payer was charged stands in our books, once.

The callbacks go through the product's own routes; what they do not tell is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hardware_sim.providers.faults import Fault
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.web import errors
from payments import api, ledger_store
from payments.cashier import ANY
from payments.model import Payment, PaymentState
from payments.providers.abilities import LineKind, RefundState
from payments.providers.memory import MemoryProvider
from payments.webhooks import Callbacks
from tests.builders.payments import START, Desk
from tests.builders.provider_companies import COMPANIES
from tests.builders.providers import (
    REFUND,
    Company,
    a_company,
    a_stripe,
    a_stripe_wire,
    a_wechat,
    a_wechat_wire,
    an_alipay,
)

pytestmark = pytest.mark.req("PAY-3")
CHANNELS = ("wechat", "alipay", "stripe")
ANSWERED = (
    Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.ERROR_500, Fault.SLOW, Fault.FORGED_ANSWER, Fault.WRONG_AMOUNT,
    Fault.WRONG_NUMBER, Fault.WRONG_CURRENCY, Fault.WRONG_MERCHANT, Fault.CLOCK_SKEW, Fault.KEY_ROTATION,
)  # fmt: skip
TOLD = (
    Fault.CALLBACK_TWICE, Fault.CALLBACK_LATE, Fault.CALLBACK_OUT_OF_ORDER, Fault.CALLBACK_NEVER, Fault.CALLBACK_FORGED,
    Fault.CALLBACK_WRONG_AMOUNT,
)  # fmt: skip


@dataclass
class Shop:
    """A cashier with one company behind it and a spare channel, and our own door for callbacks."""

    desk: Desk
    company: Company
    channel: str
    http: TestClient

    def begin(self, key: str = "key-1") -> Payment:
        return self.desk.begin(channel=self.channel, key=key)

    def deliver(self) -> int:
        """The company tells what is due; returns how often we said yes in its own words."""
        with httpx.Client(transport=_Forward(self.http)) as client:
            return self.company.server.deliver(client)

    def settle_down(self) -> None:
        """Hours pass, callbacks come, jobs run."""
        for minutes in (1, 2, 5, 10, 10, 30, 60, 180):
            self.deliver()
            self.desk.ask(minutes=minutes)

    def charged(self) -> int:
        trades = self.company.books.trades.values()
        assert all(trade.charges <= 1 for trade in trades)
        return sum(trade.amount.minor for trade in trades if trade.charges)

    def at_peace(self) -> None:
        self.desk.check()
        assert self.desk.sums().captured + self.desk.sums().overpaid >= self.charged() > 0
        assert self.desk.sums().captured == 600
        assert not any(payment.is_live for payment in self.desk.payments())


class _Forward(httpx.BaseTransport):
    """Carries a company's real requests to our application without a second socket."""

    def __init__(self, http: TestClient) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = urlsplit(str(request.url)).path
        answer = self._http.request(request.method, path, content=request.read(), headers=dict(request.headers))
        return httpx.Response(answer.status_code, content=answer.content)


@contextmanager
def a_shop(channel: str, tmp_path: Path) -> Iterator[Shop]:
    clock = ManualClock(START)
    with COMPANIES[channel].open(tmp_path, clock) as company:
        desk = Desk(clock=clock, provider=MemoryProvider(clock), others={channel: company.provider})
        desk.settings = type(desk.settings)(notify_base="http://mall.test/payments", order_valid=timedelta(minutes=5))
        desk.restart()
        desk.park(hours=1)
        if channel == "stripe":
            company.wire.send_webhooks_to("http://mall.test/payments/stripe/callback")  # type: ignore[attr-defined]
        app = FastAPI()
        errors.install(app)
        app.include_router(api.router(Callbacks(desk.database, {channel: company.provider})))
        with TestClient(app, raise_server_exceptions=False) as http:
            yield Shop(desk, company, channel, http)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_payment_whose_callback_comes_is_captured_at_once(channel: str, tmp_path: Path) -> None:
    with a_shop(channel, tmp_path) as shop:
        payment = shop.begin()
        shop.company.approve(payment.number)
        assert shop.deliver() == 1
        assert shop.desk.payment(payment).state is PaymentState.PAID
        shop.at_peace()


@pytest.mark.parametrize(
    ("fault", "operation"),
    [(fault, "create") for fault in ANSWERED]
    + [(fault, "query") for fault in (Fault.TIMEOUT_BEFORE, Fault.FORGED_ANSWER, Fault.WRONG_AMOUNT)],
)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_spoiled_answer_never_charges_twice_and_loses_nothing(
    channel: str, fault: Fault, operation: str, tmp_path: Path
) -> None:
    with a_shop(channel, tmp_path) as shop:
        seconds = 4000.0 if fault is Fault.CLOCK_SKEW else 0.0
        shop.company.switches.set(fault, operation=None if fault is Fault.KEY_ROTATION else operation, seconds=seconds)
        payment = shop.begin()
        if not payment.pay_url:  # the payer saw no code, and taps again when all is well
            shop.company.switches.clear()
            payment = shop.begin(key="key-2")
        shop.company.approve(payment.number)
        shop.desk.ask()
        shop.company.switches.clear()
        if fault is Fault.KEY_ROTATION and channel == "alipay":
            return  # its key is a file: nothing is believed, nothing is lost, until the file is replaced
        shop.settle_down()
        shop.at_peace()


@pytest.mark.parametrize("fault", TOLD)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_spoiled_callback_changes_nothing_and_the_truth_is_found(channel: str, fault: Fault, tmp_path: Path) -> None:
    with a_shop(channel, tmp_path) as shop:
        shop.company.switches.set(fault)
        payment = shop.begin()
        shop.company.approve(payment.number)
        heard = shop.deliver()
        assert heard == {Fault.CALLBACK_TWICE: 2, Fault.CALLBACK_OUT_OF_ORDER: 1}.get(fault, 0)
        shop.settle_down()
        shop.at_peace()
        expected = ["payment_mismatch"] if fault is Fault.CALLBACK_WRONG_AMOUNT else []
        assert shop.desk.cases() == expected


@pytest.mark.parametrize("channel", CHANNELS)
def test_money_that_comes_after_the_release_is_booked_and_shown_to_a_person(channel: str, tmp_path: Path) -> None:
    with a_shop(channel, tmp_path) as shop:
        payment = shop.begin()
        shop.desk.ask(minutes=6)
        shop.desk.ask(minutes=10)
        assert shop.desk.payment(payment).state is PaymentState.CLOSED
        shop.company.switches.set(Fault.LATE_SUCCESS)
        shop.company.approve(payment.number)
        shop.settle_down()
        assert shop.desk.payment(payment).state is PaymentState.PAID
        assert shop.desk.cases() == ["payment_late"]
        shop.desk.check()


@pytest.mark.parametrize("channel", CHANNELS)
def test_when_a_company_is_down_another_channel_finishes_the_same_payment(channel: str, tmp_path: Path) -> None:
    with a_shop(channel, tmp_path) as shop:
        shop.company.switches.set(Fault.ERROR_500, times=3)
        unknown = shop.begin()
        assert unknown.state is PaymentState.PENDING
        with pytest.raises(ParkingError):
            shop.desk.begin(channel="wallet", key="key-2")  # not while nobody knows
        shop.company.switches.clear()
        payment = shop.desk.begin(channel="wallet", key="key-3")
        assert payment.channel == "wallet"
        shop.company.approve(unknown.number)  # too late: it was closed before the other began
        shop.desk.memory.approve(payment.number)
        shop.settle_down()
        assert shop.charged() == 0
        assert (shop.desk.sums().captured, shop.desk.cases()) == (600, [])
        shop.desk.check()


@pytest.mark.parametrize("channel", CHANNELS)
def test_when_a_company_cannot_be_reached_any_other_finishes_at_once(channel: str, tmp_path: Path) -> None:
    with a_shop(channel, tmp_path) as shop:
        shop.desk.providers = {}
        shop.desk.provider = MemoryProvider(shop.desk.clock)
        shop.desk.others = {}
        gone = shop.company.provider
        shop.desk.restart()
        shop.desk.cashier.collector._providers = {channel: gone, "wallet": shop.desk.provider}
        shop.company.server.stop()
        payment = shop.desk.begin(channel=ANY)
        assert (payment.channel, payment.state) == ("wallet", PaymentState.SENT)
        assert [p.failure for p in shop.desk.payments() if p.channel == channel] == ["NOT_SENT"]


def test_wechats_new_certificate_is_fetched_when_its_serial_is_unknown(tmp_path: Path) -> None:
    with a_shop("wechat", tmp_path) as shop:
        payment = shop.begin()
        shop.company.wire.rotate_keys()
        shop.company.approve(payment.number)
        assert shop.deliver() == 1
        assert shop.desk.payment(payment).state is PaymentState.PAID


def test_a_site_without_any_key_of_wechats_learns_them(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with a_wechat(tmp_path, clock, platform_keys={}) as company:
        desk = Desk(clock=clock, others={"wechat": company.provider})
        desk.park(hours=1)
        assert desk.begin(channel="wechat").state is PaymentState.SENT


def test_a_certificate_that_was_not_sealed_with_our_key_is_no_certificate(tmp_path: Path) -> None:
    clock = ManualClock(START)
    wire = a_wechat_wire(clock)
    with a_company(wire, "wechat", tmp_path, clock, platform_keys={}) as company:
        wire.api_key = b"x" * 32
        desk = Desk(clock=clock, others={"wechat": company.provider})
        desk.park(hours=1)
        assert desk.begin(channel="wechat").state is PaymentState.PENDING


def test_stripe_takes_events_under_either_secret_while_one_is_replaced(tmp_path: Path) -> None:
    clock = ManualClock(START)
    wire = a_stripe_wire(clock)
    (tmp_path / "next.key").write_text("whsec_next")
    with a_company(wire, "stripe", tmp_path, clock, webhook_secrets=["hook.key", "next.key"]) as company:
        order = Desk(clock=clock, others={"stripe": company.provider})
        order.park(hours=1)
        payment = order.begin(channel="stripe")
        company.approve(payment.number)
        announcement = company.books.take_due()[0]
        for secret in (wire.webhook_secret, "whsec_next"):
            wire.webhook_secret = secret
            headers, body = wire.callback(announcement)
            assert company.provider.read_callback(headers, body).outcome.number == payment.number


def test_stripe_saves_a_card_on_its_own_page_and_charges_it_later(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with a_stripe(tmp_path, clock) as company:
        saving = company.provider.begin_saving("member1", "http://127.0.0.1:9/back")
        assert saving.page_url.startswith("http")
        assert company.provider.saved(saving.reference) is None
        company.wire.finish_setup(saving.reference)  # type: ignore[attr-defined]
        agreement = company.provider.saved(saving.reference)
        assert (agreement.customer, agreement.means) == ("cus_member1", "pm_card_visa")


@pytest.mark.req("PAY-2", "PAY-5")
def test_digital_rmb_is_paid_refunded_and_reconciled_under_its_own_name(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with an_alipay(tmp_path, clock) as company:
        desk = Desk(clock=clock, others={"digital_rmb": company.provider})
        desk.park(hours=1)
        payment = desk.begin(channel="digital_rmb")
        company.approve(payment.number)
        desk.ask()
        balances = {account: balance for account, _, balance in desk.database.read(ledger_store.balances)}
        assert balances["clearing:digital_rmb"] == 600
        back = replace(REFUND, order_number=payment.number, total=payment.amount)
        assert company.provider.refund(back).state is RefundState.DONE
        clock.advance(timedelta(days=1, hours=2))
        lines = company.provider.statement((START + timedelta(hours=8)).date()).lines
        assert [(line.kind, line.number, line.amount.minor) for line in lines] == [
            (LineKind.PAYMENT, payment.number, 600),
            (LineKind.REFUND, payment.number, 200),
        ]
