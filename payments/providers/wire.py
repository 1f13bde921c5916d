"""How the QR wallet speaks: what is signed, which headers carry it, how an order looks. Pure; both ends use this file.

A signature (Ed25519) covers the purpose, so that an answer cannot pass for a callback, and an answer covers the nonce of
its request, so that it cannot pass for the answer to another.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parking.kernel.codec import parse_time, to_plain
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money
from parking.kernel.signed import Signer, Verifier
from payments.providers.base import OLDEST_MESSAGE_S, OrderState, Outcome

KEY, TIMESTAMP, NONCE, SIGNATURE = "wallet-key", "wallet-timestamp", "wallet-nonce", "wallet-signature"
LARGEST_BODY = 16_384  # bytes


class Unproven(Exception):
    """A message whose signature or age does not hold; `code` says which, for logs and tests."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def request_head(method: str, path: str) -> bytes:
    """What a request's signature covers before time, nonce and body."""
    return f"REQUEST\n{method}\n{path}\n".encode()


def answer_head(status: int, request_nonce: str) -> bytes:
    return f"ANSWER\n{status}\n{request_nonce}\n".encode()


def callback_head() -> bytes:
    return b"CALLBACK\n"


def signed_text(head: bytes, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that are signed."""
    return head + f"{timestamp}\n{nonce}\n".encode() + body


def sign(signer: Signer, head: bytes, body: bytes, *, now: datetime, nonce: str) -> dict[str, str]:
    """The four headers of a message."""
    timestamp = str(int(now.timestamp()))
    signature = base64.urlsafe_b64encode(signer.sign(signed_text(head, timestamp, nonce, body))).rstrip(b"=").decode()
    return {KEY: signer.key_id, TIMESTAMP: timestamp, NONCE: nonce, SIGNATURE: signature}


def check(verifier: Verifier, headers: Mapping[str, str], head: bytes, body: bytes, *, now: datetime) -> None:
    """Raise Unproven unless the message is signed by a known key and at most 300 s old (or ahead)."""
    try:
        key_id, timestamp, nonce, signature = (headers[name] for name in (KEY, TIMESTAMP, NONCE, SIGNATURE))
        raw = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
    except (KeyError, ValueError):
        raise Unproven("unsigned") from None
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise Unproven("timestamp")
    if not verifier.verify(key_id, signed_text(head, timestamp, nonce, body), raw):
        raise Unproven("signature")
    if abs(now.timestamp() - int(timestamp)) > OLDEST_MESSAGE_S:
        raise Unproven("age")


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """An order as the wallet describes it, in answers and callbacks."""

    merchant: str
    number: str
    state: OrderState
    amount: Money
    pay_url: str | None = None
    paid_at: datetime | None = None
    transaction: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "merchant": self.merchant,
            "number": self.number,
            "state": self.state.value,
            "amount": self.amount.minor,
            "currency": self.amount.currency,
            "pay_url": self.pay_url,
            "paid_at": to_plain(self.paid_at),
            "transaction": self.transaction,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> OrderMessage:
        """The message that this JSON object is; ValueError if it is none."""
        try:
            paid_at = plain["paid_at"]
            texts = [plain["merchant"], plain["number"]]
            optional = [plain["pay_url"], plain["transaction"]]
            if not all(isinstance(t, str) for t in texts) or not all(isinstance(t, str | None) for t in optional):
                raise ValueError("not an order")
            return cls(
                merchant=texts[0],
                number=texts[1],
                state=OrderState(plain["state"]),
                amount=Money(plain["amount"], plain["currency"]),
                pay_url=optional[0],
                paid_at=None if paid_at is None else parse_time(paid_at),
                transaction=optional[1],
            )
        except (KeyError, TypeError, ValueError, AttributeError, ParkingError):
            raise ValueError("not an order") from None

    def outcome(self) -> Outcome:
        """The same in the words that every provider shares."""
        return Outcome(
            number=self.number,
            state=self.state,
            amount=self.amount,
            pay_url=self.pay_url if self.state is OrderState.WAITING else None,
            paid_at=self.paid_at,
            transaction=self.transaction,
        )


def load(body: bytes) -> Any:
    """The JSON value of a body; ValueError for anything else, however deep or long."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("not JSON of ours") from None
