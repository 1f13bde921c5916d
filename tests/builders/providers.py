"""Simulated payment companies on real sockets, each with a client of ours that was built from a settings file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from hardware_sim.providers.alipay import AlipayWire
from hardware_sim.providers.books import Books
from hardware_sim.providers.card_terminal import CardTerminalServer, CardTerminalWire
from hardware_sim.providers.faults import Fault, Switches
from hardware_sim.providers.keyed import EtcWire, UnionpayWire
from hardware_sim.providers.keys import RsaPair
from hardware_sim.providers.server import ProviderServer, Wire
from hardware_sim.providers.side_door import side_door
from hardware_sim.providers.stripe import StripeWire
from hardware_sim.providers.wechat import WechatWire
from parking.kernel.clock import Clock
from parking.kernel.money import Money
from payments.providers import channels
from payments.providers.abilities import Car, Charge, Entry, PlateColour, Refund
from payments.providers.base import Order
from payments.providers.registry import Surroundings
from tests.builders.payments import START, Key

NOTIFY = "http://127.0.0.1:9/callback"
ORDER = Order("PNUMBER1", Money(600, "CNY"), "停车费 Parking", NOTIFY, START + timedelta(minutes=5))
CAR = Car("京A12345", PlateColour.BLUE)
ENTRY = Entry("S1NUMBER", CAR, START - timedelta(hours=2), "示范商场", 900, NOTIFY)
REFUND = Refund("RNUMBER1", ORDER.number, Money(200, "CNY"), ORDER.amount, "价格更正", NOTIFY)


def a_charge(number: str = "CNUMBER1", amount: int = 1000, **changes: Any) -> Charge:
    """Two hours of a car that has gone, by plate."""
    of: dict[str, Any] = {"car": CAR, "reference": "5KS1NUMBER", "lot_name": "示范商场"} | changes
    return Charge(
        number=number,
        amount=Money(amount, "CNY"),
        subject="停车费 Parking",
        notify_url=NOTIFY,
        entered_at=ENTRY.entered_at,
        left_at=START,
        **of,
    )


@lru_cache
def pair(nth: int) -> RsaPair:
    """Key pairs are dear to make: the same few in the whole run."""
    return RsaPair()


def pairs(first: int = 10) -> Callable[[], RsaPair]:
    numbers = count(first)
    return lambda: pair(next(numbers))


def nonces() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"n{next(numbers):031d}"


@dataclass
class Company:
    """Both ends of one provider's wire."""

    server: ProviderServer
    provider: Any

    @property
    def wire(self) -> Wire:
        return self.server.wire

    @property
    def books(self) -> Books:
        return self.server.wire.books

    @property
    def switches(self) -> Switches:
        return self.books.switches

    def approve(self, number: str) -> None:
        """The payer pays."""
        self.books.pay(number)

    def lose(self, operation: str, done: bool) -> None:
        """The next answer to such a call is lost, after or before the work was done."""
        self.switches.set(Fault.TIMEOUT_AFTER if done else Fault.TIMEOUT_BEFORE, operation=operation)

    def charges(self, number: str) -> int:
        """How often the payer's money was taken."""
        trade = self.books.trades.get(number)
        return trade.charges if trade else 0


@contextmanager
def built(tmp_path: Path, clock: Clock, kind: str, settings: dict[str, Any], files: dict[str, str]) -> Iterator[Any]:
    """A channel of ours from a settings file with its secrets beside it, as a site has it."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    plain = {"channels": {kind: {"kind": kind, "name": {"zh": "渠道", "en": "Channel"}, **settings}}}
    path = tmp_path / "channels.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True))
    around = Surroundings(clock, nonces(), tmp_path, lambda _: Key(), lambda _: Key())
    try:
        yield channels.load(path, around)[kind].provider
    finally:
        around.close()


def new_books(clock: Clock) -> Books:
    return Books(clock=clock, nonces=nonces())


@contextmanager
def serving(wire: Wire) -> Iterator[ProviderServer]:
    server = ProviderServer(wire, side_door)
    server.start(callbacks=False)
    try:
        yield server
    finally:
        server.stop()


def a_wechat_wire(clock: Clock) -> WechatWire:
    return WechatWire(new_books(clock), platform=pair(1), merchant_keys=pair(2), make_pair=pairs())


@contextmanager
def a_wechat(
    tmp_path: Path, clock: Clock, kind: str = "wechat", *, knows_keys: bool = True, timeout_s: float = 20.0
) -> Iterator[Company]:
    """WeChat; `knows_keys` False: we have no key of the platform's yet and must ask for its certificates."""
    wire = a_wechat_wire(clock)
    papers = wire.papers()
    with serving(wire) as server:
        settings = {
            "url": wire.books.base_url,
            "standby_url": None,
            "appid": papers["appid"],
            "merchant": papers["merchant"],
            "merchant_serial": papers["merchant_serial"],
            "merchant_key": "merchant.pem",
            "api_key": "api.key",
            "platform_keys": {papers["platform_serial"]: "platform.pem"} if knows_keys else {},
            "timeout_s": timeout_s,
        }
        files = {
            "merchant.pem": papers["merchant_key"],
            "api.key": papers["api_key"],
            "platform.pem": papers["platform_certificate"],
        }
        with built(tmp_path, clock, kind, settings, files) as provider:
            yield Company(server, provider)


