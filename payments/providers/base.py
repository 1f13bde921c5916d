"""The contract with whoever collects the money, written for the person who adds a provider.

**The number.** `Order.number` is ours, at most 32 letters and digits, and it is the key of idempotence: creating it
twice is one order, paying it twice is impossible. It is written to our database before `create` is called.

**When money may move.** From the moment that `create` is entered until `close` or `query` has answered CLOSED, FAILED or
PAID. An exception never means that no money moved, with one exception: `ProviderRefused` out of `create` is the
provider's definite word that this order does not exist and cannot be paid.

**Two kinds of failure.** `ProviderFault` is technical: no answer, half an answer, an answer that cannot be trusted.
What happened is unknown; the cashier keeps the payment PENDING and asks again. `ProviderRefused` is logical: the
provider understood and said no; asking the same again is useless.

**Clocks and threads.** Methods are synchronous, may block for seconds, and are called in worker threads, never inside
a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from parking.kernel.money import Money

LONGEST_NUMBER = 32
OLDEST_MESSAGE_S = 300
"""How far the time of a signed answer or callback may lie from ours, either way."""


class OrderState(StrEnum):
    """What the provider says of an order."""

    WAITING = "WAITING"  # it is there, nobody has paid
    PAID = "PAID"
    CLOSED = "CLOSED"  # it was not paid and cannot be paid any more
    FAILED = "FAILED"  # the payer tried and was turned down; it cannot be paid any more
    ABSENT = "ABSENT"  # the provider does not know the number (yet)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be collected; `notify_url` is where callbacks go."""

    number: str
    amount: Money
    subject: str
    notify_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """The provider's trusted word on one order; `amount` is what was ordered, and is there when PAID.

    `paid_at` and `transaction` belong to PAID; `pay_url` is where the payer goes while WAITING.
    """

    number: str
    state: OrderState
    amount: Money | None = None
    pay_url: str | None = None
    paid_at: datetime | None = None
    transaction: str | None = None


class ProviderFault(Exception):
    """Technical: what the provider did is unknown. The message names no payer and no key."""


class ProviderRefused(Exception):
    """Logical: the provider said no; `code` is its own stable word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CallbackRefused(Exception):
    """A callback that proves nothing: forged, stale, unreadable, or for another merchant. `code` is for our log only."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Provider(Protocol):
    """Collects money for orders."""

    def create(self, order: Order) -> Outcome:
        """Make the order payable; the same number with the same content again is the same order.

        Returns WAITING with a `pay_url`, or PAID. Raises ProviderFault or ProviderRefused.
        """
        ...

    def query(self, number: str) -> Outcome:
        """What became of the order; ABSENT if the provider never heard of it. Raises ProviderFault."""
        ...

    def close(self, number: str) -> Outcome:
        """Make sure that the order cannot be paid any more, even if its creation is still on its way.

        Returns CLOSED (or FAILED), or PAID when the payer was faster. Raises ProviderFault.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback that the provider has truly sent: its own id (the same on every repetition) and what it says."""

    event_id: str
    outcome: Outcome


@runtime_checkable
class SendsCallbacks(Protocol):
    """A provider that calls us when something happens; asked for with isinstance."""

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check signature, age and merchant of a raw callback; raises CallbackRefused. Header names are lower case."""
        ...
