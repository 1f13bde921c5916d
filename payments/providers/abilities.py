"""What only some providers can do: one Protocol of one method each, and the values that they speak in. Pure.

Plate and agreement are all that a charge without the driver's hand needs. No card number has a place here: `Agreement`
holds the provider's own references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from parking.kernel.money import Money
from payments.providers.base import Order, Outcome


class PlateColour(StrEnum):
    """The colours of GA 36-2018; LIMEGREEN is the large new-energy plate, yellow and green."""

    BLUE = "BLUE"
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    BLACK = "BLACK"
    WHITE = "WHITE"
    LIMEGREEN = "LIMEGREEN"


@dataclass(frozen=True, slots=True)
class Car:
    """Whose agreement is meant, where the plate is the agreement; never printed."""

    plate: str = field(repr=False)
    colour: PlateColour = PlateColour.BLUE


@dataclass(frozen=True, slots=True)
class Agreement:
    """A driver's consent kept at the provider: its customer and its means of payment, in the provider's own words."""

    customer: str
    means: str


class Standing(StrEnum):
    """Whether a charge without the driver's hand will work, as far as the provider says now."""

    ENROLLED = "ENROLLED"
    NOT_ENROLLED = "NOT_ENROLLED"
    PAUSED = "PAUSED"  # by the driver or by the provider, for now
    OVERDUE = "OVERDUE"  # the driver owes the provider


@dataclass(frozen=True, slots=True)
class AgreementAnswer:
    """The provider's word of this moment: `scenes` says what it may be charged by, such as PLATE_PAY or ETC_PAY."""

    standing: Standing
    scenes: frozenset[str] = frozenset()
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A car has come in: `number` is ours for this stay at the provider, the key of idempotence there."""

    number: str
    car: Car
    entered_at: datetime
    lot_name: str
    free_s: int
    notify_url: str


@dataclass(frozen=True, slots=True)
class EntryTaken:
    """The provider's own name for the stay, and how the driver stands with it."""

    number: str
    reference: str
    standing: Standing
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """A callback: a driver joined, left or fell behind while the car is inside."""

    number: str
    reference: str
    standing: Standing
    at: datetime


@dataclass(frozen=True, slots=True)
class Exit:
    """A car has gone; `reference` is the provider's name for the stay, from EntryTaken."""

    number: str
    car: Car
    left_at: datetime
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """To be collected without the driver's hand, by plate (`car`) or by `agreement`; `left_first`: the car is out already.

    `reference` is the provider's name for the stay, where its entry was told; entered_at < left_at.
    """

    number: str
    amount: Money
    subject: str
    notify_url: str
    entered_at: datetime
    left_at: datetime
    car: Car | None = None
    agreement: Agreement | None = None
    reference: str | None = None
    left_first: bool = True
    lot_name: str = ""


class RefundState(StrEnum):
    """What the provider says of a refund."""

    PROCESSING = "PROCESSING"
    DONE = "DONE"
    FAILED = "FAILED"  # it will not happen under this number
    ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back: `number` is ours for this refund and its key of idempotence, `total` the amount of the order."""

    number: str
    order_number: str
    amount: Money
    total: Money
    reason: str
    notify_url: str


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """The provider's trusted word on one refund; `amount` is what goes back, and is there when DONE."""

    number: str
    order_number: str
    state: RefundState
    amount: Money | None = None
    reference: str | None = None
    raw: bytes = field(default=b"", compare=False, repr=False)


class LineKind(StrEnum):
    """What a line of the day's file records."""

    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of the day's file: `amount` is above zero, `refund_number` belongs to REFUND, `fee_minor` is the provider's."""

    kind: LineKind
    number: str
    amount: Money
    at: datetime
    transaction: str
    refund_number: str | None = None
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """The provider's file of one of its own days, as it came and as it reads."""

    day: date
    lines: tuple[StatementLine, ...]
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InApp:
    """What a page inside the provider's own app hands to its pay function; it says nothing about the payer."""

    outcome: Outcome
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Saving:
    """A page of the provider's where the driver gives consent, and the provider's name for what comes of it."""

    page_url: str
    reference: str


@runtime_checkable
class PaysInApp(Protocol):
    """Orders that are paid inside the provider's app (JSAPI); `payer` is the app's own id of who looks at the page."""

    def create_in_app(self, order: Order, payer: str) -> InApp: ...


@runtime_checkable
class ChargesByAgreement(Protocol):
    """Collects without the driver's hand."""

    def charge(self, charge: Charge) -> Outcome:
        """ACCEPTED, PAID or FAILED; the same number again is the same charge. Raises ProviderFault or ProviderRefused."""
        ...


@runtime_checkable
class KnowsAgreements(Protocol):
    """Says whether a car is enrolled; true for that moment only."""

    def agreement(self, car: Car) -> AgreementAnswer: ...


@runtime_checkable
class TakesEntries(Protocol):
    """Wants to know who comes in."""

    def enter(self, entry: Entry) -> EntryTaken: ...


@runtime_checkable
class TakesExits(Protocol):
    """Wants to know who has gone."""

    def leave(self, gone: Exit) -> None: ...


@runtime_checkable
class SavesAgreements(Protocol):
    """Lets a driver consent on the provider's page."""

    def begin_saving(self, number: str, return_url: str) -> Saving: ...


@runtime_checkable
class ReadsAgreements(Protocol):
    """Tells what came of a page of consent; None while the driver has not finished."""

    def saved(self, reference: str) -> Agreement | None: ...


@runtime_checkable
class Refunds(Protocol):
    """Gives money back."""

    def refund(self, refund: Refund) -> RefundOutcome:
        """The same number again is the same refund. Raises ProviderFault or ProviderRefused."""
        ...


@runtime_checkable
class TellsRefunds(Protocol):
    """Says what became of a refund."""

    def query_refund(self, number: str, order_number: str) -> RefundOutcome: ...


@runtime_checkable
class GivesStatements(Protocol):
    """Has a file for every one of its days, which begin at midnight in Beijing; ProviderRefused while it is not ready."""

    def statement(self, day: date) -> Statement: ...


@runtime_checkable
class AnswersCallbacks(Protocol):
    """Wants certain words, not just a 2xx, when its callback was taken."""

    def callback_answer(self) -> tuple[str, bytes]:
        """Content type and body."""
        ...
