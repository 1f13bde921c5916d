"""How Stripe speaks: forms with bracketed keys, signed webhooks, which object says what. Pure.

Webhook: `Stripe-Signature: t=…,v1=…`, HMAC-SHA256 of `t.` and the raw body; any `v1` may match (two while a secret is being
replaced), 300 s of tolerance. Source: Stripe API reference and webhook documentation.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers.abilities import LineKind, RefundOutcome, RefundState, StatementLine
from payments.providers.base import LAST_MOMENT_S, OLDEST_MESSAGE_S, OrderState, Outcome

SIGNATURE = "stripe-signature"
NUMBER, REFUND_NUMBER = "order_number", "refund_number"
"""The keys under which our numbers stand in Stripe's metadata."""


class Unproven(Exception):
    """A webhook whose signature or age does not hold; `code` says which, for logs and tests."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def form(parameters: Mapping[str, Any]) -> bytes:
    """`{"metadata": {"k": "v"}, "items": ["a"]}` as `metadata[k]=v&items[0]=a`."""
    return urlencode(list(_flat("", parameters))).encode()


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{prefix}[{key}]" if prefix else str(key), inner)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from _flat(f"{prefix}[{place}]", inner)
    elif value is not None:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The `v1` of a webhook, hex."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def check(secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Raise Unproven unless one `v1` is made with one of our secrets, at most 300 s ago (or ahead)."""
    parts = [part.partition("=") for part in headers.get(SIGNATURE, "").split(",")]
    times = [value for key, _, value in parts if key.strip() == "t"]
    given = [value for key, _, value in parts if key.strip() == "v1"]
    if len(times) != 1 or not given:
        raise Unproven("unsigned")
    if not (times[0].isascii() and times[0].isdecimal() and len(times[0]) <= 12):
        raise Unproven("timestamp")
    own = [signature(secret, int(times[0]), body) for secret in secrets]
    if not any(hmac.compare_digest(a.encode(), b.encode("utf-8", "replace")) for a in own for b in given):
        raise Unproven("signature")
    if abs(now.timestamp() - int(times[0])) > OLDEST_MESSAGE_S:
        raise Unproven("age")


def load(body: bytes) -> Any:
    """The JSON value of a body; ValueError for anything else, however deep."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("not JSON") from None


_INTENTS = {
    "succeeded": OrderState.PAID,
    "processing": OrderState.ACCEPTED,
    "requires_capture": OrderState.ACCEPTED,
    "canceled": OrderState.CLOSED,
    "requires_payment_method": OrderState.FAILED,
    "requires_action": OrderState.FAILED,  # off session: nobody is there to act
    "requires_confirmation": OrderState.WAITING,
}


_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
"""Have no minor unit any more, and are told to Stripe as if they still had."""


def amount_of(money: Money) -> int:
    """An amount as Stripe counts it."""
    return money.minor * 100 if money.currency in _IN_HUNDREDTHS else money.minor


def money_of(amount: Any, currency: Any) -> Money:
    """Stripe's amounts are in minor units, its currencies in lower case; ValueError for anything else."""
    try:
        money = Money(amount, currency.upper())
        if money.currency not in _IN_HUNDREDTHS:
            return money
        whole, part = divmod(money.minor, 100)
        if part:
            raise ValueError("no amount")
        return Money(whole, money.currency)
    except (AttributeError, ParkingError):
        raise ValueError("no amount") from None


def intent_outcome(plain: Any, *, raw: bytes = b"") -> Outcome:
    """What a PaymentIntent says; ValueError if it is none of ours."""
    try:
        number, state = plain["metadata"][NUMBER], _INTENTS[plain["status"]]
        amount, intent_id, created = money_of(plain["amount"], plain["currency"]), plain["id"], plain["created"]
    except (KeyError, TypeError):
        raise ValueError("no payment of ours") from None
    _texts(number, intent_id)
    paid = state is OrderState.PAID
    if paid and plain.get("amount_received", plain["amount"]) != plain["amount"]:
        raise ValueError("received another amount")
    return Outcome(
        number,
        state,
        amount=amount,
        paid_at=_time(created) if paid else None,
        transaction=intent_id if paid else None,
        raw=raw,
    )


def session_outcome(plain: Any, *, raw: bytes = b"") -> Outcome:
    """What a Checkout Session says; ValueError if it is none of ours."""
    try:
        number, status, payment = plain["client_reference_id"], plain["status"], plain["payment_status"]
        amount = money_of(plain["amount_total"], plain["currency"])
        session_id = plain["id"]
    except (KeyError, TypeError):
        raise ValueError("no session of ours") from None
    _texts(number, session_id)
    if status == "complete" and payment == "paid":
        intent = plain.get("payment_intent")
        _texts(intent)
        at = _time(plain.get("completed_at") or plain["created"])
        return Outcome(number, OrderState.PAID, amount=amount, paid_at=at, transaction=intent, raw=raw)
    if status == "complete":
        return Outcome(number, OrderState.ACCEPTED, amount=amount, raw=raw)
    if status == "expired":
        return Outcome(number, OrderState.CLOSED, amount=amount, raw=raw)
    if status != "open":
        raise ValueError("a session in no state that we know")
    url = plain.get("url")
    return Outcome(number, OrderState.WAITING, amount=amount, pay_url=url if isinstance(url, str) else None, raw=raw)


_REFUNDS = {
    "succeeded": RefundState.DONE,
    "pending": RefundState.PROCESSING,
    "requires_action": RefundState.PROCESSING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def refund_outcome(plain: Any, *, raw: bytes = b"") -> RefundOutcome:
    """What a Refund says; ValueError if it is none of ours."""
    try:
        meta = plain["metadata"]
        number, order_number, state = meta[REFUND_NUMBER], meta[NUMBER], _REFUNDS[plain["status"]]
        amount, reference = money_of(plain["amount"], plain["currency"]), plain["id"]
    except (KeyError, TypeError):
        raise ValueError("no refund of ours") from None
    _texts(number, order_number, reference)
    return RefundOutcome(number, order_number, state, amount, reference, raw)


def balance_line(plain: Any) -> StatementLine | None:
    """A balance transaction with its source; None for fees, payouts, and money that somebody else has taken through this account.

    A refund without a number of ours, as one that was made on Stripe's own page, goes by the name of what it was paid under.
    """
    try:
        kind = {"charge": LineKind.PAYMENT, "payment": LineKind.PAYMENT}.get(plain["type"])
        kind = LineKind.REFUND if plain["type"] in ("refund", "payment_refund") else kind
        if kind is None:
            return None
        source, meta = plain["source"], plain["source"]["metadata"]
        if kind is LineKind.PAYMENT and NUMBER not in meta:
            return None
        return StatementLine(
            kind=kind,
            number=meta.get(NUMBER) or source["payment_intent"] or plain["id"],
            amount=money_of(abs(plain["amount"]), plain["currency"]),
            at=_time(plain["created"]),
            transaction=source["payment_intent"],
            refund_number=meta.get(REFUND_NUMBER) if kind is LineKind.REFUND else None,
            fee_minor=plain["fee"],
        )
    except (KeyError, TypeError, AttributeError):
        raise ValueError("a balance transaction that is not ours to read") from None


def _texts(*values: object) -> None:
    if not all(isinstance(value, str) and 1 <= len(value) <= 255 for value in values):
        raise ValueError("no text")


def _time(unix_s: Any) -> datetime:
    if type(unix_s) is not int or not 0 <= unix_s < LAST_MOMENT_S:
        raise ValueError("no time")
    return datetime.fromtimestamp(unix_s, UTC)
