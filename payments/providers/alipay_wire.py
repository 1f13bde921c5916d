"""How Alipay's gateway speaks: what is signed, how answers and notices look, which codes mean what. Pure.

A request is a form; its signature (RSA2: RSA-SHA256) covers every non-empty parameter but `sign`, sorted, `k=v` joined by
`&`. An answer's signature covers the raw text of its inner object, so that the text is cut out, never written again.
Source: Alipay open platform documentation (gateway signing, alipay.trade.*, alipay.eco.mycar.parking.*).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from parking.kernel.errors import ParkingError
from payments.providers.abilities import LineKind, Refund, StatementLine
from payments.providers.base import Order, OrderState, Outcome
from payments.providers.chinese_text import from_wall, from_yuan, wall, yuan

DONE, WAITING, UNKNOWN, FAILED = "10000", "10003", "20000", "40004"
OLDEST_NOTICE_S = 26 * 3600
"""Alipay repeats a notice for about 25 hours; a replay within it says the same of the same trade, so nothing changes."""


class Unproven(Exception):
    """A message whose signature or shape does not hold; `code` says which, for logs and tests."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Verifier(Protocol):
    """Holds Alipay's public key."""

    def verify(self, message: bytes, signature: str) -> bool: ...


def signed_text(parameters: Mapping[str, str]) -> bytes:
    """The bytes that a request's signature covers."""
    return "&".join(f"{k}={v}" for k, v in sorted(parameters.items()) if v != "" and k != "sign").encode()


