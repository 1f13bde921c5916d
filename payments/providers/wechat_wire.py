"""How WeChat Pay API v3 speaks: what is signed, how a callback is sealed, how orders, refunds and bills look. Pure.

Signing: RSA-SHA256 over lines that each end in LF; answers and callbacks carry the serial of the platform's certificate or
public key. A callback's resource is AES-256-GCM under the merchant's APIv3 key, the tag at its end.
Source: WeChat Pay merchant documentation, API v3 (signature, callback and bill chapters).
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parking.kernel.codec import parse_time
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers.abilities import LineKind, Refund, RefundOutcome, RefundState, StatementLine
from payments.providers.base import OLDEST_MESSAGE_S, Order, OrderState, Outcome
from payments.providers.chinese_text import from_wall, from_yuan, rfc3339

SCHEME = "WECHATPAY2-SHA256-RSA2048"
TIMESTAMP, NONCE = "wechatpay-timestamp", "wechatpay-nonce"
SIGNATURE, SERIAL = "wechatpay-signature", "wechatpay-serial"
ALGORITHM = "AEAD_AES_256_GCM"
_ADVANCED = "BPA"  # the bank type of money that the provider has advanced


class Unproven(Exception):
    """A message whose signature, age or seal does not hold; `code` says which, for logs and tests."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PlatformKeys(Protocol):
    """The provider's public keys by their serials."""

    def verify(self, serial: str, message: bytes, signature: str) -> bool:
        """Whether the base64 signature is that key's; an unknown serial is False."""
        ...


def request_text(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that a request's signature covers; `target` is the path with its query."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def authorization(*, merchant: str, serial: str, timestamp: str, nonce: str, signature: str) -> str:
    """The Authorization header."""
    return (
        f'{SCHEME} mchid="{merchant}",nonce_str="{nonce}",timestamp="{timestamp}",'
        f'serial_no="{serial}",signature="{signature}"'
    )


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that the signature of an answer or a callback covers."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def check(keys: PlatformKeys, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Raise Unproven unless the message is signed by a known key of the platform and at most 300 s old (or ahead)."""
    try:
        timestamp, nonce, signature, serial = (headers[name] for name in (TIMESTAMP, NONCE, SIGNATURE, SERIAL))
    except KeyError:
        raise Unproven("unsigned") from None
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise Unproven("timestamp")
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Unproven("algorithm")
    if not keys.verify(serial, answer_text(timestamp, nonce, body), signature):
        raise Unproven("signature")
    if abs(now.timestamp() - int(timestamp)) > OLDEST_MESSAGE_S:
        raise Unproven("age")


def seal(key: bytes, plain: bytes, *, nonce: str, associated: str) -> dict[str, str]:
    """A sealed resource, as callbacks and certificates carry it."""
    sealed = AESGCM(key).encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": ALGORITHM,
        "ciphertext": base64.b64encode(sealed).decode(),
        "nonce": nonce,
        "associated_data": associated,
    }


def unseal(key: bytes, resource: Mapping[str, Any]) -> bytes:
    """What a sealed resource holds; Unproven if it was not sealed with our key."""
    try:
        if resource["algorithm"] != ALGORITHM:
            raise Unproven("algorithm")
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        return AESGCM(key).decrypt(resource["nonce"].encode(), sealed, (resource.get("associated_data") or "").encode())
    except (KeyError, TypeError, AttributeError, ValueError, InvalidTag):
        raise Unproven("seal") from None


def load(body: bytes) -> Any:
    """The JSON value of a body; ValueError for anything else, however deep."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("not JSON") from None


def dump(plain: Mapping[str, Any]) -> bytes:
    """A body: the very bytes that are signed are the bytes that are sent."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Event:
    """A callback, opened: its id, its type, and what was sealed in it."""

    event_id: str
    kind: str
    resource: Mapping[str, Any]


def open_event(key: bytes, body: bytes) -> Event:
    """The event of a callback's body; Unproven if it is none or not for the holder of this key."""
    try:
        plain = load(body)
        resource = load(unseal(key, plain["resource"]))
        event_id, kind = plain["id"], plain["event_type"]
    except (ValueError, KeyError, TypeError):
        raise Unproven("malformed") from None
    if not isinstance(resource, dict) or not isinstance(kind, str) or not isinstance(event_id, str):
        raise Unproven("malformed")
    if not 1 <= len(event_id) <= 64:
        raise Unproven("malformed")
    return Event(event_id, kind, resource)


# --- orders ----------------------------------------------------------------------------------------------------------


def order_body(order: Order, *, appid: str, merchant: str, payer: str | None = None) -> dict[str, Any]:
    """The body of native and JSAPI orders; `payer` is the openid, for JSAPI only."""
    body: dict[str, Any] = {
        "appid": appid,
        "mchid": merchant,
        "description": order.subject,
        "out_trade_no": order.number,
        "time_expire": rfc3339(order.expires_at),
        "notify_url": order.notify_url,
        "amount": {"total": order.amount.minor, "currency": order.amount.currency},
    }
    return body if payer is None else body | {"payer": {"openid": payer}}


def in_app_text(appid: str, timestamp: str, nonce: str, package: str) -> bytes:
    """The bytes that the `paySign` of a JSAPI page covers."""
    return f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()


