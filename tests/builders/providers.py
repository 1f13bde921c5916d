"""Simulated payment companies on real sockets, each with a client of ours that was built from a settings file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
    server = CardTerminalServer(wire) if isinstance(wire, CardTerminalWire) else ProviderServer(wire, side_door)
    server.start(callbacks=False)
    try:
        yield server
    finally:
        server.stop()


Papers = tuple[dict[str, Any], dict[str, str]]
"""What a merchant writes into its settings, and the files beside them."""


def a_wechat_wire(clock: Clock) -> WechatWire:
    return WechatWire(new_books(clock), platform=pair(1), merchant_keys=pair(2), make_pair=pairs())


def an_alipay_wire(clock: Clock) -> AlipayWire:
    return AlipayWire(new_books(clock), keys=pair(1), merchant_keys=pair(2), make_pair=pairs())


def a_stripe_wire(clock: Clock) -> StripeWire:
    wire = StripeWire(new_books(clock))
    wire.send_webhooks_to(NOTIFY)
    wire.save_card("cus_1", "pm_1")
    return wire


def a_unionpay_wire(clock: Clock) -> UnionpayWire:
    return UnionpayWire(new_books(clock), own={"merId": "898110000000001", "parkId": "LOT1"})


def an_etc_wire(clock: Clock) -> EtcWire:
    return EtcWire(new_books(clock), own={"union_id": "200145", "park_id": "LOT1"})


def papers_of(wire: Wire, kind: str, url: str = "http://127.0.0.1:9") -> Papers:
    """The settings of a merchant that has signed up with this company."""
    papers = wire.papers()
    if isinstance(wire, WechatWire):
        names = {name: papers[name] for name in ("appid", "merchant", "merchant_serial")}
        files = {"merchant.pem": papers["merchant_key"], "api.key": papers["api_key"]}
        files["platform.pem"] = papers["platform_certificate"]
        keys = {"merchant_key": "merchant.pem", "api_key": "api.key"}
        known = {"platform_keys": {papers["platform_serial"]: "platform.pem"}}
        return {"url": url, "standby_url": None, **names, **keys, **known}, files
    if isinstance(wire, AlipayWire):
        files = {"alipay_merchant.pem": papers["merchant_key"], "alipay.pem": papers["alipay_key"]}
        of = {"url": f"{url}/gateway.do", "app_id": papers["app_id"], "seller_id": papers["seller_id"]}
        of |= {"merchant_key": "alipay_merchant.pem", "alipay_key": "alipay.pem"}
        return of | ({"parking_id": papers["parking_id"]} if kind == "alipay_parking" else {}), files
    if isinstance(wire, StripeWire):
        files = {"stripe.key": papers["secret_key"], "hook.key": papers["webhook_secret"]}
        of = {"url": url, "secret_key": "stripe.key", "return_url": "http://127.0.0.1:9/driver/"}
        return {**of, "webhook_secrets": ["hook.key"]}, files
    if isinstance(wire, UnionpayWire):
        of = {"url": url, "merchant": papers["merId"], "lot": papers["parkId"], "key": "union.key"}
        return of, {"union.key": papers["key"]}
    if isinstance(wire, EtcWire):
        of = {"url": url, "union_id": papers["union_id"], "lot": papers["park_id"], "key": "etc.key"}
        return {**of, "pay_type": "my", "channel_id": "C1"}, {"etc.key": papers["key"]}
    assert isinstance(wire, CardTerminalWire)
    of = {"host": "127.0.0.1", "terminal": papers["terminal"], "key": "terminal.key"}
    return {**of, "port": wire.port}, {"terminal.key": papers["key"]}


@contextmanager
def a_company(wire: Wire, kind: str, tmp_path: Path, clock: Clock, **changes: Any) -> Iterator[Company]:
    """A company on its socket and our client of it; `changes` replace settings."""
    with serving(wire) as server:
        settings, files = papers_of(wire, kind, wire.books.base_url)
        with built(tmp_path, clock, kind, {**settings, "timeout_s": 20.0, **changes}, files) as provider:
            yield Company(server, provider)


def a_wechat(tmp_path: Path, clock: Clock, kind: str = "wechat", **changes: Any) -> AbstractContextManager[Company]:
    return a_company(a_wechat_wire(clock), kind, tmp_path, clock, **changes)


def an_alipay(tmp_path: Path, clock: Clock, kind: str = "alipay", **changes: Any) -> AbstractContextManager[Company]:
    return a_company(an_alipay_wire(clock), kind, tmp_path, clock, **changes)


def a_stripe(tmp_path: Path, clock: Clock, **changes: Any) -> AbstractContextManager[Company]:
    return a_company(a_stripe_wire(clock), "stripe", tmp_path, clock, **changes)


def a_unionpay(tmp_path: Path, clock: Clock, **changes: Any) -> AbstractContextManager[Company]:
    return a_company(a_unionpay_wire(clock), "unionpay_plate", tmp_path, clock, **changes)


def an_etc(tmp_path: Path, clock: Clock, **changes: Any) -> AbstractContextManager[Company]:
    return a_company(an_etc_wire(clock), "etc_aggregator", tmp_path, clock, **changes)


def a_terminal(tmp_path: Path, clock: Clock, **changes: Any) -> AbstractContextManager[Company]:
    return a_company(CardTerminalWire(new_books(clock)), "card_terminal", tmp_path, clock, **changes)
