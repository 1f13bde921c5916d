"""What invoices look like over HTTP; every state and refusal comes with one sentence in each language."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from parking.web.schemas import Loose, MoneySchema, Strict
from payments.invoices import words
from payments.invoices.asking import Offered
from payments.invoices.model import LONGEST_NAME, Buyer, BuyerKind, Colour, Invoice
from payments.invoices.words import Words

Reason = Annotated[
    str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Ticket = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
StayKey = Annotated[str, StringConstraints(min_length=1, max_length=36)]
MOST_STAYS = 100


class Text(Strict):
    zh: str
    en: str

    @classmethod
    def of(cls, said: Words) -> Text:
        return cls(zh=said["zh"], en=said["en"])


class BuyerIn(Strict):
    """Whose name shall stand on the invoice; a company says its tax number, a person may leave the name out."""

    kind: Annotated[BuyerKind, Loose]
    name: str = Field(default="", max_length=2 * LONGEST_NAME)
    tax_number: str | None = Field(default=None, max_length=40)

    def buyer(self) -> Buyer:
        return Buyer.of(self.kind, self.name, self.tax_number)


class AskMine(Strict):
    """For the stay in hand, and for those whose codes are shown as well."""

    buyer: BuyerIn
    tickets: list[Ticket] = Field(default=[], max_length=MOST_STAYS)


class AskForStays(Strict):
    buyer: BuyerIn
    stays: list[StayKey] = Field(min_length=1, max_length=MOST_STAYS)


class Reverse(Strict):
    reason: Reason


class InvoiceView(Strict):
    """`number` is the tax bureau's, once it is there; `text` says how it stands, `trouble` why it does not go on (a stable code)."""

    invoice_id: str
    colour: str
    state: str
    amount: MoneySchema
    buyer: str
    tax_number: str | None
    number: str | None
    issued_at: datetime | None
    asked_at: datetime
    trouble: str | None
    text: Text
    has_pdf: bool
    takes_back: str | None

    @classmethod
    def of(cls, invoice: Invoice) -> InvoiceView:
        return cls(
            invoice_id=invoice.id,
            colour=invoice.colour.value,
            state=invoice.state.value,
            amount=MoneySchema.of(invoice.amount if invoice.colour is Colour.BLUE else -invoice.amount),
            buyer=invoice.buyer.name,
            tax_number=invoice.buyer.tax_number,
            number=invoice.fiscal_number,
            issued_at=invoice.issued_at,
            asked_at=invoice.asked_at,
            trouble=invoice.trouble.value if invoice.trouble is not None else None,
            text=Text.of(words.of_invoice(invoice)),
            has_pdf=invoice.has_pdf,
            takes_back=invoice.blue_id,
        )


class BillToInvoice(Strict):
    """A payment; `why_not` (a stable code) and `text` say why it can have no invoice now."""

    payment_id: str
    amount: MoneySchema
    paid_at: datetime
    why_not: str | None
    text: Text | None

    @classmethod
    def of(cls, one: Offered) -> BillToInvoice:
        return cls(
            payment_id=one.bill.payment_id,
            amount=MoneySchema.of(one.bill.amount),
            paid_at=one.bill.paid_at,
            why_not=one.why_not,
            text=Text.of(words.REFUSALS[one.why_not]) if one.why_not else None,
        )


class Invoices(Strict):
    """`offered`: this site issues invoices; `rules` are its limits; `invoices` those that the asker may see, oldest first."""

    offered: bool
    rules: list[Text]
    bills: list[BillToInvoice]
    invoices: list[InvoiceView]
