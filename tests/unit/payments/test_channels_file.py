"""The channels of a site in one file: several at once, every mistake named with its key, no secret in a value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from payments.providers import channels
from payments.providers.abilities import ChargesByAgreement, GivesStatements, Refunds
from payments.providers.base import Provider, SendsCallbacks
from payments.providers.registry import KINDS, Method, Surroundings
from tests.builders.payments import START, Key
from tests.builders.providers import (
    a_stripe_wire,
    a_unionpay_wire,
    a_wechat_wire,
    an_alipay_wire,
    an_etc_wire,
    nonces,
    papers_of,
)

pytestmark = pytest.mark.req("PAY-2")
MAKERS: dict[str, Any] = {
    "wechat": a_wechat_wire,
    "wechat_parking": a_wechat_wire,
    "alipay": an_alipay_wire,
    "alipay_parking": an_alipay_wire,
    "stripe": a_stripe_wire,
    "unionpay_plate": a_unionpay_wire,
    "etc_aggregator": an_etc_wire,
}


class Site:
    """A folder with a good channels file, to be spoiled."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock(START)
        self.around = Surroundings(self.clock, nonces(), folder, lambda _: Key(), lambda _: Key())
        self.plain: dict[str, Any] = {}
        for kind, make in MAKERS.items():
            settings, files = papers_of(make(self.clock), kind)
            self.plain[kind] = {"kind": kind, "name": {"zh": "渠道", "en": kind.title()}, **settings}
            for name, text in files.items():
                (folder / name).write_text(text)
        self.plain["digital_rmb"] = {**self.plain["alipay"], "name": {"zh": "数字人民币", "en": "Digital RMB"}}
        (folder / "terminal.key").write_text("0123456789abcdef\n")
        self.plain["card"] = {
            "kind": "card_terminal", "name": {"zh": "刷卡", "en": "Card"}, "host": "127.0.0.1", "port": 9,
            "terminal": "T1", "key": "terminal.key",
        }  # fmt: skip

    def load(self) -> dict[str, channels.Channel]:
        path = self.folder / "channels.yaml"
        path.write_text(yaml.safe_dump({"channels": self.plain}, allow_unicode=True, sort_keys=False))
        return channels.load(path, self.around)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    yield found
    found.around.close()


def test_a_site_offers_several_channels_at_once_in_the_order_of_its_file(site: Site) -> None:
    found = site.load()
    assert list(found) == list(site.plain)
    assert list(channels.counters(found)) == ["wechat", "alipay", "stripe", "digital_rmb", "card"]
    assert [name for name, c in found.items() if c.attended] == ["card"]
    by_plate = [name for name, c in found.items() if c.method is Method.PLATE]
    assert by_plate == ["wechat_parking", "alipay_parking", "unionpay_plate", "etc_aggregator"]
    assert all(isinstance(found[name].provider, ChargesByAgreement) for name in by_plate)
    assert all(isinstance(c.provider, GivesStatements) for c in found.values())
    assert {name for name, c in found.items() if not isinstance(c.provider, Refunds)} == {"etc_aggregator"}
    assert {name for name, c in found.items() if not isinstance(c.provider, SendsCallbacks)} == {"card"}


def test_the_registry_can_be_read() -> None:
    assert list(KINDS) == [
        "memory", "qr_wallet", "wechat", "wechat_in_app", "wechat_parking", "alipay", "alipay_parking", "stripe", "unionpay_plate",
        "etc_aggregator", "card_terminal",
    ]  # fmt: skip


def test_digital_rmb_is_a_channel_of_its_own_through_a_cashier_that_takes_it(site: Site) -> None:
    found = site.load()["digital_rmb"]
    assert (found.zh, found.at_counter, isinstance(found.provider, Provider)) == ("数字人民币", True, True)


@pytest.mark.parametrize(
    ("channel", "key", "value", "says"),
    [
        ("wechat", "kind", "wechatt", "known: alipay"),
        ("wechat", "kind", None, "channels.wechat.kind"),
        ("wechat", "appid", None, "channels.wechat.appid"),
        ("wechat", "app_id", "x", "channels.wechat.app_id"),
        ("wechat", "name", "WeChat", "channels.wechat.name"),
        ("wechat", "api_key", "nowhere.key", "channels.wechat.api_key"),
        ("wechat", "api_key", "merchant.pem", "channels.wechat.api_key"),
        ("wechat", "api_key", "terminal.key", "exactly 32"),
        ("wechat", "merchant_key", "platform.pem", "channels.wechat.merchant_key"),
        ("wechat", "platform_keys", {"1": "api.key"}, "channels.wechat.platform_keys.1"),
        ("wechat", "url", "api.mch.weixin.qq.com", "channels.wechat.url"),
        ("wechat", "timeout_s", 0, "channels.wechat.timeout_s"),
        ("alipay_parking", "parking_id", None, "parking_id"),
        ("alipay", "alipay_key", "api.key", "channels.alipay.alipay_key"),
        ("stripe", "webhook_secrets", [], "channels.stripe.webhook_secrets"),
        ("stripe", "secret_key", "nowhere.key", "channels.stripe.secret_key"),
        ("unionpay_plate", "key", "nowhere.key", "channels.unionpay_plate.key"),
        ("etc_aggregator", "pay_type", "??", "channels.etc_aggregator.pay_type"),
        ("card", "port", 0, "channels.card.port"),
    ],
)
def test_a_mistake_is_named_with_its_channel_and_key(site: Site, channel: str, key: str, value: Any, says: str) -> None:
    site.plain[channel] = {**site.plain[channel], key: value}
    if value is None:
        del site.plain[channel][key]
    with pytest.raises(ParkingError) as error:
        site.load()
    assert says in str(error.value)
    for secret in ("0123456789abcdef", "BEGIN", "sk_test"):
        assert secret not in str(error.value)


@pytest.mark.parametrize("name", ["any", "channels", "WeChat", "we-chat", "x" * 33])
def test_a_channel_has_a_name_that_fits_into_an_address(site: Site, name: str) -> None:
    site.plain[name] = site.plain["alipay"]
    with pytest.raises(ParkingError, match=r"channels\.yaml"):
        site.load()


@pytest.mark.parametrize("text", ["", "channels: []", "channels: {}", "a: 1", "channels: {x: 1}", "channels: [", "- 1"])
def test_a_file_that_is_no_channels_file_is_refused(site: Site, text: str) -> None:
    path = site.folder / "channels.yaml"
    path.write_text(text)
    with pytest.raises(ParkingError):
        channels.load(path, site.around)
    with pytest.raises(ParkingError, match="PARKING_CHANNELS_FILE"):
        channels.load(site.folder / "nowhere.yaml", site.around)
