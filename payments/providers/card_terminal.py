"""A card terminal at the counter: it gets an amount and our number, and keeps the card to itself.

A payment waits at the terminal until somebody holds a card to it, cancels it, or we do. One connection a call; the number
is the key of idempotence at the terminal, as everywhere.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from parking.kernel.clock import Clock
from payments.providers import abilities
from payments.providers import terminal_wire as wire
from payments.providers.abilities import Refund, RefundOutcome, Statement
from payments.providers.base import NotSent, Order, OrderState, Outcome, OutcomeUnknown, Provider, ProviderRefused


@dataclass(frozen=True, slots=True)
class TerminalAddress:
    """Where a terminal is, what it is called, and the key that it shares with us (never printed)."""

    host: str
    port: int
    terminal: str
    key: bytes = field(repr=False)
    timeout_s: float = 8.0


class CardTerminal:
    """A client of one terminal."""

    def __init__(self, address: TerminalAddress, *, clock: Clock, nonces: Callable[[], str]) -> None:
        self._address = address
        self._clock = clock
        self._nonces = nonces
        self._page = f"terminal://{address.terminal}"

    def create(self, order: Order) -> Outcome:
        fields = _money(order.number, order.amount.minor, order.amount.currency)
        fields |= {"subject": order.subject, "expires_at": int(order.expires_at.timestamp())}
        outcome = self._order("PAY", order.number, fields)
        if outcome.state in (OrderState.CLOSED, OrderState.FAILED):
            raise ProviderRefused(f"ORDER_{outcome.state}")
        if outcome.amount != order.amount:
            raise OutcomeUnknown("the answer is about another amount")
        return outcome

    def query(self, number: str) -> Outcome:
        return self._order("QUERY", number, {"number": number})

    def close(self, order: Order) -> Outcome:
        outcome = self._order("CANCEL", order.number, {"number": order.number})
        if outcome.state is OrderState.WAITING:
            raise OutcomeUnknown("a card is at the terminal right now")
        return outcome

    def refund(self, refund: Refund) -> RefundOutcome:
        fields = _money(refund.number, refund.amount.minor, refund.amount.currency)
        return self._refund("REFUND", refund.number, fields | {"order_number": refund.order_number})

    def query_refund(self, number: str, order_number: str) -> RefundOutcome:
        return self._refund("REFUND_QUERY", number, {"number": number, "order_number": order_number})

    def statement(self, day: date) -> Statement:
        plain, raw = self._call("BATCH", {"day": str(day)})
        try:
            return Statement(day, wire.batch_lines(plain), raw)
        except ValueError as error:
            raise OutcomeUnknown(f"a batch that cannot be read: {error}") from None

    def _order(self, word: str, number: str, fields: Mapping[str, Any]) -> Outcome:
        plain, raw = self._call(word, fields)
        try:
            outcome = wire.outcome_of(plain, page=self._page, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no order") from None
        if outcome.number != number:
            raise OutcomeUnknown("the answer is about another order")
        return outcome

    def _refund(self, word: str, number: str, fields: Mapping[str, Any]) -> RefundOutcome:
        plain, raw = self._call(word, fields)
        try:
            outcome = wire.refund_of(plain, raw=raw)
        except ValueError:
            raise OutcomeUnknown("an answer that is no refund") from None
        if outcome.number != number:
            raise OutcomeUnknown("the answer is about another refund")
        return outcome

    def _call(self, word: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        address, request_id = self._address, self._nonces()
        at = int(self._clock.now().timestamp())
        head = {"v": 1, "id": request_id, "terminal": address.terminal, "op": word, "at": at}
        frame = wire.encode(address.key, {**fields, **head})
        try:
            link = socket.create_connection((address.host, address.port), timeout=min(2.0, address.timeout_s))
        except OSError as error:
            raise NotSent(f"no connection: {type(error).__name__}") from None
        with link:
            try:
                link.settimeout(address.timeout_s)
                link.sendall(frame)
                plain, raw = self._answer(link)
                wire.check(plain, request_id=request_id, terminal=address.terminal, now=self._clock.now())
            except OSError as error:
                raise OutcomeUnknown(f"no answer: {type(error).__name__}") from None
            except wire.Unproven as unproven:
                raise OutcomeUnknown(f"an answer that proves nothing: {unproven.code}") from None
        refused = plain.get("refused")
        if refused is not None:
            raise ProviderRefused(refused if isinstance(refused, str) and 1 <= len(refused) <= 64 else "UNKNOWN")
        return plain, raw

    def _answer(self, link: socket.socket) -> tuple[dict[str, Any], bytes]:
        data = b""
        while True:
            piece = link.recv(4096)
            if not piece:
                raise OutcomeUnknown("the line was cut")
            data += piece
            plain, taken = wire.decode(self._address.key, data)
            if plain is not None:
                return plain, data[:taken]
            if len(data) > wire.LONGEST + 2:
                raise OutcomeUnknown("the answer is longer than any answer")


def _money(number: str, minor: int, currency: str) -> dict[str, Any]:
    return {"number": number, "amount": minor, "currency": currency}


_: type[Provider] = CardTerminal
_refunds: type[abilities.Refunds] = CardTerminal
_tells: type[abilities.TellsRefunds] = CardTerminal
_statements: type[abilities.GivesStatements] = CardTerminal
