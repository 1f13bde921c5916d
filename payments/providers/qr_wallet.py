"""The QR wallet over HTTPS: requests signed by us, answers believed only when signed by the wallet, fresh, for this request
and about this order. Everything else is a technical fault: what happened is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from parking.kernel.chain import canonical
from parking.kernel.clock import Clock
from parking.kernel.codec import to_plain
from parking.kernel.signed import Signer, Verifier
from payments.providers import wire
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
from payments.providers.door import Door


class QrWallet:
    """A client of one merchant account. The HTTP client is handed in with its base address and its time-outs."""

    def __init__(
        self,
        client: httpx.Client,
        *,
        merchant: str,
        signer: Signer,
        verifier: Verifier,
        clock: Clock,
        nonces: Callable[[], str],
    ) -> None:
        self._door = Door([client])
        self._merchant = merchant
        self._signer = signer
        self._verifier = verifier
        self._clock = clock
        self._nonces = nonces

    def create(self, order: Order) -> Outcome:
        body = {
            "merchant": self._merchant,
            "number": order.number,
            "amount": order.amount.minor,
            "currency": order.amount.currency,
            "subject": order.subject,
            "notify_url": order.notify_url,
            "expires_at": to_plain(order.expires_at),
        }
        status, answer = self._call("POST", "/v1/orders", body)
        if status != 200:
            raise ProviderRefused(_code(answer))
        message = self._message(answer, order.number)
        if message.amount != order.amount:
            raise OutcomeUnknown("the answer is about another amount")
        if message.state in (OrderState.CLOSED, OrderState.FAILED):
            raise ProviderRefused(f"ORDER_{message.state}")
        return message.outcome()

    def query(self, number: str) -> Outcome:
        status, answer = self._call("GET", f"/v1/orders/{number}")
        if status == 404 and _code(answer) == "ORDER_NOT_EXIST":
            return Outcome(number, OrderState.ABSENT)
        if status != 200:
            raise OutcomeUnknown(f"query answered {status} {_code(answer)}")
        return self._message(answer, number).outcome()

    def close(self, order: Order) -> Outcome:
        number = order.number
        body = {"merchant": self._merchant, "number": number}
        status, answer = self._call("POST", f"/v1/orders/{number}/close", body)
        if status == 200 and isinstance(answer, dict) and answer.get("state") == "CLOSED" and "amount" not in answer:
            if answer.get("number") != number or answer.get("merchant") != self._merchant:
                raise OutcomeUnknown("the answer is about another order")
            return Outcome(number, OrderState.CLOSED)  # closed before it was ever created
        if status != 200:
            raise OutcomeUnknown(f"close answered {status} {_code(answer)}")
        return self._message(answer, number).outcome()

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            wire.check(self._verifier, headers, wire.callback_head(), body, now=self._clock.now())
            plain = wire.load(body)
            event_id = plain["id"]
            message = wire.OrderMessage.from_plain(plain["order"])
        except wire.Unproven as unproven:
            raise CallbackRefused(unproven.code) from None
        except (ValueError, TypeError, KeyError):
            raise CallbackRefused("malformed") from None
        if not isinstance(event_id, str) or not 1 <= len(event_id) <= 64:
            raise CallbackRefused("malformed")
        if message.merchant != self._merchant:
            raise CallbackRefused("merchant")
        return Notice(event_id, message.outcome())

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of a proven answer; OutcomeUnknown for everything that proves nothing."""
        raw = canonical(body) if body is not None else b""
        nonce = self._nonces()
        headers = wire.sign(self._signer, wire.request_head(method, path), raw, now=self._clock.now(), nonce=nonce)
        if body is not None:
            headers["content-type"] = "application/json"
        reply = self._door.send(method, path, body=raw, headers=headers, longest=wire.LARGEST_BODY)
        try:
            head = wire.answer_head(reply.status, nonce)
            wire.check(self._verifier, reply.headers, head, reply.body, now=self._clock.now())
            plain = wire.load(reply.body)
        except wire.Unproven as unproven:
            raise OutcomeUnknown(f"an answer {reply.status} that proves nothing: {unproven.code}") from None
        except ValueError:
            raise OutcomeUnknown("an answer that is not JSON") from None
        if reply.status >= 500:
            raise OutcomeUnknown(f"answered {reply.status}")
        return reply.status, plain

    def _message(self, answer: Any, number: str) -> wire.OrderMessage:
        try:
            message = wire.OrderMessage.from_plain(answer)
        except ValueError:
            raise OutcomeUnknown("an answer that is no order") from None
        if message.number != number or message.merchant != self._merchant:
            raise OutcomeUnknown("the answer is about another order")
        return message


def _code(answer: Any) -> str:
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and 1 <= len(code) <= 64 else "UNKNOWN"


_: type[Provider] = QrWallet
_callbacks: type[SendsCallbacks] = QrWallet
