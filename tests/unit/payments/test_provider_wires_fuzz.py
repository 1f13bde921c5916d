"""Whatever comes in, every parser of a payment company's wire answers with its own error or with a value, never with another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parking.kernel.errors import ParkingError
from payments.cash import wire as cash_wire
from payments.invoices.providers import nuonuo_wire
from payments.providers import (
    alipay_wire,
    etc_aggregator,
    keyed_wire,
    stripe_wire,
    terminal_wire,
    unionpay_plate,
    wechat_parking_wire,
    wechat_wire,
)
from payments.providers.chinese_text import from_wall, from_yuan
from tests.builders.payments import START

pytestmark = pytest.mark.req("PAY-3")
KEY = b"0123456789abcdef0123456789abcdef"
KEYED = keyed_wire.Keyed(keyed_wire.Digest.SHA256, "k")


class Believes:
    """A key that believes everything, so that what lies behind the signature is reached."""

    def verify(self, *_: object) -> bool:
        return True


def _signed_by_us(body: bytes) -> object:
    """A body behind a true signature of a shared secret."""
    plain = stripe_wire.load(body)
    if not isinstance(plain, dict):
        raise ValueError("no object")
    return KEYED.open(KEYED.body({**plain, "timestamp": int(START.timestamp())}), now=START + timedelta(seconds=1))


RAW: dict[str, Callable[[bytes], object]] = {
    "wechat event": lambda b: wechat_wire.open_event(KEY, b),
    "wechat sealed": lambda b: wechat_wire.open_event(
        KEY,
        wechat_wire.dump(
            {"id": "1", "event_type": "T", "resource": wechat_wire.seal(KEY, b, nonce="n" * 12, associated="a")}
        ),
    ),
    "wechat bill": wechat_wire.bill_lines,
    "alipay answer": lambda b: alipay_wire.answer("alipay.trade.query", b, Believes()),
    "alipay notice": lambda b: alipay_wire.notice(b, Believes(), now=START),
    "alipay bill": alipay_wire.bill_lines,
    "stripe": stripe_wire.load,
    "keyed": lambda b: KEYED.open(b, now=START),
    "keyed, signed": _signed_by_us,
    "terminal": lambda b: terminal_wire.decode(KEY, b),
    "cctalk": cash_wire.decode,
}
OWN = (
    wechat_wire.Unproven,
    alipay_wire.Unproven,
    keyed_wire.Unproven,
    terminal_wire.Unproven,
    ValueError,
)


@pytest.mark.parametrize("name", list(RAW))
@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(b"[" * 20_000)
@example(b'"\n"' * 40 + b"\x00")
@example(b"1" * 5_000)
@example("交易时间,a\n`1,`2\n总交易单数\n`1".encode())
def test_any_bytes_end_in_an_error_of_their_own(name: str, raw: bytes) -> None:
    with suppress(*OWN):
        RAW[name](raw)


PLAIN: dict[str, Callable[[Any], object]] = {
    "wechat transaction": lambda p: wechat_wire.outcome_of(p, merchant="123", appid="wx1"),
    "wechat refund": wechat_wire.refund_of,
    "wechat parking": wechat_parking_wire.entry_of,
    "wechat agreement": wechat_parking_wire.agreement_of,
    "wechat standing": lambda p: wechat_parking_wire.standing_changed(p) if isinstance(p, dict) else None,
    "alipay trade": lambda p: alipay_wire.outcome_of(p) if isinstance(p, dict) else None,
    "stripe intent": stripe_wire.intent_outcome,
    "stripe session": stripe_wire.session_outcome,
    "stripe refund": stripe_wire.refund_outcome,
    "stripe balance": stripe_wire.balance_line,
    "terminal order": lambda p: terminal_wire.outcome_of(p, page="", raw=b"") if isinstance(p, dict) else None,
    "terminal refund": lambda p: terminal_wire.refund_of(p, raw=b"") if isinstance(p, dict) else None,
    "terminal batch": lambda p: terminal_wire.batch_lines(p) if isinstance(p, dict) else None,
    "unionpay order": lambda p: unionpay_plate.outcome_of(p, b"") if isinstance(p, dict) else None,
    "unionpay refund": lambda p: unionpay_plate.refund_of(p, b"") if isinstance(p, dict) else None,
    "etc order": lambda p: etc_aggregator.outcome_of(p, b"") if isinstance(p, dict) else None,
    "invoice": lambda p: nuonuo_wire.issued_of("I1", p),
    "red letter's form": lambda p: nuonuo_wire.form_of("I1", p),
    "yuan": from_yuan,
    "wall time": from_wall,
}
NAMES = (
    "mchid", "appid", "trade_state", "amount", "total", "currency", "out_trade_no", "transaction_id", "success_time",
    "status", "state", "number", "order_number", "paid_at", "transaction", "metadata", "id", "created", "orderNo", "txnAmt",
    "payTime", "traceNo", "refundNo", "refundAmt", "order_id", "pay_time", "trade_no", "trade_status", "total_amount",
    "gmt_payment", "client_reference_id", "payment_status", "amount_total", "payment_intent", "lines", "count", "type",
    "service_state", "out_parking_no", "block_reason", "parking_state", "parking_id", "state_update_time", "refund_id",
    "list", "billId", "billStatus", "orderAmount", "invoiceTime", "allElectronicInvoiceNumber",
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["123", "wx1", "SUCCESS", "PAID", "S", "CNY", "cny", "6.00", "2026-05-01 10:00:00", "2026-05-01T10:00:00+08:00",
         "20260501100000", "TRADE_SUCCESS", "succeeded", "complete", "paid", "open", "NORMAL", "BLOCKED", "DONE", ""]
    )
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=14) | VALUES)
def test_any_answer_is_read_or_is_a_value_error(name: str, plain: Any) -> None:
    with suppress(ValueError, ParkingError):
        PLAIN[name](plain)
