"""WeChat Pay v3 for whoever pays now: QR code (native), inside WeChat (JSAPI), refunds, the day's bill.

Requests are signed; an answer is believed when the platform signed it, it is fresh, and it is about this order of ours.
Every other one leaves the outcome unknown, an unsigned refusal too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from parking.kernel.clock import Clock
from payments.providers import abilities
from payments.providers import wechat_wire as wire
from payments.providers.abilities import InApp, Refund, RefundOutcome, RefundState, Statement
from payments.providers.base import (
    CallbackRefused,
    Notice,
    Order,
    OrderState,
    Outcome,
    OutcomeUnknown,
    Provider,
    ProviderRefused,
    SendsCallbacks,
)
from payments.providers.door import LARGEST_STATEMENT, Door
from payments.providers.rsa import RsaSigner
from payments.providers.wechat_keys import CERTIFICATES, PlatformKeyRing

_NOBODY_KNOWS = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXIST"})
_ALREADY_PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
_TRY_AGAIN = frozenset({"SYSTEM_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "BANK_ERROR"})


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """One merchant at WeChat; `serial` is that of the merchant's own certificate. The secrets are never printed."""

    appid: str
    merchant: str
    serial: str
    signer: RsaSigner = field(repr=False)
    api_key: bytes = field(repr=False)


