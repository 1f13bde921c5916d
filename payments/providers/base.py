"""The contract with whoever collects the money, written for the person who adds a provider.

**The number.** `Order.number` is ours, at most 32 letters and digits, and it is the key of idempotence: creating it
twice is one order, paying it twice is impossible. It is written to our database before `create` is called.

**When money may move.** From the moment that `create` is entered until `close` or `query` has answered CLOSED, FAILED or
PAID. An exception never means that no money moved, with one exception: `ProviderRefused` out of `create` is the
provider's definite word that this order does not exist and cannot be paid.

**Two kinds of failure.** `ProviderFault` is technical. What it did is a type: `OutcomeUnknown` (no answer, half an answer,
an answer that cannot be trusted: the cashier keeps the payment PENDING and asks again) or `NotSent` (the connection was
never made: this very call did nothing). `ProviderRefused` is logical: the provider understood and said no; asking the
same again is useless.

**More than this.** What only some can do (refunds, charges by agreement, parking notices, the file of the day) is a
Protocol of one method in `abilities`, asked for with isinstance.

**Clocks and threads.** Methods are synchronous, may block for seconds, and are called in worker threads, never inside
a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from parking.kernel.money import Money

LONGEST_NUMBER = 32
OLDEST_MESSAGE_S = 300
"""How far the time of a signed answer or callback may lie from ours, either way."""
LAST_MOMENT_S = 253_402_300_800
"""The end of the year 9999 in unix seconds: no time of a message lies beyond it."""


class OrderState(StrEnum):
    """What the provider says of an order."""

    WAITING = "WAITING"  # it is there, nobody has paid
    ACCEPTED = "ACCEPTED"  # a charge by agreement: the provider has taken it on and collects
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

    `paid_at` and `transaction` belong to PAID; `pay_url` is where the payer goes while WAITING. `advanced`: the provider
    paid for the driver, who owes it to the provider until `repaid`. `raw` is the answer as it came, for the record.
    """

    number: str
    state: OrderState
    amount: Money | None = None
    pay_url: str | None = None
    paid_at: datetime | None = None
    transaction: str | None = None
    advanced: bool = False
    repaid: bool | None = None
    raw: bytes = field(default=b"", compare=False, repr=False)


class ProviderFault(Exception):
    """Technical: what the provider did is unknown, unless it is NotSent. The message names no payer and no key."""


class OutcomeUnknown(ProviderFault):
    """The call was sent, and nothing trustworthy came back: it may have been done."""


class NotSent(ProviderFault):
    """No connection was made: this call did nothing. An earlier one of the same number may still have."""


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


@runtime_checkable
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

    def close(self, order: Order) -> Outcome:
        """Make sure that the order cannot be paid any more, even if its creation is still on its way.

        A provider that cannot close what it does not know creates the order first: its number is then taken.

        Returns CLOSED (or FAILED), or PAID when the payer was faster. Raises ProviderFault.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback that the provider has truly sent: its own id (the same on every repetition) and what it says.

    The news is an Outcome, or a RefundOutcome or StandingChanged of `abilities`.
    """

    event_id: str
    news: object

    @property
    def outcome(self) -> Outcome:
        """The news, if it is about an order."""
        if not isinstance(self.news, Outcome):
            raise TypeError("this callback is not about an order")
        return self.news


@runtime_checkable
class SendsCallbacks(Protocol):
    """A provider that calls us when something happens; asked for with isinstance."""

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check signature, age and merchant of a raw callback; raises CallbackRefused. Header names are lower case.

        It may fetch the provider's newest keys, so it is called in a worker thread.
        """
        ...
