"""The words of this room: a buyer, an invoice, a red letter, and what may go wrong with them.

NEW (written down) -> SENT (the provider may have it) -> ISSUED (it has the bureau's number) | FAILED (a definite no) | DROPPED (a red
letter for an invoice that never came to be). What is SENT is asked for before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.errors import invalid
from parking.kernel.ids import PaymentId, StayId
from parking.kernel.money import Money
from payments.invoices import tax_number

LONGEST_NAME = 100


class BuyerKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


class Colour(StrEnum):
    """Blue says what was sold; red takes back a blue one, whole or in part."""

    BLUE = "blue"
    RED = "red"


class InvoiceState(StrEnum):
    NEW = "NEW"
    SENT = "SENT"
    ISSUED = "ISSUED"
    FAILED = "FAILED"
    DROPPED = "DROPPED"


LIVE = (InvoiceState.NEW, InvoiceState.SENT)
OVER = (InvoiceState.FAILED, InvoiceState.DROPPED)
"""Nothing was issued, and nothing will be."""


class Trouble(StrEnum):
    """Why an invoice was not issued (yet)."""

    WRONG_TAX_NUMBER = "wrong_tax_number"
    WRONG_TITLE = "wrong_title"
    QUOTA = "quota"  # the seller may issue no more for now: tried again by itself
    WAITS_FOR_BUYER = "waits_for_buyer"  # a red letter that the buyer has to confirm at the bureau
    OTHER = "other"


_FAULTS: Mapping[tax_number.Fault, str] = {
    tax_number.Fault.LENGTH: "should have 18 signs (older ones 15 or 20)",
    tax_number.Fault.SIGNS: "should be digits and capitals, without I, O, S, V and Z",
    tax_number.Fault.CHECK: "has a mistake: its last sign does not fit the others",
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose name stands on the invoice; a person needs no number, a company does."""

    kind: BuyerKind
    name: str
    tax_number: str | None = None

    @classmethod
    def of(cls, kind: BuyerKind, name: str, number: str | None) -> Buyer:
        """A checked title; ParkingError names the field that does not fit."""
        name = " ".join(name.split())
        if not name and kind is BuyerKind.PERSON:
            name = "个人"
        if not name or not name.isprintable() or len(name) > LONGEST_NAME:
            raise invalid("invoice.name", f"should be a name of 1 to {LONGEST_NAME} signs", field="name")
        if kind is BuyerKind.PERSON:
            if number:
                raise invalid("invoice.person_with_number", "a person has no tax number here", field="tax_number")
            return cls(kind, name)
        if len(name) < 2:
            raise invalid("invoice.name", "should be the whole name of the company", field="name")
        found = tax_number.normal(number or "")
        fault = tax_number.fault(found)
        if fault is not None:
            raise invalid(f"invoice.tax_number_{fault}", _FAULTS[fault], field="tax_number")
        return cls(kind, name, found)


@dataclass(frozen=True, slots=True)
class Bill:
    """One payment on an invoice, with what of it has not gone back."""

    payment_id: PaymentId
    stay_id: StayId
    amount: Money
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Invoice:
    """`order_no` is ours at the provider and its key of idempotence; `fiscal_number` is the bureau's.

    `amount` is above zero for a red one, too.
    """

    id: str
    colour: Colour
    order_no: str
    attempt: int
    state: InvoiceState
    amount: Money
    buyer: Buyer
    tax_rate: int
    asked_by: str
    asked_at: datetime
    blue_id: str | None = None
    refund_id: str | None = None
    fiscal_number: str | None = None
    issued_at: datetime | None = None
    trouble: Trouble | None = None
    has_pdf: bool = False

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Policy:
    """The site's rules and what stands on each of its invoices; `tax_rate` in hundredths of a percent."""

    tax_rate: int = 900
    within: timedelta = timedelta(days=180)
    most_bills: int = 20
    least_minor: int = 1
    most_minor: int = 10_000_000
    ladder: tuple[timedelta, ...] = field(
        default=tuple(timedelta(seconds=s) for s in (2, 3, 5, 10, 30, 60, 300, 900, 3600))
    )
    quota_again: timedelta = timedelta(hours=1)
