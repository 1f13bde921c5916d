"""The contract with a platform that issues digital (数电) invoices, written for the person who adds one.

**The number.** `order_no` is ours, at most 20 capitals and digits, and the key of idempotence: one number is one invoice, blue or red,
however often it is sent. It is in our database before `issue` or `reverse` is called. After a definite FAILED a new number is used.

**Asynchronous.** `issue` and `reverse` only hand in; `query` says what came of it. Issuing may take seconds or days.

**Two kinds of failure.** `ProviderFault` of `payments.providers.base` is technical: what was handed in may be there, so ask. Out of
`issue` and `reverse`, `InvoiceRefused` is the definite word that nothing was handed in under this number. Never inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from parking.kernel.money import Money
from payments.invoices.model import Buyer, Trouble


class Standing(StrEnum):
    """What the platform says of an order."""

    ABSENT = "ABSENT"  # it does not know the number (yet)
    PENDING = "PENDING"
    ISSUED = "ISSUED"
    FAILED = "FAILED"  # nothing was issued under this number, and nothing will be


@dataclass(frozen=True, slots=True)
class BlueOrder:
    """An invoice to issue: `amount` with tax, `remark` is printed on it; `tax_rate` in hundredths of a percent."""

    order_no: str
    buyer: Buyer
    amount: Money
    tax_rate: int
    at: datetime
    remark: str = ""


@dataclass(frozen=True, slots=True)
class RedOrder:
    """What of an issued invoice is taken back: `amount` of its `total`, both with tax and above zero, after `gone_minor` of it had gone."""

    order_no: str
    blue_number: str
    buyer: Buyer
    amount: Money
    total: Money
    tax_rate: int
    gone_minor: int = 0

    @property
    def is_whole(self) -> bool:
        return self.amount == self.total


@dataclass(frozen=True, slots=True)
class Issued:
    """The platform's word on one order; number, moment and amount belong to ISSUED, `trouble` to FAILED (or to why it waits).

    `pdf_url` is there when the document can be fetched; `amount` is what stands on the invoice, above zero for red, too.
    """

    order_no: str
    standing: Standing
    fiscal_number: str | None = None
    issued_at: datetime | None = None
    amount: Money | None = None
    pdf_url: str | None = None
    trouble: Trouble | None = None
    detail: str = field(default="", repr=False)


class InvoiceRefused(Exception):
    """Logical: the platform understood and said no; nothing stands under this number. `detail` is its sentence."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.detail = detail


class InvoiceProvider(Protocol):
    """Issues invoices for one seller."""

    def issue(self, order: BlueOrder) -> None:
        """Hand a blue invoice in; the same number again changes nothing. Raises ProviderFault or InvoiceRefused."""
        ...

    def reverse(self, order: RedOrder) -> None:
        """Hand a red letter in; the same number again changes nothing. Raises ProviderFault or InvoiceRefused."""
        ...

    def query(self, order_no: str, *, red: bool) -> Issued:
        """What came of an order. Raises ProviderFault."""
        ...

    def pdf(self, pdf_url: str) -> bytes:
        """The document itself, a PDF. Raises ProviderFault."""
        ...