@contextmanager
def an_alipay(tmp_path: Path, clock: Clock, kind: str = "alipay", *, timeout_s: float = 20.0) -> Iterator[Company]:
    wire = AlipayWire(new_books(clock), keys=pair(1), merchant_keys=pair(2), make_pair=pairs())
    papers = wire.papers()
    with serving(wire) as server:
        settings = {
            "url": f"{wire.books.base_url}/gateway.do",
            "app_id": papers["app_id"],
            "seller_id": papers["seller_id"],
            "merchant_key": "merchant.pem",
            "alipay_key": "alipay.pem",
            "timeout_s": timeout_s,
        }
        if kind == "alipay_parking":
            settings["parking_id"] = papers["parking_id"]
        files = {"merchant.pem": papers["merchant_key"], "alipay.pem": papers["alipay_key"]}
        with built(tmp_path, clock, kind, settings, files) as provider:
            yield Company(server, provider)


@contextmanager
def a_stripe(tmp_path: Path, clock: Clock, *, timeout_s: float = 20.0) -> Iterator[Company]:
    wire = StripeWire(new_books(clock))
    wire.send_webhooks_to(NOTIFY)
    wire.save_card("cus_1", "pm_1")
    papers = wire.papers()
    with serving(wire) as server:
        settings = {
            "url": wire.books.base_url,
            "secret_key": "stripe.key",
            "webhook_secrets": ["hook.key"],
            "return_url": "http://127.0.0.1:9/driver/",
            "timeout_s": timeout_s,
        }
        files = {"stripe.key": papers["secret_key"], "hook.key": papers["webhook_secret"]}
        with built(tmp_path, clock, "stripe", settings, files) as provider:
            yield Company(server, provider)


@contextmanager
def a_unionpay(tmp_path: Path, clock: Clock, *, timeout_s: float = 20.0) -> Iterator[Company]:
    wire = UnionpayWire(new_books(clock), own={"merId": "898110000000001", "parkId": "LOT1"})
    with serving(wire) as server:
        settings: dict[str, Any] = {
            "url": wire.books.base_url,
            "merchant": "898110000000001",
            "lot": "LOT1",
            "key": "union.key",
        }
        settings |= {"timeout_s": timeout_s}
        with built(tmp_path, clock, "unionpay_plate", settings, {"union.key": wire.key}) as provider:
            yield Company(server, provider)


@contextmanager
def an_etc(tmp_path: Path, clock: Clock, *, timeout_s: float = 20.0) -> Iterator[Company]:
    wire = EtcWire(new_books(clock), own={"union_id": "200145", "park_id": "LOT1"})
    with serving(wire) as server:
        settings: dict[str, Any] = {"url": wire.books.base_url, "union_id": "200145", "lot": "LOT1", "pay_type": "my"}
        settings |= {"channel_id": "C1", "key": "etc.key", "timeout_s": timeout_s}
        with built(tmp_path, clock, "etc_aggregator", settings, {"etc.key": wire.key}) as provider:
            yield Company(server, provider)


@contextmanager
def a_terminal(tmp_path: Path, clock: Clock, *, timeout_s: float = 20.0) -> Iterator[Company]:
    wire = CardTerminalWire(new_books(clock))
    server = CardTerminalServer(wire)
    server.start(callbacks=False)
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": wire.port, "terminal": "T1", "key": "terminal.key"}
    settings |= {"timeout_s": timeout_s}
    try:
        with built(tmp_path, clock, "card_terminal", settings, {"terminal.key": wire.key}) as provider:
            yield Company(server, provider)
    finally:
        server.stop()