def request(
    method: str,
    content: Mapping[str, Any],
    *,
    app_id: str,
    now: datetime,
    sign: Callable[[bytes], str],
    notify_url: str | None = None,
) -> bytes:
    """The form of a call, signed."""
    parameters = {
        "app_id": app_id,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": wall(now),
        "version": "1.0",
        "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }
    if notify_url is not None:
        parameters["notify_url"] = notify_url
    return urlencode(parameters | {"sign": sign(signed_text(parameters))}).encode()


def answer(method: str, body: bytes, key: Verifier) -> Mapping[str, Any]:
    """The inner object of an answer; Unproven unless Alipay signed exactly this text."""
    name = method.replace(".", "_") + "_response"
    try:
        text = body.decode()
        outer = json.loads(text)
        inner, signature = outer[name], outer["sign"]
        raw = _inner_text(text, name)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unproven("unsigned") from None
    if not isinstance(inner, dict) or not isinstance(signature, str) or not key.verify(raw.encode(), signature):
        raise Unproven("signature")
    return inner


def _inner_text(text: str, name: str) -> str:
    """The very text of the object under `name`, which has to be the first key of the answer."""
    start = text.index(f'"{name}"')
    if text[:start].strip() != "{":
        raise ValueError("the inner object does not come first")
    start = text.index(":", start + len(name) + 2) + 1
    while text[start].isspace():
        start += 1
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


def signed_notice_text(parameters: Mapping[str, str]) -> bytes:
    """The bytes that a notice's signature covers: all but `sign` and `sign_type`."""
    return signed_text({k: v for k, v in parameters.items() if k != "sign_type"})


def notice(body: bytes, key: Verifier, *, now: datetime) -> Mapping[str, str]:
    """The parameters of a notice (a form POST); Unproven unless Alipay signed them, and not too long ago."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
        parameters = dict(pairs)
        if len(parameters) != len(pairs):
            raise Unproven("malformed")
        signature, at = parameters["sign"], from_wall(parameters["notify_time"])
    except (ValueError, KeyError):
        raise Unproven("malformed") from None
    if parameters.get("sign_type") != "RSA2":
        raise Unproven("algorithm")
    if not key.verify(signed_notice_text(parameters), signature):
        raise Unproven("signature")
    if not -300 <= (now - at).total_seconds() <= OLDEST_NOTICE_S:
        raise Unproven("age")
    return parameters


# --- trades ----------------------------------------------------------------------------------------------------------


def order_content(order: Order, *, seller_id: str) -> dict[str, Any]:
    """The content of alipay.trade.precreate."""
    return {
        "out_trade_no": order.number,
        "total_amount": yuan(order.amount),
        "subject": order.subject,
        "seller_id": seller_id,
        "time_expire": wall(order.expires_at),
    }


_STATES = {
    "WAIT_BUYER_PAY": OrderState.WAITING,
    "TRADE_SUCCESS": OrderState.PAID,
    "TRADE_FINISHED": OrderState.PAID,
    "TRADE_CLOSED": OrderState.CLOSED,
}


def outcome_of(plain: Mapping[str, Any], *, raw: bytes = b"") -> Outcome:
    """What a trade says, in answers (`send_pay_date`) and notices (`gmt_payment`); ValueError if it is none."""
    try:
        state = _STATES[plain["trade_status"]]
        amount = from_yuan(plain["total_amount"])
        number, transaction = plain["out_trade_no"], plain["trade_no"]
        paid = state is OrderState.PAID
        paid_at = from_wall(plain.get("send_pay_date") or plain.get("gmt_payment")) if paid else None
    except (KeyError, TypeError):
        raise ValueError("no trade") from None
    if not isinstance(number, str) or not isinstance(transaction, str) or len(number) > 64 or len(transaction) > 64:
        raise ValueError("no trade")
    if state is OrderState.CLOSED and from_yuan(str(plain.get("refund_fee", "0.00"))).minor > 0:
        state, paid = OrderState.PAID, True  # all of it went back, which closes the trade; it was paid all the same
        paid_at = from_wall(plain["gmt_payment"]) if plain.get("gmt_payment") else None
    return Outcome(number, state, amount=amount, paid_at=paid_at, transaction=transaction if paid else None, raw=raw)


def refund_content(refund: Refund) -> dict[str, Any]:
    """The content of alipay.trade.refund."""
    return {
        "out_trade_no": refund.order_number,
        "refund_amount": yuan(refund.amount),
        "out_request_no": refund.number,
        "refund_reason": refund.reason,
    }


# --- the bill of a day -----------------------------------------------------------------------------------------------

_KINDS = {"交易": LineKind.PAYMENT, "退款": LineKind.REFUND}


def bill_lines(raw: bytes) -> tuple[StatementLine, ...]:
    """The lines of a trade bill in GB18030; ValueError names the row that cannot be read.

    Lines that start with `#` are remarks; the last ones say how many trades and refunds there are, and have to agree.
    """
    texts = raw.decode("gb18030").splitlines()
    remarks = [text for text in texts if text.startswith("#")]
    try:
        rows = list(csv.reader(text for text in texts if text.strip() and not text.startswith("#")))
    except csv.Error:
        raise ValueError("the bill is no table") from None
    if not rows or not any(text.startswith("#-") and "列表结束" in text for text in remarks):
        raise ValueError("the bill is cut short: the line that ends its list is missing")
    heading = [name.strip() for name in rows[0]]
    lines = []
    for place, row in enumerate(rows[1:], 2):
        field = dict(zip(heading, (value.strip() for value in row), strict=False))
        try:
            lines.append(_bill_line(field))
        except (KeyError, ValueError, ParkingError) as error:
            raise ValueError(f"row {place} of the bill cannot be read: {error}") from None
    return tuple(lines)


def _bill_line(field: Mapping[str, str]) -> StatementLine:
    kind = _KINDS[field["业务类型"]]
    return StatementLine(
        kind=kind,
        number=field["商户订单号"],
        amount=from_yuan(field["订单金额（元）"].lstrip("-")),
        at=from_wall(field["完成时间"]),
        transaction=field["支付宝交易号"],
        refund_number=field["退款批次号/请求号"] if kind is LineKind.REFUND else None,
        fee_minor=-_signed_fen(field["服务费（元）"]),  # Alipay writes what it keeps below zero
    )


def _signed_fen(text: str) -> int:
    amount = from_yuan(text.lstrip("-")).minor
    return -amount if text.startswith("-") else amount


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite no: Alipay's `sub_code`."""

    code: str


def failure(plain: Mapping[str, Any]) -> Refused | None:
    """None when done; a definite no; ValueError when nobody knows (20000, 10003, and every system error)."""
    code, sub = plain.get("code"), plain.get("sub_code")
    if code == DONE:
        return None
    text = sub if isinstance(sub, str) and 1 <= len(sub) <= 64 else "UNKNOWN"
    if code in (WAITING, UNKNOWN) or text.endswith(("SYSTEM_ERROR", "UNKNOW-ERROR", "unknow-error")):
        raise ValueError(f"answered {code} {text}")
    if code != FAILED and not (isinstance(code, str) and code.startswith("4")):
        raise ValueError("answered no code that we know")
    return Refused(text)
