"""Which kinds of channel there are; to add one, write its file, its settings, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from parking.kernel.clock import Clock
from parking.kernel.registry import Registry
from parking.kernel.signed import Signer, Verifier
from payments.providers import rsa, settings
from payments.providers.alipay import Alipay, AlipayAccount, AlipayLine
from payments.providers.alipay_parking import AlipayParking
from payments.providers.card_terminal import CardTerminal, TerminalAddress
from payments.providers.door import Door
from payments.providers.etc_aggregator import EtcAggregator
from payments.providers.keyed_line import KeyedLine
from payments.providers.keyed_wire import Digest, Keyed
from payments.providers.memory import MemoryProvider
from payments.providers.qr_wallet import QrWallet
from payments.providers.stripe import Stripe
from payments.providers.stripe_line import StripeAccount, StripeLine
from payments.providers.unionpay_plate import UnionpayPlate
from payments.providers.wechat import Wechat, WechatAccount, WechatInApp, WechatLine
from payments.providers.wechat_keys import PlatformKeyRing
from payments.providers.wechat_parking import WechatParking


class Method(StrEnum):
    """What the payer does."""

    QR = "qr"  # scans a code, or opens the same address
    PAGE = "page"  # goes to the provider's page
    IN_APP = "in_app"  # is inside the provider's app already, and only confirms
    PLATE = "plate"  # nothing: charged by agreement
    TERMINAL = "terminal"  # holds a card to the terminal at the counter
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel is built from, besides its settings; `folder` is where relative paths start."""

    clock: Clock
    nonces: Callable[[], str]
    folder: Path
    load_signer: Callable[[Path], Signer]
    load_verifier: Callable[[Path], Verifier]
    opened: list[httpx.Client] = field(default_factory=list)

    def client(self, url: str, timeout_s: float) -> httpx.Client:
        """A client of one host; it follows no redirect and listens to no environment."""
        timeout = httpx.Timeout(timeout_s, connect=min(2.0, timeout_s))
        client = httpx.Client(base_url=url, timeout=timeout, trust_env=False)
        self.opened.append(client)
        return client

    def close(self) -> None:
        """Let go of every connection."""
        for client in self.opened:
            client.close()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel: its settings, how it is built, what the payer does."""

    settings: type[settings.ChannelSettings]
    build: Callable[[Any, Surroundings], object]
    method: Method


def _memory(_: settings.MemorySettings, around: Surroundings) -> MemoryProvider:
    return MemoryProvider(around.clock)


def _qr_wallet(of: settings.QrWalletSettings, around: Surroundings) -> QrWallet:
    return QrWallet(
        around.client(of.url, of.timeout_s),
        merchant=of.merchant,
        signer=around.load_signer(around.folder / of.merchant_key),
        verifier=around.load_verifier(around.folder / of.public_key),
        clock=around.clock,
        nonces=around.nonces,
    )


def _wechat_line(of: settings.WechatSettings, around: Surroundings) -> WechatLine:
    api_key = settings.secret(around.folder / of.api_key, field="api_key", exactly=32).encode()
    account = WechatAccount(
        appid=of.appid,
        merchant=of.merchant,
        serial=of.merchant_serial,
        signer=rsa.private_key(around.folder / of.merchant_key, field="merchant_key"),
        api_key=api_key,
    )
    known = {
        serial: rsa.public_key(around.folder / path, field=f"platform_keys.{serial}")
        for serial, path in of.platform_keys.items()
    }
    hosts = [of.url] if of.standby_url is None else [of.url, of.standby_url]
    door = Door([around.client(host, of.timeout_s) for host in hosts])
    keys = PlatformKeyRing(known, api_key=api_key, clock=around.clock)
    return WechatLine(door, account, keys, clock=around.clock, nonces=around.nonces)


def _wechat(of: settings.WechatSettings, around: Surroundings) -> Wechat:
    return Wechat(_wechat_line(of, around))


def _wechat_in_app(of: settings.WechatSettings, around: Surroundings) -> WechatInApp:
    return WechatInApp(_wechat_line(of, around))


def _wechat_parking(of: settings.WechatSettings, around: Surroundings) -> WechatParking:
    return WechatParking(_wechat_line(of, around))


def _alipay_line(of: settings.AlipaySettings, around: Surroundings) -> AlipayLine:
    account = AlipayAccount(
        app_id=of.app_id,
        seller_id=of.seller_id,
        signer=rsa.private_key(around.folder / of.merchant_key, field="merchant_key"),
        verifier=rsa.public_key(around.folder / of.alipay_key, field="alipay_key"),
    )
    parts = urlsplit(of.url)
    door = Door([around.client(f"{parts.scheme}://{parts.netloc}", of.timeout_s)])
    return AlipayLine(door, account, gateway=of.url, clock=around.clock)


def _alipay(of: settings.AlipaySettings, around: Surroundings) -> Alipay:
    return Alipay(_alipay_line(of, around))


def _alipay_parking(of: settings.AlipaySettings, around: Surroundings) -> AlipayParking:
    return AlipayParking(_alipay_line(of, around), parking_id=of.parking_id or "")


def _stripe(of: settings.StripeSettings, around: Surroundings) -> Stripe:
    account = StripeAccount(
        return_url=of.return_url,
        secret_key=settings.secret(around.folder / of.secret_key, field="secret_key"),
        webhook_secrets=tuple(
            settings.secret(around.folder / path, field="webhook_secrets") for path in of.webhook_secrets
        ),
        account=of.account,
    )
    return Stripe(StripeLine(Door([around.client(of.url, of.timeout_s)]), account), clock=around.clock)


def _keyed_line(
    of: settings.UnionpaySettings | settings.EtcSettings, around: Surroundings, digest: Digest, own: dict[str, str]
) -> KeyedLine:
    keyed = Keyed(digest, settings.secret(around.folder / of.key, field="key"))
    door = Door([around.client(of.url, of.timeout_s)])
    return KeyedLine(door, keyed, own=own, clock=around.clock, nonces=around.nonces)


def _unionpay_plate(of: settings.UnionpaySettings, around: Surroundings) -> UnionpayPlate:
    own = {"merId": of.merchant, "parkId": of.lot}
    return UnionpayPlate(_keyed_line(of, around, Digest.SHA256, own))


def _etc_aggregator(of: settings.EtcSettings, around: Surroundings) -> EtcAggregator:
    own = {"union_id": of.union_id, "park_id": of.lot}
    line = _keyed_line(of, around, Digest.MD5, own)
    return EtcAggregator(line, pay_type=of.pay_type, channel_id=of.channel_id)


def _card_terminal(of: settings.CardTerminalSettings, around: Surroundings) -> CardTerminal:
    key = settings.secret(around.folder / of.key, field="key").encode()
    address = TerminalAddress(of.host, of.port, of.terminal, key, of.timeout_s)
    return CardTerminal(address, clock=around.clock, nonces=around.nonces)


KINDS: Registry[Kind] = Registry(
    "payment_channel",
    {
        "memory": Kind(settings.MemorySettings, _memory, Method.QR),
        "qr_wallet": Kind(settings.QrWalletSettings, _qr_wallet, Method.QR),
        "wechat": Kind(settings.WechatSettings, _wechat, Method.QR),
        "wechat_in_app": Kind(settings.WechatSettings, _wechat_in_app, Method.IN_APP),
        "wechat_parking": Kind(settings.WechatSettings, _wechat_parking, Method.PLATE),
        "alipay": Kind(settings.AlipaySettings, _alipay, Method.QR),
        "alipay_parking": Kind(settings.AlipaySettings, _alipay_parking, Method.PLATE),
        "stripe": Kind(settings.StripeSettings, _stripe, Method.PAGE),
        "unionpay_plate": Kind(settings.UnionpaySettings, _unionpay_plate, Method.PLATE),
        "etc_aggregator": Kind(settings.EtcSettings, _etc_aggregator, Method.PLATE),
        "card_terminal": Kind(settings.CardTerminalSettings, _card_terminal, Method.TERMINAL),
    },
)
