"""How a card terminal speaks over TCP: our own description, since terminals have no public one in common. Pure.

A frame is two bytes of length (big endian, of what follows), a JSON object in UTF-8, and 32 bytes of HMAC-SHA256 over it.
A request carries an `id` that comes back in its answer, a time (unix seconds, at most 300 s off), and one of the words
PAY, QUERY, CANCEL, REFUND, REFUND_QUERY, BATCH. What a terminal says beyond the fields below is dropped unread: a card
number has no way in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from payments.providers.abilities import LineKind, RefundOutcome, RefundState, StatementLine
from payments.providers.base import LAST_MOMENT_S, OLDEST_MESSAGE_S, OrderState, Outcome

LONGEST = 0xFFFF
_MAC = 32
_CARD = re.compile(r"\d{13,19}")


class Unproven(Exception):
    """A frame whose code, age or id does not hold; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def encode(key: bytes, plain: Mapping[str, Any]) -> bytes:
    """A frame."""
    body = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    if len(body) + _MAC > LONGEST:
        raise ValueError("too long for a frame")
    return (len(body) + _MAC).to_bytes(2, "big") + body + hmac.new(key, body, hashlib.sha256).digest()


def decode(key: bytes, data: bytes) -> tuple[dict[str, Any] | None, int]:
    """The first whole frame of `data` and the length that it took; (None, 0) while it is not whole. Raises Unproven."""
    if len(data) < 2:
        return None, 0
    length = int.from_bytes(data[:2], "big")
    if length <= _MAC:
        raise Unproven("malformed")
    if len(data) < 2 + length:
        return None, 0
    body, code = data[2 : 2 + length - _MAC], data[2 + length - _MAC : 2 + length]
    if not hmac.compare_digest(hmac.new(key, body, hashlib.sha256).digest(), code):
        raise Unproven("signature")
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        raise Unproven("malformed") from None
    if not isinstance(plain, dict):
        raise Unproven("malformed")
    return plain, 2 + length


def check(plain: Mapping[str, Any], *, request_id: str, terminal: str, now: datetime) -> None:
    """Raise Unproven unless it is the answer of this terminal to this request, and fresh."""
    at = plain.get("at")
    if plain.get("id") != request_id or plain.get("terminal") != terminal:
        raise Unproven("another request")
    if type(at) is not int or abs(now.timestamp() - at) > OLDEST_MESSAGE_S:
        raise Unproven("age")


_STATES = {state.value: state for state in OrderState}
_REFUNDS = {state.value: state for state in RefundState}


def outcome_of(plain: Mapping[str, Any], *, page: str, raw: bytes) -> Outcome:
    """What an order says; ValueError if it is none, or if a card number is in it."""
    try:
        number, state = _text(plain["number"]), _STATES[plain["state"]]
        if state is OrderState.ABSENT:
            return Outcome(number, state)
        amount = Money(plain["amount"], plain["currency"]) if "amount" in plain else None
        if state is OrderState.PAID:
            at, transaction = _moment(plain["paid_at"]), _text(plain["transaction"])
            if amount is None:
                raise ValueError("paid without an amount")
            return Outcome(number, state, amount=amount, paid_at=at, transaction=transaction, raw=raw)
    except (KeyError, TypeError, ParkingError):
        raise ValueError("no order") from None
    return Outcome(number, state, amount=amount, pay_url=page if state is OrderState.WAITING else None, raw=raw)


def refund_of(plain: Mapping[str, Any], *, raw: bytes) -> RefundOutcome:
    """What a refund says; ValueError if it is none."""
    try:
        number, order_number = _text(plain["number"]), _text(plain["order_number"])
        state = _REFUNDS[plain["state"]]
        if state is RefundState.ABSENT:
            return RefundOutcome(number, order_number, state)
        amount = Money(plain["amount"], plain["currency"])
        return RefundOutcome(number, order_number, state, amount, _text(plain["transaction"]), raw)
    except (KeyError, TypeError, ParkingError):
        raise ValueError("no refund") from None


def batch_lines(plain: Mapping[str, Any]) -> tuple[StatementLine, ...]:
    """The lines of a terminal's day; ValueError names the one that cannot be read."""
    lines = plain.get("lines")
    if not isinstance(lines, list) or plain.get("count") != len(lines):
        raise ValueError("the count does not fit the lines")
    found = []
    for place, line in enumerate(lines, 1):
        try:
            refund_number = line.get("refund_number")
            found.append(
                StatementLine(
                    kind=LineKind.REFUND if refund_number else LineKind.PAYMENT,
                    number=_text(line["number"]),
                    amount=Money(line["amount"], line["currency"]),
                    at=_moment(line["at"]),
                    transaction=_text(line["transaction"]),
                    refund_number=_text(refund_number) if refund_number else None,
                )
            )
        except (KeyError, TypeError, AttributeError, ValueError, ParkingError):
            raise ValueError(f"line {place} cannot be read") from None
    return tuple(found)


def _text(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise ValueError("no text")
    if any(_is_card_number(run) for run in _CARD.findall(value)):
        raise ValueError("a card number")
    return value


def _is_card_number(digits: str) -> bool:
    """By the check digit of ISO/IEC 7812-1 (Luhn)."""
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _moment(unix_s: object) -> datetime:
    if type(unix_s) is not int or not 0 <= unix_s < LAST_MOMENT_S:
        raise ValueError("no time")
    return datetime.fromtimestamp(unix_s, UTC)
