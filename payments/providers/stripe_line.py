"""Calls to Stripe and what their answers are about. Stripe signs no answers: TLS and the key prove them, our number binds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from payments.providers import stripe_wire as wire
from payments.providers.abilities import RefundOutcome
from payments.providers.base import Outcome, OutcomeUnknown
from payments.providers.door import Door

VERSION = "2025-03-31.basil"
_LONGEST = 4 * 1024 * 1024  # bytes; a page of a hundred objects
_MOST_PAGES = 20
Told = TypeVar("Told", Outcome, RefundOutcome)
_UNKNOWN_STATUS = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """One account; `webhook_secrets` are two while one is being replaced. The secrets are never printed."""

    return_url: str
    secret_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    account: str | None = None


class StripeLine:
    """The calls of one account."""

    def __init__(self, door: Door, account: StripeAccount) -> None:
        self._door = door
        self.account = account

    def call(
        self, method: str, target: str, parameters: Mapping[str, Any] | None = None, key: str | None = None
    ) -> tuple[int, dict[str, Any], bytes]:
        """Status, object and raw body; OutcomeUnknown where only the same call again can tell (409, 429, 5xx)."""
        headers = {"authorization": f"Bearer {self.account.secret_key}", "stripe-version": VERSION}
        if self.account.account is not None:
            headers["stripe-account"] = self.account.account
        if key is not None:
            headers["idempotency-key"] = key
        body = b""
        if parameters is not None:
            body, headers["content-type"] = wire.form(parameters), "application/x-www-form-urlencoded"
        reply = self._door.send(method, target, body=body, headers=headers, longest=_LONGEST)
        if reply.status >= 500 or reply.status in _UNKNOWN_STATUS:
            raise OutcomeUnknown(f"answered {reply.status}")
        try:
            plain = wire.load(reply.body)
        except ValueError:
            raise OutcomeUnknown(f"an answer {reply.status} that is not JSON") from None
        if not isinstance(plain, dict):
            raise OutcomeUnknown("an answer that is no object")
        return reply.status, plain, reply.body

    def listed(self, path: str, query: Mapping[str, Any], pages: list[bytes] | None = None) -> Iterator[Any]:
        """Every object of a list, page after page; `pages` collects the raw bodies."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            status, plain, raw = self.call("GET", f"{path}?{urlencode({'limit': 100, **query, **after})}")
            if status != 200 or not isinstance(plain.get("data"), list):
                raise OutcomeUnknown(f"the list answered {status}")
            if pages is not None:
                pages.append(raw)
            yield from plain["data"]
            if not plain.get("has_more") or not plain["data"]:
                return
            search = path.endswith("/search")
            after = {"page": str(plain.get("next_page"))} if search else {"starting_after": id_of(plain["data"][-1])}
        raise OutcomeUnknown("the list does not end")


def session_about(plain: Any, number: str, raw: bytes) -> Outcome:
    """A session in an answer about `number`."""
    return _about(number, lambda: wire.session_outcome(plain, raw=raw))


def intent_about(plain: Any, number: str, raw: bytes) -> Outcome:
    """A payment intent in an answer about `number`."""
    return _about(number, lambda: wire.intent_outcome(plain, raw=raw))


def refund_about(plain: Any, number: str, raw: bytes) -> RefundOutcome:
    """A refund in an answer about `number`."""
    return _about(number, lambda: wire.refund_outcome(plain, raw=raw))


def _about(number: str, read: Callable[[], Told]) -> Told:
    try:
        told = read()
    except ValueError as error:
        raise OutcomeUnknown(f"an answer that is not what was asked for: {error}") from None
    if told.number != number:
        raise OutcomeUnknown("the answer is about another order")
    return told


def code_of(plain: Any) -> str:
    """Stripe's own word for what went wrong."""
    error = plain.get("error") if isinstance(plain, dict) else None
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    return code if isinstance(code, str) and 1 <= len(code) <= 64 else "UNKNOWN"


def id_of(plain: Any) -> str:
    """The id of an object."""
    value = plain.get("id") if isinstance(plain, dict) else None
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        raise OutcomeUnknown("an object without an id")
    return value


def number_of(plain: Any) -> str | None:
    """Our number in an object's metadata."""
    meta = plain.get("metadata") if isinstance(plain, dict) else None
    number = meta.get(wire.NUMBER) if isinstance(meta, dict) else None
    return number if isinstance(number, str) else None