class WechatLine:
    """Signed calls and proven answers of one account."""

    def __init__(
        self,
        door: Door,
        account: WechatAccount,
        keys: PlatformKeyRing,
        *,
        clock: Clock,
        nonces: Callable[[], str],
    ) -> None:
        self._door = door
        self.account = account
        self.keys = keys
        self.clock = clock
        self.nonces = nonces
        keys.fetch_with(lambda: self._send("GET", CERTIFICATES, b"")[1])

    def call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any, bytes]:
        """Status, JSON and raw body of a proven answer; OutcomeUnknown for everything that proves nothing."""
        status, raw, headers = self._send(method, target, b"" if body is None else wire.dump(body))
        try:
            wire.check(self.keys, headers, raw, now=self.clock.now())
            plain = wire.load(raw) if raw else {}
        except wire.Unproven as unproven:
            raise OutcomeUnknown(f"an answer {status} that proves nothing: {unproven.code}") from None
        except ValueError:
            raise OutcomeUnknown(f"an answer {status} that is not JSON") from None
        if status >= 500 or code_of(plain) in _TRY_AGAIN:
            raise OutcomeUnknown(f"answered {status} {code_of(plain)}")
        return status, plain, raw

    def download(self, target: str) -> bytes:
        """A file; what it holds is proven by its hash, which came in a signed answer."""
        status, raw, _ = self._send("GET", target, b"", longest=LARGEST_STATEMENT)
        if status != 200:
            raise OutcomeUnknown(f"the download answered {status}")
        return raw

    def open_callback(self, headers: Mapping[str, str], body: bytes) -> wire.Event:
        """A callback whose signature, age and seal hold; CallbackRefused for every other."""
        try:
            wire.check(self.keys, headers, body, now=self.clock.now())
            return wire.open_event(self.account.api_key, body)
        except wire.Unproven as unproven:
            raise CallbackRefused(unproven.code) from None

    def _send(
        self, method: str, target: str, body: bytes, longest: int | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        parts = urlsplit(target)
        signed = f"{parts.path}?{parts.query}" if parts.query else parts.path
        timestamp, nonce = str(int(self.clock.now().timestamp())), self.nonces()
        account = self.account
        headers = {
            "authorization": wire.authorization(
                merchant=account.merchant,
                serial=account.serial,
                timestamp=timestamp,
                nonce=nonce,
                signature=account.signer.sign(wire.request_text(method, signed, timestamp, nonce, body)),
            ),
            "accept": "application/json",
            "user-agent": "mall-parking",
        }
        if body:
            headers["content-type"] = "application/json"
        reply = self._door.send(
            method, target, body=body, headers=headers, **({} if longest is None else {"longest": longest})
        )
        return reply.status, reply.body, reply.headers


class WechatOrders:
    """What every kind of WeChat payment shares: query by our number at `path`, refunds, the bill of a day."""

    path = "/v3/pay/transactions/out-trade-no"

    def __init__(self, line: WechatLine) -> None:
        self.line = line

    def target(self, number: str) -> str:
        """Where an order is asked for."""
        return f"{self.path}/{number}?mchid={self.line.account.merchant}"

    def query(self, number: str) -> Outcome:
        status, plain, raw = self.line.call("GET", self.target(number))
        if status == 404 and code_of(plain) in _NOBODY_KNOWS:
            return Outcome(number, OrderState.ABSENT)
        if status != 200:
            raise OutcomeUnknown(f"query answered {status} {code_of(plain)}")
        return self.outcome(plain, number, raw)

    def refund(self, refund: Refund) -> RefundOutcome:
        status, plain, raw = self.line.call("POST", "/v3/refund/domestic/refunds", wire.refund_body(refund))
        if status != 200:
            raise ProviderRefused(code_of(plain))
        return self._refund(plain, refund.number, refund.order_number, raw)

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        status, plain, raw = self.line.call("GET", f"/v3/refund/domestic/refunds/{number}")
        if status == 404 and code_of(plain) in _NOBODY_KNOWS:
            return RefundOutcome(number, order_number, RefundState.ABSENT)
        if status != 200:
            raise OutcomeUnknown(f"query answered {status} {code_of(plain)}")
        return self._refund(plain, number, order_number, raw)

    def statement(self, day: date) -> Statement:
        status, plain, _ = self.line.call("GET", f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL")
        if status != 200:
            raise ProviderRefused(code_of(plain))
        if not isinstance(plain.get("download_url"), str):
            raise OutcomeUnknown("the bill has no address")
        raw = self.line.download(plain["download_url"])
        digest = hashlib.sha1(raw, usedforsecurity=False).hexdigest()  # the API knows no other; its answer is signed
        if plain.get("hash_type") != "SHA1" or plain.get("hash_value", "").lower() != digest:
            raise OutcomeUnknown("the bill is not the one that was promised")
        try:
            return Statement(day, wire.bill_lines(raw), raw)
        except (ValueError, IndexError) as error:
            raise OutcomeUnknown(str(error)) from None

    def outcome(self, plain: Any, number: str, raw: bytes) -> Outcome:
        """A transaction in an answer about `number`."""
        account = self.line.account
        try:
            outcome = wire.outcome_of(plain, merchant=account.merchant, appid=account.appid, raw=raw)
        except ValueError as error:
            raise OutcomeUnknown(f"an answer that is no transaction of ours: {error}") from None
        if outcome.number != number:
            raise OutcomeUnknown("the answer is about another order")
        return outcome

    def _refund(self, plain: Any, number: str, order_number: str, raw: bytes) -> RefundOutcome:
        try:
            outcome = wire.refund_of(plain, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no refund") from None
        if (outcome.number, outcome.order_number) != (number, order_number):
            raise OutcomeUnknown("the answer is about another refund")
        return outcome

    def news(self, event: wire.Event) -> object:
        """What an event says in the words that every provider shares; ValueError if we do not take it."""
        account = self.line.account
        if event.kind.startswith("REFUND."):
            if event.resource.get("mchid") != account.merchant:
                raise ValueError("another merchant's")
            return wire.refund_of(event.resource)
        if event.kind.startswith("TRANSACTION."):
            return wire.outcome_of(event.resource, merchant=account.merchant, appid=account.appid)
        raise ValueError("unknown event")

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:
        event = self.line.open_callback(headers, body)
        try:
            return Notice(event.event_id, self.news(event))
        except ValueError as error:
            raise CallbackRefused("merchant" if "merchant" in str(error) else "malformed") from None


class Wechat(WechatOrders):
    """Whoever pays now: by a QR code on a screen, or inside WeChat."""

    def create(self, order: Order) -> Outcome:
        plain, settled = self._order("native", order, None)
        if settled is not None:
            return settled
        return Outcome(order.number, OrderState.WAITING, pay_url=_text(plain, "code_url"))

    def create_in_app(self, order: Order, payer: str) -> InApp:
        """The parameters that a page in WeChat hands to `chooseWXPay`, signed by us; `payer` is the openid."""
        plain, settled = self._order("jsapi", order, payer)
        if settled is not None:
            return InApp(settled, {})
        account, package = self.line.account, f"prepay_id={_text(plain, 'prepay_id')}"
        timestamp, nonce = str(int(self.line.clock.now().timestamp())), self.line.nonces()
        signature = account.signer.sign(wire.in_app_text(account.appid, timestamp, nonce, package))
        parameters = {"appId": account.appid, "timeStamp": timestamp, "nonceStr": nonce, "package": package}
        waiting = Outcome(order.number, OrderState.WAITING)
        return InApp(waiting, parameters | {"signType": "RSA", "paySign": signature})

    def close(self, order: Order) -> Outcome:
        """A close is answered with nothing in it, so that only the query after it is a word on this order."""
        for _ in range(2):
            status, plain, _ = self.line.call(
                "POST", f"{self.path}/{order.number}/close", {"mchid": self.line.account.merchant}
            )
            if status == 404 and code_of(plain) in _NOBODY_KNOWS:
                try:
                    self._take_number(order)  # so that a creation still under way finds it closed
                except ProviderRefused:
                    return self._cannot_be_created(order)
                continue
            if status not in (200, 204) and code_of(plain) not in _ALREADY_PAID | {"ORDER_CLOSED"}:
                raise OutcomeUnknown(f"close answered {status} {code_of(plain)}")
            outcome = self.query(order.number)
            if outcome.state in (OrderState.CLOSED, OrderState.FAILED, OrderState.PAID):
                return outcome
            break
        raise OutcomeUnknown("the order is still open after its closing")

    def _take_number(self, order: Order) -> None:
        self.create(order)

    def _cannot_be_created(self, order: Order) -> Outcome:
        """After its time WeChat refuses to create it, a creation under way too; before, a refusal may have other reasons."""
        outcome = self.query(order.number)
        if outcome.state is not OrderState.ABSENT:
            return outcome
        if self.line.clock.now() < order.expires_at:
            raise OutcomeUnknown("the order cannot be created now, and its time is not over")
        return Outcome(order.number, OrderState.CLOSED)

    def _order(self, how: str, order: Order, payer: str | None) -> tuple[Any, Outcome | None]:
        account = self.line.account
        body = wire.order_body(order, appid=account.appid, merchant=account.merchant, payer=payer)
        status, plain, _ = self.line.call("POST", f"/v3/pay/transactions/{how}", body)
        if status != 200 and code_of(plain) in _ALREADY_PAID:
            return plain, self.query(order.number)
        if status != 200:
            raise ProviderRefused(code_of(plain))
        return plain, None


class WechatInApp(Wechat):
    """For whoever looks at our page inside WeChat: the order comes to be when the page asks for its parameters, with its openid."""

    def create(self, order: Order) -> Outcome:
        """Nothing is asked of WeChat yet, and nothing can be paid yet."""
        return Outcome(order.number, OrderState.WAITING)

    def _take_number(self, order: Order) -> None:
        super().create(order)


def code_of(answer: Any) -> str:
    """The provider's own word for what went wrong."""
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and 1 <= len(code) <= 64 else "UNKNOWN"


def _text(plain: Any, name: str) -> str:
    value = plain.get(name) if isinstance(plain, dict) else None
    if not isinstance(value, str) or not 1 <= len(value) <= 1000:
        raise OutcomeUnknown(f"the answer has no {name}")
    return value


_: type[Provider] = Wechat
_callbacks: type[SendsCallbacks] = Wechat
_in_app: type[abilities.PaysInApp] = Wechat
_refunds: type[abilities.Refunds] = Wechat
_tells: type[abilities.TellsRefunds] = Wechat
_statements: type[abilities.GivesStatements] = Wechat
