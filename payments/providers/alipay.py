"""Alipay for whoever pays now: a QR code on a screen (precreate), refunds, the day's bill.

A code that nobody has scanned is no trade yet: Alipay says that it does not exist, and it can be paid all the same until
its time is over. So a closing that finds no trade cancels the number, and only what Alipay says of that counts.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from parking.kernel.clock import Clock
from payments.providers import abilities
from payments.providers import alipay_wire as wire
from payments.providers.abilities import Refund, RefundOutcome, RefundState, Statement
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
from payments.providers.chinese_text import from_yuan
from payments.providers.door import LARGEST_STATEMENT, Door
from payments.providers.rsa import RsaSigner, RsaVerifier

_NO_TRADE = "ACQ.TRADE_NOT_EXIST"
_TIME_TO_FORGET = timedelta(minutes=2)  # a code is surely dead so long after its expiry


@dataclass(frozen=True, slots=True)
class AlipayAccount:
    """One merchant at Alipay. The keys are never printed."""

    app_id: str
    seller_id: str
    signer: RsaSigner = field(repr=False)
    verifier: RsaVerifier = field(repr=False)


class AlipayLine:
    """Signed calls and proven answers of one account."""

    def __init__(self, door: Door, account: AlipayAccount, *, gateway: str, clock: Clock) -> None:
        self.door = door
        self.account = account
        self.clock = clock
        self._path = urlsplit(gateway).path or "/"

    def call(
        self, method: str, content: Mapping[str, Any], notify_url: str | None = None
    ) -> tuple[Mapping[str, Any], wire.Refused | None, bytes]:
        """The answer, the definite no if it is one, and the raw body; OutcomeUnknown for everything that proves nothing."""
        form = wire.request(
            method,
            content,
            app_id=self.account.app_id,
            now=self.clock.now(),
            sign=self.account.signer.sign,
            notify_url=notify_url,
        )
        kind = {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}
        reply = self.door.send("POST", self._path, body=form, headers=kind)
        try:
            plain = wire.answer(method, reply.body, self.account.verifier)
            return plain, wire.failure(plain), reply.body
        except wire.Unproven as unproven:
            raise OutcomeUnknown(f"an answer {reply.status} that proves nothing: {unproven.code}") from None
        except ValueError as error:
            raise OutcomeUnknown(str(error)) from None


class AlipayTrades:
    """What every kind of Alipay payment shares: query by our number, refunds, the bill of a day, notices."""

    def __init__(self, line: AlipayLine) -> None:
        self.line = line

    def query(self, number: str) -> Outcome:
        plain, refused, raw = self.line.call("alipay.trade.query", {"out_trade_no": number})
        if refused is not None and refused.code == _NO_TRADE:
            return Outcome(number, OrderState.ABSENT)
        if refused is not None:
            raise OutcomeUnknown(f"query was refused: {refused.code}")
        return self._outcome(plain, number, raw)

    def refund(self, refund: Refund) -> RefundOutcome:
        plain, refused, _ = self.line.call("alipay.trade.refund", wire.refund_content(refund))
        if refused is not None:
            raise ProviderRefused(refused.code)
        if plain.get("out_trade_no") != refund.order_number:
            raise OutcomeUnknown("the answer is about another order")
        outcome = self.query_refund(refund.number, refund.order_number)  # the answer above sums up all refunds
        if outcome.state is RefundState.ABSENT:
            raise OutcomeUnknown("a refund that was taken is not there")
        if outcome.amount is not None and outcome.amount > refund.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        content = {"out_trade_no": order_number, "out_request_no": number}
        plain, refused, raw = self.line.call("alipay.trade.fastpay.refund.query", content)
        if refused is not None and refused.code != _NO_TRADE:
            raise OutcomeUnknown(f"query was refused: {refused.code}")
        if refused is not None or not plain.get("refund_amount"):
            return RefundOutcome(number, order_number, RefundState.ABSENT)  # done, and empty: there is none
        if (plain.get("out_trade_no"), plain.get("out_request_no")) != (order_number, number):
            raise OutcomeUnknown("the answer is about another refund")
        try:
            amount = from_yuan(plain["refund_amount"])
        except ValueError:
            raise OutcomeUnknown("an answer that is no refund") from None
        done = plain.get("refund_status", "REFUND_SUCCESS") == "REFUND_SUCCESS"
        state = RefundState.DONE if done else RefundState.PROCESSING
        return RefundOutcome(number, order_number, state, amount, str(plain.get("trade_no", "")) or None, raw)

    def statement(self, day: date) -> Statement:
        content = {"bill_type": "trade", "bill_date": str(day)}
        plain, refused, _ = self.line.call("alipay.data.dataservice.bill.downloadurl.query", content)
        if refused is not None:
            raise ProviderRefused(refused.code)
        address = plain.get("bill_download_url")
        if not isinstance(address, str):
            raise OutcomeUnknown("the bill has no address")
        reply = self.line.door.send("GET", address, longest=LARGEST_STATEMENT)
        if reply.status != 200:
            raise OutcomeUnknown(f"the download answered {reply.status}")
        try:
            return Statement(day, wire.bill_lines(_details(reply.body)), reply.body)
        except (
            ValueError,
            EOFError,
            RuntimeError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:  # of one that is damaged or locked
            raise OutcomeUnknown(f"a bill that cannot be read: {error}") from None

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002  # it is all in the form
        account = self.line.account
        try:
            parameters = wire.notice(body, account.verifier, now=self.line.clock.now())
        except wire.Unproven as unproven:
            raise CallbackRefused(unproven.code) from None
        if parameters.get("app_id") != account.app_id or parameters.get("seller_id") != account.seller_id:
            raise CallbackRefused("merchant")
        try:
            event_id = parameters["notify_id"]
            outcome = wire.outcome_of(parameters, raw=body)
        except (KeyError, ValueError):
            raise CallbackRefused("malformed") from None
        if not 1 <= len(event_id) <= 64:
            raise CallbackRefused("malformed")
        return Notice(event_id, outcome)

    def callback_answer(self) -> tuple[str, bytes]:
        """Alipay repeats a notice until it reads this word."""
        return "text/plain", b"success"

    def _outcome(self, plain: Mapping[str, Any], number: str, raw: bytes) -> Outcome:
        try:
            outcome = wire.outcome_of(plain, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no trade") from None
        if outcome.number != number:
            raise OutcomeUnknown("the answer is about another order")
        return outcome


class Alipay(AlipayTrades):
    """Whoever pays now, by a QR code on a screen."""

    def create(self, order: Order) -> Outcome:
        content = wire.order_content(order, seller_id=self.line.account.seller_id)
        plain, refused, _ = self.line.call("alipay.trade.precreate", content, order.notify_url)
        if refused is not None and refused.code == "ACQ.TRADE_HAS_SUCCESS":
            return self.query(order.number)
        if refused is not None:
            raise ProviderRefused(refused.code)
        if plain.get("out_trade_no") != order.number or not isinstance(plain.get("qr_code"), str):
            raise OutcomeUnknown("the answer is about another order")
        return Outcome(order.number, OrderState.WAITING, pay_url=plain["qr_code"])

    def close(self, order: Order) -> Outcome:
        known = self.query(order.number)
        if known.state is OrderState.WAITING:
            _, refused, _ = self.line.call("alipay.trade.close", {"out_trade_no": order.number})
            known = self.query(order.number)
            if known.state is OrderState.WAITING:
                raise OutcomeUnknown(f"the trade is still open: {refused.code if refused else 'closed'}")
        if known.state is not OrderState.ABSENT:
            return known
        plain, refused, _ = self.line.call("alipay.trade.cancel", {"out_trade_no": order.number})
        if refused is None and plain.get("out_trade_no") == order.number and plain.get("retry_flag") != "Y":
            return self._after_cancel(order)
        if self.line.clock.now() >= order.expires_at + _TIME_TO_FORGET:
            return self._after_cancel(order)
        raise OutcomeUnknown("a code that nobody has scanned can be paid until its time is over")

    def _after_cancel(self, order: Order) -> Outcome:
        known = self.query(order.number)
        if known.state is OrderState.WAITING:
            raise OutcomeUnknown("the code was scanned meanwhile")
        return Outcome(order.number, OrderState.CLOSED) if known.state is OrderState.ABSENT else known


def _details(packed: bytes) -> bytes:
    """The file with the single trades out of the zip that Alipay sends; the other one holds sums only."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            name = entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode("gb18030")
            if "汇总" not in name and entry.file_size <= LARGEST_STATEMENT:
                return archive.read(entry)
    raise ValueError("no file with single trades in it")


_: type[Provider] = Alipay
_callbacks: type[SendsCallbacks] = Alipay
_answers: type[abilities.AnswersCallbacks] = Alipay
_refunds: type[abilities.Refunds] = Alipay
_tells: type[abilities.TellsRefunds] = Alipay
_statements: type[abilities.GivesStatements] = Alipay