_STATES = {
    "SUCCESS": OrderState.PAID,
    "REFUND": OrderState.PAID,  # paid, then given back: the capture stands, the refund is another matter
    "NOTPAY": OrderState.WAITING,
    "USERPAYING": OrderState.WAITING,
    "ACCEPT": OrderState.ACCEPTED,
    "ACCEPTED": OrderState.ACCEPTED,
    "CLOSED": OrderState.CLOSED,
    "REVOKED": OrderState.CLOSED,
    "PAYERROR": OrderState.FAILED,
    "PAY_FAIL": OrderState.FAILED,
}


def outcome_of(plain: Any, *, merchant: str, appid: str, raw: bytes = b"") -> Outcome:
    """What a transaction says, in answers and callbacks; ValueError if it is none, or another merchant's."""
    try:
        if plain.get("mchid", plain.get("sp_mchid")) != merchant or plain.get("appid", appid) != appid:
            raise ValueError("another merchant's")
        state = _STATES[plain["trade_state"]]
        amount = Money(plain["amount"]["total"], plain["amount"].get("currency", "CNY")) if "amount" in plain else None
        paid = state is OrderState.PAID
        if paid and amount is None:
            raise ValueError("paid without an amount")
        repaid = plain.get("user_repaid")
        advanced = paid and plain.get("bank_type") == _ADVANCED
        return Outcome(
            number=_text(plain["out_trade_no"], 32),
            state=state,
            amount=amount,
            paid_at=parse_time(plain["success_time"]) if paid else None,
            transaction=_text(plain["transaction_id"], 64) if paid else None,
            advanced=advanced,
            repaid=(repaid == "Y") if advanced and repaid is not None else None,
            raw=raw,
        )
    except (KeyError, TypeError, AttributeError, ParkingError):
        raise ValueError("no transaction") from None


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise ValueError("no text")
    return value


# --- refunds ---------------------------------------------------------------------------------------------------------

_REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}


def refund_body(refund: Refund) -> dict[str, Any]:
    """The body of a refund."""
    return {
        "out_trade_no": refund.order_number,
        "out_refund_no": refund.number,
        "reason": refund.reason,
        "notify_url": refund.notify_url,
        "amount": {
            "refund": refund.amount.minor,
            "total": refund.total.minor,
            "currency": refund.amount.currency,
        },
    }


def refund_of(plain: Any, *, raw: bytes = b"") -> RefundOutcome:
    """What a refund says, in answers (`status`) and callbacks (`refund_status`); ValueError if it is none."""
    try:
        amount = plain["amount"]
        return RefundOutcome(
            number=_text(plain["out_refund_no"], 64),
            order_number=_text(plain["out_trade_no"], 32),
            state=_REFUND_STATES[plain.get("status", plain.get("refund_status"))],
            amount=Money(amount["refund"], amount.get("currency", "CNY")),
            reference=_text(plain["refund_id"], 64),
            raw=raw,
        )
    except (KeyError, TypeError, AttributeError, ParkingError):
        raise ValueError("no refund") from None


# --- the bill of a day -----------------------------------------------------------------------------------------------


def bill_lines(raw: bytes) -> tuple[StatementLine, ...]:
    """The lines of a trade bill (bill_type ALL); ValueError names the row that cannot be read.

    Every field starts with a back-tick; the last two rows are totals, and the count of trades has to agree with them.
    """
    try:
        rows = [row for row in csv.reader(raw.decode("utf-8-sig").splitlines()) if row]
    except csv.Error:
        raise ValueError("the bill is no table") from None
    if len(rows) < 3:
        raise ValueError("a bill has a heading and totals")
    heading, total_heading, totals = rows[0], rows[-2], rows[-1]
    if total_heading[0].strip() != "总交易单数" or int(totals[0].lstrip("`")) != len(rows) - 3:
        raise ValueError("the bill is cut short: its count of trades does not fit its rows")
    lines = []
    for place, row in enumerate(rows[1:-2], 2):
        field = {name.strip(): value.lstrip("`").strip() for name, value in zip(heading, row, strict=False)}
        try:
            lines.append(_bill_line(field.__getitem__))
        except (KeyError, ValueError) as error:
            raise ValueError(f"row {place} of the bill cannot be read: {error}") from None
    return tuple(lines)


def _bill_line(field: Callable[[str], str]) -> StatementLine:
    is_refund = field("交易状态") == "REFUND"
    amount = from_yuan(field("退款金额" if is_refund else "应结订单金额"))
    return StatementLine(
        kind=LineKind.REFUND if is_refund else LineKind.PAYMENT,
        number=field("商户订单号"),
        amount=Money(amount.minor, field("货币种类")),
        at=from_wall(field("交易时间")),
        transaction=field("微信订单号"),
        refund_number=field("商户退款单号") if is_refund else None,
        fee_minor=_fee(field("手续费")),
    )


def _fee(text: str) -> int:
    """`0.06000` and, on refunds, `-0.06000` yuan; in fen, nearest."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, part = digits.partition(".")
    tenths_of_milli = int(whole or "0") * 100_000 + int((part + "00000")[:5])
    return sign * ((tenths_of_milli + 500) // 1000)
