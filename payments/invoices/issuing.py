"""Has invoices issued, never inside a transaction: our row first, then the platform, then its word into our row; a durable job drives it.

What may have been handed in is asked for before it is handed in again, always under the same number. A new number is taken only after
the platform has said that nothing stands under the old one. A crash at any point is gone on from by the next turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from parking.kernel.ids import StayId
from parking.plumbing import blobs
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler
from payments.invoices import store
from payments.invoices.asking import ISSUE_JOB, go_on, order_no
from payments.invoices.model import LIVE, OVER, Colour, Invoice, InvoiceState, Policy, Trouble
from payments.invoices.providers.base import (
    BlueOrder,
    InvoiceProvider,
    InvoiceRefused,
    Issued,
    RedOrder,
    Standing,
)
from payments.providers.base import ProviderFault
from payments.settling import flag

PDF = "application/pdf"
log = structlog.get_logger(__name__)


def pdf_key(invoice_id: str) -> str:
    """Under which key the document of an invoice is kept."""
    return f"invoice:{invoice_id}.pdf"


class Issuer:
    """Works on one invoice at a turn; any number of processes may run it."""

    def __init__(self, provider: InvoiceProvider, policy: Policy) -> None:
        self._provider = provider
        self._policy = policy

    def jobs(self) -> dict[str, JobHandler]:
        return {ISSUE_JOB: self._turn}

    def _turn(self, database: Database, payload: dict[str, Any]) -> None:
        invoice_id, turn = str(payload["invoice_id"]), int(payload["turn"])
        found = database.write(lambda uow: self._prepare(uow, invoice_id, turn))
        if found is None:
            return
        invoice, order, first = found
        said: Issued | None = None
        try:
            said = self._ask(invoice, order, first=first)
            document = self._document(invoice, said)
        except InvoiceRefused as refused:
            log.warning("invoice.refused", invoice=invoice.id, trouble=refused.trouble.value)
            said = Issued(invoice.order_no, Standing.FAILED, trouble=refused.trouble, detail=refused.detail)
            document = None
        except ProviderFault as fault:
            log.warning("invoice.unknown", invoice=invoice.id, error=str(fault))
            document = None
        database.write(lambda uow: self._follow_up(uow, invoice, said, document, turn))

    def _prepare(
        self, uow: UnitOfWork, invoice_id: str, turn: int
    ) -> tuple[Invoice, BlueOrder | RedOrder | None, bool] | None:
        """The invoice to work on, and its order if it may have to be handed in; from now on it counts as handed in."""
        conn = uow.connection
        invoice = store.get(conn, invoice_id)
        if invoice is None or not (invoice.is_live or (invoice.state is InvoiceState.ISSUED and not invoice.has_pdf)):
            return None
        if invoice.state is InvoiceState.ISSUED:
            return invoice, None, False
        order = self._order(uow, invoice)
        if order is None:
            now = store.get(conn, invoice_id)
            if now is not None and now.is_live:  # its blue one is still on its way
                self._again(uow, invoice, turn)
            return None
        first = store.change(conn, invoice_id, only_from=(InvoiceState.NEW,), to=InvoiceState.SENT)
        return replace(invoice, state=InvoiceState.SENT), order, first

    def _order(self, uow: UnitOfWork, invoice: Invoice) -> BlueOrder | RedOrder | None:
        conn = uow.connection
        if invoice.colour is Colour.BLUE:
            remark = f"停车费 Parking {len(store.stays_of(conn, invoice.id))}"
            at = invoice.asked_at
            return BlueOrder(invoice.order_no, invoice.buyer, invoice.amount, invoice.tax_rate, at, remark)
        blue = store.get(conn, invoice.blue_id or "")
        if blue is None or blue.state in OVER:
            store.change(conn, invoice.id, only_from=LIVE, to=InvoiceState.DROPPED)
            return None
        if blue.fiscal_number is None:
            return None
        gone = store.gone_before(conn, invoice)
        return RedOrder(
            invoice.order_no, blue.fiscal_number, invoice.buyer, invoice.amount, blue.amount, invoice.tax_rate, gone
        )

    def _ask(self, invoice: Invoice, order: BlueOrder | RedOrder | None, *, first: bool) -> Issued:
        red = invoice.colour is Colour.RED
        if not first:
            said = self._provider.query(invoice.order_no, red=red)
            if said.standing is not Standing.ABSENT:
                return said
        if isinstance(order, RedOrder):
            self._provider.reverse(order)
        elif order is not None:
            self._provider.issue(order)
        return Issued(invoice.order_no, Standing.PENDING)

    def _document(self, invoice: Invoice, said: Issued) -> bytes | None:
        if said.standing is not Standing.ISSUED or said.pdf_url is None:
            return None
        try:
            return self._provider.pdf(said.pdf_url)
        except ProviderFault as fault:  # the number is what counts; the document follows
            log.warning("invoice.no_document", invoice=invoice.id, error=str(fault))
            return None

    def _follow_up(
        self, uow: UnitOfWork, invoice: Invoice, said: Issued | None, document: bytes | None, turn: int
    ) -> None:
        if said is not None and said.standing is Standing.ISSUED:
            if said.order_no != invoice.order_no or said.amount != invoice.amount:
                flag(uow, "invoice_mismatch", None, invoice.order_no)
            else:
                self._issued(uow, invoice, said, document)
        elif said is not None and said.standing is Standing.FAILED:
            if said.trouble is Trouble.QUOTA:
                self._once_more(uow, invoice, said, turn)
                return
            self._failed(uow, invoice, said)
        elif said is not None and said.trouble is not None:
            store.change(uow.connection, invoice.id, only_from=LIVE, to=InvoiceState.SENT, trouble=said.trouble.value)
        now = store.get(uow.connection, invoice.id)
        if now is not None and (now.is_live or (now.state is InvoiceState.ISSUED and not now.has_pdf)):
            self._again(uow, invoice, turn)

    def _issued(self, uow: UnitOfWork, invoice: Invoice, said: Issued, document: bytes | None) -> None:
        values: dict[str, Any] = {"trouble": None, "detail": None}
        values |= {"fiscal_number": said.fiscal_number, "issued_at": said.issued_at}
        if document is not None:
            blobs.keep(uow, pdf_key(invoice.id), PDF, document)
            values["has_pdf"] = True
        states = (*LIVE, InvoiceState.ISSUED)
        store.change(uow.connection, invoice.id, only_from=states, to=InvoiceState.ISSUED, **values)
        if invoice.colour is Colour.RED and invoice.blue_id is not None:
            blue = store.get(uow.connection, invoice.blue_id)
            reds = store.reds_of(uow.connection, invoice.blue_id)
            back = sum(red.amount.minor for red in reds if red.state is InvoiceState.ISSUED)
            if blue is not None and back >= blue.amount.minor:
                store.let_go(uow.connection, blue.id)

    def _failed(self, uow: UnitOfWork, invoice: Invoice, said: Issued) -> None:
        trouble = (said.trouble or Trouble.OTHER).value
        values = {"trouble": trouble, "detail": said.detail[:200]}
        if not store.change(uow.connection, invoice.id, only_from=LIVE, to=InvoiceState.FAILED, **values):
            return
        if invoice.colour is Colour.BLUE:
            store.let_go(uow.connection, invoice.id)
        else:
            stays = sorted(store.stays_of(uow.connection, invoice.id))
            flag(uow, "invoice_red_failed", StayId(stays[0]) if stays else None, invoice.order_no)

    def _once_more(self, uow: UnitOfWork, invoice: Invoice, said: Issued, turn: int) -> None:
        """Nothing stands under this number, and it is not the driver's fault: again under a new one, and a person is told, once a day."""
        attempt = invoice.attempt + 1
        values = {"attempt": attempt, "order_no": order_no(invoice.id, attempt)}
        values |= {"trouble": Trouble.QUOTA.value, "detail": said.detail[:200]}
        if store.change(uow.connection, invoice.id, only_from=LIVE, to=InvoiceState.NEW, **values):
            flag(uow, "invoice_quota", None, uow.now.date().isoformat())
            go_on(uow, invoice.id, turn + 1, uow.now + self._policy.quota_again)

    def _again(self, uow: UnitOfWork, invoice: Invoice, turn: int) -> None:
        ladder = self._policy.ladder
        go_on(uow, invoice.id, turn + 1, uow.now + ladder[min(turn - 1, len(ladder) - 1)])
